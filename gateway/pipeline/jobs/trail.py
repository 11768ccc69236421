"""The audit trail is sealed, anchored and sent to an audit repository: by the worker, which has its key."""

from __future__ import annotations

import random
import socket
from datetime import timedelta
from pathlib import Path
from typing import Final

from gateway import logs
from gateway.errors import GatewayError
from gateway.pipeline import retry
from gateway.records import ledger
from gateway.records.audit import anchors, messages, syslog
from gateway.records.audit.syslog import NotSent, Server, Unconfirmed
from gateway.records.database import Database
from gateway.records.identities.audit_keys import audit_keys
from gateway.records.ledger.trail.sealing import BATCH, Memory
from gateway.settings import Settings, syslog_server

log = logs.get(__name__)

LEASE = timedelta(minutes=5)
"""Longer than a batch takes: a worker that died in between is replaced after this."""

MOST_REPEATS: Final = 3
"""Failed tries until a batch counts that has arrived, by TCP, at a server that never confirms the end of a connection.
Else that server would get the same rows for ever, and never the next ones: also nothing of a break-in."""


def seal(database: Database, settings: Settings, memory: Memory | None = None) -> None:
    """Seal what was written since; without a key nothing is lost, and people are told."""
    try:
        keys = audit_keys(settings.storage.keys)
    except GatewayError as error:
        ledger.note_unsealed(database, f"The audit trail is not sealed. {error.problem}", error.fix)
        return
    while ledger.seal_trail(database, keys, memory) >= BATCH:
        pass


def anchor(database: Database, settings: Settings) -> None:
    """Write the head of the chain outside the database, and then into the trail that it was."""
    due = ledger.anchor_due(database)
    if due is None:
        return
    path = anchor_file(settings)
    try:
        anchors.write(path, due, append_only=settings.audit.append_only)
    except GatewayError as error:
        log.error("the audit trail is not anchored", why=error.problem)
        ledger.note_unsealed(database, error.problem, error.fix)
        return
    ledger.note_anchor(database, due, path.name)


def anchor_file(settings: Settings) -> Path:
    """Where the heads of the chain are kept."""
    return settings.audit.anchors or settings.storage.objects.parent / "audit-anchors.jsonl"


def send(database: Database, settings: Settings) -> None:
    """Send what is sealed and not sent yet, in the order of the chain; what is not taken waits in the records."""
    server = repository(settings)
    if server is None:
        return
    while (due := ledger.take_events(database, LEASE)) is not None:
        source, host = settings.audit.source, socket.gethostname()
        lines = [
            syslog.line(messages.message(event, source), event.at, event.place or 0, host)
            for event in due.events
        ]
        try:
            syslog.send(server, lines)
        except NotSent as error:
            if isinstance(error, Unconfirmed) and due.attempts >= MOST_REPEATS:
                ledger.events_sent(database, due, unconfirmed=(error.problem, error.fix))
                continue
            log.warning("the audit repository takes nothing", problem=error.problem)
            look_again = retry.delay(due.attempts, settings.engine, random.random())
            away = timedelta(seconds=settings.audit.away)
            ledger.events_not_sent(database, error.problem, error.fix, look_again, away)
            return
        ledger.events_sent(database, due)


def repository(settings: Settings) -> Server | None:
    """The audit repository of the settings; None without one."""
    audit = settings.audit
    if not audit.syslog:
        return None
    scheme, host, port = syslog_server(audit.syslog)
    return Server(scheme, host, port, audit.syslog_ca, audit.syslog_certificate, audit.syslog_key)
