"""Periodic jobs. APScheduler only ticks: what a tick does is claimed in the records, so replicas never double it.

APScheduler stays below 4 (alpha, its declared dependencies do not import); its job store is in memory in
every process, because a shared one fires twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_SCHEDULER_SHUTDOWN
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from gateway.contacts import site_contacts
from gateway.pipeline.jobs import certificates, contexts, in_force, notify, telling, trail
from gateway.pipeline.jobs.background import Background
from gateway.pipeline.runner.engine import Engine
from gateway.pipeline.steps import calendar
from gateway.records import forgetting, ledger, rotation
from gateway.records.database import Database
from gateway.records.ledger.telling.chain import MAIL, WEBHOOK
from gateway.records.ledger.trail.sealing import Memory
from gateway.settings import Settings

SWEEP_SECONDS = 600
NOTICE_SECONDS = 30
TELLING_SECONDS = 10
LETTER_SECONDS = 15
CALENDAR_SECONDS = 3600
SEND_SECONDS = 5
SEAL_SECONDS = 2
"""How long a row of the audit trail may wait for its seal: what is deleted meanwhile is not missed."""
CERTIFICATE_SECONDS = 86400
STOP_SECONDS = 2
"""How long whoever stops waits for work in the background, which is made again."""


def start(engine: Engine, database: Database, settings: Settings) -> BackgroundScheduler:
    """Start the ticks of a worker process and its work in the background; both end with the returned scheduler."""
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
    )
    scheduler.add_job(engine.wake, IntervalTrigger(seconds=settings.engine.poll), id="look for due work")
    scheduler.add_job(
        once_per_slot(database, "end sessions", SWEEP_SECONDS, lambda: ledger.end_expired_sessions(database)),
        IntervalTrigger(seconds=SWEEP_SECONDS),
        id="end sessions",
    )
    scheduler.add_job(
        lambda: notify.note_wrong(database, engine.context.wrong_configuration()),
        IntervalTrigger(seconds=NOTICE_SECONDS),
        id="note wrong configuration",
    )
    scheduler.add_job(
        lambda: in_force.watch(engine.context),
        IntervalTrigger(seconds=NOTICE_SECONDS),
        id="tell what configuration is in force",
        next_run_time=datetime.now(UTC) + timedelta(seconds=1),
    )
    scheduler.add_job(
        lambda: notify.tell_due(database, settings),
        IntervalTrigger(seconds=NOTICE_SECONDS),
        id="tell notices",
    )
    contacts = site_contacts(settings.files.contacts)
    for name, telling_job in (
        ("ring contacts", lambda: telling.ring(database, contacts)),
        ("tell contacts by mail", lambda: telling.send(database, settings, contacts, MAIL)),
        ("tell contacts by webhook", lambda: telling.send(database, settings, contacts, WEBHOOK)),
    ):  # each on its own: a mail server that is away holds up neither webhooks nor the next step
        scheduler.add_job(telling_job, IntervalTrigger(seconds=TELLING_SECONDS), id=name)
    context = engine.context
    scheduler.add_job(
        once_per_slot(database, "look at told texts", TELLING_SECONDS, lambda: contexts.look(context)),
        IntervalTrigger(seconds=TELLING_SECONDS),
        id="look at told texts",
    )
    scheduler.add_job(
        lambda: calendar.open_letters(database, context.pseudonym_key, context.no_patient_ids),
        IntervalTrigger(seconds=LETTER_SECONDS),
        id="open letters",
    )
    scheduler.add_job(
        once_per_slot(database, "surveillance", CALENDAR_SECONDS, lambda: calendar.tick(context)),
        IntervalTrigger(seconds=CALENDAR_SECONDS),
        id="surveillance",
        # Soon after a start too: a gateway that is stopped every evening would never reach its first hour.
        next_run_time=datetime.now(UTC) + timedelta(seconds=LETTER_SECONDS),
    )
    memory = Memory()
    scheduler.add_job(
        lambda: trail.seal(database, settings, memory),
        IntervalTrigger(seconds=SEAL_SECONDS),
        id="seal the audit trail",
    )
    scheduler.add_job(
        lambda: trail.send(database, settings),
        IntervalTrigger(seconds=SEND_SECONDS),
        id="send the audit trail",
    )
    anchor_seconds = max(1, int(settings.audit.anchor_every))
    scheduler.add_job(
        once_per_slot(
            database, "anchor the audit trail", anchor_seconds, lambda: trail.anchor(database, settings)
        ),
        IntervalTrigger(seconds=anchor_seconds),
        id="anchor the audit trail",
    )
    scheduler.add_job(
        once_per_slot(database, "certificates", CERTIFICATE_SECONDS, lambda: certificates.watch(context)),
        IntervalTrigger(hours=1),  # its slot is the day, whenever the gateway is started in it
        id="certificates",
        next_run_time=datetime.now(UTC) + timedelta(seconds=2 * LETTER_SECONDS),
    )
    vault, blobs = engine.context.vault, engine.context.blobs
    for name, job in (
        ("tokens that end", lambda: ledger.note_ending_clients(database)),
        ("reseal", lambda: rotation.sweep(database, vault)),
        ("finish forgetting", lambda: forgetting.sweep(database, blobs)),
    ):
        scheduler.add_job(
            once_per_slot(database, name, SWEEP_SECONDS, job),
            IntervalTrigger(seconds=SWEEP_SECONDS),
            id=name,
        )
    background = Background(context)
    scheduler.add_listener(lambda _: background.stop(STOP_SECONDS), EVENT_SCHEDULER_SHUTDOWN)
    scheduler.start()
    background.start()
    return scheduler


def once_per_slot(
    database: Database, name: str, seconds: int, job: Callable[[], object]
) -> Callable[[], None]:
    """The job, run by only one replica in each slot of `seconds`."""

    def tick() -> None:
        slot = int(datetime.now(UTC).timestamp()) // seconds
        if ledger.take_tick(database, name, slot):
            job()

    return tick
