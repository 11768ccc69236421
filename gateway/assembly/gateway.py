"""The composition root: Settings become records and roles; the only module that knows every other."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from dicom_nodes.commitment import CommitmentResult, Reference
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import Node, TlsSettings
from dicom_nodes.scp.receiver import Receiver, Refusal
from gateway import logs
from gateway.errors import SettingsError
from gateway.intake import Arrival, Intake
from gateway.profiles import SiteProfiles, read_folder
from gateway.records import ledger
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.evidence import CommitmentFact
from gateway.records.identities import keys, sealed_letters
from gateway.records.migrations import schema
from gateway.settings import Settings
from routing_rules.files import RuleSet, load_rules
from routing_rules.versions import in_force

NO_SUCH_OBJECT_INSTANCE = 0x0112
"""Failure Reason of storage commitment for an instance we do not keep (PS3.3 C.14.1.1)."""

_ASSOCIATIONS = 256
"""Whose nodes are remembered: more than are open at once."""

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler
    from fastapi import FastAPI

    from gateway.pipeline.runner.engine import Engine

T = TypeVar("T")
log = logs.get(__name__)


@dataclass(frozen=True)
class SharedPort:
    """The DICOM port that several processes receive on."""

    listening: socket.socket
    processes: int


class Reloaded(Generic[T]):
    """A configuration file or folder, read again when it changed; the last good one stays when the new one is wrong."""

    def __init__(
        self, path: Path, read: Callable[[Path], T], missing: T, locate: Callable[[Path], Path] = Path
    ) -> None:
        self._path, self._read, self._missing = path, read, missing
        self._locate = locate
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._value: T | None = None

    def __call__(self) -> T:
        path = self._locate(self._path)
        if not path.exists():
            return self._missing
        files = sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]
        stamp = tuple((str(file), file.stat().st_mtime_ns) for file in files)
        if stamp != self._stamp or self._value is None:
            try:
                self._value = self._read(path)
            except Exception as error:
                if self._value is None:
                    raise
                log.error(
                    "a changed file is wrong; the one before stays in force",
                    file=str(path),
                    why=str(error),
                )
            self._stamp = stamp
        return self._value


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
    directory = Reloaded(settings.files.nodes, NodeDirectory.from_file, NodeDirectory(()))
    rules = Reloaded(settings.files.rules, load_rules, RuleSet((), "no rules"), in_force)
    # What is wrong in a profile's file stays in the value: an older profile never stands in for a changed one.
    profiles = Reloaded(settings.files.profiles, read_folder, SiteProfiles())
    return Gateway(settings, database, blobs, directory, rules, profiles, Intake(settings, database, blobs))


def make_keys(settings: Settings) -> None:
    """Create the two keys where there are none yet."""
    for name in ("vault.key", "pseudonym.key"):
        keys.make_key(settings.storage.keys / name)


def receiver(gateway: Gateway, port: SharedPort | None = None) -> Receiver:
    """The DICOM side of the gateway, not yet started; `port` is the one it shares with other processes."""
    settings, database = gateway.settings, gateway.database

    @lru_cache(maxsize=_ASSOCIATIONS)
    def node_of(association_id: str, name: str) -> Node:  # noqa: ARG001  (asked once for each association)
        return gateway.directory().get(name)

    def begin(announced: ReceivedInstance) -> Arrival:
        node = node_of(announced.association_id, announced.node)
        return gateway.intake.begin(announced, site=node.site, roles=node.roles)

    def on_commitment(result: CommitmentResult) -> None:
        ledger.record_commitment(
            database, CommitmentFact(result.transaction_uid, result.node, result.committed, result.failed)
        )

    def committed(
        wanted: tuple[Reference, ...],
    ) -> tuple[tuple[Reference, ...], tuple[tuple[Reference, int], ...]]:
        uids = [reference.sop_instance_uid for reference in wanted]
        held = gateway.intake.holds(uids, alone=port is None or port.processes == 1)
        return (
            tuple(reference for reference in wanted if reference.sop_instance_uid in held),
            tuple(
                (reference, NO_SUCH_OBJECT_INSTANCE)
                for reference in wanted
                if reference.sop_instance_uid not in held
            ),
        )

    def refused(refusal: Refusal) -> None:
        fix = "If this caller is wanted, give it a node with this AE title and address in nodes.yaml."
        ledger.refuse(database, refusal.calling_ae_title, refusal.address, refusal.why, fix)

    dicom = settings.dicom
    tls = TlsSettings(dicom.tls_certificate, dicom.tls_key, dicom.tls_ca) if dicom.tls_certificate else None
    return Receiver(
        dicom.ae_title,
        dicom.host,
        dicom.port,
        directory=gateway.directory,
        begin=begin,
        on_commitment=on_commitment,
        committed=committed,
        max_pdu=dicom.max_pdu,
        max_associations=-(-dicom.max_associations // (port.processes if port else 1)),
        listening=port.listening if port else None,
        tls=tls,
        refused=refused,
        also_called=dicom.also_called.split(","),
    )


def import_roles(*, web: bool, worker: bool) -> None:
    """Import what these roles import, so that processes forked from this one start at once."""
    if web:
        import uvicorn  # noqa: F401

        import gateway.web.application
    if worker:
        import gateway.pipeline.runner.engine  # noqa: F401


def worker(gateway: Gateway) -> tuple[Engine, BackgroundScheduler]:
    """The engine, started, and the scheduler that ticks it; the only role that needs the keys."""
    # Each role imports only its own half: a role that died is back sooner, and holds less memory.
    from gateway.pipeline import schedule
    from gateway.pipeline.context import StepContext
    from gateway.pipeline.cores import Cores
    from gateway.pipeline.runner.engine import Engine
    from gateway.records.identities.vault import Vault

    context = StepContext(
        gateway.settings,
        gateway.database,
        gateway.blobs,
        gateway.directory,
        gateway.rules,
        gateway.profiles,
        Vault.from_folder(gateway.settings.storage.keys),
        keys.pseudonym_key(gateway.settings.storage.keys),
        Cores(gateway.settings.engine.processes),
    )
    sealed_letters.publish(gateway.database, context.pseudonym_key)
    engine = Engine(context)
    engine.start()
    return engine, schedule.start(engine, gateway.database, gateway.settings)


def web(gateway: Gateway) -> FastAPI:
    """The web application; it has no keys."""
    from gateway.web.application import WebContext, create_application

    return create_application(
        WebContext(
            gateway.settings,
            gateway.database,
            gateway.blobs,
            gateway.directory,
            gateway.intake,
            gateway.rules,
        )
    )
