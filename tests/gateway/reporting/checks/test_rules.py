"""Every cross-check: which answers it finds contradicting, at which field, and which it lets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from gateway.reporting.answers import (
    Attribution,
    Completeness,
    Enhancement,
    IntervalUnit,
    IrisPhase,
    Presence,
    Quality,
    Recommendation,
    SwiPattern,
    T2Signal,
    TimeCourse,
)
from gateway.reporting.checks.rules import RULES, contradictions
from gateway.reporting.example import phantom_report
from gateway.reporting.report import Report
from support.objects.reports import reports

REPORT = phantom_report()
LESION = REPORT.lesions[0]


def fields(report: Report, **changes: Any) -> list[str]:
    """Where the contradictions of a report with these changes are shown."""
    return [problem.field for problem in contradictions(report.model_copy(update=changes))]


def lesion(**changes: Any) -> Any:
    """The phantom's lesions with changes in the only one."""
    return (LESION.model_copy(update=changes),)


def protocol(**changes: Any) -> Any:
    """The phantom's protocol with changes."""
    return REPORT.protocol.model_copy(update=changes)


@settings(max_examples=25, deadline=None)
@given(reports())
def test_a_report_that_the_model_took_has_no_contradiction(report: Report) -> None:
    """The model and the cross-checks say the same about every report."""
    assert contradictions(report) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iris_phase": IrisPhase.NOT_APPLICABLE}, ["iris_phase"]),
        ({"lesions": lesion(enhancement=Enhancement.NOT_ACQUIRED)}, ["lesions.0.enhancement"]),
        ({"lesions": lesion(t2=(T2Signal.NOT_AVAILABLE,))}, ["lesions.0.t2"]),
        ({"lesions": lesion(swi=(SwiPattern.NONE, SwiPattern.FIBRE_TRACTS))}, ["lesions.0.swi"]),
        ({"lesions": lesion(t2=(T2Signal.HOMOGENEOUS, T2Signal.INHOMOGENEOUS))}, ["lesions.0.t2"]),
        ({"lesions": lesion(time_course=TimeCourse.NO_PRIOR)}, ["lesions.0.time_course"]),
        ({"new_lesion": Presence.ABSENT}, ["new_lesion"]),
        ({"protocol": protocol(completeness=Completeness.LIMITED)}, ["protocol.limitation"]),
        ({"protocol": protocol(quality=Quality.NON_DIAGNOSTIC)}, ["protocol.limitation"]),
        ({"communication": None}, ["communication.person"]),
        ({"follow_up_value": None}, ["follow_up_value"]),
        ({"follow_up_unit": IntervalUnit.MONTHS}, ["follow_up_value"]),
        ({"recommendations": (Recommendation.CSF_PCR,)}, ["recommendations"]),
        ({"recommendations": (Recommendation.ROUTINE, Recommendation.SHORT_TERM)}, ["recommendations"]),
        ({"lesions": ()}, ["suspicion"]),
    ],
)
def test_a_contradiction_stands_at_its_field_and_alone(changes: dict[str, Any], expected: list[str]) -> None:
    """One change that does not fit is one problem, at the item where it is mended."""
    assert fields(REPORT, **changes) == expected


def test_an_attribution_to_pml_needs_suspicion() -> None:
    """Each lesion that is attributed to PML contradicts level 0 or 1, and the report says which lesion."""
    low = type(REPORT.suspicion)("1")
    calm = {"suspicion": low, "iris_phase": IrisPhase.NOT_APPLICABLE}
    both = lesion(attribution=Attribution.MS) + lesion(attribution=Attribution.BOTH)
    (problem,) = contradictions(REPORT.model_copy(update=calm | {"lesions": both}))
    assert problem.field == "suspicion"
    assert problem.problem.startswith("Lesion 2 ")
    assert fields(REPORT, **calm, lesions=lesion(attribution=Attribution.MS)) == []


def test_a_sequence_of_poor_quality_may_be_described_or_not() -> None:
    """Between absent and diagnostic the reader decides whether a signal can be told."""
    seen = REPORT.protocol.sequences
    poor = seen.model_copy(update={"t1": seen.t1.model_copy(update={"quality": Quality.NON_DIAGNOSTIC})})
    for signal in (LESION.t1, type(LESION.t1).NOT_AVAILABLE):
        assert fields(REPORT, protocol=protocol(sequences=poor), lesions=lesion(t1=signal)) == []


def test_an_absent_required_sequence_makes_the_protocol_incomplete() -> None:
    """FLAIR that is absent contradicts “complete” and agrees with “incomplete”."""
    seen = REPORT.protocol.sequences
    absent = seen.flair.model_copy(
        update={"acquired": Presence.ABSENT, "quality": None, "thickness_mm": None}
    )
    without = seen.model_copy(update={"flair": absent})
    assert fields(REPORT, protocol=protocol(sequences=without)) == ["protocol.completeness"]
    incomplete = protocol(sequences=without, completeness=Completeness.INCOMPLETE)
    assert fields(REPORT, protocol=incomplete) == []


def test_the_spectra_follow_their_sequence() -> None:
    """Spectroscopy that is present and diagnostic is reported."""
    seen = REPORT.protocol.sequences
    present = seen.mrs.model_copy(update={"acquired": Presence.PRESENT, "quality": Quality.DIAGNOSTIC})
    changed = protocol(sequences=seen.model_copy(update={"mrs": present}))
    assert fields(REPORT, protocol=changed) == ["spectra"]


def test_all_contradictions_come_at_once_in_the_order_of_the_rules() -> None:
    """The reader sees everything that is wrong, not only the first, each with what to do."""
    changed = REPORT.model_copy(update={"communication": None, "lesions": (), "follow_up_value": None})
    problems = contradictions(changed)
    assert [problem.field for problem in problems] == ["suspicion", "follow_up_value", "communication.person"]
    assert all(problem.fix and str(problem) == f"{problem.problem} {problem.fix}" for problem in problems)
    assert problems == [problem for rule in RULES for problem in rule(changed)]
