"""The vault: what is sealed with which key, and that no rotation, however interrupted, loses an identity."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

import gateway
from gateway.errors import Conflict, KeyMissing, NotThere, SettingsError
from gateway.lifecycle import CaseState
from gateway.records import audit, ledger, rotation
from gateway.records.database import Database
from gateway.records.evidence import Evidence
from gateway.records.identities import keys
from gateway.records.identities.keys import KeyRing
from gateway.records.identities.vault import Patient, SealedIdentity, Vault
from gateway.records.ledger.identities import BEGAN, ROTATED
from gateway.records.migrations import schema
from gateway.records.tables.service import AuditEvent, RetiredKey
from gateway.records.tables.studies import Case, Identity
from support.crashes import killed_at
from support.records import FakeClock, due, matched_case

PATIENT = Patient("4711", "HOSP", "Muster^Maria", "19800101")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A key folder with a first key."""
    keys.make_key(tmp_path / "keys" / "vault.key")
    return tmp_path / "keys"


@pytest.fixture
def vault(folder: Path) -> Vault:
    """A process that started before any rotation."""
    return Vault.from_folder(folder)


def sealed(vault: Vault, number: int = 1) -> SealedIdentity:
    """An identity of its own for each number."""
    patient = Patient(f"{number}", "HOSP", f"Muster^Maria {number}", "19800101")
    return vault.seal("hospital", patient, f"PML-{number:08}", f"hash {number}")


def keep(database: Database, *identities: SealedIdentity) -> None:
    """Rows as a step leaves them."""
    with database.write("test") as session:
        session.add_all(Identity(**vars(one), created_at=database.now(session)) for one in identities)


def names(database: Database) -> dict[str, int]:
    """How many rows name each key."""
    with database.read() as session:
        return ledger.rows_by_key(session)


def events(database: Database, action: str) -> list[AuditEvent]:
    """The audit events of one kind."""
    with database.read() as session:
        assert audit.verify(session) is None
        return list(session.exec(select(AuditEvent).where(AuditEvent.action == action)))


class TestSealing:
    """One identity."""

    def test_an_identity_is_sealed_and_opened_with_an_audit_event(
        self, database: Database, vault: Vault
    ) -> None:
        """The row holds no plain text; each opening is in the trail before the identity is returned."""
        one = vault.seal("hospital", PATIENT, "PML-AAAAAAAA", "hash")
        assert b"Muster" not in one.sealed
        keep(database, one)
        assert ledger.open_identity(database, vault, 1, "ana", "report") == PATIENT
        [event] = events(database, "identity read")
        assert (event.who, event.subject, event.detail) == ("ana", "identity 1", {"why": "report"})

    def test_another_key_cannot_open_it(self, database: Database, vault: Vault, tmp_path: Path) -> None:
        """The error names the key that is needed, and how its file must be called."""
        keep(database, sealed(vault))
        keys.make_key(tmp_path / "other" / "vault.key")
        other = Vault.from_folder(tmp_path / "other")
        with pytest.raises(KeyMissing, match=vault.ring.current) as refused:
            ledger.open_identity(database, other, 1, "ana", "report")
        assert keys.own_name(vault.ring.current) in refused.value.fix

    def test_a_row_swapped_with_another_is_not_opened(self, database: Database, vault: Vault) -> None:
        """The seal is bound to the pseudonym: bytes of another patient are found out, not returned."""
        keep(database, sealed(vault, 1), sealed(vault, 2))
        with database.write("test") as session:
            session.get_one(Identity, 1).sealed = session.get_one(Identity, 2).sealed
        with pytest.raises(KeyMissing, match="changed"):
            ledger.open_identity(database, vault, 1, "ana", "report")

    def test_an_identity_that_is_not_there_is_said_so(self, database: Database, vault: Vault) -> None:
        """A forgotten patient's number opens nothing and leaves no event."""
        with pytest.raises(NotThere):
            ledger.open_identity(database, vault, 1, "ana", "report")
        assert events(database, "identity read") == []


def test_nothing_but_the_vault_deciphers() -> None:
    """The vault imports a cipher, used by `unseal` and `reseal` only; the calendar's letterbox is the other module."""
    root = Path(gateway.__file__).parent
    importing = []
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in getattr(node, "names", [])] if isinstance(node, ast.Import) else []
            )
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if any(name.startswith("cryptography") for name in [*names, module]):
                importing.append(path.relative_to(root).as_posix())
    assert set(importing) == {"records/identities/sealed_letters.py", "records/identities/vault.py"}
    tree = ast.parse((root / "records" / "identities" / "vault.py").read_text(encoding="utf-8"))
    callers = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr == "_decrypt"
    }
    assert callers == {"unseal", "reseal"}


def test_only_the_ledger_unseals() -> None:
    """Nobody else even names it: an identity cannot be read without the line in the audit trail before it."""
    root = Path(gateway.__file__).parent
    named = {
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr == "unseal")
        or (isinstance(node, ast.Constant) and node.value == "unseal")
    }
    assert named == {"records/ledger/identities.py"}
    tree = ast.parse((root / "records" / "ledger" / "identities.py").read_text(encoding="utf-8"))
    [function] = [
        function
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and "unseal" in ast.unparse(function)
    ]
    assert function.name == "open_identity"
    assert "audit_trail.append" in ast.unparse(function).split("unseal")[0]


class TestKeyFiles:
    """What lies in the folder."""

    def test_a_key_file_others_can_read_is_refused(self, folder: Path) -> None:
        """The fix is the chmod command."""
        (folder / "vault.key").chmod(0o644)
        with pytest.raises(SettingsError) as refused:
            KeyRing(folder)
        assert "chmod 600" in refused.value.fix

    def test_a_key_is_never_overwritten(self, folder: Path) -> None:
        """Making a key where one is changes nothing, and leaves no second file."""
        before = (folder / "vault.key").read_bytes()
        keys.make_key(folder / "vault.key")
        assert (folder / "vault.key").read_bytes() == before
        assert [path.name for path in folder.iterdir()] == ["vault.key"]
        assert (folder / "vault.key").stat().st_mode & 0o777 == 0o600

    def test_a_running_process_follows_a_changed_folder(self, folder: Path, vault: Vault) -> None:
        """The next seal uses the new key, and the one before is still known: no restart."""
        before = vault.ring.current
        new = keys.add_key(folder)
        assert vault.ring.current == before
        keys.make_current(folder, new)
        assert vault.ring.current == new == sealed(vault).key_id
        assert vault.ring.known == {before, new}

    def test_a_wrong_change_leaves_the_keys_in_force(self, folder: Path, vault: Vault) -> None:
        """Whoever breaks a key file stops no running process."""
        before = vault.ring.current
        (folder / "vault.key").write_text("not a key\n")
        assert vault.ring.current == before
        assert sealed(vault).key_id == before

    @pytest.mark.parametrize("why", ["link", "read only"])
    def test_keys_from_a_secret_store_are_not_changed(
        self, database: Database, folder: Path, why: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The refusal says how to rotate there, and nothing was begun."""
        if why == "link":
            (folder / "vault.key").rename(folder / "data")
            (folder / "vault.key").symlink_to("data")
        else:
            opened = os.open

            def refuse(path: object, flags: int, mode: int = 0o777) -> int:
                if flags & os.O_CREAT:
                    raise OSError(errno.EROFS, "Read-only file system")
                return opened(path, flags, mode)  # type: ignore[arg-type]

            monkeypatch.setattr(os, "open", refuse)
        before = (folder / "vault.key").read_bytes()
        with pytest.raises(SettingsError, match="secret store") as refused:
            rotation.rotate(database, folder, "admin")
        assert "gateway vault reseal" in refused.value.fix
        assert (folder / "vault.key").read_bytes() == before
        assert events(database, BEGAN) == []


class TestRotation:
    """A new key."""

    def test_every_identity_is_sealed_again_and_still_opens(
        self, database: Database, folder: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In several transactions; the process that ran all the time opens them; one event has the counts."""
        monkeypatch.setattr("gateway.records.ledger.identities.BATCH", 2)
        keep(database, *(sealed(vault, number) for number in range(1, 6)))
        old = vault.ring.current
        done = rotation.rotate(database, folder, "admin")
        assert (done.resealed, done.identities, done.out_of_reach, done.resumed) == (5, 5, 0, False)
        assert names(database) == {done.key_id: 5}
        assert done.key_id != old
        assert [ledger.open_identity(database, vault, n, "x", "y").patient_id for n in range(1, 6)] == list(
            "12345"
        )
        [event] = events(database, ROTATED)
        assert (event.who, event.subject) == ("admin", f"key {done.key_id}")
        assert event.detail == {"resealed": 5, "identities": 5, "out of reach": 0}

    def test_resealing_is_not_reading(self, database: Database, folder: Path, vault: Vault) -> None:
        """No identity was shown to anybody, so no reading is in the trail."""
        keep(database, sealed(vault))
        rotation.rotate(database, folder, "admin")
        assert events(database, "identity read") == []

    def test_a_row_sealed_with_the_old_key_meanwhile_is_found(
        self, database: Database, folder: Path, vault: Vault
    ) -> None:
        """A slow step commits after the rotation: its row opens, and the worker's sweep seals it again."""
        slow = sealed(vault)
        rotation.rotate(database, folder, "admin")
        keep(database, slow)
        assert ledger.open_identity(database, vault, 1, "x", "y").patient_id == "1"
        assert rotation.sweep(database, vault) == 1
        assert names(database) == {vault.ring.current: 1}
        assert rotation.sweep(database, vault) == 0
        assert len(events(database, "identities resealed")) == 1

    def test_a_retired_key_seals_no_row_any_more(
        self, database: Database, folder: Path, vault: Vault, clock: FakeClock
    ) -> None:
        """A step that is slower than the retirement is refused and runs again: no row names a key that is gone."""
        case_id = matched_case(database, clock)
        slow = sealed(vault)
        claim = due(database)
        rotation.rotate(database, folder, "admin")
        assert rotation.retire(database, folder, "admin") == [slow.key_id]
        with pytest.raises(KeyMissing):
            ledger.advance(database, claim, CaseState.PREPARED, Evidence(identity=slow))
        assert names(database) == {}
        clock.pass_seconds(100)
        ledger.advance(database, due(database), CaseState.PREPARED, Evidence(identity=sealed(vault)))
        with database.read() as session:
            assert session.get_one(Case, case_id).state == CaseState.PREPARED
        assert names(database) == {vault.ring.current: 1}

    def test_a_key_that_a_row_names_is_not_retired(
        self, database: Database, folder: Path, vault: Vault
    ) -> None:
        """Only when the row is sealed again may its key go; the current one never."""
        slow = sealed(vault)
        rotation.rotate(database, folder, "admin")
        keep(database, slow)
        assert rotation.retire(database, folder, "admin") == []
        assert slow.key_id in vault.ring.known
        rotation.reseal(database, folder, "admin")
        assert rotation.retire(database, folder, "admin") == [slow.key_id]
        assert vault.ring.known == {vault.ring.current}
        with database.read() as session:
            assert [row.key_id for row in session.exec(select(RetiredKey))] == [slow.key_id]

    def test_two_rotations_at_once_are_refused(self, database: Database, folder: Path) -> None:
        """The second is told that another works on the keys."""
        with keys.alone(folder), pytest.raises(Conflict):
            rotation.rotate(database, folder, "admin")

    def test_a_secret_store_rotates_by_exchange_and_reseal(
        self, database: Database, folder: Path, vault: Vault
    ) -> None:
        """The operator keeps the old key beside and puts a new one in its place; reseal does the rest."""
        keep(database, sealed(vault))
        (folder / "vault.key").rename(folder / "vault-old.key")
        keys.make_key(folder / "vault.key")
        done = rotation.reseal(database, folder, "admin")
        assert (done.resealed, done.out_of_reach) == (1, 0)
        assert ledger.open_identity(database, vault, 1, "x", "y").patient_id == "1"

    def test_a_missing_key_is_counted_and_loses_nothing(
        self, database: Database, folder: Path, vault: Vault
    ) -> None:
        """Rows whose key is away stay as they are; when its file is back, reseal reaches them."""
        keep(database, sealed(vault))
        (folder / "vault.key").rename(folder / "away")
        keys.make_key(folder / "vault.key")
        assert rotation.reseal(database, folder, "admin").out_of_reach == 1
        (folder / "away").rename(folder / "vault-back.key")
        assert rotation.reseal(database, folder, "admin").resealed == 1


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
    schema.upgrade(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize("point", CRASHES)
def test_a_rotation_killed_at_any_point_is_finished_by_the_next(
    database_of_processes: Database, folder: Path, tmp_path: Path, point: str
) -> None:
    """kill -9 there, then the command again: every identity opens, under one new key, and the trail is whole."""
    database, vault = database_of_processes, Vault.from_folder(folder)
    keep(database, *(sealed(vault, number) for number in range(1, 4)))
    first = vault.ring.current
    assert killed_at(point, tmp_path / "markers", lambda: _rotate_and_retire(database.url, folder))
    assert [ledger.open_identity(database, vault, n, "x", "y").patient_id for n in (1, 2, 3)] == list("123")
    _rotate_and_retire(database.url, folder)
    assert [ledger.open_identity(database, vault, n, "x", "y").patient_id for n in (1, 2, 3)] == list("123")
    assert vault.ring.current != first
    assert names(database) == {vault.ring.current: 3}
    assert vault.ring.known == {vault.ring.current}
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]
    begun, ended = events(database, BEGAN), events(database, ROTATED)
    assert len(begun) == len(ended)
    finished_before = point in ("rotated:after", "retire_key:before", "retire_key:after")
    assert len(ended) == (2 if finished_before else 1)
    assert {event.subject for event in ended} == {event.subject for event in begun}


def _rotate_and_retire(url: str, folder: Path) -> None:
    """What `gateway vault rotate --retire` does."""
    database = Database(url)
    rotation.rotate(database, folder, "admin")
    rotation.retire(database, folder, "admin")
    database.close()
