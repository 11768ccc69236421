"""Persons of an issuer: known by issuer and subject alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.errors import NotAllowed, WrongState
from gateway.records import ledger
from gateway.records.accounts import session_of
from gateway.records.credentials import Presented, is_issued
from gateway.records.database import Database
from gateway.records.ledger import Scope
from gateway.records.tables.administration import Account, AuditEvent, Notice
from support.records import FakeClock

ANA = Presented("https://issuer.example", "7", "ana", "Dr. Ana", "coordinator", "north")
HOUR = timedelta(hours=1)


def test_a_person_is_the_same_by_issuer_and_subject_whatever_they_are_called(database: Database) -> None:
    """Another name, the same account; the same name and another subject or issuer, another account."""
    _, first = ledger.sign_in_by_issuer(database, ANA, HOUR)
    token, again = ledger.sign_in_by_issuer(
        database, replace(ANA, login="anna", display_name="Dr. Anna"), HOUR
    )
    assert (again.account_id, again.login, again.display_name) == (first.account_id, "oidc:ana", "Dr. Anna")
    assert session_of(database, token) == again
    others = [replace(ANA, subject="8"), replace(ANA, issuer="https://another.example")]
    numbers = {ledger.sign_in_by_issuer(database, other, HOUR)[1].account_id for other in others}
    assert len(numbers | {first.account_id}) == 3
    assert is_issued(database, first.account_id)


def test_a_local_account_is_never_taken_over(database: Database) -> None:
    """Nor does its password sign in at the issuer's account."""
    local = ledger.add_user(database, "ana", "Ana", "reader", "north", "correct horse battery")
    _, issued = ledger.sign_in_by_issuer(database, ANA, HOUR)
    assert issued.account_id != local
    assert not is_issued(database, local)
    with pytest.raises(NotAllowed):
        ledger.sign_in(database, "oidc:ana", "correct horse battery", HOUR)


def test_an_empty_site_is_every_site_in_so_many_words(database: Database) -> None:
    """And back, when the row of the table changes."""
    ledger.sign_in_by_issuer(database, replace(ANA, role="lead", site=""), HOUR)
    with database.read() as session:
        assert session.exec(select(Account)).one().every_site
    ledger.sign_in_by_issuer(database, ANA, HOUR)
    with database.read() as session:
        account = session.exec(select(Account)).one()
        assert (account.role, account.site, account.every_site) == ("coordinator", "north", False)
        changed = session.exec(select(AuditEvent).where(AuditEvent.action == "account changed")).one()
        assert changed.detail["role before"] == "lead"


def test_who_may_not_come_in_any_more_loses_the_sessions(database: Database) -> None:
    """A stranger's refusal has its line too."""
    token, _ = ledger.sign_in_by_issuer(database, ANA, HOUR)
    ledger.refuse_issued(database, ANA.issuer, "9", "no row")
    assert session_of(database, token) is not None
    ledger.refuse_issued(database, ANA.issuer, ANA.subject, "no row")
    assert session_of(database, token) is None


def test_an_emergency_is_a_notice_each_time(database: Database, clock: FakeClock) -> None:
    """Whoever runs the gateway hears of it."""
    for _ in range(2):
        ledger.note_emergency(database, 1, "glass")
        clock.pass_seconds(1)
    with database.read() as session:
        assert len(session.exec(select(Notice)).all()) == 2


def test_a_role_that_the_next_sign_in_would_give_back_cannot_be_taken_here(database: Database) -> None:
    """An administrator who lowers it would believe that it is lower; disabling holds."""
    _, ana = ledger.sign_in_by_issuer(database, replace(ANA, role="lead"), HOUR)
    with pytest.raises(WrongState, match="issuer says at each sign-in") as told:
        ledger.change_account(database, ana.account_id, Scope("reader", "north"), "test")
    assert "disable" in told.value.fix
    ledger.disable_account(database, ana.account_id, "test")
    with pytest.raises(NotAllowed):
        ledger.sign_in_by_issuer(database, replace(ANA, role="lead"), HOUR)


def test_the_way_in_without_the_issuer_is_not_lost_to_its_persons(database: Database) -> None:
    """An administrator of the issuer takes away the only one with a password: who is in when the issuer is away?"""
    local = ledger.add_user(database, "olga", "Olga", "admin", "", "correct horse battery", every_site=True)
    _, issued = ledger.sign_in_by_issuer(database, replace(ANA, role="admin", site=""), HOUR)
    with pytest.raises(WrongState, match="last administrator of every site who signs in without the issuer"):
        ledger.disable_account(database, local, "oidc:ana")
    with pytest.raises(WrongState, match="last administrator"):
        ledger.change_account(database, local, Scope("reader", "north"), "oidc:ana")
    ledger.disable_account(database, issued.account_id, "test")
