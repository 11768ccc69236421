"""A new vault key: no rotation, however interrupted, loses an identity."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.errors import Conflict, KeyMissing
from gateway.lifecycle import CaseState
from gateway.records import ledger, rotation
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.vault import Vault
from gateway.records.ledger.identities import BEGAN, ROTATED
from gateway.records.step_record import StepRecord
from gateway.records.tables.administration import RetiredKey
from gateway.records.tables.cases import Case
from support.crashes import killed_at
from support.records import FakeClock, audit_events, due, keep_identities, matched_case, sealed


def names(database: Database) -> dict[str, int]:
    """How many rows name each key."""
    with database.read() as session:
        return ledger.rows_by_key(session)


class TestRotation:
    """A new key."""

    def test_every_identity_is_sealed_again_and_still_opens(
        self, database: Database, key_folder: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In several transactions; the process that ran all the time opens them; one event has the counts."""
        monkeypatch.setattr("gateway.records.ledger.identities.BATCH", 2)
        keep_identities(database, *(sealed(vault, number) for number in range(1, 6)))
        old = vault.ring.current
        done = rotation.rotate(database, key_folder, "admin")
        assert (done.resealed, done.identities, done.out_of_reach, done.resumed) == (5, 5, 0, False)
        assert names(database) == {done.key_id: 5}
        assert done.key_id != old
        assert [ledger.open_identity(database, vault, n, "x", "y").patient_id for n in range(1, 6)] == list(
            "12345"
        )
        [event] = audit_events(database, ROTATED)
        assert (event.who, event.subject) == ("admin", f"key {done.key_id}")
        assert event.detail == {"resealed": 5, "identities": 5, "out of reach": 0}

    def test_resealing_is_not_reading(self, database: Database, key_folder: Path, vault: Vault) -> None:
        """No identity was shown to anybody, so no reading is in the trail."""
        keep_identities(database, sealed(vault))
        rotation.rotate(database, key_folder, "admin")
        assert audit_events(database, "identity read") == []

    def test_a_row_sealed_with_the_old_key_meanwhile_is_found(
        self, database: Database, key_folder: Path, vault: Vault
    ) -> None:
        """A slow step commits after the rotation: its row opens, and the worker's sweep seals it again."""
        slow = sealed(vault)
        rotation.rotate(database, key_folder, "admin")
        keep_identities(database, slow)
        assert ledger.open_identity(database, vault, 1, "x", "y").patient_id == "1"
        assert rotation.sweep(database, vault) == 1
        assert names(database) == {vault.ring.current: 1}
        assert rotation.sweep(database, vault) == 0
        assert len(audit_events(database, "identities resealed")) == 1

    def test_a_retired_key_seals_no_row_any_more(
        self, database: Database, key_folder: Path, vault: Vault, clock: FakeClock
    ) -> None:
        """A step that is slower than the retirement is refused and runs again: no row names a key that is gone."""
        case_id = matched_case(database, clock)
        slow = sealed(vault)
        claim = due(database)
        rotation.rotate(database, key_folder, "admin")
        assert rotation.retire(database, key_folder, "admin") == [slow.key_id]
        with pytest.raises(KeyMissing):
            ledger.advance(database, claim, CaseState.PREPARED, StepRecord(identity=slow))
        assert names(database) == {}
        clock.pass_seconds(100)
        ledger.advance(database, due(database), CaseState.PREPARED, StepRecord(identity=sealed(vault)))
        with database.read() as session:
            assert session.get_one(Case, case_id).state == CaseState.PREPARED
        assert names(database) == {vault.ring.current: 1}

    def test_a_key_that_a_row_names_is_not_retired(
        self, database: Database, key_folder: Path, vault: Vault
    ) -> None:
        """Only when the row is sealed again may its key go; the current one never."""
        slow = sealed(vault)
        rotation.rotate(database, key_folder, "admin")
        keep_identities(database, slow)
        assert rotation.retire(database, key_folder, "admin") == []
        assert slow.key_id in vault.ring.known
        rotation.reseal(database, key_folder, "admin")
        assert rotation.retire(database, key_folder, "admin") == [slow.key_id]
        assert vault.ring.known == {vault.ring.current}
        with database.read() as session:
            assert [row.key_id for row in session.exec(select(RetiredKey))] == [slow.key_id]

    def test_two_rotations_at_once_are_refused(self, database: Database, key_folder: Path) -> None:
        """The second is told that another works on the keys."""
        with keys.alone(key_folder), pytest.raises(Conflict):
            rotation.rotate(database, key_folder, "admin")

    def test_a_secret_store_rotates_by_exchange_and_reseal(
        self, database: Database, key_folder: Path, vault: Vault
    ) -> None:
        """The operator keeps the old key beside and puts a new one in its place; reseal does the rest."""
        keep_identities(database, sealed(vault))
        (key_folder / "vault.key").rename(key_folder / "vault-old.key")
        keys.make_key(key_folder / "vault.key")
        done = rotation.reseal(database, key_folder, "admin")
        assert (done.resealed, done.out_of_reach) == (1, 0)
        assert ledger.open_identity(database, vault, 1, "x", "y").patient_id == "1"

    def test_a_missing_key_is_counted_and_loses_nothing(
        self, database: Database, key_folder: Path, vault: Vault
    ) -> None:
        """Rows whose key is away stay as they are; when its file is back, reseal reaches them."""
        keep_identities(database, sealed(vault))
        (key_folder / "vault.key").rename(key_folder / "away")
        keys.make_key(key_folder / "vault.key")
        assert rotation.reseal(database, key_folder, "admin").out_of_reach == 1
        (key_folder / "away").rename(key_folder / "vault-back.key")
        assert rotation.reseal(database, key_folder, "admin").resealed == 1


CRASHES = (
    "add_key:after",
    "begin_rotation:before",
    "begin_rotation:after",
    "make_current:before",
    "make_current:after",
    "reseal:before",
    "reseal:after",
    "rotated:before",
    "rotated:after",
    "retire_key:before",
    "retire_key:after",
)


@pytest.fixture
def database_of_processes(database_url: str) -> Iterator[Database]:
    """A migrated database that commands of their own process work on, on the real clock."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.mark.parametrize("point", CRASHES)
def test_a_rotation_killed_at_any_point_is_finished_by_the_next(
    database_of_processes: Database, key_folder: Path, tmp_path: Path, point: str
) -> None:
    """kill -9 there, then the command again: every identity opens, under one new key, and the trail is whole."""
    database, vault = database_of_processes, Vault.from_folder(key_folder)
    keep_identities(database, *(sealed(vault, number) for number in range(1, 4)))
    first = vault.ring.current
    assert killed_at(point, tmp_path / "markers", lambda: _rotate_and_retire(database.url, key_folder))
    assert [ledger.open_identity(database, vault, n, "x", "y").patient_id for n in (1, 2, 3)] == list("123")
    _rotate_and_retire(database.url, key_folder)
    assert [ledger.open_identity(database, vault, n, "x", "y").patient_id for n in (1, 2, 3)] == list("123")
    assert vault.ring.current != first
    assert names(database) == {vault.ring.current: 3}
    assert vault.ring.known == {vault.ring.current}
    assert not [path.name for path in key_folder.iterdir() if path.name.startswith(".")]
    begun, ended = audit_events(database, BEGAN), audit_events(database, ROTATED)
    assert len(begun) == len(ended)
    finished_before = point in ("rotated:after", "retire_key:before", "retire_key:after")
    assert len(ended) == (2 if finished_before else 1)
    assert {event.subject for event in ended} == {event.subject for event in begun}


def _rotate_and_retire(url: str, key_folder: Path) -> None:
    """What `gateway vault rotate --retire` does."""
    database = Database(url)
    rotation.rotate(database, key_folder, "admin")
    rotation.retire(database, key_folder, "admin")
    database.close()
