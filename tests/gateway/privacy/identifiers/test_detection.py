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
    ("number", "written"),
    [
        ("P-07-12", "T1 P07-12 tra"),
        ("P-07-12", "T1 P712 tra"),
        ("P-00-12", "p 0 12"),
        ("P.12.R5", "T1 P12 R5 tra"),
        ("MS012", "T1 MS 12 tra"),
        ("PML-007", "T1 PML 7 tra"),
        ("P20-7", "T1 P20 7 tra"),
        ("S005", "T1 S5 tra"),
        ("0012", "T1 pat 12 tra"),
        ("00100", "T1 100 tra"),
    ],
)
def test_a_short_number_is_found_however_it_is_padded_and_parted(number: str, written: str) -> None:
    """Compared run by run, without leading zeros; one number more or less is another."""
    ds = Dataset()
    ds.PatientID = number
    detector = IdentifierDetector([v for v in identifying_values([ds]) if v.kind is ValueKind.SHORT])
    assert detector.in_text(written)
    assert not detector.in_text("T1 tra 8 mm")


@pytest.mark.parametrize(
    ("attribute", "number", "short"),
    [
        ("StudyID", "P33", True),
        ("StudyID", "33", False),
        ("StudyID", "MR", False),
        ("RequestedProcedureID", "R12", True),
        ("ScheduledProcedureStepID", "1", False),
        ("PerformedProcedureStepID", "S5", True),
        ("FillerOrderNumberImagingServiceRequest", "R12", True),
        ("PlacerOrderNumberImagingServiceRequest", "12", True),
        ("AccessionNumber", "3", False),
        ("AccessionNumber", "03", True),
    ],
)
def test_the_numbers_of_orders_and_procedures_are_short_too(attribute: str, number: str, short: bool) -> None:
    """Of studies and procedures digits alone are a counter."""
    ds = Dataset()
    setattr(ds, attribute, number)
    assert (ValueKind.SHORT in {value.kind for value in identifying_values([ds])}) is short


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


@pytest.mark.parametrize(
    ("attribute", "text"), [("AdmissionID", "UNK"), ("PatientID", "PHANTOM"), ("PatientID", "n/a")]
)
def test_a_word_in_place_of_a_number_is_nobodys(attribute: str, text: str) -> None:
    """A phantom is no reason to drop all text of its images."""
    ds = Dataset()
    setattr(ds, attribute, text)
    assert identifying_values([ds]) == frozenset()


def test_a_counter_counts() -> None:
    """Five digits of InstanceNumber are a coincidence, six are not; elsewhere five are enough."""
    assert not detector("12345", ValueKind.NUMBER).in_number("IS", "12345", "InstanceNumber")
    assert detector("12345", ValueKind.NUMBER).in_number("IS", "12345")
    assert detector("123456", ValueKind.NUMBER).in_number("IS", "123456", "InstanceNumber")


@pytest.mark.parametrize(
    ("number", "short"),
    [
        *(
            (one, True)
            for one in ("P07", "7", "b1000", "P-07-12", "P.12.R5", "MS-12", "MS012", "MR12", "PML7")
        ),
        *((one, True) for one in ("PML-007", "USER5", "A100", "PHANTOM2", "P20-7", "S005", "0012", "00100")),
        *((one, False) for one in ("0", "00", "4711923", "SYN-0001", "QX-12", "P-4711")),
    ],
)
def test_a_number_of_a_person_is_short_when_words_look_like_it(number: str, short: bool) -> None:
    """However it is padded; zeros alone are nobody's."""
    ds = Dataset()
    ds.PatientID = number
    assert (ValueKind.SHORT in {value.kind for value in identifying_values([ds])}) is short
