"""Sealed identities: one row for each patient, read with a line in the trail, moved to a new key, keys retired."""

from __future__ import annotations

import pytest
from sqlmodel import select

from gateway.errors import KeyMissing, NotThere
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.vault import Patient, SealedIdentity, Vault
from gateway.records.ledger.identities import (
    BEGAN,
    RETIRED,
    ROTATED,
    begin_rotation,
    end_rotation,
    keep_identity,
    note_resealed,
    open_identity,
    reseal_batch,
    retire_key,
    rows_by_key,
)
from gateway.records.tables.administration import RetiredKey
from gateway.records.tables.studies import Identity
from support.records import audit_events, keep_identities, sealed


def _keep(database: Database, identity: SealedIdentity) -> int:
    with database.write("test") as session:
        return keep_identity(session, identity, database.now(session)).saved_id


def test_a_patient_has_one_row(database: Database, vault: Vault) -> None:
    """The second study of a patient is theirs; the first seal stays."""
    first = _keep(database, sealed(vault, 1))
    assert _keep(database, sealed(vault, 1)) == first
    assert _keep(database, sealed(vault, 2)) != first
    assert open_identity(database, vault, first, "ana", "a report") == Patient(
        "1", "HOSP", "Muster^Maria 1", "19800101"
    )


def test_nothing_is_shown_without_its_line(database: Database, vault: Vault) -> None:
    """The line is committed first: it is there even when the seal then cannot be opened, and not for a missing row."""
    number = _keep(database, sealed(vault, 1))
    with database.write("test") as session:
        session.get_one(Identity, number).sealed = b"\0" * 40
    with pytest.raises(KeyMissing):
        open_identity(database, vault, number, "ana", "a report")
    with pytest.raises(NotThere):
        open_identity(database, vault, 99, "ana", "a report")
    [event] = audit_events(database)
    assert (event.action, event.subject) == ("identity read", f"identity {number}")


def test_a_key_that_a_row_names_is_not_retired(database: Database, vault: Vault) -> None:
    """And one that is retired names no new row; a known patient keeps theirs."""
    _keep(database, sealed(vault, 1))
    key_id = vault.ring.current
    assert not retire_key(database, key_id, "admin")
    with database.write("test") as session:
        session.delete(session.get_one(Identity, 1))
    assert retire_key(database, key_id, "admin")
    assert retire_key(database, key_id, "admin")
    with pytest.raises(KeyMissing, match=key_id) as refused:
        _keep(database, sealed(vault, 2))
    assert "run again" in refused.value.fix
    assert rows_by_key_of(database) == {}
    assert len(audit_events(database, RETIRED)) == 1
    with database.read() as session:
        assert session.exec(select(RetiredKey.key_id)).all() == [key_id]


def rows_by_key_of(database: Database) -> dict[str, int]:
    """How many rows name each key."""
    with database.read() as session:
        return rows_by_key(session)


def test_rows_are_sealed_again_some_at_a_time(
    database: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until none is left; nothing but seal and key of a row changes."""
    monkeypatch.setattr("gateway.records.ledger.identities.BATCH", 2)
    keep_identities(database, *(sealed(vault, number) for number in (1, 2, 3)))
    old, new = vault.ring.current, keys.add_key(vault.ring.folder)
    keys.make_current(vault.ring.folder, new)
    assert rows_by_key_of(database) == {old: 3}
    assert [reseal_batch(database, vault) for _ in range(3)] == [2, 1, 0]
    assert rows_by_key_of(database) == {new: 3}
    with database.read() as session:
        rows = session.exec(select(Identity).order_by(Identity.ids())).all()
    assert [(row.patient_hash, row.pseudonym) for row in rows] == [
        (f"hash {n}", f"PML-{n:08}") for n in (1, 2, 3)
    ]
    assert [open_identity(database, vault, n, "x", "y").patient_id for n in (1, 2, 3)] == ["1", "2", "3"]


def test_a_rotation_is_two_lines_and_a_count(database: Database, vault: Vault) -> None:
    """Begun with the names of both keys; ended with how many rows there are, and how many of keys that are away."""
    keep_identities(database, sealed(vault, 1), sealed(vault, 2))
    with database.write("test") as session:
        session.get_one(Identity, 2).key_id = "away"
    begin_rotation(database, "admin", "old", "new")
    assert end_rotation(database, "admin", "new", {vault.ring.current}, 7, "a check") == (2, 1)
    note_resealed(database, "new", 1)
    assert [(event.action, event.subject, event.detail) for event in audit_events(database)] == [
        (BEGAN, "key new", {"from": "old", "to": "new"}),
        (ROTATED, "key new", {"resealed": 7, "identities": 2, "out of reach": 1}),
        ("identities resealed", "vault", {"to": "new", "resealed": 1}),
    ]
