"""Sessions are noted as seen and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import NotThere
from gateway.records import accounts
from gateway.records.accounts import token_hash
from gateway.records.database import Database
from gateway.records.ledger.persons.sessions import end_session, end_sessions, note_seen
from gateway.records.ledger.persons.sign_in import sign_in
from support.records import PASSWORD, audit_events, reader

HOUR = timedelta(hours=1)


def test_one_session_is_ended_by_the_name_a_page_has(database: Database) -> None:
    """Only one's own, only a whole name, and only once."""
    ana, ben = reader(database), reader(database, "ben")
    tokens = [sign_in(database, "ana", PASSWORD, HOUR)[0] for _ in range(2)]
    name = token_hash(tokens[0])[:16]
    for number, wrong in ((ben, name), (ana, name[:8]), (ana, ""), (ana, "0" * 16)):
        with pytest.raises(NotThere):
            end_session(database, number, wrong, "ana")
    end_session(database, ana, name, "ana")
    assert accounts.session_of(database, tokens[0]) is None
    assert accounts.session_of(database, tokens[1]) is not None
    with pytest.raises(NotThere):
        end_session(database, ana, name, "ana")
    assert len(audit_events(database, "session ended")) == 1


def test_all_sessions_of_an_account_end_but_ones_own(database: Database) -> None:
    """Nobody else's do; an administrator ends all."""
    ana = reader(database)
    reader(database, "ben")
    others, mine = (sign_in(database, "ana", PASSWORD, HOUR)[0] for _ in range(2))
    bens, _ = sign_in(database, "ben", PASSWORD, HOUR)
    assert end_sessions(database, ana, "ana", keep=mine) == 1
    assert accounts.session_of(database, others) is None
    assert accounts.session_of(database, mine) is not None
    assert end_sessions(database, ana, "olga") == 1
    assert accounts.session_of(database, mine) is None
    assert accounts.session_of(database, bens) is not None
    with pytest.raises(NotThere):
        end_sessions(database, 99, "olga")


def test_a_session_that_is_gone_is_noted_by_nobody(database: Database) -> None:
    """It ended between the look and the note."""
    note_seen(database, "no such token")
