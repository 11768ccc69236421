"""What all roles share: records, object store and configuration, opened from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

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
    from routing_rules.rule_files import RuleSet


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
    """Open records and configuration; makes a SQLite schema current.

    Raises SettingsError for a database that cannot be reached, and for a PostgreSQL schema that is behind.
    """
    with _reachable():
        database = _database(settings)
        try:
            _make_current(database)
        except BaseException:
            database.close()
            raise
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


def migrate(settings: Settings) -> None:
    """Bring the database schema to this version's. Raises SettingsError for a database that cannot be reached."""
    with _reachable(), closing(_database(settings)) as database:
        schema.upgrade(database)


def unreachable(error: SQLAlchemyError) -> SettingsError:
    """What is said of a database that does not answer; what the driver says may repeat its password."""
    return SettingsError(
        f"The database cannot be reached ({type(error).__name__}).",
        "Correct [storage] database, or start it.",
    )


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise unreachable(error) from error


def _make_current(database: Database) -> None:
    if schema.is_current(database):
        return
    if not database.is_sqlite:
        raise SettingsError("The database schema is not this version's.", "Run: gateway migrate")
    schema.upgrade(database)


def _database(settings: Settings) -> Database:
    """The database of the settings; the folder of a SQLite one is made."""
    if settings.storage.database.startswith("sqlite:///"):
        folder = Path(settings.storage.database.removeprefix("sqlite:///")).parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Database(settings.storage.database)


def make_keys(settings: Settings) -> None:
    """Create the two keys where there are none yet."""
    for name in ("vault.key", "pseudonym.key"):
        keys.make_key(settings.storage.keys / name)
