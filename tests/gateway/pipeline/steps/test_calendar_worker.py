"""The worker as it is started: it publishes its key, opens letters and notes who is overdue by itself."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.assembly.gateway import open_gateway
from gateway.assembly.worker import worker
from gateway.pipeline import schedule
from gateway.records import ledger
from gateway.records.calendar import calendar
from gateway.records.identities import sealed_letters
from gateway.records.identities.keys import make_keys
from gateway.records.tables.administration import Notice
from gateway.settings import Settings
from routing_rules.surveillance.due_dates import CalendarState
from routing_rules.surveillance.enrolment_csv import EnrolmentRow
from routing_rules.surveillance.risk import PatientRisk as Risk
from support.records import NONE_DECLARED


def test_a_started_worker_does_it_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From an entry made after its start to the notice, without a hand; seconds shorter than in earnest."""
    monkeypatch.setattr(schedule, "LETTER_SECONDS", 1)
    monkeypatch.setattr(schedule, "CALENDAR_SECONDS", 1)
    settings = Settings.model_validate(
        {
            "storage": {
                "database": f"sqlite:///{tmp_path}/gateway.sqlite",
                "objects": tmp_path / "objects",
                "keys": tmp_path / "keys",
            },
            "files": {"nodes": tmp_path / "nodes.yaml", "rules": tmp_path / "rules"},
        }
    )
    make_keys(settings.storage.keys)
    gateway = open_gateway(settings)
    engine, scheduler = worker(gateway)
    try:
        with gateway.database.read() as session:
            public = sealed_letters.public_key(session)
        row = EnrolmentRow(1, "QX-777-31", "", "north", Risk(enrolled_on=date(2020, 1, 1)))
        ledger.enrol(gateway.database, [ledger.sealed_enrolment(row, public)], "carla")
        deadline = time.monotonic() + 30
        told = None
        while told is None and time.monotonic() < deadline:
            time.sleep(0.2)
            with gateway.database.read() as session:
                told = session.exec(select(Notice)).first()
        with gateway.database.read() as session:
            [patient] = calendar(session, "north", gateway.database.now(session).date(), NONE_DECLARED)
    finally:
        scheduler.shutdown(wait=True)
        engine.stop(10)
        gateway.database.close()
    assert (patient.waiting, patient.status.state) == (False, CalendarState.MISSING)
    assert told is not None
    assert told.text.startswith(
        "Surveillance MRI at north: 1 newly overdue, 1 overdue in all (1 without any MRI)"
    )
