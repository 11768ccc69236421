"""Letters to the worker: sealed by a role that has no key, opened only where the pseudonym key is.

A coordinator's page has to pass on a PatientID that the web role must not be able to read back later. It seals the
letter to the worker's public key with a key pair made for that letter and then dropped: X25519 (RFC 7748), HKDF-SHA256
(RFC 5869), AES-256-GCM. The worker's private key is derived from the pseudonym key, which is never rotated.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session

from gateway.errors import GatewayError, KeyMissing
from gateway.records.tables.administration import LetterboxKey

if TYPE_CHECKING:
    from gateway.privacy.pseudonyms import PseudonymKey

NAME = "enrolment"
KEY_BYTES, NONCE_BYTES, BLOCK = 32, 12, 256
"""Plain text is filled up to whole blocks: the length of a letter tells nothing about the identifier in it."""


def seal(public_key: bytes, site: str, patient_id: str, issuer: str) -> bytes:
    """A letter of 32 bytes public key of its sender, 12 bytes nonce, cipher text; bound to the site."""
    own = X25519PrivateKey.generate()
    sender = own.public_key().public_bytes_raw()
    key = _key(own.exchange(X25519PublicKey.from_public_bytes(public_key)), sender + public_key)
    plain = json.dumps([patient_id, issuer]).encode()
    nonce = secrets.token_bytes(NONCE_BYTES)
    filled = plain.ljust(-(-len(plain) // BLOCK) * BLOCK)
    return sender + nonce + AESGCM(key).encrypt(nonce, filled, site.encode())


def open_letter(key: PseudonymKey, site: str, letter: bytes) -> tuple[str, str]:
    """PatientID and issuer. Raises GatewayError when the letter was changed, or was sealed for another key or site."""
    own = _private(key)
    sender, rest = letter[:KEY_BYTES], letter[KEY_BYTES:]
    public = own.public_key().public_bytes_raw()
    try:
        shared = own.exchange(X25519PublicKey.from_public_bytes(sender))
        plain = AESGCM(_key(shared, sender + public)).decrypt(
            rest[:NONCE_BYTES], rest[NONCE_BYTES:], site.encode()
        )
    except (InvalidTag, ValueError):  # ValueError: not even a key, or too short
        raise GatewayError(
            "What was entered cannot be opened: it was changed, or sealed for another pseudonym key.",
            "End this entry and enrol the patient again; if it happens to all, restore pseudonym.key from its backup.",
        ) from None
    patient_id, issuer = json.loads(plain)
    return patient_id, issuer


def public_of(key: PseudonymKey) -> bytes:
    """The public key to seal letters with that only this key opens."""
    return _private(key).public_key().public_bytes_raw()


def public_key(session: Session) -> bytes:
    """The published key; raises KeyMissing while no worker has ever started."""
    row = session.get(LetterboxKey, NAME)
    if row is None:
        raise KeyMissing(
            "No patient can be enrolled yet: the worker has not published the key that identifiers are sealed with.",
            "Start the worker once (gateway serve), then repeat this.",
        )
    return bytes.fromhex(row.public_key)


def _private(key: PseudonymKey) -> X25519PrivateKey:
    derived = HKDF(hashes.SHA256(), KEY_BYTES, None, b"pml-gateway letterbox private key").derive(key.key)
    return X25519PrivateKey.from_private_bytes(derived)


def _key(shared: bytes, context: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, context, b"pml-gateway letterbox letter").derive(shared)
