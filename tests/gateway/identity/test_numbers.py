"""What numbers nobody is no number, and one number may be written in several ways."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identity.ground import Agreement, Ground
from gateway.identity.names import NOBODY
from gateway.identity.numbers import (
    PLACEHOLDERS,
    canonical_issuer,
    canonical_number,
    compare_numbers,
    has_number,
    subject,
    why_no_number,
)

texts = st.text(st.sampled_from("0123456789AaBbZ -/.\0"), max_size=12)


@pytest.mark.parametrize(
    "patient_id",
    [
        *("", " ", "\0\0", "-", "--", "?", "***", ".", "0", "000000", "0-0", "９９９９９９", "999999999"),
        *(
            "UNKNOWN",
            "unknown ",
            "<Unknown>",
            "N/A",
            "n.a.",
            "NONE",
            "NULL",
            "ANON",
            "ANONYMOUS^",
            "Anonymised",
        ),
        *("TEST", "test-patient", "XXXX", "Notfall", "PatientID", "okänd", "ＵＮＫＮＯＷＮ"),
    ],
)
def test_what_numbers_nobody_is_no_number(patient_id: str) -> None:
    """Blank, zero, and words that people and programs put in its place; each with its reason."""
    assert not has_number(patient_id)
    assert (why_no_number(patient_id) or "").startswith(("is ", "says "))


@pytest.mark.parametrize(
    "patient_id",
    [
        "1",
        "10",
        "007",
        "99999",
        "SYN-1",
        "DEMO-1",
        "ANON123",
        "TEST-4711",
        "UNKNOWN 20260110",
        "X1",
        "P07",
        "Q",
    ],
)
def test_what_may_number_somebody_is_a_number(patient_id: str) -> None:
    """A pseudonym is a number, and so is a placeholder with a number behind it."""
    assert has_number(patient_id)


@pytest.mark.parametrize("word", sorted(NOBODY))
def test_names_of_nobody_number_nobody(word: str) -> None:
    """The words that are no name are no number either."""
    assert not has_number(word)


@pytest.mark.parametrize("word", sorted(PLACEHOLDERS))
def test_the_table_is_written_as_it_is_looked_up(word: str) -> None:
    """Each word is found in any case and with any punctuation."""
    assert why_no_number(word) == why_no_number(f" *{word.upper()}* ") == PLACEHOLDERS[word]


def test_a_site_adds_its_own_placeholders() -> None:
    """`[study] no_patient_ids`: in any case and punctuation, and nowhere else."""
    assert has_number("ZZZ-000")
    assert why_no_number(" zzz000", ["ZZZ-000"]) == "is no number by this site's settings"
    assert has_number("ZZZ-0001", ["ZZZ-000"])


@pytest.mark.parametrize(
    ("one", "other", "ground"),
    [
        (("4711", ""), ("4711", ""), Ground.EQUAL),
        (("4711", ""), (" 004711\0", ""), Ground.WRITTEN_OTHERWISE),
        (("４７１１", ""), ("4711", ""), Ground.WRITTEN_OTHERWISE),
        (("4711", "NORTH"), ("4711", "north "), Ground.EQUAL),
        (("4711", "NORTH"), ("4711", ""), Ground.ONE_ISSUER),
        (("4711", "NORTH"), ("4711", "SOUTH"), Ground.OTHER_ISSUER),
        (("AB-47", ""), ("ab47", ""), Ground.ALIKE),
        (("A047", ""), ("A47", ""), Ground.DIFFERS),
        (("4711", ""), ("4712", ""), Ground.DIFFERS),
        (("4711", "NORTH"), ("4712", ""), Ground.DIFFERS),
        (("", ""), ("4711", ""), Ground.ABSENT),
        (("UNKNOWN", ""), ("UNKNOWN", ""), Ground.ABSENT),
    ],
)
def test_numbers_are_compared_with_their_issuers(
    one: tuple[str, str], other: tuple[str, str], ground: Ground
) -> None:
    """A missing issuer is no other issuer; leading zeros and padding are writing; letters are not."""
    assert compare_numbers(one, other) is compare_numbers(other, one) is ground


@given(texts, texts, texts, texts)
@settings(derandomize=True, max_examples=400)
def test_the_same_number_has_one_canonical_form(one: str, issuer: str, other: str, other_issuer: str) -> None:
    """What compares as the same under one issuer is derived from alike, and what differs is not."""
    ground = compare_numbers((one, issuer), (other, other_issuer))
    alike = canonical_number(one) == canonical_number(other)
    if ground in (Ground.EQUAL, Ground.WRITTEN_OTHERWISE):
        assert alike
        assert canonical_issuer(issuer) == canonical_issuer(other_issuer)
    elif ground in (Ground.ALIKE, Ground.DIFFERS):
        assert not alike


@given(texts)
@settings(derandomize=True, max_examples=200)
def test_a_canonical_number_stays_as_it_is(text: str) -> None:
    """Twice canonical is once canonical, and padding changes nothing."""
    assert (
        canonical_number(canonical_number(text)) == canonical_number(text) == canonical_number(f" {text}\0")
    )


def test_a_study_without_a_number_is_its_own_subject() -> None:
    """And nothing of it is in a repr."""
    numbered, alone = subject("NORTH", "4711", "2.25.1"), subject("NORTH", "UNKNOWN", "2.25.1")
    assert (numbered.has_number, alone.has_number) == (True, False)
    assert not [text for text in ("NORTH", "4711", "2.25.1") if text in repr((numbered, alone))]
    assert not subject("", "ZZZ", "2.25.1", ["zzz"]).has_number


def test_no_number_is_never_the_same_number() -> None:
    """Two studies without one are not one patient by it."""
    assert compare_numbers(("ANON", "A"), ("ANON", "A")).agreement is Agreement.CANNOT_TELL
    assert compare_numbers(("ZZZ", ""), ("ZZZ", ""), ["ZZZ"]) is Ground.ABSENT
