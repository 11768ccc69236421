"""The table of checks is complete: each rule is in it once, with a field, a reason, a source and a severity."""

from __future__ import annotations

import inspect

from hypothesis import given, settings

from gateway.reporting.checks import (
    comparison,
    identity,
    intervals,
    lesions,
    measures,
    protocol,
    recommendations,
    rules,
    status,
    study,
    wording,
)
from gateway.reporting.checks.table import CHECKS, FIELDS, SOURCES, Severity, check_of, source_of
from gateway.reporting.form import FORM, item_of_field
from gateway.reporting.report import Report
from support.objects.reports import reports

SUBJECTS = (
    comparison,
    identity,
    intervals,
    lesions,
    measures,
    protocol,
    recommendations,
    status,
    study,
    wording,
)


def test_every_rule_of_every_subject_is_in_the_table_once() -> None:
    """A rule that is written and forgotten in the table checks nothing."""
    written = {
        rule
        for subject in SUBJECTS
        for name, rule in inspect.getmembers(subject, inspect.isfunction)
        if rule.__module__ == subject.__name__
        and not name.startswith("_")
        and "Iterator[Contradiction]" in str(inspect.signature(rule).return_annotation)
    }
    assert {check.rule for check in CHECKS} == written
    assert len(CHECKS) == len(written)


def test_each_check_has_a_reason_a_source_a_field_and_a_severity() -> None:
    """And no source or field is of a check that is none."""
    keys = {check.key for check in CHECKS}
    assert keys == set(SOURCES)
    assert set(FIELDS) == {check.key for check in CHECKS if check.severity is Severity.REFUSED}
    for check in CHECKS:
        assert check.reason
        assert check.source
        assert check.fields
        assert check_of(check.key) is check
    assert source_of("none") == ""


def test_what_asks_says_so_and_what_refuses_does_not() -> None:
    """The manual divides them by the first word."""
    for check in CHECKS:
        asks = (inspect.getdoc(check.rule) or "").startswith("Asked: ")
        assert asks is (check.severity is Severity.ASKED)


@settings(max_examples=25, deadline=None)
@given(reports())
def test_a_check_shows_what_it_finds_where_its_row_says(report: Report) -> None:
    """Each problem of a report without its reasons and its follow-up is at a field of its row."""
    broken = report.model_copy(
        update={"reasons": {}, "follow_up_unit": None, "lesions": report.lesions[:1] * 2}
    )
    for problem in [*rules.refusals(broken), *rules.questions(broken)]:
        check = check_of(problem.check)
        assert check is not None
        assert any(_within(problem.field, field) for field in check.fields), (problem, check.fields)


def _within(field: str, row: str) -> bool:
    """Whether a field of the form is one that a row names."""
    parts, pattern = field.split("."), row.split(".")
    return row == "*" or all(wanted in {"*", part} for wanted, part in zip(pattern, parts, strict=False))


def test_fields_of_the_table_are_of_the_form() -> None:
    """Or a whole section, or each of something."""
    sections = {section.name for section in FORM}
    for check in CHECKS:
        for field in check.fields:
            assert "*" in field or field in sections or item_of_field(field) is not None, field
