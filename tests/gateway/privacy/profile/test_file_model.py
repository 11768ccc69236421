"""What may stand in the YAML of a profile; a site's file may narrow the profile below it and never widen it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydicom.uid import MRImageStorage, SecondaryCaptureImageStorage

from gateway.privacy.profile.file_model import ProfileInput

BASE = {"name": "pml-read", "sop_classes": {MRImageStorage: "MR"}, "hold_image_types": ["SCREEN SAVE"]}
REPORT = "1.2.840.10008.5.1.4.1.1.88.11"


def layer(**content: Any) -> ProfileInput:
    """A site's file on top of BASE."""
    return ProfileInput.model_validate({"extends": "pml-read", "name": "north", **content}, context=BASE)


def wrong(**content: Any) -> set[str]:
    """The keys at which a site's file is refused."""
    with pytest.raises(ValidationError) as refused:
        layer(**content)
    return {str(error["loc"][0]) for error in refused.value.errors()}


def test_a_site_that_says_nothing_asks_for_nothing() -> None:
    """Nothing behind a name means none of these, and a number is a text where a text belongs."""
    site = layer(options=None, rules=None, keep_text=None, also_allowed=None, releasable=None, version=2)
    assert (site.options, site.rules, site.keep_text, site.also_allowed) == ((), {}, (), ())
    assert (site.releasable.reasons, site.releasable.sop_classes, site.version) == ((), {}, "2")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("extends", "another"),
        ("extends", None),
        ("name", ""),
        ("name", "pml-read"),
        ("name", "North Site"),
        ("name", "n" * 41),
        ("version", ["1"]),
        ("options", ["clean_pixels"]),
        ("options", ["clean_descriptors", "clean_descriptors"]),
        ("rules", {"PatientSexx": {"action": "X", "reason": "x"}}),
        ("rules", {"PatientSex": {"action": "erase", "reason": "x"}}),
        ("rules", {"PatientSex": {"action": "X", "reason": ""}}),
        ("rules", {"PatientSex": {"action": "X"}}),
        ("keep_text", ["PatientName"]),
        ("keep_text", ["NoKeyword"]),
        ("also_allowed", ["PixelData"]),
        ("sop_classes", {}),
        ("sop_classes", {SecondaryCaptureImageStorage: "SC"}),
        ("hold_image_types", []),
        ("releasable", {"reasons": ["leak"]}),
        ("releasable", {"sop_classes": {REPORT: "a text"}}),
        ("releasable", {"everything": True}),
        ("keeptext", []),
    ],
)
def test_what_a_site_may_not_say_is_refused_at_its_key(key: str, value: object) -> None:
    """Each is told where it stands, and nothing else is complained about."""
    assert wrong(**{key: value}) == {key}


def test_everything_wrong_is_told_at_once() -> None:
    """The author of the file sees all of it in one go."""
    assert wrong(extends="x", name="A B", options=["y"]) == {"extends", "name", "options"}


def test_a_shipped_profile_answers_to_no_base() -> None:
    """It extends nothing and names its own classes and screens."""
    shipped = ProfileInput.model_validate(
        {"name": "own", "sop_classes": {SecondaryCaptureImageStorage: "SC"}}
    )
    assert (shipped.extends, shipped.hold_image_types) == ("", ())


def test_screens_stay_held_whatever_is_added() -> None:
    """A site may hold more kinds of image, not fewer."""
    assert layer(hold_image_types=["LOCAL", "SCREEN SAVE"]).hold_image_types == ("LOCAL", "SCREEN SAVE")
    assert wrong(hold_image_types=["LOCAL"]) == {"hold_image_types"}


@given(st.text(st.sampled_from("aZ0-_. ä"), max_size=45))
@settings(derandomize=True, max_examples=150)
def test_a_name_is_a_plain_word_of_at_most_40_characters(name: str) -> None:
    """Lower-case letters, digits and hyphens, no hyphen first."""
    plain = 0 < len(name) <= 40 and set(name) <= set("a0-") and name[0] != "-"
    assert _accepted(name) is plain


def _accepted(name: str) -> bool:
    try:
        return layer(name=name).name == name
    except ValidationError:
        return False
