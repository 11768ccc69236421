"""A gateway's database with many cases in it: one goes through the ledger, the others are copies of its rows.

Copies are made column by column from the tables themselves, so that a new column is copied without a word here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import insert, select, update
from sqlmodel import SQLModel

from bench.competitors import Server
from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.step_record import StepRecord
from gateway.records.tables.cases import Case, CaseEvent
from gateway.records.tables.studies import Instance, Study
from gateway.service import scaffold
from support.records import draft, due, new_instance

OPEN = 40
"""Cases that a reading service has open at a time."""
_PASSWORD = "a password for measurements"
_BATCH = 1000
_SERIES = [
    {
        "series_number": number,
        "kind": kind,
        "confidence": 0.98,
        "instances": 40,
        "b_values": [],
        "plane": "axial",
    }
    for number, kind in enumerate(("flair", "t2", "dwi", "adc", "t1", "swi", "t1_contrast"), start=1)
]


def fill(home: Path, cases: int, open_cases: int) -> None:
    """A gateway's folder with one case that is due and `cases` others: `open_cases` to be read, the rest over."""
    scaffold.init(home)
    database = Database(f"sqlite:///{home / 'gateway-data' / 'gateway.sqlite'}")
    try:
        schema.upgrade(database)
        ledger.add_user(database, "lead", "Lead", "lead", "", _PASSWORD, every_site=True)
        ledger.add_user(database, "admin", "Admin", "admin", "", _PASSWORD, every_site=True)
        first = _one_case(database)
        _copies(database, first, cases, open_cases)
    finally:
        database.close()


def signed_in(server: Server) -> requests.Session:
    """A program signed in at a gateway's pages."""
    return signed_in_at(server.url)


def signed_in_at(url: str, login: str = "lead") -> requests.Session:
    """The same, as one of the accounts: lead, or admin who may also upload."""
    client = requests.Session()
    body = {"login": login, "password": _PASSWORD}
    told = client.post(f"{url}/api/session", json=body, timeout=30)
    told.raise_for_status()
    client.headers["X-CSRF-Token"] = told.json()["csrf"]
    return client


def open_again(database: Database, case_id: int) -> None:
    """End a claim, so that the same work is due again."""
    with database.write("open_again") as session:
        session.execute(update(Case).where(_column(Case, "id") == case_id).values(lease_until=None))


def _one_case(database: Database) -> int:
    """A study of one instance, taken to a case that is due, by the ledger's own transactions."""
    ledger.keep_instance(database, new_instance(study="2.25.10000000"), timedelta(0))
    ledger.advance(database, due(database), StudyState.COMPLETED)
    opened = draft(destination="", series=_SERIES)
    ledger.advance(database, due(database), StudyState.MATCHED, StepRecord(cases=(opened,)))
    claim = due(database)
    ledger.postpone(database, claim, "not now", timedelta(0), failed=False)
    return claim.id


def _copies(database: Database, first: int, count: int, open_cases: int) -> None:
    with database.read() as session:
        case = _row(session, Case, first)
        study = _row(session, Study, case["study_id"])
        children = [
            (table, [dict(found) for found in session.execute(_all_of(table, study["id"])).mappings()])
            for table in (Instance, CaseEvent)
        ]
    for start in range(0, count, _BATCH):
        with database.write("fill") as session:
            for number in range(start, min(start + _BATCH, count)):
                state = CaseState.FORWARDED if number < open_cases else CaseState.CONFIRMED
                key = {"id": study["id"] + 1 + number, "study_instance_uid": f"2.25.{10000001 + number}"}
                session.execute(insert(Study), [{**study, **key}])
                mine = {"id": first + 1 + number, "study_id": key["id"], "pseudonym": f"PML-{number:08}"}
                session.execute(insert(Case), [{**case, **mine, "state": state}])
                for table, rows in children:
                    session.execute(insert(table), [_of_study(row, mine) for row in rows])


def _of_study(row: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    copied = {name: value for name, value in row.items() if name != "id"}
    copied["study_id"] = mine["study_id"]
    if copied.get("case_id") is not None:
        copied["case_id"] = mine["id"]
    return copied


def _column(table: type[SQLModel], name: str) -> Any:
    return table.__table__.c[name]  # type: ignore[attr-defined]


def _row(session: Any, table: type[SQLModel], number: int) -> dict[str, Any]:
    chosen = select(table.__table__).where(_column(table, "id") == number)  # type: ignore[attr-defined]
    return dict(session.execute(chosen).mappings().one())


def _all_of(table: type[SQLModel], study_id: int) -> Any:
    return select(table.__table__).where(_column(table, "study_id") == study_id)  # type: ignore[attr-defined]
