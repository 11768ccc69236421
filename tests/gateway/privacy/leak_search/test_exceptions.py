"""Where something stands decides whether it counts as a leak."""

from __future__ import annotations

import pytest

from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.leak_search.exceptions import Layout, date_in, is_bulk, number_counts, stands_apart
from gateway.privacy.leak_search.spans import Span

TEXT = Span("SeriesDescription", "LO", 4, 12)
PIXELS = Span("PixelData", "OW", 12, 4000)


def test_an_offset_belongs_to_the_element_around_it() -> None:
    """Its end is outside; what is between elements is said to be."""
    layout = Layout(bytes(5000), lambda _: [TEXT, PIXELS])
    assert [layout.at(at) for at in (3, 4, 11, 12, 3999, 4000)] == [None, TEXT, TEXT, PIXELS, PIXELS, None]
    assert [layout.path_at(at) for at in (0, 5, 4500)] == [
        "preamble",
        "SeriesDescription",
        "(between elements)",
    ]
    assert list(layout.outside_bulk()) == [(0, 12), (4000, 5000)]


def test_only_large_binary_values_are_bulk() -> None:
    """A short one or a long text is searched as text."""
    assert is_bulk(PIXELS)
    assert not is_bulk(Span("PixelData", "OW", 0, 1023))
    assert not is_bulk(Span("TextValue", "UT", 0, 5000))
    assert not is_bulk(None)


def test_a_word_stands_apart_of_letters_of_its_own_element_only() -> None:
    """What is next to it in the file but in another element does not matter."""
    assert stands_apart(b"abcdANNA----abc", 4, 8, TEXT)
    assert not stands_apart(b"abcdANNA----abc", 4, 8, None)
    assert not stands_apart(b"abcdANNAx---abc", 4, 8, TEXT)


@pytest.mark.parametrize(
    ("part", "found"), [("20240229", True), ("1.20240229"[2:] + "1", True), ("2024022", False)]
)
def test_a_date_is_found_in_a_run_of_digits(part: str, found: bool) -> None:
    """Anywhere in it, unless it is as long as a derived UID."""
    value = IdentifyingValue("StudyDate", "20240229", ValueKind.DATE)
    assert date_in(part, {"20240229": value}) is (value if found else None)
    assert date_in("0" * 19 + "20240229", {"20240229": value}) is None


def test_a_number_counts_by_its_length_and_place() -> None:
    """Four digits only alone in a text; in pixels it takes more."""
    assert number_counts("1234", TEXT, False, True)
    assert not number_counts("1234", TEXT, False, False)
    assert number_counts("12345", TEXT, False, False)
    assert not number_counts("12345", PIXELS, False, True)
    assert not number_counts("1234567", PIXELS, True, True)
