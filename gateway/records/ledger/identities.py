"""Sealed identities: kept, read with a line in the audit trail, sealed again, and the keys of the vault retired.

A key is either named by a row or retired, never both: `keep_identity` and `retire_key` exclude each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from gateway.errors import KeyMissing, NotThere
from gateway.records.database import Database
from gateway.records.identities.keys import CURRENT
from gateway.records.identities.vault import Patient, SealedIdentity, Vault
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import KeyCheck, RetiredKey
from gateway.records.tables.studies import Identity

BATCH = 100
"""Identities sealed again in one transaction: milliseconds, so that readers and the receiver notice nothing."""
LOCK = 0x504D4D  # one PostgreSQL advisory lock around what names a key and what retires one
NOTED, ACCEPTED = "keys put on record", "other keys accepted"
BEGAN, ROTATED, RETIRED = "vault rotation begun", "vault key rotated", "vault key retired"


def keep_identity(session: Session, sealed: SealedIdentity, now: datetime) -> Identity:
    """The row of a patient, new or known, in the caller's transaction. Raises KeyMissing when its key was retired."""
    known = session.exec(select(Identity).where(Identity.patient_hash == sealed.patient_hash)).first()
    if known is None:
        _lock(session)
        if session.get(RetiredKey, sealed.key_id) is not None:
            raise KeyMissing(
                f"The vault key {sealed.key_id} was retired while this step ran.",
                "The step is run again with the new key.",
            )
        known = Identity(**vars(sealed), created_at=now)
        session.add(known)
        session.flush()
    return known


def renew_identity(session: Session, sealed: SealedIdentity, now: datetime) -> Identity:
    """The row of a patient, new or known, saying what is known of that patient now. Raises KeyMissing as above."""
    row = keep_identity(session, sealed, now)
    _lock(session)
    if session.get(RetiredKey, sealed.key_id) is not None:
        raise KeyMissing(
            f"The vault key {sealed.key_id} was retired while this step ran.",
            "The step is run again with the new key.",
        )
    row.sealed, row.key_id = sealed.sealed, sealed.key_id
    return row


def open_identity(database: Database, vault: Vault, identity_id: int, who: str, why: str) -> Patient:
    """Read an identity back; the audit event is committed before it is deciphered. Raises NotThere, KeyMissing."""
    with database.write("open_identity") as session:
        row = session.get(Identity, identity_id)
        if row is None:
            raise NotThere(
                f"There is no identity {identity_id}.", "The patient may have been forgotten on request."
            )
        audit_trail.append(
            session, database.now(session), who, "identity read", f"identity {identity_id}", {"why": why}
        )
    return vault.unseal(row)


def begin_rotation(database: Database, who: str, present: str, new: str) -> None:
    """Say in the trail that every identity will be sealed with a new key; `present` and `new` are names of keys."""
    with database.write("begin_rotation") as session:
        detail = {"from": present, "to": new}
        audit_trail.append(session, database.now(session), who, BEGAN, f"key {new}", detail)


def reseal_batch(database: Database, vault: Vault) -> int:
    """Seal some identities of earlier keys with the current one; returns how many (0: none was left)."""
    earlier = sorted(vault.ring.known - {vault.ring.current})
    with database.write("reseal") as session:
        rows = session.exec(
            select(Identity)
            .where(col(Identity.key_id).in_(earlier))
            .order_by(col(Identity.id))
            .limit(BATCH)
            .with_for_update()
        ).all()
        for row in rows:
            again = vault.reseal(row)
            row.sealed, row.key_id = again.sealed, again.key_id
            session.add(row)
    return len(rows)


def note_resealed(database: Database, key_id: str, resealed: int) -> None:
    """Say in the trail that rows were found that a slow step had sealed with an earlier key."""
    with database.write("reseal_late") as session:
        detail = {"to": key_id, "resealed": resealed}
        audit_trail.append(session, database.now(session), "gateway", "identities resealed", "vault", detail)


def end_rotation(
    database: Database, who: str, key_id: str, known: Collection[str], resealed: int, check: str
) -> tuple[int, int]:
    """Say in the trail that the rows were sealed again; returns how many there are, and of keys that are not known.

    `check` is the check value of the key they are sealed with now.
    """
    with database.write("rotated") as session:
        session.merge(KeyCheck(file=CURRENT, value=check, noted_at=database.now(session)))
        counts = rows_by_key(session)
        identities, out_of_reach = (
            sum(counts.values()),
            sum(n for name, n in counts.items() if name not in known),
        )
        detail = {"resealed": resealed, "identities": identities, "out of reach": out_of_reach}
        audit_trail.append(session, database.now(session), who, ROTATED, f"key {key_id}", detail)
    return identities, out_of_reach


def key_checks(session: Session) -> dict[str, str]:
    """The check values on record, by the file whose key they are of."""
    return {row.file: row.value for row in session.exec(select(KeyCheck))}


def note_keys(database: Database, checks: Mapping[str, str]) -> None:
    """Put check values on record for files that have none."""
    with database.write("note_keys") as session:
        _lock(session)
        now, known = database.now(session), key_checks(session)
        new = {file: value for file, value in checks.items() if file not in known}
        session.add_all(KeyCheck(file=file, value=value, noted_at=now) for file, value in new.items())
        if new:
            audit_trail.append(session, now, "gateway", NOTED, "keys", {"files": sorted(new)})


def accept_keys(database: Database, checks: Mapping[str, str], who: str, why: str) -> None:
    """Put check values on record in place of those that are there: the keys of before are lost for good."""
    with database.write("accept_keys") as session:
        _lock(session)
        now, known = database.now(session), key_checks(session)
        for file, value in checks.items():
            session.merge(KeyCheck(file=file, value=value, noted_at=now))
        changed = sorted(file for file, value in checks.items() if known.get(file) != value)
        audit_trail.append(session, now, who, ACCEPTED, "keys", {"files": changed, "why": why})


def retire_key(database: Database, key_id: str, who: str) -> bool:
    """Let no row be sealed with this key any more; False when an identity still names it."""
    with database.write("retire_key") as session:
        _lock(session)
        if session.exec(select(Identity.ids()).where(Identity.key_id == key_id).limit(1)).first():
            return False
        if session.get(RetiredKey, key_id) is None:
            now = database.now(session)
            session.add(RetiredKey(key_id=key_id, retired_at=now))
            audit_trail.append(session, now, who, RETIRED, f"key {key_id}")
    return True


def rows_by_key(session: Session) -> dict[str, int]:
    """How many identities name each key."""
    return dict(session.exec(select(Identity.key_id, func.count()).group_by(col(Identity.key_id))).all())


def _lock(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
