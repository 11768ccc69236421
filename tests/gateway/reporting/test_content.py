"""Entries of the outline as SR content items: numbers, times, units and relationships."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import MRImageStorage

from gateway.reporting.answers import Language
from gateway.reporting.content import (
    NOT_IN_THE_READERS_LANGUAGE,
    ContentWriter,
    date_time,
    measured_text,
    number_text,
)
from gateway.reporting.layout.entries import Day, Heading, ImageReference, Measured, Words
from gateway.reporting.outline import NOTICE
from gateway.reporting.signer import NOT_SIGNED, Unsigned
from support.objects.reports import DEVICE, SIGNATURE, SIGNED_AT, STUDY

LENGTH = Measured("long_axis_mm", Decimal("31.50"), "unit.mm")


@given(st.decimals(0, 99999, places=3))
def test_a_number_is_written_plainly_and_keeps_its_value(value: Decimal) -> None:
    """The text of a number has no exponent and no idle zeros, and is the same number."""
    text = number_text(value)
    assert Decimal(text) == value
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


def test_the_zeros_of_a_whole_number_stay() -> None:
    """Only zeros behind the point are idle."""
    assert [number_text(value) for value in (100, Decimal("1E+2"), Decimal("20.0"))] == ["100", "100", "20"]


@given(
    st.integers(631152000, 3786912000).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.integers(-12 * 60, 14 * 60),
)
def test_a_time_stays_the_same_instant_and_never_has_the_offset_zero(at: datetime, minutes: int) -> None:
    """DT keeps the instant with its offset; +0000, which DCMTK refuses, is written one hour east."""
    aware = at.astimezone(timezone(timedelta(minutes=minutes)))
    text = str(date_time(aware))
    assert datetime.strptime(text, "%Y%m%d%H%M%S%z") == aware
    assert text[14:] != "+0000"


def test_a_time_in_utc_crosses_midnight_with_its_day() -> None:
    """One hour east of 23:30 UTC is the next day."""
    assert str(date_time(datetime(2026, 1, 31, 23, 30, tzinfo=UTC))) == "20260201003000+0100"


def test_a_number_becomes_text_with_its_unit_where_the_class_has_no_num() -> None:
    """Basic Text SR knows no NUM: the same measurement is TEXT there."""
    number, text = (ContentWriter({}, numbers=numbers).item(LENGTH) for numbers in (True, False))
    assert number.ValueType == "NUM"
    measured = number.MeasuredValueSequence[0]
    assert float(measured.NumericValue) == 31.5
    assert measured.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
    assert (text.ValueType, text.TextValue) == ("TEXT", "31.5 mm")


def test_a_ratio_is_printed_without_a_unit() -> None:
    """The UCUM unit of a ratio says nothing to a reader."""
    assert measured_text(Measured("naa_cr", Decimal("1.20"), "unit.ratio")) == "1.2"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1, "wk", "1 week"),
        (2, "wk", "2 weeks"),
        ("0.5", "mo", "0.5 months"),
        (1, "mo", "1 month"),
        (1, "mm", "1 mm"),
    ],
)
def test_weeks_and_months_are_written_in_words(value: int | str, unit: str, text: str) -> None:
    """`mo` and `wk` are UCUM's and mean nothing to a reader of the page."""
    assert measured_text(Measured("follow_up_interval", Decimal(value), f"unit.{unit}")) == text


def test_a_heading_holds_its_entries_with_contains() -> None:
    """CONTAINS is the relationship that all three document classes allow."""
    entries = (Words("narrative", "one\ntwo"), Day("prior_study_date", date(2025, 11, 3)))
    container = ContentWriter({}).item(Heading("section.findings", entries))
    words, day = container.ContentSequence
    assert {item.RelationshipType for item in (container, words, day)} == {"CONTAINS"}
    assert words.TextValue == "one\r\ntwo"
    assert str(day.Date) == "20251103"


def test_an_image_is_referenced_with_its_own_class() -> None:
    """The SOP Class of a reference comes from the evidence, and an instance outside of it is refused."""
    writer = ContentWriter({"2.25.5": MRImageStorage})
    (reference,) = writer.item(ImageReference("key_image", "2.25.5")).ReferencedSOPSequence
    assert (reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID) == (MRImageStorage, "2.25.5")
    with pytest.raises(KeyError):
        writer.item(ImageReference("key_image", "2.25.6"))


def test_the_root_names_observer_and_study_before_the_sections() -> None:
    """TID 2000 begins with language, procedure, observer and subject study; then whom the report is for."""
    sections = [Heading("section.findings", (Words("narrative", "Text."),))]
    root = ContentWriter({}).root(sections, SIGNATURE, DEVICE, STUDY)
    relations = [item.RelationshipType for item in root.ContentSequence]
    assert relations == ["HAS CONCEPT MOD"] * 2 + ["HAS OBS CONTEXT"] * 5 + ["CONTAINS"] * 2
    assert [item.UID for item in root.ContentSequence if item.ValueType == "UIDREF"] == [STUDY]
    assert [item.TextValue for item in root.ContentSequence if item.ValueType == "TEXT"][1:] == [NOTICE]
    assert root.ContentTemplateSequence[0].TemplateIdentifier == "2000"


def test_the_device_observes_what_nobody_signed() -> None:
    """No person is named who answers for nothing, and the tree itself says that it is preliminary."""
    root = ContentWriter({}).root([], Unsigned(SIGNED_AT), DEVICE, STUDY)
    assert "PNAME" not in {item.ValueType for item in root.ContentSequence}
    assert [item.UID for item in root.ContentSequence if item.ValueType == "UIDREF"] == [DEVICE.uid, STUDY]
    assert root.ContentSequence[-1].TextValue == f"{NOT_SIGNED}. {NOTICE}"


def test_words_in_another_language_than_english_say_so() -> None:
    """TID 1204: questions and answers are English, so the root is, and each other text names its own language."""
    root = ContentWriter({}).root([], SIGNATURE, DEVICE, STUDY)
    assert root.ContentSequence[0].ConceptCodeSequence[0].CodeValue == "en"
    german = ContentWriter({}, Language.GERMAN).item(Words("narrative", "Befund"))
    (language,) = german.ContentSequence
    assert language.RelationshipType == "HAS CONCEPT MOD"
    assert (language.ConceptNameCodeSequence[0].CodeValue, language.ConceptCodeSequence[0].CodeValue) == (
        "121049",
        "de",
    )
    assert "ContentSequence" not in ContentWriter({}).item(Words("narrative", "Finding"))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [("1", "ms", "1 ms"), ("1", "wk", "1 week"), ("2", "wk", "2 weeks"), ("1", "mm", "1 mm")],
)
def test_only_a_unit_in_words_has_a_singular(value: str, unit: str, text: str) -> None:
    """A symbol that ends in s keeps it."""
    assert measured_text(Measured("echo_time_ms", Decimal(value), f"unit.{unit}")) == text


@pytest.mark.parametrize("language", Language)
def test_words_of_others_are_not_in_the_language_of_the_reader(language: Language) -> None:
    """The gateway writes English; in which language the hospital wrote is not known, whoever reads."""
    writer = ContentWriter({}, language)
    for concept, declared in NOT_IN_THE_READERS_LANGUAGE.items():
        below = writer.item(Words(concept, "text")).get("ContentSequence", [])
        codes = [each.ConceptCodeSequence[0].CodeValue for each in below]
        assert codes == ([] if declared == "language.en" else ["und"])
