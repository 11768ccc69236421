"""The second scheme: a key for each purpose, and the site in every value that a sender has a say in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identity.numbers import Subject
from gateway.privacy.second_scheme import SecondScheme

KEY = b"k" * 32
NORTH, SOUTH = SecondScheme(KEY, "one", "north"), SecondScheme(KEY, "one", "south")
words = st.text(st.sampled_from("abcXYZ0189:%^=. "), min_size=1, max_size=12)


def numbered(number: str, issuer: str = "", study: str = "2.25.1") -> Subject:
    """A patient with a number."""
    return Subject(issuer, number, study, True)


def unnumbered(study: str) -> Subject:
    """A study whose patient has no number that says who it is."""
    return Subject("", "UNKNOWN", study, False)


@given(words)
@settings(derandomize=True)
def test_a_text_is_told_no_value_of_another_purpose(text: str) -> None:
    """One text as name, accession number, UID and number gives values that have nothing in common."""
    values = [
        NORTH.name_hash("q" + text),
        NORTH.accession_hash("q" + text),
        NORTH.number_hash(numbered("q" + text)),
        NORTH.patient_hash(numbered("q" + text)),
        NORTH.patient_hash(unnumbered("q" + text)),
    ]
    assert len(set(values)) == len(values)
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in values)


@pytest.mark.parametrize(
    "text", ["this gateway", "report:1:a:sr", "report series:1:sr", "birth:north:19700101"]
)
def test_a_sender_cannot_ask_for_the_uid_of_a_report(text: str) -> None:
    """What the first scheme derived from a text, no text in an object derives any more."""
    own = {NORTH.device_uid(), NORTH.report_uid(1, "a", "sr"), NORTH.report_series_uid(1, "sr")}
    assert NORTH.uid(text) not in own | {NORTH.birth_date_hash("19700101")}


def test_nothing_of_one_site_is_known_at_another() -> None:
    """UIDs, accession numbers and all hashes differ between sites; the gateway itself is one for both."""
    petra = numbered("4711")
    for north, south in [
        (NORTH.uid("1.3.1"), SOUTH.uid("1.3.1")),
        (NORTH.accession("PML-A", "17"), SOUTH.accession("PML-A", "17")),
        (NORTH.name_hash("Probe^Petra"), SOUTH.name_hash("Probe^Petra")),
        (NORTH.birth_date_hash("19700101"), SOUTH.birth_date_hash("19700101")),
        (NORTH.number_hash(petra), SOUTH.number_hash(petra)),
        (NORTH.patient_hash(petra), SOUTH.patient_hash(petra)),
        (NORTH.pseudonym(petra), SOUTH.pseudonym(petra)),
    ]:
        assert north != south
    assert NORTH.device_uid() == SOUTH.device_uid()


def test_a_study_without_a_number_is_a_person_of_its_own() -> None:
    """Two such studies are never one patient, one such study always is, and it has no number to be found by."""
    assert NORTH.pseudonym(unnumbered("2.25.1")) != NORTH.pseudonym(unnumbered("2.25.2"))
    assert NORTH.alias(unnumbered("2.25.1")) == NORTH.alias(unnumbered("2.25.1\0"))
    assert NORTH.number_hash(unnumbered("2.25.1")) == ""


def test_a_patient_with_a_number_is_one_in_all_studies() -> None:
    """The study says nothing about who it is; the issuer does, but not for the hash of the number alone."""
    first, second = numbered("4711", "A", "2.25.1"), numbered("4711", "A", "2.25.2")
    assert NORTH.alias(first) == NORTH.alias(second)
    assert NORTH.patient_hash(first) != NORTH.patient_hash(numbered("4711", "B"))
    assert NORTH.number_hash(first) == NORTH.number_hash(numbered("4711", "B"))


def test_nothing_has_no_hash() -> None:
    """An empty name, birth date or accession number meets no other empty one."""
    assert (NORTH.name_hash(""), NORTH.birth_date_hash(""), NORTH.accession_hash(" \0")) == ("", "", "")


def test_another_key_gives_other_values() -> None:
    """Without the key nothing can be computed again."""
    other, petra = SecondScheme(b"l" * 32, "two", "north"), numbered("4711")
    assert other.patient_hash(petra) != NORTH.patient_hash(petra)
    assert other.uid("1.3.1") != NORTH.uid("1.3.1")
    assert other.device_uid() != NORTH.device_uid()
