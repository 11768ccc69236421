"""Answers that come by themselves, and the slots of periodic jobs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from gateway.lifecycle import CaseState, ReplyState
from gateway.records.database import Database
from gateway.records.evidence import CommitmentFact
from gateway.records.tables.service import Tick
from gateway.records.tables.studies import Case, Commitment, Reply


def record_commitment(database: Database, fact: CommitmentFact) -> None:
    """Keep a storage commitment answer that came on an association of its own; wakes what it belongs to."""
    with database.write("record_commitment") as session:
        now = database.now(session)
        keep_commitment(session, fact, now)
        answered = [*fact.committed, *(uid for uid, _ in fact.failed)]
        for waiting in (
            update(Case).where(col(Case.state) == CaseState.RETURNED, col(Case.returned_uid).in_(answered)),
            update(Reply).where(
                col(Reply.state) == ReplyState.RETURNED, col(Reply.sop_instance_uid).in_(answered)
            ),
        ):
            session.execute(waiting.values(look_again_at=now))


def take_tick(database: Database, name: str, slot: int) -> bool:
    """True for the one replica that may run a periodic job in this slot."""
    with database.write("take_tick") as session:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        # RETURNING decides: rowcount is wrong for ON CONFLICT DO NOTHING with psycopg.
        return (
            session.execute(
                insert(Tick).values(name=name, slot=slot).on_conflict_do_nothing().returning(col(Tick.slot))
            ).scalar_one_or_none()
            is not None
        )


def keep_commitment(session: Session, fact: CommitmentFact, now: datetime) -> None:
    session.merge(
        Commitment(
            transaction_uid=fact.transaction_uid,
            node=fact.node,
            committed=list(fact.committed),
            failed=[list(pair) for pair in fact.failed],
            answered_at=now,
        )
    )
