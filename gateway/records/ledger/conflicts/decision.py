"""Who decided which version of a study stands, and why."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from gateway.errors import Conflict as Overtaken
from gateway.errors import NotThere, WrongState
from gateway.lifecycle import Choice, ConflictState, move_conflict
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.conflicts.contested import came_again
from gateway.records.ledger.journal import add_line
from gateway.records.tables.conflicts import Conflict


def decide_conflict(
    database: Database, conflict_id: int, choice: Choice, who: str, why: str, *, objects: int
) -> None:
    """Record the choice; what follows from it is worked out next. `objects`: how many differed when it was made.

    Raises NotThere, WrongState (not compared yet, decided, or the images are being sent again after *neither*), and
    Conflict when more versions arrived since.
    """
    with database.write("decide_conflict") as session:
        conflict = session.exec(select(Conflict).where(Conflict.id == conflict_id).with_for_update()).first()
        if conflict is None:
            raise NotThere(
                f"There is no conflict {conflict_id}.", "The page of the case shows its conflicts."
            )
        if conflict.state not in (ConflictState.CONTESTED, ConflictState.AWAITED):
            raise WrongState(
                f"Conflict {conflict_id} is {conflict.state} and waits for no decision.",
                "Wait until the versions are compared, or look at what was decided.",
            )
        if conflict.state == ConflictState.AWAITED and came_again(session, conflict):
            raise WrongState(
                "The sender is sending the images again, and what comes stands.",
                "Wait until it is silent; what does not fit then is asked about.",
            )
        if conflict.objects != objects:
            raise Overtaken(
                f"{conflict.objects} objects differ now; {objects} did when this was decided.",
                "Look at the differences again, then decide.",
            )
        choose(session, conflict, choice, who, why, database.now(session))


def look_at_versions(database: Database, conflict_id: int, who: str) -> None:
    """Write into the audit trail that somebody looks at what two versions say about the patient."""
    with database.write("look_at_versions") as session:
        now = database.now(session)
        audit_trail.append(session, now, who, "versions looked at", f"conflict {conflict_id}", {})


def choose(session: Session, conflict: Conflict, choice: Choice, who: str, why: str, now: datetime) -> None:
    """Write a choice into a conflict, its journal and the audit trail."""
    conflict.state = move_conflict(ConflictState(conflict.state), ConflictState.DECIDED)
    conflict.choice, conflict.decided_by, conflict.why, conflict.decided_at = choice, who, why, now
    conflict.look_again_at = conflict.reached_at = now
    conflict.attempts, conflict.failing_since = 0, None
    conflict.waiting_for = conflict.problem = conflict.fix = ""
    detail = {"stands": f"{choice} version" if choice != Choice.NEITHER else "neither version", "why": why}
    add_line(session, conflict.study_id, None, now, "conflict decided", who=who, detail=detail)
    audit_trail.append(session, now, who, "conflict decided", f"conflict {conflict.id}", detail)
