"""Each part of a report checks itself: free text, one-line text, numbers, UIDs, sequences and spectra."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.privacy.pseudonyms import PseudonymKey
from gateway.reporting.lesions.answers import AnatomicalSite
from gateway.reporting.parts import (
    ClinicalContext,
    FreeText,
    Line,
    Measure,
    SentText,
    SequenceSeen,
    Uid,
    distinct,
)

FREE, SENT, LINE = TypeAdapter(FreeText), TypeAdapter(SentText), TypeAdapter(Line)


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(
        ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d. %m. %Y", "%d-%m-%Y", "%d %B %Y", "%b %Y", "%B %d, %Y"]
    ),
    st.booleans(),
)
def test_free_text_takes_no_date(day: date, form: str, inside: bool) -> None:
    """A shifted date in free text would go back to the hospital as if it were a real one."""
    written = f"{day:{form}}"
    with pytest.raises(ValidationError, match="write an interval instead"):
        FREE.validate_python(f"Seen ({written}), larger." if inside else written)


@pytest.mark.parametrize(
    "written",
    [
        "3. Februar 2026",
        "1. März 2026",
        "Dez. 2025",
        "3rd of May 2026",
        "3.2.26",
        "12 mars 2026",
        "1er août 2026",
        "février 2025",
        "ottobre 2024",
    ],
)
def test_free_text_takes_no_date_in_words(written: str) -> None:
    """Names of months in the languages of a report, whole and short."""
    with pytest.raises(ValidationError, match="write an interval instead"):
        FREE.validate_python(f"As on {written}.")


@pytest.mark.parametrize(
    "text",
    [
        "3 months earlier",
        "3 months ago, 2003 mm3",
        "b = 1000",
        "NAA/Cr 1.25",
        "2 x 3 mm",
        "IRIS 2-4 wk",
        "12/10/15 mm",
        "Lesion 3 may be MS",
        "marked 2000 ms",
    ],
)
def test_free_text_takes_numbers_that_are_no_dates(text: str) -> None:
    """Measurements and intervals are what a reader writes."""
    assert FREE.validate_python(text) == text


def test_free_text_takes_no_pseudonym_and_the_refusal_does_not_repeat_it() -> None:
    """The pseudonym of a patient may not reach the hospital, nor the words of an error."""
    with pytest.raises(ValidationError) as caught:
        FREE.validate_python("As in PML-ABCD2345 before.")
    (error,) = caught.value.errors()
    assert "delete it" in error["msg"]
    assert "PML-ABCD2345" not in error["msg"]


def test_the_hospitals_own_words_may_hold_a_date() -> None:
    """What the hospital wrote was never shifted and goes back as it came."""
    assert SENT.validate_python("Onset 01.02.2026") == "Onset 01.02.2026"


@given(st.text(st.sampled_from("a\r\n\t "), max_size=12))
def test_line_ends_are_one_and_tabs_are_blanks(text: str) -> None:
    """VR UT knows CR, LF and FF only; reading twice changes nothing."""
    read = SENT.validate_python(text)
    assert set(read) <= set("a\n ")
    assert read.count("a") == text.count("a")
    assert SENT.validate_python(read) == read


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\ue000"])
def test_an_unprintable_character_is_named(character: str) -> None:
    """Control and private characters are refused with their code point."""
    with pytest.raises(ValidationError, match=rf"U\+{ord(character):04X}"):
        FREE.validate_python(f"a{character}b")


def test_a_name_is_one_line() -> None:
    """A line break inside is refused, one at the end is no part of the name."""
    assert LINE.validate_python(" Dr. A\n") == "Dr. A"
    with pytest.raises(ValidationError, match="must be one line"):
        LINE.validate_python("Dr. A\rDr. B")


@given(st.decimals(0, 99999, places=3))
def test_a_measure_fits_into_ds(value: Decimal) -> None:
    """At most 16 characters: VR DS holds every measured value unchanged."""
    assert len(str(TypeAdapter(Measure).validate_python(value))) <= 16


@pytest.mark.parametrize("value", ["-0.001", "100000", "0.0001", "NaN", "Infinity"])
def test_what_ds_could_not_hold_is_refused(value: str) -> None:
    """Negative, too large, too fine and no number at all."""
    with pytest.raises(ValidationError):
        TypeAdapter(Measure).validate_python(value)


@given(st.binary(min_size=1, max_size=32))
def test_every_pseudonymous_uid_is_a_uid(name: bytes) -> None:
    """The key images a reader picks are named by UIDs that the gateway made."""
    uid = PseudonymKey(b"k" * 32, "test").of("north").uid(name.hex())
    assert TypeAdapter(Uid).validate_python(uid) == uid


@pytest.mark.parametrize("uid", ["", "1", "1.02", "1..2", "1.2.", "a.b", "1." + "2" * 63, "1.2\n"])
def test_what_is_no_uid_is_refused(uid: str) -> None:
    """PS3.5 9.1: components without leading zeros, at most 64 characters."""
    with pytest.raises(ValidationError):
        TypeAdapter(Uid).validate_python(uid)


@given(st.lists(st.sampled_from(AnatomicalSite)).map(tuple))
def test_answers_are_kept_once_in_the_order_of_the_form(answers: tuple[AnatomicalSite, ...]) -> None:
    """The same choice in another order gives the same report."""
    assert distinct(answers) == distinct(answers[::-1]) == tuple(s for s in AnatomicalSite if s in answers)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ({"acquired": "undetermined"}, "present or absent"),
        ({"acquired": "present"}, "quality"),
        ({"acquired": "absent", "quality": "diagnostic"}, "no quality, thickness or coverage"),
        ({"acquired": "absent", "thickness_mm": "3"}, "no quality, thickness or coverage"),
    ],
)
def test_a_sequence_agrees_with_itself(seen: dict[str, str], words: str) -> None:
    """Present has a quality, absent has nothing, and there is no third."""
    with pytest.raises(ValidationError, match=words):
        SequenceSeen.model_validate(seen)


def test_a_sequence_is_readable_only_when_it_is_diagnostic() -> None:
    """A sequence without diagnostic quality is present, not readable."""
    poor = SequenceSeen.model_validate({"acquired": "present", "quality": "non_diagnostic"})
    assert (poor.present, poor.readable) == (True, False)


@pytest.mark.parametrize("scale", [{"kps": "75"}, {"edss": "3.25"}, {"kps": "110"}, {"edss": "10.5"}])
def test_a_clinical_scale_has_its_steps(scale: dict[str, str]) -> None:
    """KPS goes in tens to 100, EDSS in halves to 10."""
    with pytest.raises(ValidationError):
        ClinicalContext.model_validate(scale)
