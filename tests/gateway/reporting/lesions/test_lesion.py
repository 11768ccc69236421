"""A lesion is asked what its images can show: the cord its own items, the brain all of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.reporting.example import phantom_report
from gateway.reporting.lesions.lesion import BRAIN_ITEMS, SEEN_ITEMS, Lesion, in_cord_only

BRAIN: dict[str, Any] = phantom_report().lesions[0].model_dump(mode="json")
CORD = {
    "places": {"spinal_cord": "midline"},
    "morphology": ["oval"],
    "time_course": "undetermined",
    "t1": ["not_covered"],
    "t2": ["homogeneous"],
    "enhancement": ["none"],
    "attribution": "ms",
}


def unanswered(said: dict[str, Any]) -> set[str]:
    """The items that are still missing."""
    with pytest.raises(ValidationError) as caught:
        Lesion.model_validate(said)
    return {str(error["loc"][0]) for error in caught.value.errors() if error["type"] == "missing"}


def test_a_cord_lesion_needs_no_brain_item() -> None:
    """Nothing is stated of brain DWI, SWI or the cortex; what is said nevertheless is kept."""
    lesion = Lesion.model_validate(CORD)
    assert in_cord_only(lesion.places)
    assert {name: getattr(lesion, name) for name in BRAIN_ITEMS} == dict.fromkeys(BRAIN_ITEMS)
    assert Lesion.model_validate(lesion.model_dump(mode="json")) == lesion
    assert Lesion.model_validate(CORD | {"dwi": ["none"]}).dwi is not None


def test_a_lesion_that_is_gone_looks_like_nothing() -> None:
    """Nobody has to describe what is no longer there; every other lesion is described."""
    gone = {"places": {"pons": "left"}, "time_course": "resolved", "attribution": "ms"}
    lesion = Lesion.model_validate(gone)
    assert {name: getattr(lesion, name) for name in SEEN_ITEMS} == dict.fromkeys(SEEN_ITEMS)
    assert Lesion.model_validate(lesion.model_dump(mode="json")) == lesion
    assert unanswered(gone | {"time_course": "decrease"}) == set(SEEN_ITEMS)


def test_a_lesion_of_the_brain_answers_every_item() -> None:
    """Left out and empty are the same: there is always “not assessable” and “not covered”."""
    both = CORD | {"places": {"spinal_cord": "midline", "medulla": "midline"}}
    assert unanswered(both) == set(BRAIN_ITEMS)
    assert unanswered(both | dict.fromkeys(BRAIN_ITEMS)) == set(BRAIN_ITEMS)


def test_the_border_as_a_whole_stands_for_both_in_an_earlier_form() -> None:
    """It says nothing of white or grey matter, and nothing is made of it."""
    earlier = {name: value for name, value in BRAIN.items() if not name.startswith("border_")}
    lesion = Lesion.model_validate(earlier | {"border": "poorly_defined"})
    assert (lesion.border_white_matter, lesion.border_grey_matter) == (None, None)


def test_sites_are_kept_in_the_order_of_the_form() -> None:
    """The same choice in another order gives the same report; a lesion lies somewhere."""
    places = {"pons": "midline", "frontal_lobe": "left"}
    lesion = Lesion.model_validate(BRAIN | {"places": places})
    assert [site.value for site in lesion.places] == ["frontal_lobe", "pons"]
    with pytest.raises(ValidationError):
        Lesion.model_validate(BRAIN | {"places": {}})


@pytest.mark.parametrize("said", [None, "x", [], {"places": "pons"}, {"places": 3}])
def test_nonsense_is_refused_and_breaks_nothing(said: Any) -> None:
    """Whatever is posted is refused by the model."""
    with pytest.raises(ValidationError):
        Lesion.model_validate(said)
