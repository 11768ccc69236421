"""A second factor is set up by its owner and taken away by an administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import NotAllowed, NotThere
from gateway.records.database import Database
from gateway.records.ledger.persons.passwords import change_password
from gateway.records.ledger.persons.second_factor import (
    confirm_factor,
    finish_set_up,
    propose_factor,
    proposed_secret,
    remove_factor,
)
from gateway.records.ledger.persons.sign_in import begin_sign_in, sign_in
from gateway.records.tables.administration import Account
from support.records import PASSWORD, FakeClock, audit_events, code_of, reader, with_factor

HOUR = timedelta(hours=1)


def test_a_set_up_takes_the_password_and_the_first_code(database: Database, clock: FakeClock) -> None:
    """Until then nothing is asked for at a sign-in; afterwards nothing in the records tells the secret."""
    ana = reader(database)
    token, _ = sign_in(database, "ana", PASSWORD, HOUR)
    with pytest.raises(NotAllowed):
        propose_factor(database, token, "wrong")
    assert proposed_secret(database, token) is None
    with pytest.raises(NotAllowed):
        confirm_factor(database, token, "123456")
    propose_factor(database, token, PASSWORD)
    secret = proposed_secret(database, token)
    assert secret is not None
    assert begin_sign_in(database, "ana", PASSWORD, HOUR).stage == "open"
    codes = confirm_factor(database, token, code_of(secret, clock))
    assert proposed_secret(database, token) is None
    with pytest.raises(NotThere):
        finish_set_up(database, token, HOUR)
    with database.read() as session:
        row = session.get_one(Account, ana)
    kept = str(row.model_dump())
    assert secret not in kept
    assert not [code for code in codes if code in kept]
    assert begin_sign_in(database, "ana", PASSWORD, HOUR).stage == "code"
    told = [event.action for event in audit_events(database) if "factor" in event.action]
    assert told == [
        "second factor password refused",
        "second factor refused",
        "second factor proposed",
        "second factor set up",
        "second factor asked",
    ]


def test_a_proposal_ends_with_the_password_that_sealed_it(database: Database, clock: FakeClock) -> None:
    """It could not be opened afterwards."""
    ana = reader(database)
    token, _ = sign_in(database, "ana", PASSWORD, HOUR)
    propose_factor(database, token, PASSWORD)
    secret = proposed_secret(database, token) or ""
    change_password(database, ana, token, PASSWORD, "another long one")
    with pytest.raises(NotAllowed):
        confirm_factor(database, token, code_of(secret, clock))


def test_who_lost_everything_is_helped_by_an_administrator(database: Database) -> None:
    """The password alone signs in again, or leads to a new set-up where the role wants it."""
    ana = reader(database)
    with_factor(database, ana)
    remove_factor(database, ana, "olga")
    assert begin_sign_in(database, "ana", PASSWORD, HOUR).stage == "open"
    assert begin_sign_in(database, "ana", PASSWORD, HOUR, wanted_of=["reader"]).stage == "set-up"
    [event] = audit_events(database, "second factor taken away")
    assert (event.who, event.subject) == ("olga", f"account {ana}")
    with pytest.raises(NotThere):
        remove_factor(database, 99, "olga")


def test_no_session_has_no_second_factor(database: Database) -> None:
    """It ended between the page and the button."""
    for change in (propose_factor, confirm_factor):
        with pytest.raises(NotThere):
            change(database, "no such token", PASSWORD)
