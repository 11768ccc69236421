"""Notices: written once with their event, told in order by each channel, told later by one that was down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.records.database import Database
from gateway.records.ledger.notices import (
    MOST_AT_ONCE,
    DueNotices,
    notices_failed,
    notices_told,
    raise_notice,
    take_notices,
)
from gateway.records.views import notice_rows
from support.records import FakeClock

LEASE = timedelta(minutes=5)


def _raise(database: Database, *numbers: int) -> None:
    with database.write("test") as session:
        for number in numbers:
            raise_notice(
                session, database.now(session), f"case {number} parked", f"Case {number}.", "/", "north"
            )


def _told(batch: DueNotices | None) -> list[str]:
    return [] if batch is None else [notice.text for notice in batch.notices]


def test_an_event_has_one_notice(database: Database) -> None:
    """A second one of the same event changes nothing, also in the same transaction."""
    _raise(database, 1, 1)
    _raise(database, 1)
    with database.read() as session:
        assert [(notice.text, notice.site) for notice in notice_rows.newest(session)] == [
            ("Case 1.", "north")
        ]


def test_a_notice_of_a_change_that_fails_is_not_told(database: Database) -> None:
    """It is in the transaction of its event."""
    take_notices(database, "mail", LEASE)
    with pytest.raises(KeyError), database.write("test") as session:  # noqa: PT012  both belong to the transaction
        raise_notice(session, database.now(session), "event", "Never.", "/")
        raise KeyError
    assert take_notices(database, "mail", LEASE) is None


def test_a_new_channel_tells_what_comes_not_what_was(database: Database) -> None:
    """Nobody is sent a year of notices when mail is set up; the first look makes the channel."""
    _raise(database, 1)
    assert take_notices(database, "mail", LEASE) is None
    _raise(database, 2)
    assert _told(take_notices(database, "mail", LEASE)) == ["Case 2."]


def test_one_replica_tells_and_each_channel_for_itself(database: Database, clock: FakeClock) -> None:
    """What one has taken is held until it is told, or its lease is over."""
    for channel in ("mail", "webhook"):
        take_notices(database, channel, LEASE)
    _raise(database, 1)
    first = take_notices(database, "mail", LEASE)
    assert take_notices(database, "mail", LEASE) is None
    assert _told(take_notices(database, "webhook", LEASE)) == ["Case 1."]
    clock.pass_seconds(301)
    again = take_notices(database, "mail", LEASE)
    assert again is not None
    assert _told(again) == _told(first)
    notices_told(database, "mail", again)
    assert take_notices(database, "mail", LEASE) is None


def test_many_are_told_in_order_a_message_at_a_time(database: Database) -> None:
    """A message of thousands would be read by nobody."""
    take_notices(database, "mail", LEASE)
    _raise(database, *range(1, MOST_AT_ONCE + 4))
    first = take_notices(database, "mail", LEASE)
    assert first is not None
    notices_told(database, "mail", first)
    assert _told(first) == [f"Case {n}." for n in range(1, MOST_AT_ONCE + 1)]
    assert _told(take_notices(database, "mail", LEASE)) == [f"Case {MOST_AT_ONCE + n}." for n in (1, 2, 3)]


def test_a_channel_that_fails_says_so_and_tells_everything_later(
    database: Database, clock: FakeClock
) -> None:
    """Since when, why and what to do stand on the page; success clears them."""
    take_notices(database, "mail", LEASE)
    _raise(database, 1)
    began = clock.time
    for attempts in (0, 1):
        batch = take_notices(database, "mail", LEASE)
        assert batch is not None
        assert batch.attempts == attempts
        notices_failed(database, "mail", "It is down.", "Start it.", timedelta(seconds=60))
        assert take_notices(database, "mail", LEASE) is None
        clock.pass_seconds(61)
    with database.read() as session:
        [channel] = notice_rows.channels(session)
    assert (channel.attempts, channel.failing_since, channel.problem, channel.fix) == (
        2,
        began,
        "It is down.",
        "Start it.",
    )
    _raise(database, 2)
    batch = take_notices(database, "mail", LEASE)
    assert batch is not None
    assert _told(batch) == ["Case 1.", "Case 2."]
    notices_told(database, "mail", batch)
    with database.read() as session:
        [channel] = notice_rows.channels(session)
    assert (channel.attempts, channel.failing_since, channel.problem, channel.told_at) == (
        0,
        None,
        "",
        clock.time,
    )
