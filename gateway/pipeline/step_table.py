"""The table of contents of the product: which step leads on from which state.

A state without a step waits: FORWARDED for a reader, UNMATCHED for a person, CONFIRMED for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.lifecycle import CaseState, ConflictState, ReplyState, ResultState, StudyState
from gateway.pipeline.conflicts.compare import compare_versions
from gateway.pipeline.conflicts.settle import await_versions, settle_versions
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.replies.deliver import confirm_reply, return_reply
from gateway.pipeline.replies.restore import restore_reply
from gateway.pipeline.step_result import StepResult
from gateway.pipeline.steps.complete import complete
from gateway.pipeline.steps.compose import compose
from gateway.pipeline.steps.confirm import confirm
from gateway.pipeline.steps.forward import forward
from gateway.pipeline.steps.prepare import prepare
from gateway.pipeline.steps.report_result import report_result
from gateway.pipeline.steps.return_report import return_report
from gateway.pipeline.steps.route import route

Step = Callable[[Turn, StepContext], StepResult]

STEPS: dict[tuple[str, str], Step] = {
    ("study", StudyState.RECEIVED): complete,
    ("study", StudyState.COMPLETED): route,
    ("case", CaseState.MATCHED): prepare,
    ("case", CaseState.PREPARED): forward,
    # FORWARDED: a reader claims, reports and signs (gateway.web).
    ("case", CaseState.REPORTED): compose,
    ("case", CaseState.COMPOSED): return_report,
    ("case", CaseState.RETURNED): confirm,
    ("reply", ReplyState.RECEIVED): restore_reply,
    ("reply", ReplyState.RESTORED): return_reply,
    ("reply", ReplyState.RETURNED): confirm_reply,
    ("result", ResultState.OWED): report_result,
    ("conflict", ConflictState.RECEIVED): compare_versions,
    # CONTESTED: a lead decides (gateway.web).
    ("conflict", ConflictState.DECIDED): settle_versions,
    ("conflict", ConflictState.AWAITED): await_versions,
}

STATES_WITH_STEPS: dict[str, tuple[str, ...]] = {
    unit: tuple(state for kind, state in STEPS if kind == unit)
    for unit in ("study", "case", "reply", "result", "conflict")
}
