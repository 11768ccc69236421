"""A new vault key without downtime: made, then every identity sealed again, then the old one may go.

`rotate` can be killed at any point and run again: the trail says which key was begun with, and rows name theirs. Rows
that a slow step seals with the old key are found by the worker's sweep; a key that was removed seals no row any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from gateway.errors import KeyMissing
from gateway.records import audit
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.identities.vault import Vault
from gateway.records.tables.service import AuditEvent, RetiredKey
from gateway.records.tables.studies import Identity

BATCH = 100
"""Identities sealed again in one transaction: milliseconds, so that readers and the receiver notice nothing."""
LOCK = 0x504D4D  # one PostgreSQL advisory lock: a key is either named by a row or retired, never both
BEGAN, ROTATED, RETIRED = "vault rotation begun", "vault key rotated", "vault key retired"


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
        if not resumed:
            present, begun = keys.KeyRing(folder).current, keys.add_key(folder)
            with database.write("begin_rotation") as session:
                audit.append(
                    session, database.now(session), who, BEGAN, f"key {begun}", {"from": present, "to": begun}
                )
        assert begun is not None
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
            with database.write("retire_key") as session:
                _lock(session)
                if session.exec(select(Identity.id).where(Identity.key_id == name).limit(1)).first():
                    continue
                if session.get(RetiredKey, name) is None:
                    now = database.now(session)
                    session.add(RetiredKey(key_id=name, retired_at=now))
                    audit.append(session, now, who, RETIRED, f"key {name}")
            keys.remove(folder, name)
            gone.append(name)
        return gone


def sweep(database: Database, vault: Vault) -> int:
    """Seal again what a slow step sealed with an earlier key; the worker does so every few minutes."""
    resealed = _reseal_all(database, vault)
    if resealed:
        with database.write("reseal_late") as session:
            detail = {"to": vault.ring.current, "resealed": resealed}
            audit.append(session, database.now(session), "gateway", "identities resealed", "vault", detail)
    return resealed


def admit(session: Session, key_id: str) -> None:
    """Let a row be sealed with this key, in the caller's transaction; raises KeyMissing when the key was retired."""
    _lock(session)
    if session.get(RetiredKey, key_id) is not None:
        raise KeyMissing(
            f"The vault key {key_id} was retired while this step ran.",
            "The step is run again with the new key.",
        )


def rows_by_key(session: Session) -> dict[str, int]:
    """How many identities name each key."""
    return dict(session.exec(select(Identity.key_id, func.count()).group_by(col(Identity.key_id))).all())


def _finish(database: Database, folder: Path, who: str, resumed: bool) -> Rotation:
    vault = Vault.from_folder(folder)
    resealed = _reseal_all(database, vault)
    with database.write("rotated") as session:
        present = vault.ring.current
        counts = rows_by_key(session)
        out_of_reach = sum(n for name, n in counts.items() if name not in vault.ring.known)
        done = Rotation(present, resealed, sum(counts.values()), out_of_reach, resumed)
        detail = {"resealed": resealed, "identities": done.identities, "out of reach": out_of_reach}
        audit.append(session, database.now(session), who, ROTATED, f"key {present}", detail)
    return done


def _reseal_all(database: Database, vault: Vault) -> int:
    resealed = 0
    while True:
        present = vault.ring.current
        earlier: Sequence[str] = sorted(vault.ring.known - {present})
        with database.write("reseal") as session:
            rows = session.exec(
                select(Identity)
                .where(col(Identity.key_id).in_(earlier))
                .order_by(col(Identity.id))
                .limit(BATCH)
                .with_for_update()
            ).all()
            for row in rows:
                vault.reseal(row)
                session.add(row)
        if not rows:
            return resealed
        resealed += len(rows)


def _unfinished(session: Session) -> str | None:
    """The key of a rotation that was begun and not finished."""
    last = session.exec(
        select(AuditEvent)
        .where(col(AuditEvent.action).in_((BEGAN, ROTATED)))
        .order_by(col(AuditEvent.id).desc())
        .limit(1)
    ).first()
    return str(last.detail["to"]) if last is not None and last.action == BEGAN else None


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
