"""Is the study complete? Quiet time has passed since its last instance, or the hard cap since its first."""

from __future__ import annotations

from datetime import timedelta

from gateway.lifecycle import StudyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.outcome import Done, NotYet, Outcome
from gateway.records import queries
from gateway.records.evidence import Evidence


def complete(turn: Turn, context: StepContext) -> Outcome:
    """RECEIVED -> COMPLETED, with the reason; a late instance later opens the next generation."""
    with context.database.read() as session:
        study = queries.study(session, turn.claim.id)
    quiet = timedelta(seconds=context.settings.study.quiet_period)
    cap = timedelta(seconds=context.settings.study.hard_cap)
    silent_for = turn.now - study.last_instance_at
    if silent_for >= quiet:
        because = f"no new instance for {quiet.total_seconds():g} s"
    elif turn.now - study.first_instance_at >= cap:
        because = f"hard cap of {cap.total_seconds():g} s since the first instance"
    else:
        return NotYet("instances are still arriving", quiet - silent_for)
    note = {"because": because, "instances": study.instances, "generation": study.generation}
    return Done(StudyState.COMPLETED, Evidence(note=note, columns={"completed_because": because}))
