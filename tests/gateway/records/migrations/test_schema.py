"""An upgrade keeps what is there: a database of the first version, with rows, becomes one of this version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import command
from sqlmodel import select

from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, Draft
from gateway.records.tables.studies import Instance
from support.records import FakeClock, matched_case

FIRST = "7a1407f3b970"
SAMPLES: dict[type[sa.types.TypeEngine[Any]], Any] = {
    sa.String: "RECEIVED",
    sa.Integer: 1,
    sa.Boolean: False,
    sa.DateTime: datetime(2026, 1, 1, tzinfo=UTC),
    sa.JSON: {},
    sa.LargeBinary: b"x",
}
REPLACED = {"in_conflict"}
"""Columns of the first version that say the same under another name now."""
GONE = {"failed_sign_ins"}
"""Columns of the first version that nobody needs any more."""
SINCE = {"uploaded_by": None, "identity_of": None, "conflict_id": None, "standing": "in force"}
"""Columns of later versions that want a value of their own."""
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
            assert {key: found[key] for key in row if _as_it_was(key, row)} == {
                key: value for key, value in row.items() if _as_it_was(key, row)
            }


def test_a_site_is_said_by_the_upgrade_and_open_to_no_coordinator_without_one(database: Database) -> None:
    """Readers, leads and administrators without a site go on seeing every site; and back."""
    before = {
        "ana": ("reader", ""),
        "olga": ("admin", ""),
        "carla": ("coordinator", ""),
        "cora": ("coordinator", "n"),
    }
    with database.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "b94c2e70d5a8")
        account = sa.Table("account", sa.MetaData(), autoload_with=connection)
        for number, (login, (role, site)) in enumerate(before.items(), start=1):
            own = {"id": number, "login": login, "role": role, "site": site}
            connection.execute(sa.insert(account).values({**_row(account), **own}))
        connection.commit()
    schema.upgrade(database)
    with database.read() as session:
        found = {one.login: (one.site, one.every_site) for one in session.exec(select(Account))}
    assert found == {"ana": ("", True), "olga": ("", True), "carla": ("", False), "cora": ("n", False)}


def _as_it_was(column: str, row: dict[str, Any]) -> bool:
    return column not in REPLACED | GONE and not isinstance(row[column], datetime)


def test_a_second_version_of_an_object_is_set_aside_by_the_upgrade(sqlite: Database) -> None:
    """What was kept beside the first received stays beside it, and the first received in force; and back."""
    with sqlite.engine.connect() as connection:
        command.downgrade(schema._config(connection), "432aa6afb8f9")
        for number, in_conflict in ((1, False), (2, True)):
            for name in ("study", "instance"):
                table = sa.Table(name, sa.MetaData(), autoload_with=connection)
                row = {
                    **_row(table),
                    "id": number,
                    "in_conflict": in_conflict,
                    "study_instance_uid": str(number),
                    "uploaded_by": None,
                }
                row = {key: value for key, value in row.items() if key in table.columns}
                connection.execute(
                    sa.insert(table).values({**row, **({"study_id": number} if name == "instance" else {})})
                )
        connection.commit()
    schema.upgrade(sqlite)
    with sqlite.engine.connect() as connection:
        found = connection.execute(sa.text("SELECT standing FROM instance ORDER BY id")).scalars().all()
        assert found == ["in force", "set aside"]
        connection.rollback()  # within a transaction the next line would do nothing
        schema._foreign_keys(connection, "OFF")  # as `upgrade` does: tables are copied and dropped
        command.downgrade(schema._config(connection), "432aa6afb8f9")
        assert connection.execute(
            sa.text("SELECT in_conflict FROM instance ORDER BY id")
        ).scalars().all() == [0, 1]


def test_objects_received_before_are_their_studys_senders(sqlite: Database) -> None:
    """Nothing else is known of them, and an upload has none; the upgrade goes back, too."""
    with sqlite.engine.connect() as connection:
        command.downgrade(schema._config(connection), "f7a40d3e1c25")
        for number, sender in ((1, 'a "quoted" account'), (2, "")):
            for name in ("study", "instance"):
                table = sa.Table(name, sa.MetaData(), autoload_with=connection)
                own = {"study_id": number, "conflict_id": None} if name == "instance" else {"sender": sender}
                own |= {"study_instance_uid": str(number)} if name == "study" else {}
                row = {**_row(table), **SINCE, "id": number, **own}
                row = {key: value for key, value in row.items() if key in table.columns}
                connection.execute(sa.insert(table).values(row))
        connection.commit()
    schema.upgrade(sqlite)
    with sqlite.read() as session:
        assert session.exec(select(Instance.senders).order_by(Instance.ids())).all() == [
            ['a "quoted" account'],
            [],
        ]
    with sqlite.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "f7a40d3e1c25")
        columns = {column["name"] for column in sa.inspect(connection).get_columns("instance")}
    assert "senders" not in columns


def test_rows_of_before_say_under_which_scheme_they_were_made(database: Database) -> None:
    """Scheme 1, but for identities of studies without a number, which the form of their hash tells."""
    hashes = {1: f"2.25.{1 << 100}", 2: "ab" * 32}
    with database.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "0b6e2f4d9a71")
        for name in ("study", "identity", "case"):
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            for number, patient_hash in hashes.items():
                row = {**_row(table), "id": number, "patient_hash": patient_hash, "pseudonym": str(number)}
                row |= {"study_instance_uid": str(number), "uploaded_by": None, "study_id": number}
                row |= {"claimed_by": None, "identity_id": number, "read_under": None}
                row = {key: value for key, value in row.items() if key in table.columns}
                connection.execute(sa.insert(table).values(row))
        connection.commit()
    schema.upgrade(database)
    with database.engine.connect() as connection:
        asked = {
            name: connection.execute(sa.text(f'SELECT {column} FROM "{name}" ORDER BY id')).scalars().all()
            for name, column in (("identity", "scheme"), ("case", "scheme"), ("study", "has_number"))
        }
    assert asked == {"identity": [1, 2], "case": [1, 1], "study": [True, False]}


def test_the_revisions_make_the_tables_of_the_code(database: Database) -> None:
    """alembic check finds no difference, on either database."""
    schema.differences(database)
    assert schema.is_current(database)


def test_verdicts_that_silenced_the_calendar_no_longer_do(database: Database) -> None:
    """A few centimetres or no b = 1000 of an essential series: not readable; a reader's word and the rest stay."""
    line = {"name": "flair", "label": "FLAIR", "met": True, "essential": True}
    optional = {"name": "t1_contrast", "label": "T1 with contrast", "met": True, "essential": False}
    limits = {
        1: "FLAIR: covers 12 mm only",
        2: "FLAIR: b-values are 0, 50, wanted is about 1000 s/mm²",
        3: "FLAIR: the b-value is not stated",
        4: "FLAIR: slices are 5 mm thick, wanted are at most 3 mm",
        5: "T1 with contrast: covers 12 mm only",
        6: "FLAIR: covers 12 mm only",
    }
    with database.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "a81c5e2f9b30")
        for name in ("study", "case"):
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            for number, limit in limits.items():
                row = {**_row(table), **SINCE, "id": number, "study_instance_uid": str(number)}
                row |= {"study_id": number, "claimed_by": None, "identity_id": None, "read_under": None}
                row |= {"person_of": None, "readability": "readable_with_limits"}
                row |= {
                    "verdict": {
                        "readability": "readable_with_limits",
                        "requirements": [line, optional],
                        "limits": [limit],
                    },
                    "overrule": {"readability": "readable"} if number == 6 else {},
                }
                row = {key: value for key, value in row.items() if key in table.columns}
                connection.execute(sa.insert(table).values(row))
        connection.commit()
    schema.upgrade(database)
    with database.read() as session:
        cases = session.exec(select(Case).order_by(sa.column("id"))).all()
        found = {case.saved_id: case.readability for case in cases}
        assert all(case.verdict["readability"] == case.readability for case in cases)
    assert list(found.values()) == ["not_readable", "not_readable", "unknown", *["readable_with_limits"] * 3]
    with database.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "a81c5e2f9b30")
        rows = connection.execute(sa.text('SELECT readability FROM "case" ORDER BY id')).scalars().all()
    assert rows[2] == "not_readable"


def test_what_earlier_studies_show_is_worked_out(database: Database) -> None:
    """From what their facts tell of where images lie; too thick is not readable, a reader's word stays."""
    box = {
        "directions": [1, 0, 0, 0, 1, 0],
        "row_mm": 230.0,
        "column_mm": 230.0,
        "normal_mm": 144.0,
        "thickness_mm": 3.0,
        "spacing_mm": 3.0,
    }

    def series(kind: str, confidence: float = 0.9, **more: Any) -> dict[str, Any]:
        return {"kind": kind, "confidence": confidence, "stacks": [{**box, **more}]}

    facts = {
        1: [series("flair"), series("t1"), series("t1_contrast"), series("dwi", b_value=1000.0)],
        2: [series("t1", normal_mm=3.0), series("t2", thickness_mm=12.0), series("dwi", b_value=0.0)],
        3: [series("t1", normal_mm=None), series("t1_contrast", 0.5)],
        4: [series("swi")],
        5: [{"kind": "t1", "confidence": 0.9}],
    }
    lines = {1: "dwi flair t1 t1_contrast", 2: "dwi? t1- t2-", 3: "t1? t1_contrast?", 4: "none", 5: "t2?"}
    limit = {2: "FLAIR: slices are 12 mm thick, asked for are at most 3 mm"}
    with database.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "c6f20b7d4e18")
        for name in ("study", "case"):
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            for number, known in facts.items():
                row = {**_row(table), **SINCE, "id": number, "study_instance_uid": str(number)}
                row |= {"study_id": number, "claimed_by": None, "identity_id": None, "read_under": None}
                row |= {"person_of": None, "readability": "readable_with_limits", "facts": {"series": known}}
                row |= {"series": [{"kind": "t2"}], "overrule": {}}
                row["verdict"] = {
                    "readability": "readable_with_limits",
                    "requirements": [{"name": "flair", "label": "FLAIR", "met": True, "essential": True}],
                    "limits": [limit.get(number, "FLAIR: slices are 5 mm thick, asked for are at most 3 mm")],
                }
                row = {key: value for key, value in row.items() if key in table.columns}
                connection.execute(sa.insert(table).values(row))
        connection.commit()
    schema.upgrade(database)
    with database.read() as session:
        cases = session.exec(select(Case).order_by(sa.column("id"))).all()
        assert {case.saved_id: case.shows for case in cases} == lines
        assert [case.saved_id for case in cases if case.readability == "not_readable"] == [2]


def test_a_draft_of_before_is_its_last_writers_and_of_two_the_later_goes_back(
    database: Database, clock: FakeClock
) -> None:
    """A case can have a draft of each reader; the schema of before had room for one."""
    with database.write("test") as session:
        for number in (1, 2):
            session.add(
                Account(login=f"r{number}", display_name="R", role="reader", password_hash="x", id=number)
            )
        session.flush()
    case_id = matched_case(database, clock)
    with database.write("test") as session:
        for number in (1, 2):
            session.add(
                Draft(
                    case_id=case_id,
                    saved_by=number,
                    version=number,
                    content={"of": number},
                    saved_at=datetime(2026, 1, number, tzinfo=UTC),
                )
            )
    with database.engine.connect() as connection:
        schema._foreign_keys(connection, "OFF")
        command.downgrade(schema._config(connection), "c6f20b7d4e18")
        connection.commit()
    schema.upgrade(database)
    with database.read() as session:
        [left] = session.exec(select(Draft)).all()
    assert (left.saved_by, left.content) == (2, {"of": 2})
    key = sa.inspect(database.engine).get_pk_constraint("draft")
    assert key["constrained_columns"] == ["case_id", "saved_by"]
