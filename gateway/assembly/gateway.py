"""What all roles share: records, object store and configuration, opened from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dicom_nodes.directory import NodeDirectory
from gateway.assembly.configuration import nodes_of, profiles_of, rules_of
from gateway.errors import SettingsError
from gateway.intake import Intake
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.identities import keys
from gateway.records.migrations import schema
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.profiles import SiteProfiles
    from routing_rules.files import RuleSet


@dataclass(frozen=True)
class Gateway:
    """Everything the roles share."""

    settings: Settings
    database: Database
    blobs: LocalBlobs
    directory: Callable[[], NodeDirectory]
    rules: Callable[[], RuleSet]
    profiles: Callable[[], SiteProfiles]
    intake: Intake


def open_gateway(settings: Settings) -> Gateway:
    """Open records and configuration; makes a SQLite schema current, and refuses a PostgreSQL one that is behind."""
    if settings.storage.database.startswith("sqlite:///"):
        Path(settings.storage.database.removeprefix("sqlite:///")).parent.mkdir(
            parents=True, exist_ok=True, mode=0o700
        )
    database = Database(settings.storage.database)
    if not schema.is_current(database):
        if not database.is_sqlite:
            raise SettingsError("The database schema is not this version's.", "Run: gateway migrate")
        schema.upgrade(database)
    blobs = LocalBlobs(settings.storage.objects)
    return Gateway(
        settings,
        database,
        blobs,
        nodes_of(settings.files),
        rules_of(settings.files),
        profiles_of(settings.files),
        Intake(settings, database, blobs),
    )


def make_keys(settings: Settings) -> None:
    """Create the two keys where there are none yet."""
    for name in ("vault.key", "pseudonym.key"):
        keys.make_key(settings.storage.keys / name)
