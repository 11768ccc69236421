"""The journal: one line for each fact, in the transaction of the change it tells of."""

from __future__ import annotations

import pytest

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.journal import add_line, login_of
from support.records import QUIET, FakeClock, journal, matched_case, new_instance, reader


def test_a_line_is_there_with_its_transaction_and_not_without(database: Database, clock: FakeClock) -> None:
    """A change that fails has no line."""
    study_id = ledger.keep_instance(database, new_instance(), QUIET)
    with pytest.raises(KeyError), database.write("test") as session:  # noqa: PT012  both belong to the transaction
        add_line(session, study_id, None, clock.time, "never happened")
        raise KeyError
    with database.write("test") as session:
        add_line(session, study_id, None, clock.time, "happened", detail={"n": 1})
    assert [(line.what, line.who) for line in journal(database)] == [
        ("first instance received", "gateway"),
        ("happened", "gateway"),
    ]
    assert journal(database)[-1].detail == {"n": 1}


def test_a_case_tells_its_own_lines_and_its_studys(database: Database, clock: FakeClock) -> None:
    """Lines of another case of the study are not among them."""
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        add_line(session, 1, case_id, clock.time, "of the case", "MATCHED", "ana")
        add_line(session, 1, None, clock.time, "of the study")
    told = [line.what for line in journal(database, 1, case_id)]
    assert told[-2:] == ["of the case", "of the study"]
    assert "of the case" not in [line.what for line in journal(database, 1, case_id + 1)]
    assert "of the case" in [line.what for line in journal(database, 1)]


def test_who_is_a_login_or_at_least_a_number(sqlite: Database) -> None:
    """Never empty: the command line acts under number 0, which is no account."""
    number = reader(sqlite)
    with sqlite.read() as session:
        assert (login_of(session, number), login_of(session, 0)) == ("ana", "account 0")
