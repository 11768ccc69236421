"""Nothing is done with keys that are not those that the records rest on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from gateway.errors import WrongKeys
from gateway.records import key_proof, ledger, rotation
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.keys import CURRENT, FILES, PSEUDONYMS
from gateway.records.key_proof import prove, proven
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.studies import Identity
from support.engine import Bench, bench
from support.patients import RULES, images, to_the_queue


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Bench]:
    """Records of before there were check values: two patients, one of them without a number."""
    with bench(tmp_path, RULES) as made:
        to_the_queue(made, images(1), node="hospital-pacs")
        to_the_queue(made, images(1, ".9", PatientID="UNKNOWN", AccessionNumber="A2"), node="hospital-pacs")
        yield made


@pytest.fixture
def folder(gateway: Bench, tmp_path: Path) -> Path:
    """Its keys."""
    return tmp_path / "keys"


def noted(database: Database) -> dict[str, str]:
    """The check values on record."""
    with database.read() as session:
        return ledger.key_checks(session)


def swapped(folder: Path, name: str) -> str:
    """Another key in the file of this name, as a program that makes missing keys would leave it; the key of before."""
    before = (folder / name).read_text()
    (folder / name).unlink()
    keys.make_key(folder / name)
    return before


def test_an_empty_database_takes_the_keys_that_are_there(database: Database, tmp_path: Path) -> None:
    """Once, with a line in the trail; from then on no others."""
    keys.make_keys(tmp_path / "keys")
    prove(database, tmp_path / "keys")
    first = noted(database)
    assert set(first) == set(FILES)
    prove(database, tmp_path / "keys")
    keys.make_keys(tmp_path / "others")
    with pytest.raises(WrongKeys) as raised:
        prove(database, tmp_path / "others")
    assert "gateway vault accept" in raised.value.fix
    assert noted(database) == first
    with database.read() as session:
        assert [event.action for event in session.exec(select(AuditEvent))] == ["keys put on record"]


def test_records_of_before_get_their_check_values_once_the_keys_are_proven(
    gateway: Bench, folder: Path
) -> None:
    """They open what is sealed, and lead from it to the hashes."""
    database = gateway.context.database
    assert noted(database) == {}
    found = proven(database, folder)
    assert set(noted(database)) == set(FILES)
    assert found.pseudonyms == gateway.context.pseudonym_key
    with database.read() as session:
        assert "identity read" not in session.exec(select(AuditEvent.action)).all()


@pytest.mark.parametrize("name", FILES)
def test_other_keys_are_refused_before_and_after_check_values(
    gateway: Bench, folder: Path, name: str
) -> None:
    """Only the file that is wrong is named, nothing is put on record; with the key of before all is well again."""
    database = gateway.context.database
    for _ in ("before", "after"):
        present, kept = noted(database), swapped(folder, name)
        with pytest.raises(WrongKeys) as raised:
            prove(database, folder)
        told = raised.value.problem
        assert ("do not open" in told, "pseudonym.key" in told) == (name == CURRENT, name == PSEUDONYMS)
        assert str(folder) in told
        assert noted(database) == present
        (folder / name).write_text(kept)
        prove(database, folder)


def test_one_who_has_no_number_proves_the_pseudonym_key_as_well(gateway: Bench, folder: Path) -> None:
    """Their hash comes from the study."""
    database = gateway.context.database
    with database.write("test") as session:
        first = session.exec(select(Identity).order_by(Identity.ids())).first()
        assert first is not None
        first.patient_hash = "not this one"
    prove(database, folder)


def test_records_with_nobody_in_them_know_the_pseudonym_key_by_the_letterbox(
    database: Database, tmp_path: Path
) -> None:
    """A worker ran with it: letters may lie there that only this key opens."""
    folder = tmp_path / "keys"
    keys.make_keys(folder)
    ledger.publish_letterbox(database, keys.pseudonym_key(folder))
    kept = swapped(folder, PSEUDONYMS)
    with pytest.raises(WrongKeys, match=PSEUDONYMS):
        prove(database, folder)
    (folder / PSEUDONYMS).write_text(kept)
    prove(database, folder)


def test_a_rotation_updates_the_record(gateway: Bench, folder: Path) -> None:
    """With the earlier key removed the new one is the vault's; a key of somebody else is refused still."""
    database = gateway.context.database
    prove(database, folder)
    before = noted(database)
    rotation.rotate(database, folder, "ana")
    after = noted(database)
    assert (after[CURRENT] != before[CURRENT], after[PSEUDONYMS]) == (True, before[PSEUDONYMS])
    assert rotation.retire(database, folder, "ana")
    prove(database, folder)
    swapped(folder, CURRENT)
    for path in folder.glob("vault-*.key"):
        path.unlink()
    with pytest.raises(WrongKeys):
        prove(database, folder)


def test_a_key_that_every_row_was_sealed_with_since_is_the_vaults(gateway: Bench, folder: Path) -> None:
    """The worker's sweep moved the rows to the secret store's new key; nobody ran reseal before the old one went."""
    database = gateway.context.database
    prove(database, folder)
    (folder / CURRENT).rename(folder / "vault-old.key")
    keys.make_key(folder / CURRENT)
    prove(database, folder)
    assert rotation.sweep(database, gateway.context.vault) == 2
    (folder / "vault-old.key").unlink()
    prove(database, folder)


def test_lost_keys_can_be_replaced_with_a_line_in_the_trail(gateway: Bench, folder: Path) -> None:
    """No dead end: a person says that they are lost for good, and why."""
    database = gateway.context.database
    prove(database, folder)
    for name in FILES:
        swapped(folder, name)
    key_proof.accept(database, folder, "ana", "the disk is gone")
    prove(database, folder)
    with database.read() as session:
        [event] = session.exec(select(AuditEvent).where(AuditEvent.action == "other keys accepted")).all()
        assert (event.who, event.detail) == ("ana", {"files": sorted(FILES), "why": "the disk is gone"})


def test_who_is_slower_with_other_keys_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two machines start for the first time at once, each with keys of its own."""
    for name in ("ours", "others"):
        keys.make_keys(tmp_path / name)
    prove(database, tmp_path / "ours")
    asked = iter([()])

    def nothing_on_record_yet(session: Session, *about: object) -> tuple[str, ...]:
        return next(asked, None) or real(session, *about)  # type: ignore[arg-type]

    real = key_proof.unproven
    monkeypatch.setattr(key_proof, "unproven", nothing_on_record_yet)
    with pytest.raises(WrongKeys):
        prove(database, tmp_path / "others")
