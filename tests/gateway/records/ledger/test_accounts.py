"""Accounts: added, signed in and out, locked after guesses, each with its line in the trail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.errors import Conflict, GatewayError, NotAllowed, NotThere
from gateway.records import accounts
from gateway.records.database import Database
from gateway.records.ledger.accounts import add_user, check_password, end_expired_sessions, sign_in, sign_out
from gateway.records.tables.administration import Account, WebSession
from support.records import PASSWORD, FakeClock, audit_events, reader

HOUR = timedelta(hours=1)


class TestAccounts:
    """Signing in."""

    def test_the_right_password_opens_a_session_that_ends(self, database: Database, clock: FakeClock) -> None:
        """The token tells who it is until its lifetime is over."""
        reader(database)
        token, viewer = sign_in(database, "ana", PASSWORD, HOUR)
        assert accounts.session_of(database, token) == viewer
        clock.pass_seconds(3601)
        assert accounts.session_of(database, token) is None

    def test_signing_out_ends_the_session(self, database: Database) -> None:
        """The token is worth nothing afterwards."""
        reader(database)
        token, _ = sign_in(database, "ana", PASSWORD, HOUR)
        sign_out(database, token)
        assert accounts.session_of(database, token) is None

    def test_unknown_login_and_wrong_password_look_the_same(self, database: Database) -> None:
        """The message does not tell which logins exist."""
        reader(database)
        messages = set()
        for login in ("ana", "nobody"):
            with pytest.raises(NotAllowed) as refused:
                sign_in(database, login, "wrong", HOUR)
            messages.add(str(refused.value))
        assert len(messages) == 1

    def test_guessing_locks_nobody_out(self, database: Database) -> None:
        """However many wrong passwords were tried by whomever: the right one signs in. The brakes are the pages'."""
        ana = reader(database)
        for _ in range(6):
            with pytest.raises(NotAllowed):
                sign_in(database, "ana", "wrong", HOUR)
            with pytest.raises(NotAllowed):
                check_password(database, ana, "wrong")
        sign_in(database, "ana", PASSWORD, HOUR)
        check_password(database, ana, PASSWORD)

    def test_a_short_password_an_unknown_role_and_a_taken_login_are_refused(self, database: Database) -> None:
        """Each with its fix."""
        with pytest.raises(GatewayError, match="at least"):
            add_user(database, "x", "", "reader", "", "short")
        with pytest.raises(GatewayError, match="role"):
            add_user(database, "x", "", "king", "", PASSWORD)
        reader(database)
        with pytest.raises(Conflict):
            reader(database)

    def test_every_attempt_is_in_the_trail(self, database: Database) -> None:
        """Under the login where there is such an account; what an unknown one typed may be a password."""
        number = reader(database)
        sign_in(database, "ana", PASSWORD, HOUR)
        for login in ("ana", PASSWORD):
            with pytest.raises(NotAllowed):
                sign_in(database, login, "wrong", HOUR)
        events = audit_events(database)
        assert [(event.who, event.action, event.subject) for event in events] == [
            ("command line", "account added", f"account {number}"),
            ("ana", "signed in", f"account {number}"),
            ("ana", "sign-in refused", f"account {number}"),
            ("unknown login", "sign-in refused", "account -"),
        ]
        assert PASSWORD not in str([event.model_dump() for event in events])

    def test_a_disabled_account_cannot_sign_in(self, database: Database) -> None:
        """With the right password it hears what a wrong one hears."""
        number = reader(database)
        with database.write("test") as session:
            session.get_one(Account, number).disabled = True
        with pytest.raises(NotAllowed, match="do not fit"):
            sign_in(database, "ana", PASSWORD, HOUR)

    def test_sessions_end_with_their_time(self, database: Database, clock: FakeClock) -> None:
        """The sweep takes those that are over, and no other."""
        reader(database)
        short, _ = sign_in(database, "ana", PASSWORD, HOUR)
        long, _ = sign_in(database, "ana", PASSWORD, 2 * HOUR)
        clock.pass_seconds(3601)
        end_expired_sessions(database)
        with database.read() as session:
            kept = session.exec(select(WebSession.token_hash)).all()
        assert kept == [accounts.token_hash(long)]
        assert accounts.session_of(database, short) is None

    def test_the_password_of_no_account_is_refused(self, database: Database) -> None:
        """The account was deleted between the page and the signature."""
        with pytest.raises(NotThere):
            check_password(database, 99, PASSWORD)

    def test_a_refused_signature_is_in_the_trail(self, database: Database) -> None:
        """A right one is not: the signature has its own line."""
        ana = reader(database)
        check_password(database, ana, PASSWORD)
        with pytest.raises(NotAllowed):
            check_password(database, ana, "wrong")
        [event] = audit_events(database, "signature password refused")
        assert (event.who, event.subject) == ("ana", f"account {ana}")
