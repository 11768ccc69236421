"""Passwords are changed by their owners and set anew by one-time links."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import Invalid, NotAllowed, NotThere, WrongState
from gateway.records import accounts
from gateway.records.database import Database
from gateway.records.ledger.persons.accounts import disable_account
from gateway.records.ledger.persons.passwords import change_password, make_reset_link, use_reset_link
from gateway.records.ledger.persons.sign_in import begin_sign_in, finish_sign_in, sign_in
from gateway.records.tables.administration import Account
from support.records import PASSWORD, FakeClock, audit_events, code_of, reader, with_factor

HOUR = timedelta(hours=1)
NEW = "another long one"


def test_a_changed_password_ends_every_other_session(database: Database) -> None:
    """And the earlier password opens nothing any more."""
    ana = reader(database)
    others, mine = (sign_in(database, "ana", PASSWORD, HOUR)[0] for _ in range(2))
    with pytest.raises(NotAllowed):
        change_password(database, ana, mine, "wrong", NEW)
    with pytest.raises(Invalid):
        change_password(database, ana, mine, PASSWORD, "short")
    assert accounts.session_of(database, others) is not None
    change_password(database, ana, mine, PASSWORD, NEW)
    assert accounts.session_of(database, others) is None
    assert accounts.session_of(database, mine) is not None
    with pytest.raises(NotAllowed):
        sign_in(database, "ana", PASSWORD, HOUR)
    sign_in(database, "ana", NEW, HOUR)
    actions = [event.action for event in audit_events(database)]
    assert [action for action in actions if "change" in action] == [
        "password change refused",
        "password changed",
    ]
    with pytest.raises(NotThere):
        change_password(database, 99, mine, PASSWORD, NEW)


def test_the_second_factor_goes_with_a_changed_password(database: Database, clock: FakeClock) -> None:
    """It is sealed anew: the same authenticator goes on."""
    ana = reader(database)
    secret, codes = with_factor(database, ana)
    token, _ = finish_sign_in(database, begin_sign_in(database, "ana", PASSWORD, HOUR).token, codes[0], HOUR)
    change_password(database, ana, token, PASSWORD, NEW)
    clock.pass_seconds(60)
    finish_sign_in(database, begin_sign_in(database, "ana", NEW, HOUR).token, code_of(secret, clock), HOUR)


def test_a_link_sets_a_password_once_and_ends_every_session(database: Database) -> None:
    """It is kept as a hash; a newer one replaces it."""
    ana = reader(database)
    token, _ = sign_in(database, "ana", PASSWORD, HOUR)
    replaced = make_reset_link(database, ana, HOUR, "olga")
    link = make_reset_link(database, ana, HOUR, "olga")
    with database.read() as session:
        assert link not in session.get_one(Account, ana).reset_hash
    assert accounts.session_of(database, token) is not None
    with pytest.raises(Invalid):
        use_reset_link(database, link, "ana ana ana 123")
    assert use_reset_link(database, link, NEW) == "ana"
    assert accounts.session_of(database, token) is None
    sign_in(database, "ana", NEW, HOUR)
    for used in (link, replaced, ""):
        with pytest.raises(NotThere):
            use_reset_link(database, used, "yet another long one")


def test_a_link_ends_with_its_time_and_with_the_account(database: Database, clock: FakeClock) -> None:
    """For a disabled account none is made."""
    ana = reader(database)
    late = make_reset_link(database, ana, HOUR, "olga")
    clock.pass_seconds(3600)
    with pytest.raises(NotThere):
        use_reset_link(database, late, NEW)
    gone = make_reset_link(database, ana, HOUR, "olga")
    disable_account(database, ana, "olga")
    with pytest.raises(NotThere):
        use_reset_link(database, gone, NEW)
    with pytest.raises(WrongState, match="disabled"):
        make_reset_link(database, ana, HOUR, "olga")


def test_a_link_does_not_open_the_second_factor(database: Database, clock: FakeClock) -> None:
    """A recovery code does; or the administrator takes the second factor away with the password."""
    ana = reader(database)
    secret, codes = with_factor(database, ana)
    use_reset_link(database, make_reset_link(database, ana, HOUR, "olga"), NEW)
    clock.pass_seconds(60)
    half = begin_sign_in(database, "ana", NEW, HOUR)
    assert half.stage == "code"
    with pytest.raises(NotAllowed):
        finish_sign_in(database, half.token, code_of(secret, clock), HOUR)
    finish_sign_in(database, half.token, codes[0], HOUR)
    use_reset_link(database, make_reset_link(database, ana, HOUR, "olga", with_factor=True), PASSWORD)
    assert begin_sign_in(database, "ana", PASSWORD, HOUR).stage == "open"
