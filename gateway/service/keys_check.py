"""What `gateway check` says of keys: whether each can be read, and whether they are those of the records."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors import GatewayError
from gateway.records import key_proof, ledger
from gateway.records.database import Database
from gateway.records.identities import audit_keys, keys
from gateway.records.identities.key_checks import checks_of
from gateway.service.problem import Problem
from gateway.settings import Settings


def keys_there(settings: Settings) -> Iterator[Problem]:
    """Files of keys that are missing or cannot be read."""
    for name in ("vault.key", "pseudonym.key"):
        try:
            keys.read_key(settings.storage.keys / name)
        except GatewayError as error:
            yield Problem("keys", error.problem, error.fix)
    if not (settings.storage.keys / audit_keys.CURRENT).exists():
        told = f"There is no {audit_keys.CURRENT} in {settings.storage.keys}: the audit trail is kept, and not sealed."
        yield Problem("keys", told, "Run: gateway audit init-key", severe=False)
    for path in sorted(settings.storage.keys.glob(audit_keys.ANY)):
        try:
            keys.read_key(path)
        except GatewayError as error:
            yield Problem("keys", error.problem, error.fix)
    for path in sorted(settings.storage.keys.glob(keys.ANY)):
        if path.name != keys.CURRENT:
            try:
                keys.read_key(path)
            except GatewayError as error:
                yield Problem("keys", error.problem, error.fix)


def keys_needed(settings: Settings, database: Database) -> Iterator[Problem]:
    """Keys of other records, and identities whose key is gone: no report can be returned for them."""
    folder = settings.storage.keys
    try:
        known = keys.KeyRing(folder).known
        with database.read() as session:
            needed = ledger.rows_by_key(session)
            wrong = key_proof.unproven(session, folder, checks_of(folder))
    except GatewayError:
        return  # told already
    if wrong:
        yield Problem("keys", *key_proof.told(wrong, folder))
    for name, rows in sorted(needed.items()):
        if name not in known:
            yield Problem(
                "keys",
                f"{rows} identities were sealed with key {name}, which is not in {settings.storage.keys}.",
                f"Put that key's file back there as {keys.own_name(name)}.",
            )
