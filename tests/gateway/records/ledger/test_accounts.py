"""Accounts: added, signed in and out, locked after guesses, each with its line in the trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import Conflict, GatewayError, NotAllowed
from gateway.records import accounts, ledger
from gateway.records.database import Database
from support.records import PASSWORD, FakeClock, reader

HOUR = timedelta(hours=1)


class TestAccounts:
    """Signing in."""

    def test_the_right_password_opens_a_session_that_ends(self, database: Database, clock: FakeClock) -> None:
        """The token tells who it is until its lifetime is over."""
        reader(database)
        token, viewer = ledger.sign_in(database, "ana", PASSWORD, HOUR)
        assert accounts.session_of(database, token) == viewer
        clock.pass_seconds(3601)
        assert accounts.session_of(database, token) is None

    def test_signing_out_ends_the_session(self, database: Database) -> None:
        """The token is worth nothing afterwards."""
        reader(database)
        token, _ = ledger.sign_in(database, "ana", PASSWORD, HOUR)
        ledger.sign_out(database, token)
        assert accounts.session_of(database, token) is None

    def test_unknown_login_and_wrong_password_look_the_same(self, database: Database) -> None:
        """The message does not tell which logins exist."""
        reader(database)
        messages = set()
        for login in ("ana", "nobody"):
            with pytest.raises(NotAllowed) as refused:
                ledger.sign_in(database, login, "wrong", HOUR)
            messages.add(str(refused.value))
        assert len(messages) == 1

    def test_guessing_locks_the_account_for_a_while(self, database: Database, clock: FakeClock) -> None:
        """After five wrong passwords even the right one is refused, for fifteen minutes."""
        reader(database)
        for _ in range(accounts.FAILURES_TO_LOCK):
            with pytest.raises(NotAllowed):
                ledger.sign_in(database, "ana", "wrong", HOUR)
        with pytest.raises(NotAllowed):
            ledger.sign_in(database, "ana", PASSWORD, HOUR)
        clock.pass_seconds(15 * 60 + 1)
        ledger.sign_in(database, "ana", PASSWORD, HOUR)

    def test_guessing_at_the_signature_locks_too(self, database: Database) -> None:
        """A stolen session cannot try passwords without limit: even the right one is refused then."""
        ana = reader(database)
        ledger.check_password(database, ana, PASSWORD)
        for _ in range(accounts.FAILURES_TO_LOCK):
            with pytest.raises(NotAllowed):
                ledger.check_password(database, ana, "wrong")
        with pytest.raises(NotAllowed, match="locked"):
            ledger.check_password(database, ana, PASSWORD)

    def test_a_short_password_an_unknown_role_and_a_taken_login_are_refused(self, database: Database) -> None:
        """Each with its fix."""
        with pytest.raises(GatewayError, match="at least"):
            ledger.add_user(database, "x", "", "reader", "", "short")
        with pytest.raises(GatewayError, match="role"):
            ledger.add_user(database, "x", "", "king", "", PASSWORD)
        reader(database)
        with pytest.raises(Conflict):
            reader(database)
