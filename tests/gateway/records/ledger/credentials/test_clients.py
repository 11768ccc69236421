"""Programs with a token: given one, shown once; used; revoked; each with its line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from gateway.errors import Conflict, GatewayError, Invalid, NotThere
from gateway.records import credentials, ledger
from gateway.records.database import Database
from gateway.records.tables.administration import AuditEvent, Notice
from support.records import FakeClock


def lines(database: Database) -> list[tuple[str, str]]:
    """Who did what, in order."""
    with database.read() as session:
        return [(event.who, event.action) for event in session.exec(select(AuditEvent))]


GOOD: dict[str, Any] = {"name": "scanner", "scopes": ["stow"], "site": "north"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "Scanner North"},
        {"name": "x" * 41},
        {"scopes": []},
        {"scopes": ["stow", "everything"]},
        {"site": ""},
        {"node": "hospital"},
        {"lifetime": timedelta(0)},
        {"lifetime": timedelta(days=5000)},
    ],
    ids=str,
)
def test_a_token_is_for_known_scopes_of_one_node_or_site_and_ends(
    database: Database, wrong: dict[str, Any]
) -> None:
    """Nothing is guessed: what is missing is refused, and no line is left."""
    with pytest.raises(Invalid):
        ledger.add_client(database, **(GOOD | wrong))
    assert lines(database) == []


def test_a_name_is_given_once(database: Database) -> None:
    """Two tokens of one name could not be told apart in the trail."""
    ledger.add_client(database, **GOOD)
    with pytest.raises(Conflict):
        ledger.add_client(database, **GOOD)


def test_a_programs_life_is_in_the_trail(database: Database) -> None:
    """Added by whom, came from where (once for each change of address), refused why, revoked by whom."""
    token = ledger.add_client(database, **GOOD, who="admin")
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        with database.read() as session:
            client = credentials.client_of(session, token)
        assert client is not None
        ledger.note_client_use(database, client, address)
    ledger.revoke_client(database, "scanner", "admin")
    ledger.revoke_client(database, "scanner", "admin")
    ledger.refuse_client(database, client, "revoked", "192.0.2.3")
    assert lines(database) == [
        ("admin", "client added"),
        ("client scanner", "client came"),
        ("client scanner", "client came"),
        ("admin", "client revoked"),
        ("client scanner", "client refused"),
    ]


def test_nobody_revokes_what_is_not_there(database: Database) -> None:
    """The fix says where the names are."""
    with pytest.raises(NotThere) as refused:
        ledger.revoke_client(database, "scanner")
    assert "clients list" in refused.value.fix


def test_no_local_account_has_a_login_of_an_issuers_person(database: Database) -> None:
    """Their logins begin with a word that is kept for them."""
    with pytest.raises(GatewayError):
        ledger.add_user(database, "oidc:ana", "Ana", "reader", "", "correct horse battery")


def test_a_token_that_ends_is_told_before_and_after_once_each(database: Database, clock: FakeClock) -> None:
    """What its program sends would stay away in silence; a revoked one was ended by somebody who knows."""
    ledger.add_client(database, "scanner", ["stow"], site="north", lifetime=timedelta(days=365))
    ledger.add_client(database, "trial", ["stow"], site="north", lifetime=timedelta(days=8))
    ledger.add_client(database, "old", ["stow"], site="north", lifetime=timedelta(days=8))
    ledger.revoke_client(database, "old")
    seen = []
    for days in (0, 7, 2, 300, 30, 0, 30):
        clock.pass_seconds(days * 86400)
        ledger.note_ending_clients(database)
        with database.read() as session:
            seen.append(len(session.exec(select(Notice)).all()))
    assert seen == [0, 1, 2, 2, 3, 3, 4]
    with database.read() as session:
        texts = list(session.exec(select(Notice.text).order_by(col(Notice.id))))
    assert [text.split(" on ")[0] for text in texts] == [
        "The token of trial ends",
        "The token of trial ended",
        "The token of scanner ends",
        "The token of scanner ended",
    ]
