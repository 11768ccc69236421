"""Whoever is killed while a critical result is told is replaced: the contact hears of it at least once, always."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.contacts import Contact, Contacts, SiteContacts, Step
from gateway.pipeline.jobs.telling import LEASE, tell_contacts
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.views import critical_rows
from gateway.settings import Settings
from support.crashes import killed_at
from support.critical import reader, signed
from support.nodes.listeners import webhook
from support.records import EVERYBODY, FakeClock

POINTS = {
    "ring_chains:before": 1,
    "ring_chains:after": 1,
    "take_messages:before": 1,
    "take_messages:after": 1,
    "message_sent:before": 2,
    "message_sent:after": 1,
}
"""Where it is killed -> how often the contact is told in the end: twice only between sending and recording."""


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_tells_at_least_once(tmp_path: Path, point: str) -> None:
    """The next round, after the lease, finds what is left to do in the rows."""
    clock, url = FakeClock(), f"sqlite:///{tmp_path}/t.sqlite"
    database = Database(url, clock)
    schema.upgrade(database)
    signed(database, clock, reader(database), {"suspicion": "4"})
    database.close()
    settings = Settings.model_validate({"notify": {"timeout": 5}})
    with webhook() as hook:
        ward = Contact("Ward", webhook=f"http://127.0.0.1:{hook.port}")
        contacts = Contacts((), {"hospital": SiteContacts((Step(LEASE * 10, (ward,)),))})

        def round_of_work() -> None:
            opened = Database(url, clock)
            tell_contacts(opened, settings, contacts)
            opened.close()

        assert killed_at(point, tmp_path / "markers", round_of_work)
        clock.pass_seconds(LEASE.total_seconds() + 1)
        round_of_work()
        round_of_work()
        assert len(hook.posts) == POINTS[point]
    database = Database(url, clock)
    with database.read() as session:
        row = critical_rows.one(session, EVERYBODY, 1)
    database.close()
    assert row is not None
    assert [message.sent_at is not None for message in row.messages] == [True]
