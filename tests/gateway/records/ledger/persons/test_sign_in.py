"""Signing in and out, with and without a second factor, each with its line in the trail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.errors import NotAllowed, NotThere
from gateway.records import accounts
from gateway.records.accounts import Whence
from gateway.records.database import Database
from gateway.records.ledger.persons import sign_in as signing_in
from gateway.records.ledger.persons.accounts import disable_account
from gateway.records.ledger.persons.second_factor import confirm_factor, finish_set_up, proposed_secret
from gateway.records.ledger.persons.sessions import end_expired_sessions
from gateway.records.ledger.persons.sign_in import (
    MOST_UNKNOWN_AN_HOUR,
    UNKNOWN_LOGINS,
    begin_sign_in,
    check_password,
    finish_sign_in,
    sign_in,
    sign_out,
)
from gateway.records.tables.administration import Account, KnownPlace, WebSession
from gateway.records.views import case_rows
from support.records import PASSWORD, FakeClock, audit_events, code_of, reader, with_factor

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

    def test_strangers_fill_no_trail(
        self, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So many an hour have a line, the rest is counted; who has an account has a line for each all the same."""
        monkeypatch.setattr(signing_in, "fits", lambda *_: False)
        reader(database)

        def guess(login: str, times: int) -> int:
            for _ in range(times):
                with pytest.raises(NotAllowed):
                    sign_in(database, login, "wrong", HOUR)
            return len(audit_events(database, "sign-in refused"))

        assert guess("nobody", MOST_UNKNOWN_AN_HOUR + 7) == MOST_UNKNOWN_AN_HOUR
        with database.read() as session:
            [row] = case_rows.refusals(session)
        assert (row.times, row.why) == (7, UNKNOWN_LOGINS.why)
        assert guess("ana", 3) == MOST_UNKNOWN_AN_HOUR + 3
        clock.pass_seconds(3601)
        assert guess("nobody", 2) == MOST_UNKNOWN_AN_HOUR + 5

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


class TestWhatHappensMeanwhile:
    """The hash takes its time; what was true before it may be wrong after it."""

    @pytest.mark.parametrize("way", ["disabled", "another password"])
    def test_what_changed_during_the_hash_counts(
        self, database: Database, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The right password of a moment ago opens nothing."""
        number = reader(database)
        fits = accounts.fits

        def slowly(hashed: str, password: str) -> bool:
            right = fits(hashed, password)
            if way == "disabled":
                disable_account(database, number, "test")
            else:
                with database.write("test") as session:
                    session.get_one(Account, number).password_hash = accounts.HASHER.hash("something else")
            return right

        monkeypatch.setattr(signing_in, "fits", slowly)
        with pytest.raises(NotAllowed, match="do not fit"):
            sign_in(database, "ana", PASSWORD, HOUR)
        with database.read() as session:
            assert session.exec(select(WebSession)).all() == []

    def test_an_account_of_no_site_gets_in_nowhere_and_is_told_why(self, database: Database) -> None:
        """A coordinator of before, who had no site; who does not know the password is told nothing."""
        number = reader(database, "carla", "coordinator", "north")
        token, _ = sign_in(database, "carla", PASSWORD, HOUR)
        with database.write("test") as session:
            session.get_one(Account, number).site = ""
        assert accounts.session_of(database, token) is None
        with pytest.raises(NotAllowed, match="no site") as told:
            sign_in(database, "carla", PASSWORD, HOUR)
        assert "gateway users set carla --site" in told.value.fix
        with pytest.raises(NotAllowed, match="do not fit"):
            sign_in(database, "carla", "wrong", HOUR)

    def test_a_session_left_alone_ends_and_a_used_one_goes_on(
        self, database: Database, clock: FakeClock
    ) -> None:
        """Half an hour since the last sight of it; never beyond its lifetime."""
        from gateway.records.ledger import note_seen

        reader(database)
        idle = timedelta(minutes=30)
        token, viewer = sign_in(database, "ana", PASSWORD, HOUR)
        assert not accounts.is_worth_noting(database, token)
        clock.pass_seconds(1700)
        assert accounts.session_of(database, token, idle) == viewer
        assert accounts.is_worth_noting(database, token)
        note_seen(database, token)
        clock.pass_seconds(1700)
        assert accounts.session_of(database, token, idle) == viewer
        note_seen(database, token)
        clock.pass_seconds(201)
        assert accounts.session_of(database, token, idle) is None
        other, _ = sign_in(database, "ana", PASSWORD, HOUR)
        clock.pass_seconds(1801)
        assert accounts.session_of(database, other, idle) is None
        assert accounts.session_of(database, other) is not None


class TestPlaces:
    """What an account is known by."""

    def test_an_account_is_known_where_it_signed_in(self, database: Database) -> None:
        """By a right password alone, and no other login is."""
        reader(database)
        here = Whence("192.0.2.1", "Firefox", ("address", "browser"))
        with pytest.raises(NotAllowed):
            sign_in(database, "ana", "wrong", HOUR, here)
        assert not accounts.is_known(database, "ana", here.places)
        sign_in(database, "ana", PASSWORD, HOUR, here)
        sign_in(database, "ana", PASSWORD, HOUR, here)
        assert accounts.is_known(database, "ana", ("browser", "x"))
        assert not accounts.is_known(database, "ana", ("x",))
        assert not accounts.is_known(database, "nobody", here.places)
        with database.read() as session:
            assert len(session.exec(select(KnownPlace)).all()) == 2

    def test_the_place_not_used_for_longest_is_forgotten(
        self, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that somebody who travels fills no table."""
        monkeypatch.setattr(signing_in, "fits", lambda *_: True)
        reader(database)
        for number in range(signing_in.MOST_PLACES + 2):
            clock.pass_seconds(1)
            sign_in(database, "ana", PASSWORD, HOUR, Whence("", "", (f"p{number}",)))
        assert not accounts.is_known(database, "ana", ("p0", "p1"))
        assert accounts.is_known(database, "ana", ("p2",))


class TestSecondFactor:
    """After the password, a code."""

    def test_the_code_completes_the_sign_in_under_a_new_token(
        self, database: Database, clock: FakeClock
    ) -> None:
        """Half a sign-in is nobody's session, and ends with it."""
        number = reader(database)
        secret, _ = with_factor(database, number)
        clock.pass_seconds(60)
        half = begin_sign_in(database, "ana", PASSWORD, HOUR)
        assert (half.viewer, half.stage) == (None, "code")
        assert accounts.session_of(database, half.token) is None
        told = accounts.half_sign_in(database, half.token)
        assert told is not None
        assert (told.login, told.stage) == ("ana", "code")
        token, viewer = finish_sign_in(database, half.token, code_of(secret, clock), HOUR)
        assert accounts.session_of(database, token) == viewer
        assert token != half.token
        assert accounts.half_sign_in(database, half.token) is None
        with pytest.raises(NotThere):
            finish_sign_in(database, half.token, code_of(secret, clock), HOUR)

    def test_a_code_signs_in_once(self, database: Database, clock: FakeClock) -> None:
        """Who watched it being typed comes too late."""
        number = reader(database)
        secret, _ = with_factor(database, number)
        clock.pass_seconds(60)
        first, second = (begin_sign_in(database, "ana", PASSWORD, HOUR).token for _ in range(2))
        code = code_of(secret, clock)
        finish_sign_in(database, first, code, HOUR)
        with pytest.raises(NotAllowed, match="used already"):
            finish_sign_in(database, second, code, HOUR)
        assert len(audit_events(database, "second factor refused")) == 1

    def test_a_recovery_code_signs_in_once(self, database: Database) -> None:
        """The others stay."""
        number = reader(database)
        _, codes = with_factor(database, number)
        finish_sign_in(database, begin_sign_in(database, "ana", PASSWORD, HOUR).token, codes[3], HOUR)
        half = begin_sign_in(database, "ana", PASSWORD, HOUR).token
        with pytest.raises(NotAllowed):
            finish_sign_in(database, half, codes[3], HOUR)
        finish_sign_in(database, half, codes[4].upper(), HOUR)

    def test_a_half_sign_in_ends_soon_and_with_the_account(
        self, database: Database, clock: FakeClock
    ) -> None:
        """Ten minutes; at once when the account is disabled."""
        number = reader(database)
        secret, _ = with_factor(database, number)
        late = begin_sign_in(database, "ana", PASSWORD, HOUR).token
        clock.pass_seconds(601)
        with pytest.raises(NotThere):
            finish_sign_in(database, late, code_of(secret, clock), HOUR)
        gone = begin_sign_in(database, "ana", PASSWORD, HOUR).token
        disable_account(database, number, "test")
        with pytest.raises(NotThere):
            finish_sign_in(database, gone, code_of(secret, clock), HOUR)

    def test_who_must_have_it_sets_it_up_on_the_way_in(self, database: Database, clock: FakeClock) -> None:
        """The role asks for it: the sign-in leads to the set-up, and the set-up into the gateway."""
        reader(database)
        half = begin_sign_in(database, "ana", PASSWORD, HOUR, wanted_of=("reader",))
        assert (half.viewer, half.stage) == (None, "set-up")
        secret = proposed_secret(database, half.token)
        assert secret is not None
        with pytest.raises(NotThere):
            finish_set_up(database, half.token, HOUR)
        with pytest.raises(NotAllowed):
            confirm_factor(database, half.token, "000000" if code_of(secret, clock) != "000000" else "1")
        confirm_factor(database, half.token, code_of(secret, clock))
        token, viewer = finish_set_up(database, half.token, HOUR)
        assert accounts.session_of(database, token) == viewer
        assert begin_sign_in(database, "ana", PASSWORD, HOUR, wanted_of=("reader",)).stage == "code"

    def test_a_set_up_beside_another_changes_nothing(self, database: Database, clock: FakeClock) -> None:
        """Who knows the password alone cannot replace what the owner has just set up."""
        reader(database)
        mine, others = (begin_sign_in(database, "ana", PASSWORD, HOUR, wanted_of=("reader",)) for _ in "ab")
        secrets = [proposed_secret(database, half.token) or "" for half in (mine, others)]
        confirm_factor(database, mine.token, code_of(secrets[0], clock))
        with pytest.raises(NotThere):
            confirm_factor(database, others.token, code_of(secrets[1], clock))

    def test_a_program_cannot_sign_in_by_the_password_alone(self, database: Database) -> None:
        """Nor is anything of the attempt left open."""
        number = reader(database)
        with_factor(database, number)
        with pytest.raises(NotAllowed, match="second factor"):
            sign_in(database, "ana", PASSWORD, HOUR)
        with database.read() as session:
            assert session.exec(select(WebSession)).all() == []

    def test_a_signature_takes_password_and_code(self, database: Database, clock: FakeClock) -> None:
        """Where a site wants both: neither alone is enough, and the code is used up."""
        number = reader(database)
        with pytest.raises(NotAllowed, match="none yet") as told:
            check_password(database, number, PASSWORD, with_code=True)
        assert "page Account" in told.value.fix
        secret, codes = with_factor(database, number)
        clock.pass_seconds(60)
        code = code_of(secret, clock)
        with pytest.raises(NotAllowed, match="password"):
            check_password(database, number, "wrong", code, with_code=True)
        with pytest.raises(NotAllowed, match="code"):
            check_password(database, number, PASSWORD, "", with_code=True)
        check_password(database, number, PASSWORD, code, with_code=True)
        with pytest.raises(NotAllowed, match="code"):
            check_password(database, number, PASSWORD, code, with_code=True)
        check_password(database, number, PASSWORD, codes[0], with_code=True)
        assert len(audit_events(database, "signature code refused")) == 2
