"""Who a pseudonym is: sealed with AES-256-GCM, opened only here, each opening an audit event.

The key comes from a file with mode 0600 and is named by the first bytes of its own hash, so that a row
says which key it needs. The web role runs without the key.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import KeyMissing, NotThere, SettingsError
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import audit
from gateway.records.database import Database
from gateway.records.tables import Identity

KEY_BYTES = 32
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
    """Seals and opens identities with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.key_id = key_id(key)

    @classmethod
    def from_folder(cls, keys: Path) -> Vault:
        """The vault of a gateway; raises KeyMissing with the command that makes the key."""
        return cls(read_key(keys / "vault.key"))

    def seal(self, site: str, patient: Patient, pseudonym: str, patient_hash: str) -> SealedIdentity:
        """Encrypt; bound to the pseudonym, so that rows cannot be swapped."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = json.dumps(asdict(patient)).encode()
        return SealedIdentity(
            patient_hash,
            pseudonym,
            site,
            nonce + self._cipher.encrypt(nonce, plain, pseudonym.encode()),
            self.key_id,
        )

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
        nonce, sealed = row.sealed[:NONCE_BYTES], row.sealed[NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, sealed, row.pseudonym.encode())
        except InvalidTag:
            raise KeyMissing(
                f"Identity {identity_id} was sealed with key {row.key_id}, and this process has key {self.key_id}.",
                "Give this process the key file the identity was sealed with.",
            ) from None
        return Patient(**json.loads(plain))


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"pml-gateway key id" + key).hexdigest()[:12]


def make_key(path: Path) -> None:
    """Create a key file, mode 0600, unless one is there: a key is never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(KEY_BYTES) + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def read_key(path: Path) -> bytes:
    """The key in a file; raises KeyMissing or SettingsError with the fix."""
    try:
        mode = path.stat().st_mode & 0o077
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyMissing(
            f"There is no key file {path}.",
            "Restore it from its backup, or make a new gateway with: gateway init DIR",
        ) from None
    if mode:
        raise SettingsError(f"The key file {path} can be read by others.", f"Run: chmod 600 {path}")
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(
            f"The key file {path} does not hold {KEY_BYTES} bytes in hexadecimal.",
            "Restore it from its backup.",
        )
    return key


def pseudonym_key(keys: Path) -> PseudonymKey:
    """The key that pseudonyms, dates and UIDs are derived with."""
    key = read_key(keys / "pseudonym.key")
    return PseudonymKey(key, key_id(key))
