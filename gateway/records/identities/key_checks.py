"""What the records know a key by: its check value, which tells nothing about the key and meets no other derived value.

A check value is HKDF-SHA256 (RFC 5869) of the key, 16 bytes, under a label of its own for each file of keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.records.identities.keys import CURRENT, PSEUDONYMS, KeyRing, read_key

CHECK_BYTES = 16


@dataclass(frozen=True)
class KeyChecks:
    """The check values of the keys in a folder: by the file they are of, and of every key of the vault."""

    present: Mapping[str, str]
    vault: frozenset[str]

    def unfit(self, on_record: Mapping[str, str]) -> tuple[str, ...]:
        """The files whose key is another than the one on record.

        A vault key that is new beside the one on record is being rotated to, and fits.
        """
        return tuple(
            name
            for name, value in on_record.items()
            if value != self.present.get(name) and not (name == CURRENT and value in self.vault)
        )


def check_value(file: str, key: bytes) -> str:
    """The check value of a key of this file, hexadecimal."""
    return HKDF(SHA256(), CHECK_BYTES, None, f"pml-gateway check of {file}".encode()).derive(key).hex()


def checks_of(folder: Path) -> KeyChecks:
    """Of the keys in a folder. Raises KeyMissing, and SettingsError for a key that cannot be used."""
    ring = KeyRing(folder)
    vault = {name: check_value(CURRENT, key) for name in ring.known if (key := ring.key(name)) is not None}
    present = {
        CURRENT: vault[ring.current],
        PSEUDONYMS: check_value(PSEUDONYMS, read_key(folder / PSEUDONYMS)),
    }
    return KeyChecks(present, frozenset(vault.values()))
