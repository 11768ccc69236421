"""What tables have in common: the number of a saved row, and values that the database itself refuses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

import gateway
from gateway.errors import GatewayError
from gateway.records.database import Database
from gateway.records.ledger.parking import UNITS
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.columns import METADATA, Due, Numbered
from gateway.records.tables.commitments import OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Study

PACKAGES = tuple(
    Path(gateway.__file__).parents[1] / name for name in ("gateway", "dicom_nodes", "routing_rules")
)


def _account(login: str = "ana", role: str = "reader") -> Account:
    return Account(login=login, display_name="", role=role, password_hash="x")


def test_a_saved_row_has_its_number(database: Database) -> None:
    """After the flush, and as the column that a query selects."""
    with database.write("test") as session:
        rows = [_account("ana"), _account("ben")]
        session.add_all(rows)
        session.flush()
        assert [row.saved_id for row in rows] == [1, 2]
    with database.read() as session:
        assert list(session.exec(select(Account.ids()).order_by(Account.ids()))) == [1, 2]


def test_a_row_that_was_never_saved_says_so() -> None:
    """The error names the kind of row and what to do, nothing of what is in it."""
    with pytest.raises(GatewayError, match="This Account has no number") as refused:
        _ = _account("ana").saved_id
    assert "Flush" in refused.value.fix
    assert "ana" not in str(refused.value)


def test_a_value_outside_the_list_is_refused_when_it_is_written(database: Database) -> None:
    """Not when the row is next read: the table itself has the constraint."""
    with pytest.raises(IntegrityError), database.write("test") as session:
        session.add(_account(role="king"))
    with database.read() as session:
        assert session.exec(select(Account)).all() == []


def test_what_the_engine_works_on_has_a_place_in_its_queue() -> None:
    """The units of the ledger, and nothing else; their numbers order what is due at the same moment."""
    assert set(Due.__subclasses__()) == set(UNITS.values()) == {Case, Conflict, OwedResult, Reply, Study}
    assert issubclass(Due, Numbered)


def test_every_table_with_a_number_of_its_own_is_numbered() -> None:
    """So there is one way to ask a row for it."""
    tables: dict[str, type[SQLModel]] = {
        str(mapper.local_table): mapper.class_ for mapper in SQLModel._sa_registry.mappers
    }
    assert set(tables) == set(METADATA.tables)
    with_a_number = {
        name for name, table in METADATA.tables.items() if [*table.primary_key.columns.keys()] == ["id"]
    }
    assert {name for name, table in tables.items() if issubclass(table, Numbered)} == with_a_number


def guesses(tree: ast.AST) -> Iterator[int]:
    """The lines that wave a missing number through: `assert row.id is not None`, `row.id or 0`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            compared = [part for part in ast.walk(node.test) if isinstance(part, ast.Compare)]
            asked = [part.left for part in compared if isinstance(part.ops[0], ast.IsNot)]
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            asked = node.values[:-1] if isinstance(node.values[-1], ast.Constant) else []
        else:
            continue
        if any(isinstance(part, ast.Attribute) and part.attr == "id" for part in asked):
            yield node.lineno


def test_nobody_guesses_a_number() -> None:
    """`saved_id` is the one way; the rule is shown to catch both of the old ones."""
    sample = "assert row.id is not None\nassert row and row.id is not None\nnumber = row.id or 0\nfine = row.saved_id\n"
    assert list(guesses(ast.parse(sample))) == [1, 2, 3]
    files = [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]
    assert len(files) > 200
    assert {
        f"{path}:{line}" for path in files for line in guesses(ast.parse(path.read_text(encoding="utf-8")))
    } == set()
