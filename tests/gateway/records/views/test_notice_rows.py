"""Notices and the channels that tell them, as the page lists them."""

from __future__ import annotations

from datetime import timedelta

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.notices import raise_notice
from gateway.records.views.notice_rows import channels, newest


def test_channels_by_name_and_notices_newest_first(sqlite: Database) -> None:
    """A channel is listed once it was used; the list of notices has an end."""
    for channel in ("webhook", "mail"):
        ledger.take_notices(sqlite, channel, timedelta(minutes=5))
    with sqlite.write("test") as session:
        for number in range(3):
            raise_notice(session, sqlite.now(session), f"event {number}", f"Notice {number}.", "/")
    with sqlite.read() as session:
        assert [row.name for row in channels(session)] == ["mail", "webhook"]
        assert [row.text for row in newest(session, 2)] == ["Notice 2.", "Notice 1."]
