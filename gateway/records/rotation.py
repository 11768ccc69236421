"""A new vault key without downtime: made, then every identity sealed again, then the old one may go.

`rotate` can be killed at any point and run again: the trail says which key was begun with, and rows name theirs. Rows
that a slow step seals with the old key are found by the worker's sweep; a key that was removed seals no row any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.key_checks import check_value
from gateway.records.identities.vault import Vault
from gateway.records.ledger.identities import BEGAN, ROTATED
from gateway.records.tables.administration import AuditEvent


@dataclass(frozen=True)
class Rotation:
    """What was done: names of keys and numbers of rows."""

    key_id: str
    resealed: int
    identities: int
    out_of_reach: int
    """Rows whose key is not in the folder."""
    resumed: bool = False


def rotate(database: Database, folder: Path, who: str) -> Rotation:
    """Make a new key and seal every identity with it, or finish a rotation that was interrupted."""
    with keys.alone(folder):
        with database.read() as session:
            begun = _unfinished(session)
        resumed = begun is not None and begun in keys.KeyRing(folder).known
        if begun is None or not resumed:
            present, begun = keys.KeyRing(folder).current, keys.add_key(folder)
            ledger.begin_rotation(database, who, present, begun)
        if keys.KeyRing(folder).current != begun:
            keys.make_current(folder, begun)
        return _finish(database, folder, who, resumed)


def reseal(database: Database, folder: Path, who: str) -> Rotation:
    """Seal every identity with the key that is current now: the second half of a rotation in a secret store."""
    with keys.alone(folder):
        return _finish(database, folder, who, resumed=False)


def retire(database: Database, folder: Path, who: str) -> list[str]:
    """Remove the keys that are not current and that no identity names; returns their names.

    A backup of the database from before needs them: keep them with that backup, away from this machine.
    """
    with keys.alone(folder):
        ring = keys.KeyRing(folder)
        gone = []
        for name in sorted(ring.known - {ring.current}):
            if ledger.retire_key(database, name, who):
                keys.remove(folder, name)
                gone.append(name)
        return gone


def sweep(database: Database, vault: Vault) -> int:
    """Seal again what a slow step sealed with an earlier key; the worker does so every few minutes."""
    resealed = _reseal_all(database, vault)
    if resealed:
        ledger.note_resealed(database, vault.ring.current, resealed)
    return resealed


def _finish(database: Database, folder: Path, who: str, resumed: bool) -> Rotation:
    vault = Vault.from_folder(folder)
    resealed = _reseal_all(database, vault)
    present = vault.ring.current
    key = vault.ring.key(present)
    assert key is not None
    counted = ledger.end_rotation(
        database, who, present, vault.ring.known, resealed, check_value(keys.CURRENT, key)
    )
    return Rotation(present, resealed, *counted, resumed)


def _reseal_all(database: Database, vault: Vault) -> int:
    resealed = 0
    while batch := ledger.reseal_batch(database, vault):
        resealed += batch
    return resealed


def _unfinished(session: Session) -> str | None:
    """The key of a rotation that was begun and not finished."""
    last = session.exec(
        select(AuditEvent)
        .where(col(AuditEvent.action).in_((BEGAN, ROTATED)))
        .order_by(col(AuditEvent.id).desc())
        .limit(1)
    ).first()
    return str(last.detail["to"]) if last is not None and last.action == BEGAN else None
