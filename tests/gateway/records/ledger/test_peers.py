"""Which other system the next step of a unit talks to, so that one that hangs does not get every worker."""

from __future__ import annotations

from typing import Any, cast

import pytest
from sqlmodel import select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.peers import peer_of
from gateway.records.tables.studies import Case, Reply, Study
from support.records import FakeClock, matched_case, new_reply


def _peer(database: Database, table: type[Any], row_id: int = 1) -> str:
    with database.read() as session:
        return str(session.exec(select(cast("Any", peer_of(table))).where(table.id == row_id)).one())


@pytest.mark.parametrize(
    ("state", "peer"),
    [
        ("MATCHED", ""),
        ("PREPARED", "reading-site"),
        ("FORWARDED", ""),
        ("REPORTED", ""),
        ("COMPOSED", "hospital-pacs"),
        ("RETURNED", "hospital-pacs"),
        ("CONFIRMED", ""),
    ],
)
def test_a_case_talks_to_its_reader_and_then_to_its_sender(
    database: Database, clock: FakeClock, state: str, peer: str
) -> None:
    """Forwarding goes to the destination; returning and confirming to whoever sent the study."""
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        session.get_one(Case, case_id).state = state
    assert _peer(database, Case, case_id) == peer


@pytest.mark.parametrize(
    ("state", "study_id", "peer"),
    [
        ("RECEIVED", 1, ""),
        ("RESTORED", 1, "hospital-pacs"),
        ("RETURNED", 1, "hospital-pacs"),
        ("RETURNED", None, ""),
    ],
)
def test_a_reply_talks_to_the_sender_of_its_study(
    database: Database, clock: FakeClock, state: str, study_id: int | None, peer: str
) -> None:
    """One that fits no study talks to nobody."""
    matched_case(database, clock)
    reply_id = ledger.keep_reply(database, new_reply())
    with database.write("test") as session:
        reply = session.get_one(Reply, reply_id)
        reply.state, reply.study_id = state, study_id
    assert _peer(database, Reply, reply_id) == peer


def test_a_study_uses_up_no_nodes_share(database: Database, clock: FakeClock) -> None:
    """What it may ask its sender while it is completed is not held against that node."""
    matched_case(database, clock)
    assert _peer(database, Study) == ""
