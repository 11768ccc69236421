"""What a hospital tells is shown to readers once it was looked at, and puts a suspicion first."""

from __future__ import annotations

import pytest
from sqlmodel import select

from gateway.errors import NotThere, WrongState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows, told_rows
from support.critical import reader, waiting_case
from support.records import EVERYBODY, FakeClock

TOLD = {"question": "New lesion?", "jcv_index": "1.2"}


def seen(database: Database, *, as_typed: bool = False) -> told_rows.ToldRow:
    """What was told of the first study."""
    with database.read() as session:
        row = told_rows.of_study(session, 1, as_typed=as_typed)
    assert row is not None
    return row


def waiting(database: Database) -> list[tuple[int, int]]:
    """Study and version of what the worker has to look at."""
    with database.read() as session:
        return [(one.study_id, one.version) for one in told_rows.unlooked(session)]


def test_a_text_is_shown_only_after_somebody_looked(database: Database, clock: FakeClock) -> None:
    """Codes and numbers at once; a text that was withheld never; its own site sees what it typed."""
    waiting_case(database, clock)
    account = reader(database)
    assert waiting(database) == [(1, 0)]
    ledger.tell_context(database, 1, account, TOLD, "Dr Ward")
    assert (seen(database).values, seen(database).contacts) == ({"jcv_index": "1.2"}, "")
    assert seen(database, as_typed=True).values == TOLD
    assert waiting(database) == [(1, 1)]
    ledger.keep_looked_at(database, 1, 0, 1, (), (), 0)  # about what was there before
    assert not seen(database).is_checked
    ledger.keep_looked_at(database, 1, 1, 1, ("contacts",), (("ReasonForStudy", "MS"),), 2)
    row = seen(database)
    assert (row.values, row.contacts, row.withheld) == (TOLD, "", ("contacts",))
    assert (row.order, row.order_hidden) == ((("ReasonForStudy", "MS"),), 2)
    assert waiting(database) == []
    ledger.tell_context(database, 1, account, {"question": "Another one"}, "")
    assert seen(database).values == {}


def test_new_images_are_looked_at_again(database: Database, clock: FakeClock) -> None:
    """Their order may say more."""
    waiting_case(database, clock)
    ledger.keep_looked_at(database, 1, 0, 1, (), (), 0)
    assert waiting(database) == []
    with database.write("test") as session:
        session.get_one(Study, 1).generation = 2
    assert waiting(database) == [(1, 0)]


def test_a_hospitals_suspicion_is_read_first(database: Database, clock: FakeClock) -> None:
    """Whatever the rule says; the journal tells why."""
    case_id = waiting_case(database, clock)
    ledger.tell_context(database, 1, reader(database), {"referral": "suspected_pml"}, "")
    with database.read() as session:
        case = session.get_one(Case, case_id)
        page = case_rows.case_page(session, EVERYBODY, case_id)
        trail = [(event.action, event.subject) for event in session.exec(select(AuditEvent))]
    assert (case.referral, case.urgency, case.priority) == ("suspected_pml", "urgent", 0)
    assert page is not None
    assert any("says the hospital" in line.what for line in page.journal)
    assert ("context told", "study 1") in trail


def test_nothing_is_told_of_nobody(database: Database, clock: FakeClock) -> None:
    """Neither of a study that is not there nor of a forgotten patient."""
    waiting_case(database, clock)
    account = reader(database)
    with pytest.raises(NotThere):
        ledger.tell_context(database, 9, account, TOLD, "")
    with database.write("test") as session:
        session.get_one(Study, 1).forgotten_at = clock.time
    with pytest.raises(WrongState):
        ledger.tell_context(database, 1, account, TOLD, "")
    assert waiting(database) == []
