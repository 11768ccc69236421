"""Are the keys in a folder those that the records rest on? Asked before anything is done with a key.

The records keep a check value of each key. Records without one, new or made before there were check values, get it
only when nothing in them rests on a key yet, or when it is proven on what does: each key of the vault that identities
name opens one of them, and what is sealed in an identity leads to its hash under the pseudonym key. Another key would
make every known patient a stranger and leave their reports without a way back, in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlmodel import Session, col, select

from gateway.errors import KeyMissing, WrongKeys
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities import keys, sealed_letters
from gateway.records.identities.key_checks import KeyChecks, checks_of
from gateway.records.identities.keys import CURRENT, FILES, PSEUDONYMS
from gateway.records.identities.vault import Patient, Vault
from gateway.records.tables.administration import LetterboxKey
from gateway.records.tables.studies import Identity, Study

if TYPE_CHECKING:
    from gateway.privacy.pseudonyms import PseudonymKey

MOST_TRIED = 1000
"""Identities looked at, newest first, until one proves the pseudonym key."""

_WHAT = {
    CURRENT: "The vault's keys in {folder} do not open the identities on record",
    PSEUDONYMS: "pseudonym.key in {folder} is not the key that the pseudonyms on record were made with",
}
_FIX = (
    "Put the keys of these records back there (a mount that is missing, or their backup), or correct [storage] keys or "
    "database. Only when they are lost for good: gateway vault accept"
)


@dataclass(frozen=True)
class Keys:
    """The keys of a gateway, known to be those of its records."""

    vault: Vault
    pseudonyms: PseudonymKey


def proven(database: Database, folder: Path) -> Keys:
    """The keys of a folder. Raises KeyMissing, SettingsError, and WrongKeys when they are not those of the records."""
    prove(database, folder)
    return Keys(Vault.from_folder(folder), keys.pseudonym_key(folder))


def prove(database: Database, folder: Path) -> None:
    """Compare the keys of a folder with the records, and put them on record where they are not yet. Raises as above."""
    checks = checks_of(folder)
    with database.read() as session:
        wrong = unproven(session, folder, checks)
        known = ledger.key_checks(session)
    if wrong:
        raise _wrong(wrong, folder)
    if known.keys() != set(FILES):
        ledger.note_keys(database, checks.present)
        with database.read() as session:  # another process may have been faster, with other keys
            wrong = unproven(session, folder, checks)
        if wrong:
            raise _wrong(wrong, folder)


def unproven(session: Session, folder: Path, checks: KeyChecks) -> tuple[str, ...]:
    """The files whose keys are not those of the records."""
    known = ledger.key_checks(session)
    unfit = checks.unfit(known)
    wrong = []
    # Every row may have been sealed again since, without the end of a rotation: then the rows are the better proof.
    if (CURRENT in unfit or CURRENT not in known) and not _opens(
        session, Vault.from_folder(folder), some=CURRENT in unfit
    ):
        wrong.append(CURRENT)
    if PSEUDONYMS in unfit or (PSEUDONYMS not in known and not _derives(session, folder)):
        wrong.append(PSEUDONYMS)
    return tuple(wrong)


def accept(database: Database, folder: Path, who: str, why: str) -> None:
    """Put the keys of a folder on record although they are others. Raises KeyMissing, SettingsError."""
    ledger.accept_keys(database, checks_of(folder).present, who, why)


def told(files: tuple[str, ...], folder: Path) -> tuple[str, str]:
    """The problem and the fix, for keys that are not those of the records."""
    return f"{'; '.join(_WHAT[file].format(folder=folder) for file in files)}.", _FIX


def _wrong(files: tuple[str, ...], folder: Path) -> WrongKeys:
    return WrongKeys(*told(files, folder))


def _opens(session: Session, vault: Vault, *, some: bool) -> bool:
    """Whether every key that identities name is there, and opens one of them; `some`: there must be one to open."""
    names = ledger.rows_by_key(session)
    for name in names:
        row = session.exec(select(Identity).where(Identity.key_id == name).limit(1)).one()
        if not vault.opens(row):
            return False
    return bool(names) or not some


def _derives(session: Session, folder: Path) -> bool:
    """Whether the pseudonym key leads from a sealed identity to its hash; without any, whether the letterbox is its."""
    key = keys.pseudonym_key(folder)
    newest = select(Identity).order_by(col(Identity.id).desc()).limit(MOST_TRIED)
    rows = session.exec(newest).all()
    if not rows:
        letterbox = session.get(LetterboxKey, sealed_letters.NAME)
        return letterbox is None or letterbox.public_key == sealed_letters.public_of(key).hex()
    vault, opened = Vault.from_folder(folder), 0
    for row in rows:
        own = select(Study).where(Study.patient_hash == row.patient_hash, col(Study.person_of).is_(None))
        study = session.exec(own.order_by(col(Study.id)).limit(1)).first()
        try:
            if vault.leads(row, partial(_leads_to, key, row, study.study_instance_uid if study else "")):
                return True
            opened += 1
        except KeyMissing:
            continue
    return (
        not opened
    )  # with no identity opened it is the vault's key that is wrong, and nothing is known of this one


def _leads_to(key: PseudonymKey, row: Identity, study_instance_uid: str, patient: Patient) -> bool:
    """Whether this patient has the hash of the row, under any scheme, with or without a number of their own."""
    from gateway.identity.numbers import Subject  # these are loaded with the key
    from gateway.privacy.schemes import Scheme

    return any(
        key.of(row.site, scheme).alias(whose).patient_hash == row.patient_hash
        for scheme in Scheme
        for numbered in (True, False)
        for whose in (
            Subject(patient.issuer_of_patient_id, patient.patient_id, study_instance_uid, numbered),
        )
    )
