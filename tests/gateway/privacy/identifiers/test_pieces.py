"""What a text says in pieces: numbers, dates and initials, whatever separates them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.identifiers.pieces import has_initials, pieces_of

separators = st.text(st.sampled_from(" _-./:,;()#*+&\t"), min_size=1, max_size=3)


@given(st.from_regex(r"[1-9][0-9]{5,7}", fullmatch=True), st.data())
@settings(derandomize=True)
def test_a_number_in_pieces_is_put_together(number: str, data: st.DataObject) -> None:
    """Up to eight pieces, with any separators, words between them included."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(number) - 1), max_size=4)))
    parts = [number[a:b] for a, b in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    text = "t two " + "".join(part + data.draw(separators) for part in parts) + "tra"
    assert number in pieces_of(text).joined
    assert number in pieces_of(" mm ".join(parts)).joined


@given(st.dates(min_value=date(1920, 1, 1)), separators, st.booleans(), st.booleans())
@settings(derandomize=True)
def test_a_date_is_read_in_every_order(day: date, between: str, short: bool, padded: bool) -> None:
    """Day, month and year, year of two digits or four, with zeros or without."""
    text = f"{day:%Y%m%d}"
    year, month, number = text[2 * short : 4], text[4:6], text[6:]
    if not padded:
        month, number = month.lstrip("0"), number.lstrip("0")
    for order in ((number, month, year), (month, number, year), (year, month, number), (year, number, month)):
        if not (short and int(text[:4]) > 2019):
            assert text in pieces_of("t2 " + between.join(order)).dates or len("".join(order)) < 3


@pytest.mark.parametrize(
    "text", ["12 10 50", "12_10_50", "121050", "19 50 10 12", "50/10/12", "12. 10 1950", "1950 1210"]
)
def test_a_birthday_is_found_in_any_spelling(text: str) -> None:
    """12 October 1950, as people write it."""
    assert "19501012" in pieces_of(f"kontrolle {text} tra").dates


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("head K. B.", True),
        ("b-k t2", True),
        ("pat KB", True),
        ("KB 1963", True),
        ("kb head", False),
        ("K space B value", False),
        ("KBT 12", False),
        ("k", False),
    ],
)
def test_initials_count_apart_or_in_context(text: str, said: bool) -> None:
    """Two letters alone are any abbreviation."""
    assert has_initials(text, {"kb"}) is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t2 se 4", False),
        ("SE 12 MR", False),
        ("mr se", False),
        ("pat SE", True),
        ("initials: se", True),
        ("S. E.", True),
        ("frau SE 1963", True),
    ],
)
def test_initials_that_are_a_word_of_radiology_need_a_person_beside_them(text: str, said: bool) -> None:
    """A patient called Eva Seidl does not cost every spin echo its description."""
    assert has_initials(text, {"se"}) is said


def test_a_raised_number_is_no_digit() -> None:
    """What Unicode calls a digit cannot be read as one."""
    assert "19501012" in pieces_of("12\u00b2 10 50").dates
