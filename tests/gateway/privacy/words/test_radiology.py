"""Free text is reduced to an allow-list of radiology words; a name, a date or a number never passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.words.radiology import CONTRAST_GIVEN, NO_CONTRAST, clean_contrast_agent, clean_text
from routing_rules.series.contrast_words import Contrast, agent_says

radiology = st.lists(
    st.sampled_from(["brain", "ax", "axial", "FLAIR", "T2", "bolus"]), min_size=1, max_size=5
)
strangers = st.text(st.sampled_from("bcdfghjklmnpqrstvwxyz"), min_size=9, max_size=14).map(lambda t: "Qz" + t)


@given(radiology, strangers, st.integers(0, 5))
@settings(derandomize=True)
def test_an_unknown_word_is_dropped_wherever_it_stands(words: list[str], name: str, at: int) -> None:
    """What is left of radiology words with one stranger among them is the radiology words."""
    assert clean_text(" ".join([*words[:at], name, *words[at:]])) == " ".join(words)


@given(st.text(max_size=40))
@settings(derandomize=True, max_examples=200)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Cleaned text is ASCII and clean: nothing in it waits for a second look."""
    clean = clean_text(text)
    assert clean.isascii()
    assert clean_text(clean) == clean


@given(radiology)
@settings(derandomize=True)
def test_a_radiology_word_that_names_somebody_is_dropped(words: list[str]) -> None:
    """No word of the names in the object passes, in whatever case it is written."""
    names = {words[0].casefold()}
    assert not names & set(clean_text(" ".join(words).upper(), names).casefold().split())


@pytest.mark.parametrize(
    "date", ["12.03.1960", "1960-03-12", "3/12/60", "12 . 3 . 60", "19600312", "12:30:45"]
)
def test_parts_of_a_date_do_not_pass_as_small_numbers(date: str) -> None:
    """A date goes as a whole, before its day and month could be taken for small numbers."""
    assert clean_text(f"brain {date} FLAIR") == "brain FLAIR"


def test_text_that_is_all_radiology_keeps_its_punctuation() -> None:
    """A scanner's own description stays as it was written, without the padding."""
    assert clean_text(" T2_FLAIR (axial) ") == "T2_FLAIR (axial)"


def test_many_small_numbers_go_together() -> None:
    """A few numbers may stay beside a word; a row of them could be a patient's number."""
    assert clean_text("brain 1") == "brain 1"
    assert clean_text("brain 1 2 3 4 5 6 7 8") == "brain"


@pytest.mark.parametrize("text", ["", "  ", "1 2", "Qzwrtpk", "19600312"])
def test_nothing_is_left_where_no_radiology_word_was(text: str) -> None:
    """Numbers alone say nothing about the images."""
    assert clean_text(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("none", NO_CONTRAST),
        ("keine", NO_CONTRAST),
        ("0 ml", NO_CONTRAST),
        ("sans", NO_CONTRAST),
        ("Gadograf", CONTRAST_GIVEN),
        ("Gadovist Qzwrtpk", ""),
        ("7.5 ml", "7.5 ml"),
        ("Qzwrtpk", ""),
        ("unknown", ""),
        ("", ""),
        ("  ", ""),
    ],
)
def test_the_copy_says_of_contrast_what_the_original_says(text: str, said: str) -> None:
    """Given, not given, unknown: by the table that recognition uses."""
    assert clean_contrast_agent(text) == said


@given(st.text(max_size=25) | st.sampled_from(["ohne Gd", "Gadovist pre", "KM 7 ml", "no KM", "none"]))
def test_recognition_reads_the_copy_as_the_original(text: str) -> None:
    """Whatever is typed; unknown and silence are both unknown."""
    original, copy = agent_says(text), agent_says(clean_contrast_agent(text))
    assert (original or Contrast.UNKNOWN) == (copy or Contrast.UNKNOWN)
