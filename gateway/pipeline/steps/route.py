"""Which rule applies to a complete study, and is its protocol good enough to be read?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.lifecycle import StudyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import facts, guards, originals
from gateway.pipeline.steps.calendar import with_wanted
from gateway.pipeline.steps.identities import WAITS_FOR_A_LEAD, dispute, statements, who
from gateway.pipeline.steps.persons import is_by_link, standing_header
from gateway.privacy.schemes import Scheme
from gateway.records import ledger
from gateway.records.identities.vault import SealedIdentity
from gateway.records.step_record import NewCase, StepRecord
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from routing_rules.facts import Referral, StudyFacts
from routing_rules.matching import Assignment, match
from routing_rules.protocol.assessment import assess
from routing_rules.protocol.sequences_shown import line_of
from routing_rules.rule_files import RuleSet

PRIORITIES = {
    ("suspected_pml", "urgent"): 0,
    ("suspected_pml", "routine"): 1,
    ("known_pml", "urgent"): 2,
    ("surveillance", "urgent"): 2,
    ("known_pml", "routine"): 3,
}
"""Smaller is read sooner; everything else is 5. Suspected PML goes first (the reading service's manual)."""


def route(turn: Turn, context: StepContext) -> StepResult:
    """COMPLETED -> MATCHED with a case, or UNMATCHED with the reasons of every rule; a guard holds it for a person."""
    with context.database.read() as session:
        study = case_rows.study(session, turn.claim.id)
    known = facts.of_study(context, study)
    if known.patients > 1:
        pairs = originals.with_headers(context.blobs, originals.kept(context.database, study.saved_id))
        question = dispute(study, statements(pairs), context.no_patient_ids)
        if question is not None:
            return NotYet(
                "its images name two different patients: a lead decides",
                WAITS_FOR_A_LEAD,
                StepRecord(columns=known.columns(study), dispute=question),
            )
    own, study_facts = known.hashes, known.facts
    with context.database.read() as session:
        forgotten_at = case_rows.is_forgotten(session, own.patient_hash)
    if forgotten_at is not None:
        return _held(guards.forgotten(study.id, forgotten_at), known.columns(study))
    rules = context.rules()
    result = match(rules.rules, study_facts)
    explanation = [entry.to_json() for entry in result.explanations]
    columns = {**known.columns(study), "explanation": explanation}
    by_hand = study.accepted.get(ledger.UNMATCHED)
    assignments = result.assignments or (_chosen(rules, by_hand["rule"]) if by_hand else ())
    if by_hand and not assignments:
        return Stuck(
            f"The rule {by_hand['rule']!r} this study was routed under by hand is gone.",
            "Bring the rule back; or correct the rules so that one matches, then retry the study.",
            StepRecord(columns=columns),
        )
    if not assignments:
        return Done(
            StudyState.UNMATCHED, StepRecord(note={"rules looked at": len(rules.rules)}, columns=columns)
        )
    own_by_scheme = {int(scheme): facts.hashes(context, study, scheme) for scheme in Scheme}
    accessions = {one.accession_hash for one in own_by_scheme.values()} - {""}
    with context.database.read() as session:
        same_patient, same_accession = case_rows.linked(session, study, own.patient_hash, accessions)
    # Whose name a study without a number states was judged by whoever linked it.
    by_number = [
        other
        for other in same_patient
        if not is_by_link(study, own.has_number) and not is_by_link(other, other.has_number)
    ]
    others = [[facts.kept_hashes(other) for other in linked] for linked in (by_number, same_accession)]
    for finding in guards.holds(study_facts, own_by_scheme, *others):
        if finding.code not in study.accepted:
            return _held(finding, columns)
    simplified = study.site in context.settings.protocol.simplified_sites
    drafts = tuple(
        new_case(study_facts, each, rules.fingerprint, explanation, simplified=simplified)
        for each in assignments
    )
    drafts = with_wanted(context, study, own.patient_hash, known.study_date, drafts)
    note = {
        "rule": ", ".join(f"{each.rule.id} version {each.rule.version}" for each in assignments),
        "protocol": drafts[0].readability,
    }
    identity = _of_signed(context, study, own.patient_hash)
    return Done(StudyState.MATCHED, StepRecord(note=note, columns=columns, cases=drafts, identity=identity))


def _of_signed(context: StepContext, study: Study, patient_hash: str) -> SealedIdentity | None:
    """Whose the study is, where a signed case of it is still another's: a person has linked it, or taken it apart."""
    with context.database.read() as session:
        if not case_rows.signed_as_another(session, study.saved_id, patient_hash):
            return None
    instances = originals.kept(context.database, study.saved_id)
    return who(context, study, standing_header(context.blobs, study, instances))


def _chosen(rules: RuleSet, rule_id: str) -> tuple[Assignment, ...]:
    """What a person chose: the rule's destinations; nothing when the rule is gone."""
    found = [rule for rule in rules.rules if rule.id == rule_id]
    return tuple(Assignment(target, rule) for rule in found for target in rule.targets)


def _held(finding: guards.StudyHold, columns: Mapping[str, Any]) -> Stuck:
    code = finding.code if finding.may_go_on else ""
    record = StepRecord(note={"guard": finding.code}, columns={**columns, "held_because": code})
    return Stuck(finding.problem, finding.fix, record)


def new_case(
    study_facts: StudyFacts,
    assignment: Assignment,
    fingerprint: str,
    explanation: list[Any],
    *,
    simplified: bool = False,
) -> NewCase:
    """The case of a study under a rule, with the protocol verdict and the series as the reader may see them.

    `simplified`: its site declared the simplified protocol for surveillance.
    """
    rule = assignment.rule
    verdict = assess(
        study_facts.series, suspected=rule.referral != Referral.SURVEILLANCE, simplified=simplified
    )
    numbers = {series.series_instance_uid: str(series.series_number) for series in study_facts.series}
    shown = verdict.to_json()
    for requirement in shown["requirements"]:  # the reader knows series by number; original UIDs stay behind
        requirement["by_series"] = numbers.get(requirement["by_series"])
    return NewCase(
        destination=assignment.destination or "",
        rule_id=rule.id,
        rule_version=str(rule.version),
        rule_title=rule.title,
        rules_fingerprint=fingerprint,
        referral=str(rule.referral),
        urgency=str(rule.urgency),
        profile=rule.profile,
        faces=str(rule.faces),
        priority=PRIORITIES.get((str(rule.referral), str(rule.urgency)), 5),
        readability=str(verdict.readability),
        verdict=shown,
        explanation=explanation,
        shows=line_of(study_facts.series),
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
                "contrast_why": series.contrast_why,
                "caveats": list(series.caveats),
                "plane": series.plane,
            }
            for series in study_facts.series
        ],
    )
