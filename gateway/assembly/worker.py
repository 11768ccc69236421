"""The role that works on studies and cases; the only one that needs the keys."""

from __future__ import annotations

from apscheduler.schedulers.background import BackgroundScheduler

from gateway.assembly.gateway import Gateway
from gateway.decoding.children import BEHIND, SHARED, Limits
from gateway.guidelines import declared
from gateway.pipeline import schedule
from gateway.pipeline.context import StepContext
from gateway.pipeline.cores import Cores
from gateway.pipeline.runner.engine import Engine
from gateway.records import key_proof, ledger


def worker(gateway: Gateway) -> tuple[Engine, BackgroundScheduler]:
    """The engine, started, and the scheduler that ticks it. Raises KeyMissing, and WrongKeys for those of others."""
    limits = gateway.settings.limits
    for processes, many in ((SHARED, limits.decode_processes), (BEHIND, 1)):
        processes.bound(Limits(many, limits.decode_seconds, limits.decode_mb << 20))
    keys = key_proof.proven(gateway.database, gateway.settings.storage.keys)
    context = StepContext(
        gateway.settings,
        gateway.database,
        gateway.blobs,
        gateway.directory,
        gateway.rules,
        gateway.profiles,
        keys.vault,
        keys.pseudonyms,
        Cores(gateway.settings.engine.processes),
        guidelines=declared(gateway.settings.surveillance),
        wrong_configuration=gateway.wrong_configuration,
    )
    ledger.publish_letterbox(gateway.database, context.pseudonym_key)
    engine = Engine(context)
    engine.start()
    return engine, schedule.start(engine, gateway.database, gateway.settings)
