"""Is the study complete? The shell around the verdict of `gateway.pipeline.steps.completion`.

Headers are read, and the archive of the site is asked, only once nothing has come for the settle time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from dicom_nodes.counts import InstanceCount
from dicom_nodes.errors import NodeError
from dicom_nodes.node import Node, Role
from dicom_nodes.sender import count_mr
from gateway import logs
from gateway.lifecycle import StudyState
from gateway.pipeline.archive_counts import Busy
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import facts, originals
from gateway.pipeline.steps.completion import (
    INCOMPLETE,
    Complete,
    CompletionLimits,
    Counted,
    Incomplete,
    SeriesCount,
    StudyProgress,
    is_settled,
    judge,
)
from gateway.records.step_record import StepRecord
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from routing_rules.facts import StudyFacts
from routing_rules.matching import match
from routing_rules.rule import AtHardCap, Rule

log = logs.get(__name__)


def complete(turn: Turn, context: StepContext) -> StepResult:
    """RECEIVED -> COMPLETED, with the reason; a late instance later opens the next generation."""
    with context.database.read() as session:
        study = case_rows.study(session, turn.claim.id)
    archives = _archives(context, study)
    silent_for, since_first = turn.now - study.last_instance_at, turn.now - study.first_instance_at
    every = [_limits(context, archives, rule) for rule in (None, *context.rules().rules)]
    shortest = CompletionLimits(
        min(one.settle for one in every), min(one.quiet for one in every), min(one.hard_cap for one in every)
    )
    arriving = StudyProgress(silent_for, since_first)
    if not is_settled(arriving, shortest):
        return NotYet("instances are still arriving", shortest.settle - silent_for)
    known = facts.of_study(context, study)
    found, columns = known.facts, known.columns(study)
    rule = match(context.rules().rules, found).rule
    limits = _limits(context, archives, rule)
    missing = tuple(map(str, rule.missing_series(frozenset(found.series_kinds)))) if rule else ()
    asks = _asks(rule) and is_settled(arriving, limits)
    answer = _asked(turn, context, study, archives) if asks else None
    counted = _beside(context, study, answer, found) if isinstance(answer, _Answer) else None
    if isinstance(answer, _Answer):
        columns = {**columns, "archive_counts": {**study.archive_counts, answer.node.name: answer.kept}}
    progress = StudyProgress(
        silent_for,
        since_first,
        missing,
        counted,
        isinstance(answer, Busy),
    )
    verdict = judge(progress, limits)
    match verdict:
        case Complete(because):
            return _done(study, because, columns, answer if isinstance(answer, _Answer) else None)
        case Incomplete(problem, fix):
            told = study.accepted.get(INCOMPLETE)
            if told and told["generation"] == study.generation:
                return _done(study, f"{told['who']} let it go on: {told['why']}", columns)
            return Stuck(problem, fix, StepRecord(columns={**columns, "held_because": INCOMPLETE}))
        case _:
            return NotYet(verdict.why, verdict.look_again, StepRecord(columns=columns))


@dataclass(frozen=True)
class _Answer:
    """What an archive counts in a study, now or when it last answered."""

    node: Node
    count: InstanceCount
    asked_at: str

    @property
    def kept(self) -> dict[str, Any]:
        """As it stands in the study's row."""
        return {"asked_at": self.asked_at, "series": dict(self.count.series), "study": self.count.study}


def _done(study: Study, because: str, columns: Mapping[str, Any], answer: _Answer | None = None) -> Done:
    note = {"because": because, "instances": study.instances, "generation": study.generation}
    if answer is not None:
        note |= {"archive": answer.node.name, "archive counted at": answer.asked_at}
    return Done(
        StudyState.COMPLETED, StepRecord(note=note, columns={**columns, "completed_because": because})
    )


def _asks(rule: Rule | None) -> bool:
    return rule is None or rule.completion.ask_pacs


def _limits(context: StepContext, archives: Sequence[Node], rule: Rule | None) -> CompletionLimits:
    """What the rule says, and the settings where it says nothing; without an archive to ask only quiet settles it."""
    own, settings = rule.completion if rule else None, context.settings.study
    quiet = (own and own.quiet_s) or settings.quiet_period
    settle = min(settings.settle, quiet) if archives and _asks(rule) else quiet
    return CompletionLimits(
        timedelta(seconds=settle),
        timedelta(seconds=quiet),
        timedelta(seconds=(own and own.hard_cap_s) or settings.hard_cap),
        own.at_hard_cap if own else AtHardCap.GO_ON,
    )


def _archives(context: StepContext, study: Study) -> list[Node]:
    """The archives that may be asked about the study: the sender if it is one, then the others of its site."""
    try:
        nodes = tuple(context.directory())
    except NodeError as error:
        log.warning("no archive is known", why=error.problem)
        return []
    own = [
        node
        for node in nodes
        if Role.ARCHIVE in node.roles and (node.name == study.sender or node.site == study.site)
    ]
    return sorted(own, key=lambda node: node.name != study.sender)


def _asked(turn: Turn, context: StepContext, study: Study, archives: Sequence[Node]) -> _Answer | Busy | None:
    """What the first archive counts that knows the study, or counted before it fell silent; None: no number."""
    for node in archives:
        asked = partial(
            count_mr,
            node,
            study.study_instance_uid,
            calling_ae_title=context.settings.dicom.ae_title,
            timeout_s=context.settings.dicom.timeout,
        )
        count = context.archive_counts.of(node.name, turn.now, asked)
        if isinstance(count, Busy):
            return count
        asked_at = turn.now.isoformat(timespec="seconds")
        if count is None and (kept := study.archive_counts.get(node.name)):
            count, asked_at = InstanceCount(kept["series"], kept["study"]), kept["asked_at"]
        if count is not None and not count.says_nothing:
            return _Answer(node, count, asked_at)
    return None


def _beside(context: StepContext, study: Study, answer: _Answer, study_facts: StudyFacts) -> Counted:
    """What the archive counts, beside the instances that are here; a conflicting second object counts once."""
    here = Counter(one.series_instance_uid for one in originals.kept(context.database, study.saved_id))
    labels = {
        one.series_instance_uid: f"series {one.series_number if one.series_number is not None else '?'} ({one.kind})"
        for one in study_facts.series
    }
    series = tuple(
        SeriesCount(labels.get(uid, "a series"), here[uid], there)
        for uid, there in answer.count.series.items()
        if there is not None
    )
    there = answer.count.study
    whole = SeriesCount("the study", here.total(), there) if there is not None else None
    return Counted(answer.node.name, answer.node.name == study.sender, series, whole)
