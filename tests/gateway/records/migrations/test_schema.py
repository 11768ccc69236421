"""An upgrade keeps what is there: a database of the first version, with rows, becomes one of this version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import command

from gateway.records.database import Database
from gateway.records.migrations import schema

FIRST = "7a1407f3b970"
SAMPLES: dict[type[sa.types.TypeEngine[Any]], Any] = {
    sa.String: "RECEIVED",
    sa.Integer: 1,
    sa.Boolean: False,
    sa.DateTime: datetime(2026, 1, 1, tzinfo=UTC),
    sa.JSON: {},
    sa.LargeBinary: b"x",
}
CHOSEN = {"state": {"case": "MATCHED", "study": "RECEIVED"}, "role": {"account": "reader"}}


def _row(table: sa.Table) -> dict[str, Any]:
    """A value for every column, as the constraints want it."""
    return {
        column.name: CHOSEN.get(column.name, {}).get(table.name)
        or next(value for kind, value in SAMPLES.items() if isinstance(column.type, kind))
        for column in table.columns
    }


def test_every_row_of_the_first_version_survives_the_upgrade(database: Database) -> None:
    """One row in every table; all are there afterwards, with the columns they had."""
    with database.engine.connect() as connection:
        command.downgrade(schema._config(connection), FIRST)
        connection.commit()
        metadata = sa.MetaData()
        metadata.reflect(connection)
        kept = {}
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                kept[table.name] = _row(table)
                connection.execute(sa.insert(table).values(kept[table.name]))
        connection.commit()
    schema.upgrade(database)
    schema.differences(database)
    with database.engine.connect() as connection:
        now = sa.MetaData()
        now.reflect(connection)
        for name, row in kept.items():
            [found] = connection.execute(sa.select(now.tables[name])).mappings()
            assert {key: found[key] for key in row if not isinstance(row[key], datetime)} == {
                key: value for key, value in row.items() if not isinstance(value, datetime)
            }


def test_the_revisions_make_the_tables_of_the_code(database: Database) -> None:
    """alembic check finds no difference, on either database."""
    schema.differences(database)
    assert schema.is_current(database)
