"""No layer of a profile may keep what names a person, place or device, however it asks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary, dictionary_VR, keyword_for_tag, tag_for_keyword

from gateway.privacy.profile.site_limits import why_not_allowed, why_not_kept, why_not_ruled
from gateway.privacy.profile.table_e1_1 import Action

tags = st.sampled_from(sorted(DicomDictionary))
LEAVING = (Action.KEEP, Action.CLEAN)
PERSONAL = ["PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID", "PatientAddress"]


def tag_of(keyword: str) -> int:
    """The tag of a keyword of PS3.6."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag


@given(tags)
@settings(derandomize=True, max_examples=300)
def test_no_name_date_uid_of_the_table_or_age_is_kept_as_it_is(tag: int) -> None:
    """Names of persons, dates, ages and free text are never kept word for word, whatever the attribute."""
    if set(dictionary_VR(tag).split(" or ")) & {
        "PN",
        "DA",
        "DT",
        "AS",
        "LO",
        "LT",
        "SH",
        "ST",
        "UT",
        "AE",
        "UR",
    }:
        assert why_not_ruled(tag, Action.KEEP, dates_move=True)


@given(tags)
@settings(derandomize=True, max_examples=300)
def test_what_is_decided_elsewhere_is_no_affair_of_a_profile(tag: int) -> None:
    """Commands, file meta, curves, overlays, pixel data and private groups: no action, no text, no admission."""
    group = tag >> 16
    if group in (0, 2, 4, 0x7FE0) or 0x5000 <= group <= 0x60FF:
        assert all(why_not_ruled(tag, action, dates_move=True) for action in Action)
        assert why_not_kept(tag)
        assert why_not_allowed(tag)


@pytest.mark.parametrize("keyword", PERSONAL)
def test_a_direct_identifier_may_be_removed_and_never_leave(keyword: str) -> None:
    """Removing, emptying and a dummy are allowed; no way of keeping is."""
    tag = tag_of(keyword)
    for action in LEAVING:
        assert why_not_ruled(tag, action, dates_move=True)
    for action in (Action.REMOVE, Action.EMPTY, Action.DUMMY):
        assert why_not_ruled(tag, action, dates_move=True) is None
    assert why_not_kept(tag)
    assert why_not_allowed(tag)


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.UID])
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_the_uids_of_the_object_can_only_be_replaced(keyword: str, action: Action) -> None:
    """Kept they tell who it is, removed nobody finds the object again."""
    assert why_not_ruled(tag_of(keyword), action, dates_move=True)
    assert why_not_ruled(tag_of(keyword), Action.UID, dates_move=True) is None


def test_a_date_is_cleaned_only_where_dates_are_shifted() -> None:
    """Without retain_modified_dates, cleaning a date would keep it in part."""
    tag = tag_of("StudyDate")
    assert why_not_ruled(tag, Action.CLEAN, dates_move=True) is None
    assert "retain_modified_dates" in str(why_not_ruled(tag, Action.CLEAN, dates_move=False))
    assert why_not_ruled(tag_of("StudyTime"), Action.CLEAN, dates_move=False) is None


@pytest.mark.parametrize(
    ("action", "keyword", "allowed"),
    [
        (Action.AGE, "PatientAge", True),
        (Action.AGE, "PatientSex", False),
        (Action.PSEUDONYM, "PatientName", True),
        (Action.PSEUDONYM, "StudyDate", False),
        (Action.ACCESSION, "AccessionNumber", True),
        (Action.ACCESSION, "Rows", False),
        (Action.UID, "FrameOfReferenceUID", True),
        (Action.UID, "StudyDescription", False),
    ],
)
def test_a_computed_action_needs_an_attribute_that_can_hold_its_value(
    action: Action, keyword: str, allowed: bool
) -> None:
    """A pseudonym is no date, an age no sex."""
    assert (why_not_ruled(tag_of(keyword), action, dates_move=True) is None) is allowed


@pytest.mark.parametrize(
    ("keyword", "kept", "admitted"),
    [
        ("ScanOptions", True, True),
        ("Rows", False, True),
        ("StudyDescription", False, False),
        ("OperatorsName", False, False),
        ("PixelData", False, False),
        ("EchoTime", False, True),
    ],
)
def test_text_is_kept_and_attributes_admitted_by_kind(keyword: str, kept: bool, admitted: bool) -> None:
    """Coded text and numbers of an image may be asked for; what Table E.1-1 decides may not."""
    assert keyword_for_tag(tag_of(keyword)) == keyword
    assert (why_not_kept(tag_of(keyword)) is None) is kept
    assert (why_not_allowed(tag_of(keyword)) is None) is admitted
