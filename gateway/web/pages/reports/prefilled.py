"""What the gateway knows of a study before anybody reads it: first answers, and what a report must not contradict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.records.views.case_rows import CasePage
from gateway.reporting.answers import Coverage, JudgedBy, Referral
from gateway.reporting.checks.study import is_of_another_b_value
from gateway.reporting.fields import FormValues
from gateway.reporting.form import SEQUENCES
from gateway.reporting.lesions.identity import proposed, with_prior
from gateway.reporting.report import Contradiction, StudyFacts, form_problems
from gateway.web.pages.explanation import shown_series
from gateway.web.pages.lesion_history import lesions_before
from gateway.web.pages.reports.study_facts import STANDS_FOR, diffusion_b_values
from routing_rules.protocol.verdict import BrainCoverage


def prefilled(page: CasePage) -> FormValues:
    """What the gateway knows already: referral, sequences, lesions of the prior report; the reader confirms."""
    content: FormValues = {"language": "en", **proposed(lesions_before(page))}
    if page.row.referral in set(Referral):
        content["context.referral"] = page.row.referral
    if page.told is not None:
        content |= {f"context.{name}": value for name, value in page.told.values.items()}
    content["protocol.judged_by"] = str(JudgedBy.SIMPLIFIED if _simplified(page) else JudgedBy.FULL)
    coverage = _coverage(page)
    recognised: dict[str, dict[str, Any]] = {}
    for series in shown_series(page.series):
        recognised.setdefault(STANDS_FOR.get(series["kind"], series["kind"]), series)
    for name in SEQUENCES:
        seen = recognised.get(name)
        if name == "t1_contrast" and not seen and contrast_unknown(page):
            continue  # neither present nor absent is known: the reader looks and says
        if name == "dwi" and is_of_another_b_value(diffusion_b_values(page)):
            continue  # images are there, at b = 1000 or not: the reader says
        content[f"protocol.sequences.{name}.acquired"] = "present" if seen else "absent"
        if seen and (shown := COVERS.get(coverage.get(name, ""))):
            content[f"protocol.sequences.{name}.coverage"] = shown
        if seen and seen["thickness_mm"]:
            content[f"protocol.sequences.{name}.thickness_mm"] = seen["thickness_mm"]
    return content


COVERS: Mapping[str, Coverage] = {
    BrainCoverage.WHOLE: Coverage.WHOLE_BRAIN,
    BrainCoverage.PART: Coverage.PART,
}
"""What a series can hold by its lengths -> what the form says before the reader looked. In doubt it says nothing."""


def _coverage(page: CasePage) -> dict[str, str]:
    """What the series that stands for each requirement covers, as the verdict found it."""
    stored = ((one.get("name"), one.get("coverage")) for one in page.verdict.get("requirements") or ())
    return {str(name): str(covered.get("brain")) for name, covered in stored if isinstance(covered, Mapping)}


def _simplified(page: CasePage) -> bool:
    return bool(page.verdict.get("simplified"))


def contrast_unknown(page: CasePage) -> bool:
    """Whether a T1 is there of which nobody knows if contrast was given: the form then presumes nothing."""
    return any(one["kind"] == "t1" and one["contrast"] is None for one in shown_series(page.series))


def names_pictures(content: Mapping[str, Any]) -> bool:
    """Whether a form names pictures of its study, so that their index must be read."""
    return any(field.endswith((".marks", ".key_images")) for field in content)


def problems_of(content: Mapping[str, Any], page: CasePage, facts: StudyFacts) -> list[Contradiction]:
    """Everything that keeps this draft from being signed now."""
    return form_problems(with_prior(content, lesions_before(page)), facts)
