"""Treatments are one line of text: read, in order, written again the same; what cannot be read says what to write."""

from __future__ import annotations

from datetime import date
from time import process_time

import pytest

from routing_rules.surveillance.treatments import Drug, Treatment, read_treatments, written

LINE = (
    "natalizumab 2019-03-01/2021-05-01, natalizumab 2022-01-01/2024-02-01 every 6 weeks, "
    "plasma_exchange 2024-02-03, ocrelizumab 2024-04-01/.."
)


def test_a_course_with_a_pause_longer_intervals_an_exchange_and_the_next_drug() -> None:
    """Written again it is the same line; separators, letter case and order do not matter."""
    periods = read_treatments(LINE)
    assert [each.drug for each in periods] == [
        Drug.NATALIZUMAB,
        Drug.NATALIZUMAB,
        Drug.PLASMA_EXCHANGE,
        Drug.OCRELIZUMAB,
    ]
    assert periods[1] == Treatment(Drug.NATALIZUMAB, date(2022, 1, 1), date(2024, 2, 1), 6.0)
    assert periods[3].stopped_on is None
    assert written(periods) == LINE
    assert (
        read_treatments("Ocrelizumab 20240401/..; " + LINE.replace(", ocrelizumab 2024-04-01/..", ""))
        == periods
    )
    assert read_treatments("") == ()
    assert written(read_treatments("natalizumab ../2021-05-01")) == "natalizumab ../2021-05-01"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("since 2019", "is no list of treatments"),
        ("aspirin 2019-01-01/..", "names an unknown drug"),
        ("natalizumab 2019-01-01", "no end"),
        ("natalizumab 2019-02-30/..", "does not exist"),
        ("natalizumab 1919-01-01/..", "a day of no treatment"),
        ("natalizumab 2021-01-01/2020-01-01", "before it begins"),
        ("natalizumab 2021-01-01/.. every 99 weeks", "not every 1 to 52 weeks"),
        ("plasma_exchange 2021-01-01/2021-02-01", "no single day"),
        ("natalizumab 2019-01-01/.., natalizumab 2020-01-01/..", "overlap"),
        ("natalizumab 2019-01-01/2020-06-01, natalizumab 2020-01-01/..", "overlap"),
        (", ".join(["natalizumab 2019-01-01/.."] * 31), "more than 30"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(text: str, problem: str) -> None:
    """The problem, and after a full stop its fix."""
    with pytest.raises(ValueError, match=problem) as told:
        read_treatments(text)
    assert ". " in str(told.value)


def test_a_long_line_is_refused_at_once() -> None:
    """Thousands of blanks took seconds, with the square of their number."""
    began = process_time()  # of this process: another's work is not its delay
    with pytest.raises(ValueError, match="is no list of treatments"):
        read_treatments("natalizumab" + " " * 20_000 + "!")
    assert process_time() - began < 1
