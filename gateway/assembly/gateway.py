"""What all roles share: records, object store and configuration, opened from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.explained_error import ExplainedError
from gateway.assembly.configuration import (
    last_good_nodes,
    last_good_rules,
    nodes_of,
    profiles_of,
    rules_of,
)
from gateway.assembly.last_good import Kept
from gateway.errors import SettingsError
from gateway.intake import Intake
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.migrations import schema
from gateway.settings import Settings
from gateway.wrong_configuration import WrongConfiguration

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
    wrong_configuration: Callable[[], tuple[WrongConfiguration, ...]]
    """What cannot be used now of nodes and rules, while the last good ones are in force."""


def open_gateway(settings: Settings, *, serves: bool = False) -> Gateway:
    """Open records and configuration; makes a SQLite schema current.

    What `serves` keeps the last good nodes and rules on disk, and goes on with them while the files are wrong; a
    command is told what is wrong.

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
    kept_in = last_good_folder(settings) if serves else None
    nodes, rules = nodes_of(settings.files, kept_in), rules_of(settings.files, kept_in)

    def wrong_configuration() -> tuple[WrongConfiguration, ...]:
        for part in (nodes, rules):
            with suppress(ExplainedError, OSError):  # with nothing good to go on with, whoever asks is told
                part()
        return tuple(part.wrong for part in (nodes, rules) if part.wrong is not None)

    return Gateway(
        settings,
        database,
        blobs,
        nodes,
        rules,
        profiles_of(settings.files),
        Intake(settings, database, blobs),
        wrong_configuration,
    )


def kept_nodes(settings: Settings) -> Kept[NodeDirectory] | None:
    """The last good nodes, as they would be in force now; None: there are none."""
    return last_good_nodes(last_good_folder(settings)).kept(settings.files.nodes)


def kept_rules(settings: Settings) -> Kept[RuleSet] | None:
    """The last good rules, as they would be in force now; None: there are none."""
    return last_good_rules(last_good_folder(settings)).kept(settings.files.rules)


def last_good_folder(settings: Settings) -> Path:
    """Where the last good nodes and rules are kept."""
    storage = settings.storage
    return storage.last_good or storage.objects.parent / "last-good"


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
