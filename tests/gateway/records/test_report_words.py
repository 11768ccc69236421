"""What a signed report says to the calendar: when the next MRI is wanted, and whether this one counts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.records.report_words import voids, wishes_of
from gateway.reporting.report import Report
from routing_rules.surveillance.guidelines import WishKind
from support.objects.reports import reports

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("recommendations", "value", "unit", "days"),
    [
        (["short_term", "csf_pcr"], "3", "wk", (14, 21)),
        (["short_term"], 2, "wk", (14, 14)),
        (["short_term"], None, None, (14, 28)),
        (["short_term"], 10, "d", (10, 10)),
        (["routine"], "3", "mo", (91, 91)),
        (["routine"], "10", "wk", (70, 70)),
        (["routine"], None, None, None),
        (["follow_up"], 45, "d", (45, 45)),
        (["csf_pcr"], None, None, None),
        ([], None, None, None),
    ],
)
def test_when_a_report_wants_the_next_mri(
    recommendations: list[str], value: object, unit: str | None, days: tuple[int, int] | None
) -> None:
    """Short-term from two weeks on and by what the reader wrote; any other by its interval; the rest has no date."""
    content = {"recommendations": recommendations, "follow_up_value": value, "follow_up_unit": unit}
    wishes = [(each.earliest_days, each.latest_days) for each in wishes_of(content, DAY)]
    assert wishes == ([days] if days else [])
    assert wishes_of({}, DAY) == []


@pytest.mark.parametrize(
    ("recommendation", "kind", "latest"),
    [
        ("repeat_sequences", WishKind.REPEAT, 28),
        ("add_contrast", WishKind.CONTRAST, 28),
        ("urgent_contact", WishKind.URGENT, 14),
    ],
)
def test_a_report_that_asks_for_more_keeps_the_patient_due(
    recommendation: str, kind: WishKind, latest: int
) -> None:
    """From the day of its MRI on, beside the follow-up it recommends."""
    content = {"recommendations": [recommendation, "routine"], "follow_up_value": 6, "follow_up_unit": "mo"}
    asked, later = wishes_of(content, DAY)
    assert (asked.kind, asked.earliest_days, asked.latest_days) == (kind, 0, latest)
    assert later.latest_days == 183


@pytest.mark.parametrize(
    ("content", "is_void"),
    [
        ({"protocol": {"quality": "diagnostic", "completeness": "complete"}, "suspicion": "0"}, False),
        ({"protocol": {"quality": "diagnostic", "completeness": "limited"}, "suspicion": "1"}, False),
        ({"protocol": {"quality": "non_diagnostic", "completeness": "complete"}}, True),
        ({"protocol": {"quality": "diagnostic", "completeness": "incomplete"}}, True),
        ({"protocol": {"quality": "diagnostic"}, "suspicion": "not_assessable"}, True),
        ({"protocol": {"quality": "diagnostic"}, "new_lesion": "not_assessable"}, False),
        ({"protocol": {"sequences": {"dwi": {"acquired": "absent"}}}}, True),
        ({"protocol": {"sequences": {"flair": {"acquired": "present", "quality": "non_diagnostic"}}}}, True),
        ({"protocol": {"sequences": {"t2": {"acquired": "present", "coverage": "part"}}}}, True),
        ({"protocol": {"sequences": {"t2": {"acquired": "present", "coverage": "whole_brain"}}}}, False),
        ({"protocol": {"sequences": {"swi": {"acquired": "absent"}}}}, False),
        ({"protocol": None}, False),
        ({}, False),
    ],
)
def test_a_study_that_could_not_answer_the_question_is_asked_for_again(
    content: dict[str, Any], is_void: bool
) -> None:
    """Unreadable, incomplete or not assessable: it does not count, and a repeat is wished even if nobody ticked it."""
    assert voids(content) is is_void
    assert [each.kind for each in wishes_of(content, DAY)] == ([WishKind.REPEAT] if is_void else [])


@settings(max_examples=25, deadline=None)
@given(reports())
def test_the_calendar_and_the_report_agree_about_what_answers_the_question(report: Report) -> None:
    """What is read from the rows and what the report says of itself are one thing."""
    assert voids(report.model_dump(mode="json")) is not report.answers_the_question
