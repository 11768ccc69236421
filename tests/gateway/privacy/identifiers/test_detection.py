"""Does a value say who the patient is? Short numbers, numbers and dates in pieces, and coincidences."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from gateway.privacy.identifiers.detection import IdentifierDetector
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind, identifying_values


def detector(value: str, kind: ValueKind) -> IdentifierDetector:
    """One that knows a single value."""
    return IdentifierDetector([IdentifyingValue("PatientID", value, kind)])


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("122064", ValueKind.NUMBER, "t2 12 20 64"),
        ("122064", ValueKind.NUMBER, "12mm 20 x 64"),
        ("4711923", ValueKind.NUMBER, "47-11-923"),
        ("0012345", ValueKind.NUMBER, "1 2345"),
        ("19501012", ValueKind.DATE, "kontrolle 12 10 50"),
        ("20000105", ValueKind.DATE, "5 1 2000"),
        ("p07", ValueKind.SHORT, "t2 P-07 tra"),
        ("12", ValueKind.SHORT, "t2 012"),
        ("000042", ValueKind.NUMBER, "t2 000042"),
        ("kb", ValueKind.INITIALS, "K.B. head"),
    ],
)
def test_a_text_that_says_it_is_found(value: str, kind: ValueKind, text: str) -> None:
    """In whatever pieces."""
    assert detector(value, kind).in_text(text)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("000042", ValueKind.NUMBER, "TE 0.42 t2 42"),
        ("122064", ValueKind.NUMBER, "t2 12 20 65"),
        ("19501012", ValueKind.DATE, "t2 12 10"),
        ("p07", ValueKind.SHORT, "p 070"),
    ],
)
def test_a_text_that_says_another_is_not(value: str, kind: ValueKind, text: str) -> None:
    """A small number is no number with leading zeros."""
    assert not detector(value, kind).in_text(text)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("p07", ValueKind.SHORT, "syngo MR P07"),
        ("s12", ValueKind.SHORT, "S12"),
        ("4711923", ValueKind.NUMBER, "4711 923"),
        ("4711", ValueKind.NUMBER, "V4.711"),
        ("1831", ValueKind.NUMBER, "DV26.0_R03_1831.b"),
        ("000042", ValueKind.NUMBER, "V3 000042"),
        ("19630417", ValueKind.DATE, "syngo 17 04 1963"),
        ("19630417", ValueKind.DATE, "17_04_1963"),
    ],
)
def test_what_is_written_as_a_version_is_found(value: str, kind: ValueKind, text: str) -> None:
    """A scanner's version looks like a short identifier, a number in pieces or a date."""
    assert detector(value, kind).in_vendor_text(text)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("mr", ValueKind.SHORT, "syngo MR E11"),
        ("mr", ValueKind.INITIALS, "syngo MR 2"),
        ("p07", ValueKind.SHORT, "syngo MR P08"),
    ],
)
def test_a_vendors_word_is_nobodys_identifier(value: str, kind: ValueKind, text: str) -> None:
    """Where vendors' words stand, one of them is a constant whoever is numbered so; initials do not count there."""
    assert not detector(value, kind).in_vendor_text(text)


def test_a_counter_counts() -> None:
    """Five digits of InstanceNumber are a coincidence, six are not; elsewhere five are enough."""
    assert not detector("12345", ValueKind.NUMBER).in_number("IS", "12345", counter=True)
    assert detector("12345", ValueKind.NUMBER).in_number("IS", "12345")
    assert detector("123456", ValueKind.NUMBER).in_number("IS", "123456", counter=True)


@pytest.mark.parametrize(
    ("number", "short"),
    [("P07", True), ("7", True), ("b1000", True), ("0", False), ("00", False), ("4711923", False)],
)
def test_a_number_of_a_person_is_short_when_words_look_like_it(number: str, short: bool) -> None:
    """However it is padded; zeros alone are nobody's."""
    ds = Dataset()
    ds.PatientID = number
    assert (ValueKind.SHORT in {value.kind for value in identifying_values([ds])}) is short
