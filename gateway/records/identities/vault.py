"""Who a pseudonym is: sealed with AES-256-GCM, opened only here, each opening an audit event.

No other module decrypts. `reseal` moves an identity to the current key without showing it to anybody.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import KeyMissing, NotThere
from gateway.records import audit
from gateway.records.database import Database
from gateway.records.identities.keys import KeyRing
from gateway.records.tables.studies import Identity

NONCE_BYTES = 12


@dataclass(frozen=True)
class Patient:
    """What identifies a patient, as the sender wrote it."""

    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_birth_date: str


@dataclass(frozen=True)
class SealedIdentity:
    """An identity ready to be kept: nothing in it can be read without the key."""

    patient_hash: str
    pseudonym: str
    site: str
    sealed: bytes
    key_id: str


class Vault:
    """Seals identities with the current key of a ring and opens them with the key they name."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring

    @classmethod
    def from_folder(cls, folder: Path) -> Vault:
        """The vault of a gateway; raises KeyMissing with the command that makes the key."""
        return cls(KeyRing(folder))

    def seal(self, site: str, patient: Patient, pseudonym: str, patient_hash: str) -> SealedIdentity:
        """Encrypt; bound to the pseudonym, so that rows cannot be swapped."""
        sealed, key_id = self._encrypt(json.dumps(asdict(patient)).encode(), pseudonym)
        return SealedIdentity(patient_hash, pseudonym, site, sealed, key_id)

    def open(self, database: Database, identity_id: int, who: str, why: str) -> Patient:
        """Read an identity back; the audit event is committed before the identity is returned."""
        with database.write("open_identity") as session:
            row = session.get(Identity, identity_id)
            if row is None:
                raise NotThere(
                    f"There is no identity {identity_id}.", "The patient may have been forgotten on request."
                )
            audit.append(
                session, database.now(session), who, "identity read", f"identity {identity_id}", {"why": why}
            )
        return Patient(**json.loads(self._decrypt(row)))

    def reseal(self, row: Identity) -> None:
        """Seal a row under the current key, in the caller's transaction; raises KeyMissing."""
        row.sealed, row.key_id = self._encrypt(self._decrypt(row), row.pseudonym)

    def _encrypt(self, plain: bytes, pseudonym: str) -> tuple[bytes, str]:
        name = self.ring.current
        key = self.ring.key(name)
        assert key is not None
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, plain, pseudonym.encode()), name

    def _decrypt(self, row: Identity) -> bytes:
        key = self.ring.key(row.key_id)
        if key is None:
            raise KeyMissing(
                f"Identity {row.id} was sealed with key {row.key_id}, which is not in {self.ring.folder}.",
                f"Put the file of that key back there as vault-{row.key_id}.key.",
            )
        nonce, sealed = row.sealed[:NONCE_BYTES], row.sealed[NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, sealed, row.pseudonym.encode())
        except InvalidTag:
            raise KeyMissing(
                f"Identity {row.id} cannot be opened with key {row.key_id}: the row was changed.",
                "Restore the database from its backup.",
            ) from None
