"""Accounts are added, changed, disabled and enabled; the last administrator stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict, Invalid, NotThere, WrongState
from gateway.records import accounts
from gateway.records.database import Database
from gateway.records.ledger.persons.accounts import (
    Scope,
    add_user,
    change_account,
    disable_account,
    enable_account,
)
from gateway.records.ledger.persons.sign_in import sign_in
from gateway.records.tables.administration import Account
from support.records import PASSWORD, audit_events, reader

HOUR = timedelta(hours=1)
READS_ALL = Scope("reader", "", every_site=True)


def test_a_short_password_an_unknown_role_and_a_taken_login_are_refused(database: Database) -> None:
    """Each with its fix."""
    with pytest.raises(Invalid, match="characters"):
        add_user(database, "x", "", "reader", "north", "short")
    with pytest.raises(Invalid, match="role"):
        add_user(database, "x", "", "king", "north", PASSWORD)
    with pytest.raises(Invalid, match="login"):
        add_user(database, "a:b", "", "reader", "north", PASSWORD)
    reader(database)
    with pytest.raises(Conflict):
        reader(database)


@pytest.mark.parametrize(
    ("scope", "problem"),
    [
        (Scope("coordinator"), "for one site"),
        (Scope("coordinator", "", every_site=True), "for one site"),
        (Scope("reader"), "not said which site"),
        (Scope("lead"), "not said which site"),
        (Scope("admin"), "not said which site"),
        (Scope("admin", "north", every_site=True), "contradict"),
    ],
)
def test_a_site_is_never_open_by_default(database: Database, scope: Scope, problem: str) -> None:
    """Neither when an account is made nor when it is changed."""
    number = reader(database, "ben", "reader", "north")
    with pytest.raises(Invalid, match=problem) as told:
        add_user(database, "x", "", scope.role, scope.site, PASSWORD, every_site=scope.every_site)
    assert "ite" in told.value.fix
    with pytest.raises(Invalid, match=problem):
        change_account(database, number, scope, "test")


def test_the_database_itself_keeps_a_site_closed(database: Database) -> None:
    """Whatever code writes the row."""
    number = reader(database, "carla", "coordinator", "north")

    def open_up() -> None:
        with database.write("test") as session:
            account = session.get_one(Account, number)
            account.site, account.every_site = "", True

    with pytest.raises(IntegrityError, match="scope"):
        open_up()


def test_a_change_of_role_or_site_ends_the_sessions(database: Database) -> None:
    """What was open was opened by somebody who might see more."""
    reader(database, "olga", "admin")
    number = reader(database)
    token, _ = sign_in(database, "ana", PASSWORD, HOUR)
    change_account(database, number, Scope("lead", "north"), "olga")
    assert accounts.session_of(database, token) is None
    _, viewer = sign_in(database, "ana", PASSWORD, HOUR)
    assert (viewer.role, viewer.site) == ("lead", "north")
    [event] = audit_events(database, "account changed")
    assert (event.who, event.subject, event.detail["before"]["role"]) == (
        "olga",
        f"account {number}",
        "reader",
    )


def test_a_disabled_account_is_out_at_once_and_back_with_its_password(database: Database) -> None:
    """Its sessions do not come back with it."""
    number = reader(database)
    token, _ = sign_in(database, "ana", PASSWORD, HOUR)
    disable_account(database, number, "olga")
    assert accounts.session_of(database, token) is None
    enable_account(database, number, "olga")
    assert accounts.session_of(database, token) is None
    sign_in(database, "ana", PASSWORD, HOUR)
    assert [event.action for event in audit_events(database)][-3:-1] == [
        "account disabled",
        "account enabled",
    ]


Loss = Callable[[Database, int], None]
LOSSES: dict[str, Loss] = {
    "disabled": lambda database, number: disable_account(database, number, "test"),
    "another role": lambda database, number: change_account(database, number, READS_ALL, "test"),
    "one site": lambda database, number: change_account(database, number, Scope("admin", "north"), "test"),
}


@pytest.mark.parametrize("how", LOSSES)
def test_the_last_administrator_of_everything_cannot_be_lost(database: Database, how: str) -> None:
    """One of a single site, or one that is disabled, does not count."""
    last, other = reader(database, "olga", "admin"), reader(database, "otto", "admin")
    reader(database, "nora", "admin", "north")
    disable_account(database, other, "test")
    with pytest.raises(WrongState, match="last administrator") as told:
        LOSSES[how](database, last)
    assert "--every-site" in told.value.fix
    change_account(database, last, Scope("admin", "", every_site=True), "test")
    enable_account(database, other, "test")
    LOSSES[how](database, last)


def test_two_administrators_cannot_take_each_other_away_at_once(database: Database) -> None:
    """The second finds out that it is the last."""
    numbers = [reader(database, login, "admin") for login in ("olga", "otto")]
    start, refused = threading.Barrier(2), []

    def disable(number: int) -> None:
        start.wait(10)
        try:
            disable_account(database, number, "test")
        except WrongState as error:
            refused.append(error)

    threads = [threading.Thread(target=disable, args=(number,)) for number in numbers]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(refused) == 1


def test_no_account_is_changed_that_is_not_there(database: Database) -> None:
    """With what shows those that are."""
    for change in (*LOSSES.values(), lambda where, number: enable_account(where, number, "test")):
        with pytest.raises(NotThere, match="99"):
            change(database, 99)
