"""Marking who has become overdue: one notice for each site and day, with the marks in the same transaction."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from gateway.records.calendar import PatientRow, calendar
from gateway.records.database import Database
from gateway.records.ledger import overdue
from gateway.records.ledger.enrolments import NewEnrolment, end_enrolment, enrol, keep_opened
from gateway.records.ledger.overdue import PAGE, note_overdue
from gateway.records.tables.administration import Notice
from gateway.records.tables.studies import Enrolment
from gateway.records.views import notice_rows
from routing_rules.surveillance.risk import PatientRisk as Risk
from support.crashes import killed_at
from support.records import NONE_DECLARED, FakeClock

LONG_AGO = date(2020, 1, 1)
RISK = Risk(enrolled_on=LONG_AGO)


def _enrolled(database: Database, *sites: str) -> None:
    """One patient for each site, known to the worker, without an MRI for years."""
    for site in sites:
        [number] = enrol(database, [NewEnrolment(site, "", b"letter", RISK, LONG_AGO)], "carla")
        keep_opened(database, number, f"hash {number}", f"PML-{number}")


def _marks(database: Database) -> list[date | None]:
    with database.read() as session:
        return list(session.exec(select(Enrolment.overdue_told_on).order_by(Enrolment.ids())))


def _notices(database: Database) -> list[Notice]:
    with database.read() as session:
        return list(reversed(notice_rows.newest(session)))


def test_each_site_is_told_of_its_own(database: Database, clock: FakeClock) -> None:
    """With numbers and the page alone; the second look of the day tells nothing."""
    _enrolled(database, "north", "north", "south")
    assert [note_overdue(database, NONE_DECLARED) for _ in range(2)] == [3, 0]
    assert [(notice.site, notice.page) for notice in _notices(database)] == [("north", PAGE), ("south", PAGE)]
    assert "2 newly overdue" in _notices(database)[0].text
    assert _marks(database) == [clock.time.date()] * 3


def test_who_becomes_overdue_after_the_notice_waits_for_tomorrows(
    database: Database, clock: FakeClock
) -> None:
    """And is not marked before it: a mark without a notice would never be told."""
    _enrolled(database, "north")
    note_overdue(database, NONE_DECLARED)
    _enrolled(database, "north")
    assert note_overdue(database, NONE_DECLARED) == 0
    assert _marks(database)[1] is None
    clock.pass_seconds(86_400)
    assert note_overdue(database, NONE_DECLARED) == 1
    assert len(_notices(database)) == 2


def test_who_is_not_overdue_any_more_loses_the_mark(database: Database, clock: FakeClock) -> None:
    """So that becoming overdue again is told again."""
    _enrolled(database, "north")
    note_overdue(database, NONE_DECLARED)
    with database.write("test") as session:
        session.get_one(Enrolment, 1).last_mri_on = clock.time.date()
    note_overdue(database, NONE_DECLARED)
    assert _marks(database) == [None]


def test_nobody_is_told_of_who_is_not_known_or_has_ended(database: Database) -> None:
    """A letter that the worker has not opened may be of a patient who is on the calendar already."""
    enrol(database, [NewEnrolment("north", "", b"letter", RISK, LONG_AGO)], "carla")
    _enrolled(database, "north")
    end_enrolment(database, 2, "carla", "moved away")
    assert note_overdue(database, NONE_DECLARED) == 0
    assert _notices(database) == []


def test_marks_and_notices_are_there_together_or_not_at_all(
    sqlite: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Killed before the commit, the next look tells everything."""
    _enrolled(sqlite, "north")
    url = sqlite.url
    assert killed_at(
        "mark_overdue:before", tmp_path / "markers", lambda: note_overdue(Database(url, clock), NONE_DECLARED)
    )
    assert (_marks(sqlite), _notices(sqlite)) == ([None], [])
    assert note_overdue(sqlite, NONE_DECLARED) == 1


def test_it_is_reckoned_outside_the_transaction_and_what_changed_meanwhile_stays(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of patients take seconds, in which every other writer would wait; who is taken off is not noted."""
    _enrolled(database, "north", "north")

    def slowly(*said: Any) -> list[PatientRow]:
        rows = calendar(*said)
        end_enrolment(database, 1, "carla", "moved away")  # would wait for ever within the transaction
        return rows

    monkeypatch.setattr(overdue, "calendar", slowly)
    assert note_overdue(database, NONE_DECLARED) == 1
    assert _marks(database) == [None, clock.time.date()]
    assert "1 newly overdue" in _notices(database)[0].text
