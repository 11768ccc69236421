"""The role that works on studies and cases; the only one that needs the keys."""

from __future__ import annotations

from apscheduler.schedulers.background import BackgroundScheduler

from gateway.assembly.gateway import Gateway
from gateway.pipeline import schedule
from gateway.pipeline.context import StepContext
from gateway.pipeline.cores import Cores
from gateway.pipeline.runner.engine import Engine
from gateway.records import ledger
from gateway.records.identities import keys
from gateway.records.identities.vault import Vault


def worker(gateway: Gateway) -> tuple[Engine, BackgroundScheduler]:
    """The engine, started, and the scheduler that ticks it."""
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
    ledger.publish_letterbox(gateway.database, context.pseudonym_key)
    engine = Engine(context)
    engine.start()
    return engine, schedule.start(engine, gateway.database, gateway.settings)
