"""Which rule applies to a complete study, and is its protocol good enough to be read?"""

from __future__ import annotations

from typing import Any

from gateway.lifecycle import StudyState
from gateway.pipeline import originals
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.outcome import Done, Outcome, Stuck
from gateway.records import queries
from gateway.records.evidence import CaseDraft, Evidence
from routing_rules.facts import StudyFacts, study_facts
from routing_rules.matching import match
from routing_rules.protocol import assess
from routing_rules.rule import Rule

PRIORITIES = {("suspected_pml", "urgent"): 0, ("suspected_pml", "routine"): 1, ("surveillance", "urgent"): 2}
"""Smaller is read sooner; everything else is 5. Suspected PML goes first (the reading service's manual)."""


def route(turn: Turn, context: StepContext) -> Outcome:
    """COMPLETED -> MATCHED with a case, or UNMATCHED with the reasons of every rule."""
    with context.database.read() as session:
        study = queries.study(session, turn.claim.id)
    instances = originals.kept(context.database, study.id or 0)
    headers = originals.headers(context.blobs, instances)
    if len(originals.patients(headers)) > 1:
        return Stuck(
            "The objects of this study name more than one patient.",
            "Ask the sender to correct the study and send it again; nothing of it was passed on.",
        )
    facts = study_facts(
        headers,
        sender=study.sender,
        calling_ae_title=study.calling_ae_title,
        called_ae_title=study.called_ae_title,
        address=study.address,
        site=study.site,
    )
    rules = context.rules()
    result = match(rules.rules, facts)
    explanation = [entry.to_json() for entry in result.explanations]
    columns = {"facts": facts.to_json(), "explanation": explanation}
    if result.rule is None:
        return Done(
            StudyState.UNMATCHED, Evidence(note={"rules looked at": len(rules.rules)}, columns=columns)
        )
    draft = case_draft(facts, result.rule, rules.fingerprint, explanation)
    note = {"rule": result.rule.id, "version": str(result.rule.version), "protocol": draft.readability}
    return Done(StudyState.MATCHED, Evidence(note=note, columns=columns, case=draft))


def case_draft(facts: StudyFacts, rule: Rule, fingerprint: str, explanation: list[Any]) -> CaseDraft:
    """The case of a study under a rule, with the protocol verdict and the series as the reader may see them."""
    verdict = assess(facts.series, suspected=rule.referral == "suspected_pml")
    numbers = {series.series_instance_uid: str(series.series_number) for series in facts.series}
    shown = verdict.to_json()
    for requirement in shown["requirements"]:  # the reader knows series by number; original UIDs stay behind
        requirement["by_series"] = numbers.get(requirement["by_series"])
    return CaseDraft(
        destination=rule.destination or "",
        rule_id=rule.id,
        rule_version=str(rule.version),
        rule_title=rule.title,
        rules_fingerprint=fingerprint,
        referral=str(rule.referral),
        urgency=str(rule.urgency),
        profile=rule.profile,
        priority=PRIORITIES.get((str(rule.referral), str(rule.urgency)), 5),
        readability=str(verdict.readability),
        verdict=shown,
        explanation=explanation,
        # Descriptions stay behind: they are free text, and may name the patient.
        series=[
            {
                "series_number": series.series_number,
                "kind": str(series.kind),
                "confidence": series.confidence,
                "instances": series.instances,
                "b_values": list(series.b_values),
                "slice_thickness_mm": series.slice_thickness_mm,
                "three_d": series.three_d,
                "contrast": series.contrast,
                "plane": series.plane,
            }
            for series in facts.series
        ],
    )
