"""What a lead decided, worked out: which versions are in force, and whose study it is with them."""

from __future__ import annotations

from datetime import timedelta

from gateway.identity.concerns import Concern
from gateway.identity.content import DifferenceKind
from gateway.lifecycle import Choice, ConflictState, Standing
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.step_result import Done, NotYet, StepResult
from gateway.pipeline.steps import originals
from gateway.pipeline.steps.identities import who
from gateway.records.identities.vault import SealedIdentity
from gateway.records.ledger.conflicts.contested import came_again
from gateway.records.ledger.conflicts.settlement import chosen
from gateway.records.step_record import NewStanding, Settlement, StepRecord
from gateway.records.tables.conflicts import TWO_IDENTITIES, Conflict
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows, conflict_rows

SENDING_ENDS = timedelta(seconds=1)
NOTHING_CAME = timedelta(hours=1)
"""Only a look: what arrives wakes the conflict."""


def settle_versions(turn: Turn, context: StepContext) -> StepResult:
    """DECIDED -> SETTLED with the chosen versions in force, or AWAITED when none stands."""
    with context.database.read() as session:
        conflict = conflict_rows.conflict(session, turn.claim.id)
        rows = conflict_rows.versions(session, turn.claim.id)
        sending = conflict_rows.is_sending(session, conflict.study_id, turn.now)
    if sending:  # began before the conflict: what it does has to be known first
        return NotYet("a report of its study is being sent", SENDING_ENDS)
    choice = Choice(conflict.choice)
    if conflict.kind == TWO_IDENTITIES:
        return _one_identity(context, conflict, choice)
    standings = chosen(rows, choice)
    changed = any(
        (row.standing == Standing.IN_FORCE) != (standings[row.saved_id] == Standing.IN_FORCE) for row in rows
    )
    facts = tuple(NewStanding(*pair) for pair in standings.items())
    if choice == Choice.NEITHER:
        settlement = Settlement(facts, changed=False, identity_only=False, touches_identity=False)
        return Done(ConflictState.AWAITED, StepRecord(settlement=settlement))
    return _settled(context, conflict, facts, changed=changed)


def _one_identity(context: StepContext, conflict: Conflict, choice: Choice) -> Done:
    """Whose study it is, of two patients that its objects name."""
    with context.database.read() as session:
        study = case_rows.study(session, conflict.study_id)
        rows = conflict_rows.instances(session, conflict.study_id)
        # Those that are in force, and those that were set aside while this conflict was awaited.
        rows = [one for one in rows if one.standing == Standing.IN_FORCE or one.conflict_id == conflict.id]
        needs_identity = conflict_rows.has_identity(session, conflict.study_id)
    stands = Standing.SET_ASIDE if choice == Choice.NEITHER else Standing.IN_FORCE
    facts = tuple(NewStanding(one.saved_id, stands) for one in rows if one.standing != Standing.SAME)
    if choice == Choice.NEITHER:
        settlement = Settlement(facts, changed=False, identity_only=False, touches_identity=True)
        return Done(ConflictState.AWAITED, StepRecord(settlement=settlement))
    number = conflict.other_id if choice == Choice.NEWER else conflict.first_id
    chosen_one = next(one for one in rows if one.saved_id == number)
    changed = choice == Choice.NEWER or any(one.standing != Standing.IN_FORCE for one in rows)
    header = originals.first_header(context.blobs, [chosen_one])
    settlement = Settlement(
        facts,
        changed=changed,
        identity_only=False,
        touches_identity=choice == Choice.NEWER,
        identity=who(context, study, header) if changed and needs_identity else None,
        identity_of=number,
        identity_until=max(one.saved_id for one in rows),
    )
    return Done(ConflictState.SETTLED, StepRecord(settlement=settlement))


def await_versions(turn: Turn, context: StepContext) -> StepResult:
    """AWAITED -> SETTLED once the sender has sent the images again and is silent."""
    with context.database.read() as session:
        conflict = conflict_rows.conflict(session, turn.claim.id)
        came = came_again(session, conflict)
    quiet = timedelta(seconds=context.settings.study.quiet_period)
    if not came:
        return NotYet("no version stands: the sender is to send the images again", NOTHING_CAME)
    silent_for = turn.now - conflict.last_at
    if silent_for < quiet:
        return NotYet("the images are being sent again", quiet - silent_for)
    return _settled(context, conflict, (), changed=True)


def _settled(
    context: StepContext, conflict: Conflict, facts: tuple[NewStanding, ...], *, changed: bool
) -> Done:
    awaited = conflict.choice == Choice.NEITHER
    settlement = Settlement(
        facts,
        changed=changed,
        identity_only=not awaited and set(conflict.kinds) <= {DifferenceKind.IDENTITY_CORRECTED},
        touches_identity=awaited or any(row["concern"] == Concern.IDENTITY for row in conflict.differences),
        identity=_identity(context, conflict, {fact.instance_id: fact.standing for fact in facts})
        if changed
        else None,
    )
    return Done(ConflictState.SETTLED, StepRecord(settlement=settlement))


def _identity(
    context: StepContext, conflict: Conflict, standings: dict[int, Standing]
) -> SealedIdentity | None:
    """Who the study is about with the versions that stand; None when no case needs to know."""
    with context.database.read() as session:
        rows = conflict_rows.instances(session, conflict.study_id)
        study = case_rows.study(session, conflict.study_id)
        if not conflict_rows.has_identity(session, conflict.study_id):
            return None
    in_force: list[Instance] = [
        row for row in rows if standings.get(row.saved_id, row.standing) == Standing.IN_FORCE
    ]
    return who(context, study, originals.first_header(context.blobs, in_force))
