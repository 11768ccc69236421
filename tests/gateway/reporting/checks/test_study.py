"""What the study contradicts: calls at impossible times, a prior after the study, a contrast series denied."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.reporting.checks.study import CLOCKS_DIFFER
from gateway.reporting.example import phantom_report
from gateway.reporting.report import Report, StudyFacts

CAME = datetime(2026, 2, 3, 9, tzinfo=UTC)
SIGNED = datetime(2026, 2, 3, 11, tzinfo=UTC)
FACTS = StudyFacts(readable_since=CAME, shown_study_date=date(2026, 2, 1), now=SIGNED)
NIGHT = timedelta(hours=12)


def fields(report: Report, facts: StudyFacts = FACTS) -> list[str]:
    """Where the study contradicts a report."""
    return [problem.field for problem in report.problems(facts)]


@pytest.mark.parametrize(
    ("told_at", "expected"),
    [
        (CAME - NIGHT, ["communication.at"]),
        (CAME - CLOCKS_DIFFER, []),
        (CAME, []),
        (SIGNED, []),
        (SIGNED + CLOCKS_DIFFER, []),
        (SIGNED + NIGHT, ["communication.at"]),
    ],
)
def test_a_call_is_made_between_the_study_and_the_signature(told_at: datetime, expected: list[str]) -> None:
    """Nobody calls about a study that is not here, or signs before the call; clocks may differ by minutes."""
    assert fields(phantom_report(told_at=told_at)) == expected


def test_a_prior_is_not_later_than_the_study() -> None:
    """A second study of the same day is a prior; one of the day after is none."""
    assert fields(phantom_report(prior_study_date=date(2026, 2, 1), told_at=CAME)) == []
    assert fields(phantom_report(prior_study_date=date(2026, 2, 2), told_at=CAME)) == [
        "comparison.prior_study_date"
    ]


def test_what_is_not_known_of_a_study_contradicts_nothing() -> None:
    """A report of a file has no study, a study has no date: neither is a dead end."""
    assert fields(phantom_report(told_at=CAME - NIGHT), StudyFacts()) == []
