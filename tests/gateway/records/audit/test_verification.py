"""The sealed trail proves itself: whatever is done to it, the first row that does not fit is named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import col, select

from gateway.records import ledger
from gateway.records.audit import anchors as anchor_files
from gateway.records.audit import chain, first_chain, verification
from gateway.records.audit.anchors import Anchor
from gateway.records.audit.verification import Proof
from gateway.records.database import Database
from gateway.records.identities import audit_keys
from gateway.records.identities.audit_keys import AuditKeys
from gateway.records.ledger import audit_trail
from gateway.records.ledger.trail.sealing import Memory
from gateway.records.tables.administration import AuditEvent, Notice
from support.records import first_events


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys with one of the trail."""
    audit_keys.make(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def keys(folder: Path) -> AuditKeys:
    """The keys in it."""
    return audit_keys.audit_keys(folder)


def write(database: Database, number: int = 4) -> None:
    """Rows that nobody has sealed yet."""
    for one in range(number):
        with database.write("test") as session:
            detail = {"n": one, "why": "ä \u2028", "at": 0.1}
            audit_trail.append(session, database.now(session), "ana", "case parked", "case 1", detail)


def proof(database: Database, keys: AuditKeys, *anchors: Anchor) -> Proof:
    """What comes of the verification."""
    with database.read() as session:
        return verification.verify(session, keys.keys, anchors)


def anchor(database: Database) -> Anchor:
    """Anchor the chain as it stands."""
    due = ledger.anchor_due(database)
    assert due is not None
    return due


def test_rows_are_sealed_in_order_and_fit(database: Database, keys: AuditKeys) -> None:
    """The first row that a key seals says which; what is sealed is not sealed twice."""
    write(database)
    assert proof(database, keys) == Proof(0, 4, 0)
    assert ledger.seal_trail(database, keys) == 5
    assert ledger.seal_trail(database, keys) == 0
    assert proof(database, keys) == Proof(5, 0, 0)
    write(database, 1)
    assert proof(database, keys) == Proof(5, 1, 0)


def change(column: str, value: object) -> Callable[[Database], None]:
    """Somebody with the database changes a column of the third row."""

    def changed(database: Database) -> None:
        with database.write("test") as session:
            setattr(session.get_one(AuditEvent, 3), column, value)

    return changed


def remove(database: Database) -> None:
    """Somebody deletes it."""
    with database.write("test") as session:
        session.delete(session.get_one(AuditEvent, 3))


def insert(database: Database) -> None:
    """Somebody puts a row in place of it, with a seal worked out without the key."""
    remove(database)
    with database.write("test") as session:
        [before, *_] = session.exec(select(AuditEvent).where(AuditEvent.place == 2))
        row = AuditEvent(id=3, at=before.at, who="eve", action="case parked", subject="case 9", place=3)
        row.key_id, row.seal = before.key_id, chain.seal_of(b"guessed", before, before.seal)
        session.add(row)


DEEDS: dict[str, Callable[[Database], None]] = {
    "who": change("who", "ben"),
    "address": change("address", "10.0.0.1"),
    "action": change("action", "case claimed"),
    "subject": change("subject", "case 2"),
    "case": change("case_id", 2),
    "outcome": change("outcome", "refused"),
    "detail": change("detail", {"n": 99}),
    "seal": change("seal", "f" * 64),
    "key": change("key_id", "another"),
    "digest": change("digest", "f" * 64),
    "place": change("place", None),
    "removed": remove,
    "inserted": insert,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_changed_is_named(database: Database, keys: AuditKeys, deed: str) -> None:
    """Whatever somebody who can write the database does to a row, the walk ends there."""
    write(database)
    ledger.seal_trail(database, keys)
    DEEDS[deed](database)
    told = proof(database, keys)
    assert told.sealed == 2
    assert "Row 3 " in told.problem or "the row of place 3 is missing" in told.problem


def test_a_missing_end_is_found_by_the_anchor(database: Database, keys: AuditKeys) -> None:
    """Without one a chain that was cut looks like a shorter one: that is why they are written elsewhere."""
    write(database)
    ledger.seal_trail(database, keys)
    at_five = anchor(database)
    with database.write("test") as session:
        for row in session.exec(select(AuditEvent).where(col(AuditEvent.place) > 3)):
            session.delete(row)
    assert proof(database, keys).problem == ""
    told = proof(database, keys, at_five)
    assert "The end is missing: the trail ends at place 3" in told.problem
    assert "at place 5" in told.problem


def test_a_trail_sealed_anew_is_found_by_the_anchor(database: Database, keys: AuditKeys) -> None:
    """Even by somebody who has the key: the anchor names another seal."""
    write(database)
    ledger.seal_trail(database, keys)
    at_five = anchor(database)
    with database.write("test") as session:
        session.get_one(AuditEvent, 3).who = "eve"
        for row in session.exec(select(AuditEvent)):
            row.place = None
    ledger.seal_trail(database, keys)
    assert proof(database, keys).problem == ""
    assert "sealed anew" in proof(database, keys, at_five).problem


def test_an_anchor_added_for_the_new_seals_hides_nothing(database: Database, keys: AuditKeys) -> None:
    """A file that only grows keeps the first anchor of a place: a second one beside it does not replace it."""
    write(database)
    ledger.seal_trail(database, keys)
    at_five = anchor(database)
    with database.write("test") as session:
        session.get_one(AuditEvent, 3).who = "eve"
        for row in session.exec(select(AuditEvent)):
            row.place = None
    ledger.seal_trail(database, keys)
    assert "sealed anew" in proof(database, keys, at_five, anchor(database)).problem


@pytest.mark.parametrize("deed", ["deleted", "unsealed"])
def test_an_end_that_is_taken_away_while_a_worker_runs_is_told(
    database: Database, keys: AuditKeys, deed: str
) -> None:
    """Who writes the database cannot have the newest rows sealed once more, before the next anchor: the worker knows
    what it sealed."""
    memory = Memory()
    write(database)
    ledger.seal_trail(database, keys, memory)
    with database.write("test") as session:
        for row in session.exec(select(AuditEvent).where(col(AuditEvent.place) > 3)):
            if deed == "deleted":
                session.delete(row)
            else:
                row.who, row.place, row.seal, row.key_id = "eve", None, "", ""
    write(database, 1)
    ledger.seal_trail(database, keys, memory)
    assert "it had been sealed as far as place 5" in proof(database, keys).problem
    with database.read() as session:
        [notice] = session.exec(select(Notice)).all()
    assert "gateway audit verify" in notice.text
    write(database, 1)
    ledger.seal_trail(database, keys, memory)
    with database.read() as session:
        assert len(session.exec(select(AuditEvent).where(AuditEvent.action == "trail cut")).all()) == 1


def test_a_worker_that_knows_less_than_another_tells_nothing(database: Database, keys: AuditKeys) -> None:
    """What another sealed since stands behind what this one remembers."""
    one, other = Memory(), Memory()
    for memory in (one, other, one, other):
        write(database, 2)
        ledger.seal_trail(database, keys, memory)
    assert proof(database, keys).problem == ""


def test_a_file_of_anchors_that_was_cut_is_missed(
    database: Database, keys: AuditKeys, tmp_path: Path
) -> None:
    """The trail tells of each anchor that was written."""
    file = tmp_path / "anchors.jsonl"
    write(database)
    ledger.seal_trail(database, keys)
    due = anchor(database)
    anchor_files.write(file, due, append_only=False)
    ledger.note_anchor(database, due, file.name)
    ledger.seal_trail(database, keys)
    assert ledger.anchor_due(database) is None  # nothing but the anchor itself came since
    assert proof(database, keys, *anchor_files.read(file)) == Proof(6, 0, 1)
    file.unlink()
    assert "the file was replaced or cut" in proof(database, keys, *anchor_files.read(file)).problem


def test_a_renewed_key_seals_on_and_the_one_before_proves(database: Database, folder: Path) -> None:
    """Without the earlier file nothing can be said of its rows, which is told."""
    first = audit_keys.audit_keys(folder)
    write(database)
    ledger.seal_trail(database, first)
    before, new = audit_keys.rotate(folder)
    both = audit_keys.audit_keys(folder)
    assert (first.current, both.current) == (before, new)
    write(database, 1)
    ledger.seal_trail(database, both)
    ledger.seal_trail(database, first)
    assert proof(database, both) == Proof(7, 0, 0)
    (folder / f"audit-{before}.key").unlink()
    assert "is not in the folder of keys" in proof(database, audit_keys.audit_keys(folder)).problem


def test_rows_of_before_are_sealed_too_and_keep_their_digests(database: Database, keys: AuditKeys) -> None:
    """From the upgrade on they are as provable as the others; what was done before shows by the digest alone."""
    first_events(database)
    with database.write("test") as session:
        session.get_one(AuditEvent, 2).who = "eve"
    ledger.seal_trail(database, keys)
    told = proof(database, keys)
    assert (told.sealed, told.problem) == (5, "Row 2, from before there was a key, does not fit its digest.")
    with database.write("test") as session:
        row = session.get_one(AuditEvent, 4)
        row.who, row.digest = "eve", first_chain.digest_of(row)
    assert "Row 4 " in proof(database, keys).problem


def test_two_workers_make_one_chain(database: Database, keys: AuditKeys) -> None:
    """While others write; each row is sealed once."""
    workers = [threading.Thread(target=lambda: [ledger.seal_trail(database, keys) for _ in range(6)])]
    workers.append(threading.Thread(target=lambda: [ledger.seal_trail(database, keys) for _ in range(6)]))
    workers.append(threading.Thread(target=write, args=(database, 12)))
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(60)
    ledger.seal_trail(database, keys)
    assert proof(database, keys) == Proof(13, 0, 0)
