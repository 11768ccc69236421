"""Is the study complete? The shell around the verdict of `gateway.pipeline.steps.completion`.

Headers are read, and the sender's PACS is asked, only once the study is quiet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from dicom_nodes.errors import NodeError
from dicom_nodes.node import Role
from dicom_nodes.sender import count_mr
from gateway import logs
from gateway.lifecycle import StudyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import facts
from gateway.pipeline.steps.completion import (
    INCOMPLETE,
    Complete,
    CompletionLimits,
    Incomplete,
    StudyProgress,
    is_quiet,
    judge,
)
from gateway.records.step_record import StepRecord
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from routing_rules.matching import match
from routing_rules.rule import AtHardCap, Rule

log = logs.get(__name__)


def complete(turn: Turn, context: StepContext) -> StepResult:
    """RECEIVED -> COMPLETED, with the reason; a late instance later opens the next generation."""
    with context.database.read() as session:
        study = case_rows.study(session, turn.claim.id)
    silent_for, since_first = turn.now - study.last_instance_at, turn.now - study.first_instance_at
    every = [_limits(context), *(_limits(context, rule) for rule in context.rules().rules)]
    shortest = CompletionLimits(min(one.quiet for one in every), min(one.hard_cap for one in every))
    arriving = StudyProgress(silent_for, since_first, 0, (), None)
    if not is_quiet(arriving, shortest):
        return NotYet("instances are still arriving", shortest.quiet - silent_for)
    known = facts.of_study(context, study)
    found, columns = known.facts, known.columns(study)
    rule = match(context.rules().rules, found).rule
    limits = _limits(context, rule)
    missing = tuple(map(str, rule.missing_series(frozenset(found.series_kinds)))) if rule else ()
    here = sum(series.instances for series in found.series)
    asks = rule is not None and rule.completion.ask_pacs
    counted = _counted(context, study) if asks and missing and is_quiet(arriving, limits) else None
    verdict = judge(StudyProgress(silent_for, since_first, here, missing, counted), limits)
    match verdict:
        case Complete(because):
            return _done(study, because, columns)
        case Incomplete(problem, fix):
            told = study.accepted.get(INCOMPLETE)
            if told and told["generation"] == study.generation:
                return _done(study, f"{told['who']} let it go on: {told['why']}", columns)
            return Stuck(problem, fix, StepRecord(columns={**columns, "held_because": INCOMPLETE}))
        case _:
            return NotYet(verdict.why, verdict.look_again, StepRecord(columns=columns))


def _done(study: Study, because: str, columns: Mapping[str, Any]) -> Done:
    note = {"because": because, "instances": study.instances, "generation": study.generation}
    return Done(
        StudyState.COMPLETED, StepRecord(note=note, columns={**columns, "completed_because": because})
    )


def _limits(context: StepContext, rule: Rule | None = None) -> CompletionLimits:
    """What the rule says, and the settings where it says nothing."""
    own, settings = rule.completion if rule else None, context.settings.study
    return CompletionLimits(
        timedelta(seconds=(own and own.quiet_s) or settings.quiet_period),
        timedelta(seconds=(own and own.hard_cap_s) or settings.hard_cap),
        own.at_hard_cap if own else AtHardCap.GO_ON,
    )


def _counted(context: StepContext, study: Study) -> int | None:
    """What the sender's archive counts; a node that is none, does not answer or does not say counts nothing."""
    if not study.sender:
        return None
    try:
        node = context.directory().get(study.sender)
        if Role.ARCHIVE not in node.roles:
            return None
        return count_mr(
            node,
            study.study_instance_uid,
            calling_ae_title=context.settings.dicom.ae_title,
            timeout_s=context.settings.dicom.timeout,
        )
    except NodeError as error:
        log.info("the sender's archive could not be asked for its count", why=error.problem)
        return None
