"""A corrected report names every item that it says otherwise, in the words of the form."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reporting.example import phantom_report
from gateway.reporting.report import Report, report_from_form, report_to_form
from gateway.reporting.revisions import LONGEST, revised

REPORT = phantom_report()


def with_answers(**answers: Any) -> Report:
    """The example with other answers; None takes one out."""
    form = {name: value for name, value in report_to_form(REPORT).items() if name not in answers}
    form |= {name: value for name, value in answers.items() if value is not None}
    return Report.as_signed(report_from_form(form).model_dump(mode="json"))


def test_the_same_report_changes_nothing() -> None:
    """Not even the order of its items."""
    assert revised(REPORT, with_answers()) == ()


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"certainty_percent": "40"}, "%"),
        ({"narrative": "x" * (LONGEST + 1)}, "Impression in words: reworded"),
        ({"other_findings": "Cyst."}, "Other findings: nothing became Cyst."),
        ({"context.edss": "4"}, "4 0 to 10"),
    ],
)
def test_an_item_that_differs_is_named_with_what_it_was(answers: dict[str, str], line: str) -> None:
    """A long text is not quoted: the document has it."""
    [told] = revised(REPORT, with_answers(**answers))
    assert line in told


def test_a_lesion_is_called_by_its_number() -> None:
    """As everywhere in the report."""
    axis = report_to_form(REPORT)["lesions.0.long_axis_mm"]
    [told] = revised(REPORT, with_answers(**{"lesions.0.long_axis_mm": "61.5"}))
    assert told.startswith("Lesion 1, ")
    assert str(axis) in told
    assert "61.5" in told


def test_every_differing_item_is_told_or_counted() -> None:
    """None is passed over in silence; the machine's own fields are none."""
    bare = {
        name: value
        for name, value in report_to_form(REPORT).items()
        if not name.startswith(("context.", "lesions.0.key_images"))
    }
    lines = revised(REPORT, Report.as_signed(report_from_form(bare).model_dump(mode="json")))
    gone = [name for name in report_to_form(REPORT) if name.startswith("context.")]
    assert len(lines) >= len(gone)
    assert all("became nothing" in line or "changed" in line or "reworded" in line for line in lines)
