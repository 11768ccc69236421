"""A critical report raises a result with its signature; its chain is rung by the clock until somebody acknowledges."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from gateway.errors import Invalid, WrongState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.calendar import calendar, unacknowledged
from gateway.records.database import Database
from gateway.records.ledger.telling.chain import CRITICAL, REMINDER, ChainStep, Way
from gateway.records.ledger.telling.critical import is_critical, on_signed
from gateway.records.tables.administration import AuditEvent, Notice
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.critical import ContactMessage, CriticalResult
from gateway.records.tables.studies import Enrolment, Study
from gateway.records.views import case_rows, critical_rows
from gateway.records.views.critical_rows import CriticalRow
from support.critical import reader, signed
from support.records import EVERYBODY, NONE_DECLARED, FakeClock

WARD, HEAD = Way("Ward", "mail"), Way("Head", "webhook")
CHAIN = (ChainStep(timedelta(minutes=30), (WARD,)), ChainStep(timedelta(minutes=60), (HEAD,)))
LEVEL_4 = {"suspicion": "4", "recommendations": ["csf_pcr"]}


def ring(database: Database, chain: tuple[ChainStep, ...] = CHAIN) -> int:
    """What the worker does."""
    return ledger.ring_chains(database, lambda _: chain)


def the_one(database: Database) -> CriticalRow:
    """The only critical result there is."""
    with database.read() as session:
        row = critical_rows.one(session, EVERYBODY, 1)
    assert row is not None
    return row


def made(database: Database) -> list[tuple[int, str, str]]:
    """Step, contact and kind of each message."""
    with database.read() as session:
        rows = session.exec(select(ContactMessage).order_by(ContactMessage.id))  # type: ignore[arg-type]
        return [(row.step, row.contact, row.kind) for row in rows]


@pytest.mark.parametrize(
    ("content", "critical"),
    [
        (LEVEL_4, True),
        ({"suspicion": "3", "recommendations": ["routine"]}, True),
        ({"suspicion": "2", "recommendations": ["follow_up"]}, False),
        ({"suspicion": "0", "recommendations": ["routine"]}, False),
        ({"suspicion": "1", "recommendations": ["routine", "urgent_contact"]}, True),
        ({"suspicion": "not_assessable", "recommendations": ["urgent_contact"]}, True),
        ({"suspicion": "not_assessable", "recommendations": ["repeat_sequences"]}, False),
        ({}, False),
    ],
)
def test_levels_3_and_4_and_urgent_contact_raise_a_result(
    database: Database, clock: FakeClock, content: dict[str, Any], critical: bool
) -> None:
    """In the transaction of the signature, with its lines; no other report does."""
    case_id = signed(database, clock, reader(database), content)
    assert is_critical(content) is critical
    with database.read() as session:
        results = session.exec(select(CriticalResult)).all()
        page = case_rows.case_page(session, EVERYBODY, case_id)
        trail = [event.action for event in session.exec(select(AuditEvent))]
    assert page is not None
    assert [result.case_id for result in results] == ([case_id] if critical else [])
    assert any("critical result" in line.what for line in page.journal) is critical
    assert ("critical result raised" in trail) is critical


def test_the_chain_is_rung_by_the_clock_and_ends_with_the_lead(database: Database, clock: FakeClock) -> None:
    """Each step once, with a reminder to those before; then one notice, and the result stays open."""
    signed(database, clock, reader(database), LEVEL_4)
    assert [ring(database), ring(database)] == [1, 0]
    assert made(database) == [(1, "Ward", CRITICAL)]
    clock.pass_seconds(29 * 60)
    assert ring(database) == 0
    clock.pass_seconds(61)
    assert [ring(database), ring(database)] == [1, 0]
    assert made(database)[1:] == [(2, "Ward", REMINDER), (2, "Head", CRITICAL)]
    clock.pass_seconds(3601)
    assert [ring(database), ring(database)] == [1, 0]
    clock.pass_seconds(86_400)
    assert ring(database) == 0
    with database.read() as session:
        [notice] = session.exec(select(Notice)).all()
    assert (notice.page, "PML-" in notice.text) == ("/critical/1", False)
    row = the_one(database)
    assert row.open
    assert row.chain_ended_at is not None


def test_a_site_without_a_chain_rings_the_lead_at_once(database: Database, clock: FakeClock) -> None:
    """Silence is no answer."""
    signed(database, clock, reader(database), LEVEL_4)
    assert ring(database, ()) == 1
    with database.read() as session:
        [notice] = session.exec(select(Notice)).all()
    assert "has no contacts" in notice.text


def test_an_acknowledgement_ends_the_chain_and_drops_what_is_unsent(
    database: Database, clock: FakeClock
) -> None:
    """Who, when, by which way is kept beside the report, whose content and digest stay; a second one is refused."""
    case_id = signed(database, clock, reader(database), LEVEL_4)
    north = ledger.add_user(database, "north", "North Ward", "coordinator", "hospital", "a long password")
    ring(database)
    clock.pass_seconds(60)
    with database.read() as session:
        before = case_rows.signed_report(session, case_id)
    ledger.acknowledge_critical(database, 1, north, "page")
    row = the_one(database)
    assert (row.open, row.acknowledged_by, row.way, row.acknowledged_at) == (
        False,
        "North Ward",
        "page",
        clock.time,
    )
    assert [message.dropped_at for message in row.messages] == [clock.time]
    assert ledger.take_messages(database, "mail", timedelta(minutes=5)) == ()
    clock.pass_seconds(86_400)
    assert ring(database) == 0
    with pytest.raises(WrongState, match="acknowledged by"):
        ledger.acknowledge_critical(database, 1, north, "page")
    with database.read() as session:
        page = case_rows.case_page(session, EVERYBODY, case_id)
        trail = [(event.action, event.who) for event in session.exec(select(AuditEvent))]
        assert case_rows.signed_report(session, case_id) == before
    assert page is not None
    assert [line.who for line in page.journal if line.what == "critical result acknowledged"] == ["north"]
    assert ("critical result acknowledged", "north") in trail


@pytest.mark.parametrize(
    ("told", "ago"), [("", 0), ("   ", 0), ("Dr Ward", None), ("Dr Ward", -60), ("Dr Ward", 2 * 86_400)]
)
def test_a_call_needs_a_name_and_a_time_that_can_be(
    database: Database, clock: FakeClock, told: str, ago: float | None
) -> None:
    """Not in the future, not long before the signature; nothing is acknowledged by a bad one."""
    account_id = reader(database)
    signed(database, clock, account_id, LEVEL_4)
    at = None if ago is None else clock.time - timedelta(seconds=ago)
    with pytest.raises(Invalid):
        ledger.acknowledge_critical(database, 1, account_id, "telephone", told, at)
    assert the_one(database).open


def test_a_call_is_noted_with_who_and_when(database: Database, clock: FakeClock) -> None:
    """The name of who was told stands in the record, and not in the audit trail."""
    account_id = reader(database)
    signed(database, clock, account_id, LEVEL_4)
    clock.pass_seconds(600)
    at = clock.time - timedelta(minutes=5)
    ledger.acknowledge_critical(database, 1, account_id, "telephone", "Dr Ward", at)
    row = the_one(database)
    assert (row.told, row.told_at, row.way, row.acknowledged_by) == ("Dr Ward", at, "telephone", "Reader")
    with database.read() as session:
        assert "Ward" not in str([event.detail for event in session.exec(select(AuditEvent))])


def test_another_site_sees_none_of_it(database: Database, clock: FakeClock) -> None:
    """Neither the result nor the list has it."""
    signed(database, clock, reader(database), LEVEL_4)
    south, own = (
        Viewer(9, "south", "South", "coordinator", "south"),
        Viewer(8, "n", "N", "coordinator", "hospital"),
    )
    with database.read() as session:
        assert critical_rows.one(session, south, 1) is None
        assert critical_rows.unanswered(session, south) == ()
        assert [row.id for row in critical_rows.unanswered(session, own)] == [1]


def follow(database: Database, case_id: int, kind: str, content: dict[str, Any]) -> None:
    """A document signed after the report, as its own ledger does it."""
    with database.write("test") as session:
        document = SignedReport(
            case_id=case_id,
            version=2,
            kind=kind,
            content=content,
            digest="0" * 64,
            signed_by=1,
            signer_name="Reader",
            signer_login="reader",
            signed_at=database.now(session),
        )
        session.add(document)
        session.flush()
        on_signed(session, database.now(session), session.get_one(Case, case_id), document)


@pytest.mark.parametrize(
    ("first", "kind", "second", "told"),
    [
        ("4", "correction", "0", 2),
        ("4", "withdrawal", "4", 2),
        ("4", "addendum", "4", 1),
        ("0", "correction", "0", 0),
        ("0", "correction", "3", 1),
        ("0", "addendum", "3", 1),
        ("0", "withdrawal", "0", 0),
    ],
)
def test_who_was_told_is_told_of_what_changes_it(
    database: Database, clock: FakeClock, first: str, kind: str, second: str, told: int
) -> None:
    """Somebody acts on a result that was wrong: a correction and a withdrawal are told, whatever they say."""
    case_id = signed(database, clock, reader(database), {"suspicion": first})
    follow(database, case_id, kind, {"suspicion": second})
    with database.read() as session:
        assert len(session.exec(select(CriticalResult)).all()) == told


def test_a_later_document_takes_the_place_of_what_nobody_answered(
    database: Database, clock: FakeClock
) -> None:
    """One chain goes on, not two; the earlier result is no longer open and cannot be acknowledged."""
    account = reader(database)
    case_id = signed(database, clock, account, LEVEL_4)
    ring(database)
    follow(database, case_id, "correction", {"suspicion": "0"})
    assert not the_one(database).open
    with pytest.raises(WrongState, match="later document"):
        ledger.acknowledge_critical(database, 1, account, "page")
    clock.pass_seconds(3600)
    assert ring(database) == 1
    with database.read() as session:
        assert [row.id for row in critical_rows.unanswered(session, EVERYBODY)] == [2]
        unsent = [row.critical_id for row in session.exec(select(ContactMessage)) if row.dropped_at is None]
    assert unsent == [2]


def test_a_chain_that_a_site_writes_later_is_rung(database: Database, clock: FakeClock) -> None:
    """The lead was rung because there was none; once there is one, the site is told after all."""
    signed(database, clock, reader(database), LEVEL_4)
    assert [ring(database, ()), ring(database, ())] == [1, 0]
    assert [ring(database), ring(database)] == [1, 0]
    assert made(database) == [(1, "Ward", CRITICAL)]
    assert the_one(database).chain_ended_at is None


def test_the_calendar_is_red_until_somebody_acknowledges(database: Database, clock: FakeClock) -> None:
    """The patient's row names the result and stands first; another site's calendar knows nothing of it."""
    account = reader(database)
    case_id = signed(database, clock, account, LEVEL_4)
    with database.write("test") as session:
        study = session.get_one(Study, session.get_one(Case, case_id).study_id)
        study.patient_hash = "theirs"
        for patient_hash in ("somebody's", "theirs"):
            session.add(
                Enrolment(
                    site=study.site,
                    patient_hash=patient_hash,
                    pseudonym=f"PML-{patient_hash}",
                    enrolled_by="north",
                    created_at=clock.time,
                    updated_at=clock.time,
                )
            )

    def rows() -> list[tuple[str, tuple[int, ...]]]:
        with database.read() as session:
            listed = calendar(session, "hospital", clock.time.date(), NONE_DECLARED)
            assert unacknowledged(session, "south") == {}
        return [(row.pseudonym, row.critical) for row in listed]

    assert rows() == [("PML-theirs", (1,)), ("PML-somebody's", ())]
    ledger.acknowledge_critical(database, 1, account, "page")
    assert {critical for _, critical in rows()} == {()}
