"""Accounts and sessions as they are listed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.records import ledger
from gateway.records.accounts import Viewer, Whence, token_hash
from gateway.records.database import Database
from gateway.records.views import account_rows
from support.records import PASSWORD, FakeClock, reader, with_factor

HOUR = timedelta(hours=1)
IDLE = timedelta(minutes=30)


def test_what_is_listed_signs_nobody_in(sqlite: Database, clock: FakeClock) -> None:
    """Open sessions are counted, a factor is said to be there; no hash and no secret is in a row."""
    ana = reader(sqlite)
    reader(sqlite, "ben", "coordinator", "north")
    _, codes = with_factor(sqlite, ana)
    half = ledger.begin_sign_in(sqlite, "ana", PASSWORD, HOUR)
    token, _ = ledger.finish_sign_in(sqlite, half.token, codes[0], HOUR, Whence("192.0.2.7", "Firefox"))
    ledger.begin_sign_in(sqlite, "ana", PASSWORD, HOUR)
    ledger.make_reset_link(sqlite, ana, HOUR, "test")
    with sqlite.read() as session:
        now = sqlite.now(session)
        rows = {row.login: row for row in account_rows.accounts(session, now, IDLE)}
        [own] = account_rows.sessions(session, ana, now, IDLE, token_hash(token))
        again = account_rows.account_of(session, now, IDLE, login="ana")
        assert account_rows.account_of(session, now, IDLE, number=99) is None
    assert again == rows["ana"]
    assert (rows["ana"].sessions, rows["ana"].second_factor, rows["ana"].recovery_codes) == (1, True, 9)
    assert (rows["ana"].last_sign_in_at, rows["ana"].link_until) == (clock.time, clock.time + HOUR)
    assert (rows["ben"].site, rows["ben"].every_site, rows["ben"].last_sign_in_at) == ("north", False, None)
    assert (own.address, own.device, own.is_own) == ("192.0.2.7", "Firefox", True)
    assert own.name not in token
    assert "argon2" not in str(rows)


def test_a_session_that_was_left_alone_is_listed_no_more(sqlite: Database, clock: FakeClock) -> None:
    """Nor counted."""
    ana = reader(sqlite)
    ledger.sign_in(sqlite, "ana", PASSWORD, HOUR)
    clock.pass_seconds(1801)
    with sqlite.read() as session:
        assert account_rows.sessions(session, ana, clock.time, IDLE) == []
        assert [row.sessions for row in account_rows.accounts(session, clock.time, IDLE)] == [0]


@pytest.mark.parametrize(
    ("site", "managed"), [("", {"ana", "ben", "cora"}), ("north", {"ben"}), ("south", set())]
)
def test_an_administrator_of_a_site_manages_its_accounts_only(
    sqlite: Database, clock: FakeClock, site: str, managed: set[str]
) -> None:
    """Never those of every site."""
    reader(sqlite)
    reader(sqlite, "ben", "reader", "north")
    reader(sqlite, "cora", "coordinator", "east")
    admin = Viewer(9, "x", "X", "admin", site)
    with sqlite.read() as session:
        rows = account_rows.accounts(session, clock.time, IDLE)
    assert {row.login for row in rows if account_rows.may_manage(admin, row)} == managed
