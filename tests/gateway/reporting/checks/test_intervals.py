"""How soon the next MRI is: any number of days, weeks or months, unusual ones with a reason, impossible ones not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.reporting.answers import IntervalUnit, Recommendation, Suspicion
from gateway.reporting.checks import intervals
from gateway.reporting.example import phantom_report
from gateway.reporting.report import Report


def recommended(level: str, value: str | None, unit: str | None, *chosen: str) -> Report:
    """The phantom at a level with an interval and what is recommended."""
    changes: dict[str, Any] = {
        "suspicion": Suspicion(level),
        "follow_up_value": Decimal(value) if value else None,
        "follow_up_unit": IntervalUnit(unit) if unit else None,
        "recommendations": tuple(Recommendation(each) for each in chosen),
    }
    return phantom_report().model_copy(update=changes)


def told(report: Report) -> tuple[bool, bool, bool]:
    """Whether the interval is incomplete, impossible, asked about."""
    rules = intervals.interval_is_complete, intervals.interval_is_possible, intervals.interval_is_usual
    incomplete, impossible, unusual = (bool(list(rule(report))) for rule in rules)
    return incomplete, impossible, unusual


FINE, INCOMPLETE = (False, False, False), (True, False, False)
IMPOSSIBLE, ASKED = (False, True, True), (False, False, True)


@pytest.mark.parametrize(
    ("level", "value", "unit", "chosen", "expected"),
    [
        *((level, "1", "wk", ["follow_up"], FINE) for level in ("0", "1", "2", "3", "4", "not_assessable")),
        *((level, "6", "wk", ["follow_up"], FINE) for level in ("0", "1", "2", "3", "4", "not_assessable")),
        ("2", "17", "d", ["follow_up"], FINE),
        ("1", "4.5", "mo", ["follow_up"], FINE),
        ("1", "12", "mo", ["follow_up"], FINE),
        ("0", "1", "d", ["follow_up"], ASKED),
        ("4", "1", "d", ["follow_up"], FINE),
        ("2", "3", "mo", ["follow_up"], ASKED),
        ("not_assessable", "12", "mo", ["follow_up", "repeat_sequences"], ASKED),
        ("0", "3", "mo", ["routine"], FINE),
        ("0", "12", "wk", ["routine"], FINE),
        ("0", "12", "mo", ["routine"], FINE),
        ("0", "1", "wk", ["routine"], ASKED),
        ("4", "12", "mo", ["routine"], FINE),
        ("0", "14", "mo", ["routine"], ASKED),
        ("0", "24", "mo", ["routine"], ASKED),
        ("0", "120", "mo", ["routine"], IMPOSSIBLE),
        ("0", "25", "mo", ["follow_up"], IMPOSSIBLE),
        ("4", "0.5", "d", ["follow_up"], IMPOSSIBLE),
        ("0", None, None, ["routine"], FINE),
        ("2", None, None, ["follow_up"], INCOMPLETE),
        ("2", "3", None, ["follow_up"], INCOMPLETE),
        ("0", None, "mo", ["routine"], INCOMPLETE),
        ("2", "3", "wk", ["csf_pcr"], INCOMPLETE),
        ("1", "3", "mo", ["routine", "follow_up"], INCOMPLETE),
        ("2", "3", "wk", ["short_term"], FINE),
    ],
)
def test_an_interval(
    level: str, value: str | None, unit: str | None, chosen: list[str], expected: tuple[bool, bool, bool]
) -> None:
    """Between the bounds of its level an interval needs nothing; the rest is asked about or refused."""
    assert told(recommended(level, value, unit, *chosen)) == expected


def test_every_level_has_bounds_with_a_source() -> None:
    """No level is forgotten, and no bound is beyond what is refused."""
    assert set(intervals.USUAL) == {level.level for level in Suspicion}
    for usual in (*intervals.USUAL.values(), intervals.ROUTINE):
        assert (
            1 <= usual.earliest <= 42 <= usual.latest <= intervals.LONGEST_DAYS or usual is intervals.ROUTINE
        )
        assert usual.source
