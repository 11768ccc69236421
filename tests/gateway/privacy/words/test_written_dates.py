"""Dates as people write them are read in every way they may be meant; what is no date is not read."""

from __future__ import annotations

import pytest

from gateway.privacy.words.written_dates import dates_in_run, may_be_spelled, spelled_dates, years_in_run


@pytest.mark.parametrize(
    ("run", "read"),
    [
        (b"13.04.1971", {"19710413"}),
        (b"1971-04-13", {"19710413"}),
        (b"04/13/71", {"19710413", "20710413"}),
        (b"03.04.1971", {"19710403", "19710304"}),
        (b"13041971", {"19710413"}),
        (b"3-4-1971", {"19710403", "19710304"}),
    ],
)
def test_numbers_are_read_in_either_order_and_century(run: bytes, read: set[str]) -> None:
    """Day first and month first; two digits of a year in both centuries."""
    assert {text for _, text in dates_in_run(run)} == read


@pytest.mark.parametrize(
    "run", [b"31.02.1971", b"13.04-1971", b"1.2.840.10008.1", b"113.04.1971.5", b"12345678"]
)
def test_what_is_no_date_is_not_read(run: bytes) -> None:
    """Days that do not exist, mixed separators, parts of UIDs and longer numbers."""
    assert list(dates_in_run(run)) == []


def test_the_offset_is_that_of_the_date() -> None:
    """In a longest run of digits and separators."""
    assert list(dates_in_run(b"--13.04.1971")) == [(2, "19710413")]


@pytest.mark.parametrize(
    "text",
    [
        *("13 Apr 1971", "13. April 1971", "Apr 13, 1971", "April-13-1971", "13APR1971", "April 13th, 1971"),
        *("13th of April 1971", "13 avril 1971", "13 de abril de 1971", "13 Abr 1971", "13_aprile_1971"),
    ],
)
def test_months_with_names_are_read(text: str) -> None:
    """Before and behind the day, short and long."""
    data = text.encode()
    [year] = years_in_run(data)
    assert may_be_spelled(data, year)
    assert [date for _, date in spelled_dates(data, year, 0, len(data))] == ["19710413"]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1er FÉVRIER 1971", "19710201"),
        ("3 février 1971", "19710203"),
        ("3 juin 1971", "19710603"),
        ("3 juillet 1971", "19710703"),
        ("3 août 1971", "19710803"),
        ("3 septiembre 1971", "19710903"),
        ("3 luglio 1971", "19710703"),
        ("3 mrt 1971", "19710303"),
        ("3 déc. 1971", "19711203"),
    ],
)
def test_months_of_the_neighbours_are_read(text: str, read: str, encoding: str) -> None:
    """French, Spanish, Italian and Dutch."""
    data = text.encode(encoding)
    assert may_be_spelled(data, len(data) - 4)
    assert [date for _, date in spelled_dates(data, len(data) - 4, 0, len(data))] == [read]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_german_months_are_read_in_both_encodings(encoding: str) -> None:
    """Their letter beyond ASCII is one byte or two."""
    data = "7. März 1980".encode(encoding)
    assert [date for _, date in spelled_dates(data, len(data) - 4, 0, len(data))] == ["19800307"]


def test_two_dates_in_a_row_are_told_apart() -> None:
    """The year of the first is no day of the second."""
    data = b"13 Apr 1971 14 May 1972"
    read = [date for year in years_in_run(data) for _, date in spelled_dates(data, year, 0, len(data))]
    assert read == ["19710413", "19720514"]


@pytest.mark.parametrize("text", ["31 Feb 1971", "Apr 1971", "13 Foo 1971"])
def test_a_month_alone_or_a_day_that_does_not_exist_is_no_date(text: str) -> None:
    """Nothing is guessed."""
    data = text.encode()
    assert list(spelled_dates(data, len(data) - 4, 0, len(data))) == []
