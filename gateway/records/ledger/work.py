"""The engine's work: claim with a lease and a fence, then record one result."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, exists, not_, or_, update
from sqlmodel import Session, col, select

from gateway.lifecycle import (
    FROZEN,
    OPEN_CONFLICT,
    CaseState,
    Choice,
    ConflictState,
    ReplyState,
    ResultState,
    StudyState,
    move_case,
    move_conflict,
    move_reply,
    move_study,
)
from gateway.records.database import Database
from gateway.records.ledger.commitments.answers import (
    forget_untaken,
    keep_answer,
    keep_request,
    note_taken,
)
from gateway.records.ledger.commitments.owed import over
from gateway.records.ledger.conflicts.contested import dispute, keep_comparison
from gateway.records.ledger.conflicts.decision import choose
from gateway.records.ledger.conflicts.linking import end_link
from gateway.records.ledger.conflicts.settlement import drop_unused, read_as_another, settle, withdraw
from gateway.records.ledger.held_objects import keep_held
from gateway.records.ledger.identities import keep_identity
from gateway.records.ledger.node_responses import keep_deliveries
from gateway.records.ledger.opening import open_case
from gateway.records.ledger.parking import UNITS, Claim, note, park_row, place_of
from gateway.records.ledger.peers import peer_of
from gateway.records.ledger.pictures.making import want
from gateway.records.ledger.replies import settle_case
from gateway.records.ledger.trail.milestones import tell
from gateway.records.step_record import NOTHING, NewDelivery, NewRequest, StepRecord
from gateway.records.tables.cases import Case, Manifest, PreparedInstance, Reply
from gateway.records.tables.commitments import OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Study

MOST_UNFINISHED = 5
"""Claims in a row without a result: more than a night of restarts makes, and each costs a lease only."""
DIED = "{} times in a row the process that worked on this ended before it had a result."
DIED_FIX = (
    "Look in the log why the worker ended: an object that kills whatever reads it, or memory that is too small. Mend "
    "that, then retry."
)


def claim_due(
    database: Database,
    worker: str,
    lease: timedelta,
    states: Mapping[str, tuple[str, ...]],
    full: Collection[str] = (),
) -> Claim | None:
    """Take the most urgent due unit of work for `lease`, or None when nothing is due.

    Due: in a state that has a step, not parked, its time come, and no living lease on it. Left for later:
    what would talk to one of the nodes in `full`, and what would let something of a contested study leave.

    Every claim is counted before the work begins, until a result comes: what ended its workers again and again is
    parked here instead. Of all that ended without a result, one at a time is tried again: what kills, kills for itself.
    """
    with database.write("claim_due") as session:
        now = database.now(session)
        for unit, table in UNITS.items():
            while due := _due(session, now, unit, table, states.get(unit, ()), full):
                row, node = due
                row.fence += 1
                claim = Claim(
                    unit, row.saved_id, row.state, row.fence, row.attempts, worker, row.failing_since, node
                )
                if row.unfinished < MOST_UNFINISHED:
                    row.unfinished += 1
                    row.lease_owner, row.lease_until = worker, now + lease
                    return claim
                park_row(session, row, claim, now, DIED.format(row.unfinished), DIED_FIX)
                row.lease_owner, row.lease_until, row.unfinished = "", None, 0
                session.flush()
    return None


def _due(
    session: Session,
    now: datetime,
    unit: str,
    table: type[Case] | type[Conflict] | type[OwedResult] | type[Reply] | type[Study],
    states: tuple[str, ...],
    full: Collection[str],
    *besides: ColumnElement[bool],
) -> tuple[Case | Conflict | OwedResult | Reply | Study, str] | None:
    """The most urgent due row of a table, locked, with the node its step talks to."""
    urgency = [col(Case.priority)] if table is Case else []
    peer = peer_of(table)
    due = session.exec(
        select(table, peer)
        .where(
            col(table.state).in_(states),
            table.problem == "",
            col(table.look_again_at) <= now,
            or_(col(table.lease_until).is_(None), col(table.lease_until) <= now),
            *_not_frozen(unit, table),
            *([peer.not_in(sorted(full))] if full else []),
            *besides,
        )
        .order_by(*urgency, col(table.look_again_at), col(table.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if due is not None and due[0].unfinished and _tried_again(session, now):
        return _due(session, now, unit, table, states, full, col(table.unfinished) == 0)
    return cast("tuple[Case | Conflict | OwedResult | Reply | Study, str] | None", due)


def _tried_again(session: Session, now: datetime) -> bool:
    """Whether something that ended without a result is worked on again right now."""
    return any(
        session.exec(
            select(table.id).where(table.unfinished > 1, col(table.lease_until) > now).limit(1)
        ).first()
        for table in UNITS.values()
    )


def _not_frozen(
    unit: str, table: type[Case] | type[Conflict] | type[OwedResult] | type[Reply] | type[Study]
) -> list[ColumnElement[bool]]:
    if unit not in FROZEN:
        return []
    of_study = col(table.id) if table is Study else col(cast("type[Case]", table).study_id)
    waits: list[ColumnElement[bool]] = [not_(col(Case.to_route))] if table is Case else []
    contested = exists().where(
        col(Conflict.study_id) == of_study, col(Conflict.state).in_(sorted(OPEN_CONFLICT))
    )
    return [*waits, not_(and_(col(table.state).in_(FROZEN[unit]), contested))]


def renew(database: Database, claim: Claim, lease: timedelta) -> bool:
    """Prolong a lease; False when the work is no longer this worker's."""
    table = UNITS[claim.unit]
    with database.write("renew") as session:
        renewed = session.execute(
            update(table)
            .where(col(table.id) == claim.id, col(table.fence) == claim.fence)
            .values(lease_until=database.now(session) + lease)
            .returning(col(table.id))
        ).scalar_one_or_none()
    return renewed is not None


def note_deliveries(database: Database, claim: Claim, facts: Sequence[NewDelivery]) -> bool:
    """Remember answers while their step still runs, so that a crash repeats little; False when the claim was lost."""
    with database.write("note-deliveries") as session:
        row = _held(session, claim)
        if row is not None:
            _, case_id = place_of(row)
            assert case_id is not None
            keep_deliveries(session, case_id, facts, database.now(session))
    return row is not None


def ask_commitment(database: Database, claim: Claim, request: NewRequest) -> bool:
    """Remember a storage commitment request before it is made; False when the claim was lost, and nobody is asked."""
    with database.write("ask_commitment") as session:
        row = _held(session, claim)
        if row is not None:
            assert isinstance(row, Case | Reply)
            keep_request(session, claim.unit, claim.id, request, database.now(session))
            asked = forget_untaken(session, row.commitment_transactions)
            row.commitment_transactions = [*asked, request.transaction_uid]
    return row is not None


def advance(database: Database, claim: Claim, reached: str, record: StepRecord = NOTHING) -> bool:
    """Record that a step is done; False when the claim was lost and somebody else decides."""
    with _settled(database, f"advance-{claim.state}-{reached}", claim, record) as (session, row, now):
        if row is None:
            return False
        row.attempts, row.failing_since, row.waiting_for = 0, None, ""
        row.look_again_at = now
        if isinstance(row, Case):
            row.state = move_case(CaseState(row.state), CaseState(reached))
            row.reached_at = row.updated_at = now
        elif isinstance(row, Reply):
            row.state, row.reached_at = move_reply(ReplyState(row.state), ReplyState(reached)), now
        elif isinstance(row, OwedResult):
            over(row, ResultState(reached), now)
        elif isinstance(row, Conflict):
            row.state, row.reached_at = move_conflict(ConflictState(row.state), ConflictState(reached)), now
            if record.settlement is not None:
                settle(session, row, record.settlement, now)
            else:
                keep_comparison(session, row, record.compared, now, asks=not record.taken_because)
                if record.taken_because and row.state == ConflictState.CONTESTED:
                    choose(session, row, Choice.NEWER, "gateway", record.taken_because, now)
            return True
        else:
            row.state = move_study(StudyState(row.state), StudyState(reached))
        note(session, row, now, f"reached {reached}", record, reached)
        tell(session, claim.unit, row, reached, now)
        if isinstance(row, Reply) and reached == ReplyState.CONFIRMED:
            settle_case(session, row, now, closes=record.closes_case)
        for draft in record.cases:
            assert isinstance(row, Study)
            open_case(session, row, draft, now)
    return True


def postpone(
    database: Database,
    claim: Claim,
    why: str,
    look_again: timedelta,
    record: StepRecord = NOTHING,
    failed: bool = True,
) -> bool:
    """Record that a step has to be tried again later; `failed` tells trouble from plain waiting."""
    with _settled(database, f"postpone-{claim.state}", claim, record) as (session, row, now):
        if row is None:
            return False
        if row.waiting_for != why:  # the journal tells changes, not every look
            note(session, row, now, "waiting", record, why=why)
        row.waiting_for = why
        row.attempts += 1
        if failed and row.failing_since is None:
            row.failing_since = now
        row.look_again_at = now + look_again
    return True


def let_go(database: Database, claim: Claim) -> None:
    """End the lease of work whose worker is asked to stop: another takes it up at once, and no death is counted."""
    with database.write("let_go") as session:
        row = _held(session, claim)
        if row is not None:
            row.fence += 1  # a thread of it that still runs has lost the work
            row.lease_owner, row.lease_until, row.unfinished = "", None, max(0, row.unfinished - 1)


def park(database: Database, claim: Claim, problem: str, fix: str, record: StepRecord = NOTHING) -> bool:
    """Record that a person is needed; the case keeps its place."""
    with _settled(database, f"park-{claim.state}", claim, record) as (session, row, now):
        if row is None:
            return False
        park_row(session, row, claim, now, problem, fix, record)
    return True


@contextmanager
def _settled(
    database: Database, name: str, claim: Claim, record: StepRecord
) -> Iterator[tuple[Session, Case | Conflict | OwedResult | Reply | Study | None, datetime]]:
    """A transaction on the claimed row, its record written and its lease ended; no row when the claim was lost."""
    with database.write(name) as session:
        row, now = _held(session, claim), database.now(session)
        if row is not None:
            _remember(session, row, claim, record, now)
            row.lease_owner, row.lease_until, row.unfinished = "", None, 0
        else:  # whoever comes back with a result, though too late, was not ended by the work
            table = UNITS[claim.unit]
            session.execute(update(table).where(col(table.id) == claim.id).values(unfinished=0))
        yield session, row, now


def _held(session: Session, claim: Claim) -> Case | Conflict | OwedResult | Reply | Study | None:
    """The claimed row, locked, when the fence still says it is the claimant's."""
    table = UNITS[claim.unit]
    chosen = select(table).where(table.id == claim.id, table.fence == claim.fence).with_for_update()
    return cast("Case | Conflict | OwedResult | Reply | Study | None", session.exec(chosen).first())


def _remember(
    session: Session,
    row: Case | Conflict | OwedResult | Reply | Study,
    claim: Claim,
    record: StepRecord,
    now: datetime,
) -> None:
    """Write what a step found out."""
    for name, value in record.columns.items():
        setattr(row, name, value)
    numbered = record.columns.get("has_number") and record.dispute is None
    if isinstance(row, Study) and numbered and row.person_of is not None:
        end_link(session, row, now)
    if record.dispute is not None:
        study_id, _ = place_of(row)
        assert study_id is not None
        dispute(session, study_id, record.dispute, now)
    if record.identity is not None and isinstance(row, Study):
        read_as_another(session, row, record.identity, now)
    if record.identity is not None and isinstance(row, Case):
        identity = keep_identity(session, record.identity, now)
        if row.pseudonym not in ("", identity.pseudonym):  # the same objects go out as another patient's
            withdraw(session, row, now)
        earlier = {row.identity_id} - {None, identity.id}
        row.identity_id, row.pseudonym = identity.id, identity.pseudonym
        drop_unused(session, [number for number in earlier if number is not None])
    if record.prepared is not None:
        for old in session.exec(select(PreparedInstance).where(PreparedInstance.case_id == claim.id)):
            session.delete(old)
        session.flush()
        session.add_all(PreparedInstance(case_id=claim.id, **vars(fact)) for fact in record.prepared)
        want(session, claim.id, now)
    if record.held is not None:
        assert isinstance(row, Case)
        keep_held(session, row, record.held, now)
    if record.manifest is not None:
        session.add(Manifest(case_id=claim.id, **vars(record.manifest), made_at=now))
    _, case_id = place_of(row)
    if record.deliveries:
        assert case_id is not None
        keep_deliveries(session, case_id, record.deliveries, now)
    if record.taken_request:
        note_taken(session, record.taken_request)
    if record.commitment is not None:
        keep_answer(session, record.commitment, now)
