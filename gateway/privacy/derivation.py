"""Separate secrets for separate purposes: every derived value has its own key, derived from the pseudonym key.

The key of a purpose is HKDF-SHA256 (RFC 5869) of the pseudonym key with the purpose in its `info`; a value is the
HMAC-SHA256 of its fields under that key, each with its length before it. So whatever a sender writes into a field, it
meets no other purpose, and ("a", "bc") and ("ab", "c") never meet.
"""

from __future__ import annotations

import hmac
from enum import StrEnum
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_LABEL: Final = "pml-gateway pseudonyms, scheme 2: "


class Purpose(StrEnum):
    """What a value is derived for. The values are in every derivation: one that is changed changes all its values."""

    UID = "replacement of a UID"
    PATIENT = "pseudonym of a patient"
    PATIENT_HASH = "hash of a patient"
    PATIENT_DATES = "date shift of a patient"
    STUDY = "pseudonym of a study without a patient number"
    STUDY_HASH = "hash of a study without a patient number"
    STUDY_DATES = "date shift of a study without a patient number"
    NUMBER_HASH = "hash of a patient number without its issuer"
    NAME_HASH = "hash of a name"
    BIRTH_DATE_HASH = "hash of a birth date"
    ACCESSION_HASH = "hash of an accession number"
    ACCESSION = "replacement of an accession number"
    REPORT_UID = "UID of a report"
    REPORT_SERIES_UID = "UID of the series of a report"
    DEVICE_UID = "UID of this gateway"


def info(purpose: Purpose) -> bytes:
    """The `info` of the HKDF of a purpose."""
    return f"{_LABEL}{purpose}".encode()


def message(*fields: str) -> bytes:
    """The fields as one message that only they give: each in UTF-8 with its length in four bytes before it."""
    parts = [field.encode("utf-8", "surrogatepass") for field in fields]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def derived(key: bytes, purpose: Purpose, *fields: str) -> bytes:
    """The 32 bytes derived for a purpose from its fields."""
    return hmac.digest(key_of(key, purpose), message(*fields), "sha256")


@lru_cache(maxsize=256)
def key_of(key: bytes, purpose: Purpose) -> bytes:
    """The key of a purpose, of 32 bytes."""
    return HKDF(SHA256(), KEY_BYTES, None, info(purpose)).derive(key)
