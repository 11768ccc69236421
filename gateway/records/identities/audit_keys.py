"""The keys of the audit trail: audit.key seals, any audit*.key beside it proves what it sealed.

They lie with the other keys, which the web role and the receiver do not read (gateway.service.keyless).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Conflict
from gateway.records.identities import keys
from gateway.records.identities.keys import key_id, read_key

CURRENT = "audit.key"
ANY = "audit*.key"
MADE_BY = "one with: gateway audit init-key"


@dataclass(frozen=True)
class AuditKeys:
    """The keys in a folder, by their names; `current` is the name of the one that seals."""

    current: str
    keys: dict[str, bytes]


def audit_keys(folder: Path) -> AuditKeys:
    """The keys of a folder; raises KeyMissing without a current one, and SettingsError."""
    current = read_key(folder / CURRENT, MADE_BY)
    every = {key_id(key): key for key in map(read_key, sorted(folder.glob(ANY)))}
    return AuditKeys(key_id(current), every)


def make(folder: Path) -> str:
    """Make the key; returns its name. Raises Conflict where there is one."""
    if (folder / CURRENT).exists():
        raise Conflict(
            f"There is a key already: {folder / CURRENT}.", "Renew it with: gateway audit rotate-key"
        )
    keys.make_key(folder / CURRENT)
    return key_id(read_key(folder / CURRENT))


def rotate(folder: Path) -> tuple[str, str]:
    """Let a new key seal; the one before stays beside it under its own name. Returns the names of both."""
    before = read_key(folder / CURRENT, MADE_BY)
    new = keys.replace_key(folder, CURRENT, f"audit-{key_id(before)}.key")
    return key_id(before), new
