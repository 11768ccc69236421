"""What a page may show: no UID in any text, and of a hospital's own words nothing to a reader."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from gateway.web.foundation.redaction import WITHHELD, typed_by_hospital, without_uids
from routing_rules.fact_table import FACTS

UID = "1.2.840.113619.2.55.3.604688119.971"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "Object {} was refused.",
        "({})",
        "uid={}&x=1",
        "MR.{}",
        "MR{}.dcm",
        "study_{}_2",
        "{}.dcm (frame 2)",
        "{}_frame2",
        "{}a",
        "{}, {} and {}",
        "ümlaut{}ü",
    ],
)
def test_a_uid_is_withheld_wherever_it_stands(text: str) -> None:
    """In a sentence, in a file's name as toolkits write it, glued to letters: not one of its last digits remains."""
    shown = without_uids(text.format(UID, UID, UID))
    assert WITHHELD in shown
    assert "840" not in shown
    assert "971" not in shown


@pytest.mark.parametrize(
    "uid",
    [
        "2.25.329800735698586629295641978511506172918",
        "1.2.3.20260131101500123",
        "1.2.840.10008.1.1",
        "0.0.0.0.0",
    ],
)
def test_short_uids_are_withheld_too(uid: str) -> None:
    """A UID made of a UUID has three components only (PS3.5 B.2)."""
    assert without_uids(f"Object {uid} was refused.") == f"Object {WITHHELD} was refused."


@given(
    st.lists(st.integers(0, 10**12), min_size=4, max_size=12),
    st.sampled_from("012"),
    st.text(st.characters(exclude_categories=["Nd", "Nl", "No"]), max_size=5),
    st.text(st.characters(exclude_categories=["Nd", "Nl", "No"], exclude_characters="."), max_size=5),
)
def test_no_component_of_any_uid_remains(numbers: list[int], root: str, before: str, after: str) -> None:
    """Whatever letters and signs stand around it."""
    uid = ".".join([root, *map(str, numbers)])
    assert not any(character.isdecimal() for character in without_uids(before + uid + after))


@pytest.mark.parametrize(
    "text",
    ["192.168.10.20", "10.0.0.1:11112", "b = 1000 s/mm²", "3.14", "version 1.2.3", "2026-02-01T14:30", ""],
)
def test_what_is_no_uid_stays(text: str) -> None:
    """Addresses, measures, versions and times have fewer components."""
    assert without_uids(text) == text


def test_every_text_of_a_nested_value_is_cleaned() -> None:
    """In lists, tuples and dictionaries, their keys included; numbers and truth values stay what they are."""
    value = {"a": [UID, {"b": (UID, 7)}], UID: True, "none": None, "share": 0.5}
    assert without_uids(value) == {
        "a": [WITHHELD, {"b": [WITHHELD, 7]}],
        WITHHELD: True,
        "none": None,
        "share": 0.5,
    }


def test_text_marked_as_safe_was_checked_when_it_was_made() -> None:
    """The UIDs of de-identified copies name key images; the templates mark them."""
    copy: Any = Markup(UID)
    assert without_uids(copy) is copy


def test_a_reader_sees_the_values_of_these_facts_only() -> None:
    """What a machine wrote; a fact that is new, or unknown, counts as typed by a hospital until it is added here."""
    assert {fact for fact in FACTS if not typed_by_hospital(fact)} == {
        "sender",
        "calling_ae_title",
        "called_ae_title",
        "site",
        "modalities",
        "series_kinds",
        "b_values",
        "slice_thickness_mm",
        "manufacturers",
        "models",
        "field_strength_t",
        "patient_age_years",
        "instances",
        "accession_number_present",
        "enrolled",
        "referral",
        "months_since_last",
    }
    assert typed_by_hospital("something_new")
