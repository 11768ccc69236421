"""A message is taken under a lease, and counts as sent only when that is recorded; readers are told once each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.telling.chain import NEAR, URGENT, ChainStep, Way
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from gateway.records.tables.critical import ContactMessage
from support.critical import reader, signed, waiting_case
from support.records import FakeClock

WARD, ROOM = Way("Ward", "mail"), Way("Room", "webhook")
LEASE = timedelta(minutes=10)


@pytest.fixture
def rung(database: Database, clock: FakeClock) -> int:
    """The case of a critical result whose first step was rung."""
    case_id = signed(database, clock, reader(database), {"suspicion": "4"})
    ledger.ring_chains(database, lambda _: (ChainStep(timedelta(hours=1), (WARD,)),))
    return case_id


def test_who_dies_between_sending_and_recording_is_replaced(
    database: Database, clock: FakeClock, rung: int
) -> None:
    """Under the lease nobody else sends it; when that ends it goes out again, until it is recorded."""
    [taken] = ledger.take_messages(database, "mail", LEASE)
    assert (taken.contact, taken.site, taken.page) == ("Ward", "hospital", "/critical/1")
    assert ledger.take_messages(database, "mail", LEASE) == ()
    clock.pass_seconds(601)
    assert ledger.take_messages(database, "mail", LEASE) == (taken,)
    ledger.message_sent(database, taken.id)
    clock.pass_seconds(601)
    assert ledger.take_messages(database, "mail", LEASE) == ()
    with database.read() as session:
        told = [event.detail for event in session.exec(select(AuditEvent)) if event.action == "contact told"]
    assert told == [{"kind": "critical result", "contact": "Ward", "by": "mail", "step": 1}]


def test_what_failed_is_tried_again_and_says_why(database: Database, clock: FakeClock, rung: int) -> None:
    """Later, with the number of tries before it."""
    [taken] = ledger.take_messages(database, "mail", LEASE)
    ledger.message_failed(database, taken.id, "The mail server is away.", timedelta(seconds=30))
    assert ledger.take_messages(database, "mail", LEASE) == ()
    clock.pass_seconds(31)
    [again] = ledger.take_messages(database, "mail", LEASE)
    assert (again.id, again.attempts) == (taken.id, 1)
    with database.read() as session:
        assert session.get_one(ContactMessage, taken.id).problem == "The mail server is away."
    ledger.drop_message(database, taken.id, "No such contact.")
    clock.pass_seconds(86_400)
    assert ledger.take_messages(database, "mail", LEASE) == ()


def test_nothing_is_sent_of_a_forgotten_patient(database: Database, clock: FakeClock, rung: int) -> None:
    """Nor is the chain rung on."""
    with database.write("test") as session:
        session.get_one(Case, rung).forgotten_at = clock.time
    clock.pass_seconds(86_400)
    assert ledger.take_messages(database, "mail", LEASE) == ()
    assert ledger.ring_chains(database, lambda _: ()) == 0


def test_readers_hear_of_an_urgent_case_and_of_a_near_target_once(
    database: Database, clock: FakeClock
) -> None:
    """Near is when three quarters of the target are over; without a target nobody is told of it."""
    waiting_case(database, clock, "1.2.3", referral="suspected_pml")
    waiting_case(database, clock, "1.2.4")
    targets = {"surveillance": timedelta(hours=4)}

    def tell() -> list[tuple[str, int]]:
        ledger.tell_readers(database, (ROOM,), lambda _, referral: targets.get(referral))
        with database.read() as session:
            return [(row.kind, row.case_id) for row in session.exec(select(ContactMessage))]

    assert [tell(), tell()] == [[(URGENT, 1)]] * 2
    clock.pass_seconds(3 * 3600 + 60)
    assert [tell(), tell()] == [[(URGENT, 1), (NEAR, 2)]] * 2


def test_a_case_that_was_read_is_told_to_nobody(database: Database, clock: FakeClock) -> None:
    """It waits for nobody any more."""
    signed(database, clock, reader(database), {"suspicion": "0"})
    with database.write("test") as session:
        session.get_one(Case, 1).referral = "suspected_pml"
    assert ledger.tell_readers(database, (ROOM,), lambda *_: timedelta(0)) == 0
