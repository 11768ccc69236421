"""Conflicts on a bench: what a lead decides, and how far the newest has come."""

from __future__ import annotations

from sqlmodel import select

from gateway.lifecycle import Choice
from gateway.records import ledger
from gateway.records.tables.cases import Case
from gateway.records.tables.conflicts import Conflict
from gateway.records.views import case_rows
from support.engine import Bench


def decide(pipeline: Bench, choice: Choice) -> None:
    """A lead decides about the newest conflict, and what follows from it is worked out."""
    with pipeline.context.database.read() as session:
        found = session.exec(select(Conflict).order_by(Conflict.ids())).all()[-1]
    ledger.decide_conflict(
        pipeline.context.database,
        found.saved_id,
        choice,
        "lea",
        "the PACS was corrected",
        objects=found.objects,
    )
    pipeline.run()


def state(pipeline: Bench) -> str:
    """Of the newest conflict."""
    with pipeline.context.database.read() as session:
        return session.exec(select(Conflict.state).order_by(Conflict.ids())).all()[-1]


def case(pipeline: Bench) -> Case:
    """The first case."""
    with pipeline.context.database.read() as session:
        return case_rows.case(session, 1)
