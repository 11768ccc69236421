"""Who a pseudonym is: sealed with AES-256-GCM, and deciphered nowhere else.

Keeps nothing: rows come in and go out. `unseal` is for `ledger.open_identity` alone, which has the reading in the audit
trail first; `reseal` moves an identity to the current key, `opens` and `leads` prove keys, and show it to nobody.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import KeyMissing
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
    date_shift_days: int | None = None
    """What was added to the dates of the copies; None: sealed before this was, to be derived again."""


@dataclass(frozen=True)
class SealedIdentity:
    """An identity ready to be kept: nothing in it can be read without the key."""

    patient_hash: str
    pseudonym: str
    scheme: int
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

    def seal(
        self, site: str, patient: Patient, pseudonym: str, patient_hash: str, scheme: int
    ) -> SealedIdentity:
        """Encrypt; bound to the pseudonym, so that rows cannot be swapped."""
        sealed, key_id = self._encrypt(json.dumps(asdict(patient)).encode(), pseudonym)
        return SealedIdentity(patient_hash, pseudonym, scheme, site, sealed, key_id)

    def unseal(self, row: Identity) -> Patient:
        """Who it is; raises KeyMissing. Only for an opening that stands in the audit trail already."""
        return Patient(**json.loads(self._decrypt(row)))

    def opens(self, row: Identity) -> bool:
        """Whether the key that the row names is there and opens it; nobody sees what is in it."""
        try:
            self._decrypt(row)
        except KeyMissing:
            return False
        return True

    def leads(self, row: Identity, to: Callable[[Patient], bool]) -> bool:
        """What `to` answers about who it is: a proof of other keys, which shows that to nobody. Raises KeyMissing."""
        return to(Patient(**json.loads(self._decrypt(row))))

    def reseal(self, row: Identity) -> SealedIdentity:
        """The same identity under the current key; raises KeyMissing."""
        sealed, key_id = self._encrypt(self._decrypt(row), row.pseudonym)
        return SealedIdentity(row.patient_hash, row.pseudonym, row.scheme, row.site, sealed, key_id)

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
