"""Which other system the next step of a unit talks to, so that one that hangs does not get every worker."""

from __future__ import annotations

from typing import Any, cast

import pytest
from sqlmodel import select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.peers import peer_of
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.studies import Study
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
def test_a_case_talks_to_its_reader_and_then_to_who_gets_the_report(
    database: Database, clock: FakeClock, state: str, peer: str
) -> None:
    """Forwarding goes to the destination; returning and confirming to the node that was chosen for the report."""
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        row = session.get_one(Case, case_id)
        row.state, row.returns_to = state, "hospital-pacs"
    assert _peer(database, Case, case_id) == peer


@pytest.mark.parametrize(
    ("state", "returns_to"),
    [
        ("RECEIVED", "hospital-pacs"),
        ("RESTORED", "hospital-pacs"),
        ("RETURNED", "hospital-pacs"),
        ("RETURNED", ""),
    ],
)
def test_a_reply_talks_to_the_node_it_returns_to(
    database: Database, clock: FakeClock, state: str, returns_to: str
) -> None:
    """Once it is restored; one that waits for its uploader talks to nobody."""
    matched_case(database, clock)
    reply_id = ledger.keep_reply(database, new_reply())
    with database.write("test") as session:
        reply = session.get_one(Reply, reply_id)
        reply.state, reply.returns_to = state, returns_to
    assert _peer(database, Reply, reply_id) == ("" if state == "RECEIVED" else returns_to)


def test_a_study_uses_up_no_nodes_share(database: Database, clock: FakeClock) -> None:
    """What it may ask its sender while it is completed is not held against that node."""
    matched_case(database, clock)
    assert _peer(database, Study) == ""
