"""Two answers exclude each other only when no lesion can be both."""

from __future__ import annotations

import pytest

from gateway.reporting.example import phantom_report
from gateway.reporting.lesions import answers as a
from gateway.reporting.lesions.exclusions import ALONE, EXCLUSIONS, answers_of, excluded
from gateway.reporting.lesions.lesion import Lesion

LESION = phantom_report().lesions[0]


def refused(**changes: object) -> list[str]:
    """The items where a lesion with these answers contradicts itself."""
    return [item for item, _, _ in excluded(LESION.model_copy(update=changes))]


@pytest.mark.parametrize("row", EXCLUSIONS, ids=lambda row: f"{row.item}-{row.other}")
def test_each_row_is_found_at_its_item(row: object) -> None:
    """Any of these with any of those, whether an item takes one answer or several."""
    for this in row.these:  # type: ignore[attr-defined]
        for that in row.those:  # type: ignore[attr-defined]
            said: dict[str, object] = {}
            for item, answer in ((row.other, that), (row.item, this)):  # type: ignore[attr-defined]
                several = isinstance(getattr(LESION, item), tuple)
                kept = said.get(item, ())
                said[item] = (*kept, answer) if several else answer  # type: ignore[misc]
            assert row.item in refused(**said), (this, that)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "item", [name for name in Lesion.model_fields if isinstance(getattr(LESION, name), tuple)]
)
def test_an_answer_that_says_nothing_stands_alone(item: str) -> None:
    """“None”, “not assessable” and “not covered” exclude what else is said of their item, and nothing else does."""
    enumeration = type(answers[0]) if (answers := getattr(LESION, item)) and item != "key_images" else None
    if enumeration is None:
        return
    alone = [answer for answer in enumeration if answer.value in ALONE]
    other = next(answer for answer in enumeration if answer.value not in ALONE)
    for answer in alone:
        assert item in refused(**{item: (other, answer)})
        assert item not in refused(**{item: (answer,)})


def test_what_the_sources_join_by_and_is_no_contradiction() -> None:
    """Oval along a vein, patchy and punctate, oedema and a dark centre, a bright rim and a dark centre."""
    assert (
        refused(
            morphology=(a.Morphology.OVAL, a.Morphology.PERIVENOUS),
            enhancement=(a.Enhancement.PATCHY, a.Enhancement.PUNCTATE),
            t1=(a.T1Signal.HYPOINTENSE_CENTRE, a.T1Signal.OEDEMA),
            dwi=(a.DwiPattern.RIM, a.DwiPattern.DARK_CENTRE),
        )
        == []
    )


def test_one_answer_and_several_are_read_alike() -> None:
    """An item without an answer has none."""
    assert answers_of(LESION, "time_course") == (LESION.time_course,)
    assert answers_of(LESION, "t2") == LESION.t2
    assert answers_of(LESION.model_copy(update={"dwi": None}), "dwi") == ()
