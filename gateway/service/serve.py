"""What a process of each role does, from its start until it is asked to stop."""

from __future__ import annotations

import gc
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from importlib import import_module

from sqlalchemy.exc import SQLAlchemyError

from dicom_nodes.scp.listening import SharedPort
from gateway import logs
from gateway.assembly.gateway import Gateway, open_gateway
from gateway.records import ledger
from gateway.service import keyless, without_pixels
from gateway.service.starting import importing
from gateway.settings import Settings, usable_cores

RECEIVER, WEB, WORKER = ROLES = ("receiver", "web", "worker")
MOST_RECEIVERS = 4
"""Beyond these the disk and the one database are what receiving waits for."""
GIL_SWITCH_S = 0.001
"""How long the thread that writes rows may hold up those that receive; Python's own 5 ms are a whole object."""

PARTS = {
    RECEIVER: ("gateway.assembly.receiver",),
    WEB: ("gateway.assembly.web", "uvicorn"),
    WORKER: ("gateway.assembly.worker",),
}
"""What a role imports besides that which all share."""

log = logs.get(__name__)


class StopRequest:
    """Whether this process was asked to stop: by a signal, or by another thread.

    A plain flag and short sleeps on purpose. A signal handler runs in the middle of whatever the main thread does;
    setting a threading.Event there waits forever for the lock that its own `wait` may just hold.
    """

    def __init__(self) -> None:
        self._asked = False

    @classmethod
    def by_signals(cls) -> StopRequest:
        """One that SIGTERM and SIGINT set."""
        asked = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: asked.set())
        return asked

    def set(self) -> None:
        """Ask."""
        self._asked = True

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._asked

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until asked, or for `seconds`; whether somebody asked."""
        until = None if seconds is None else time.monotonic() + seconds
        while not self._asked and (until is None or time.monotonic() < until):
            time.sleep(0.05 if until is None else max(0.0, min(0.05, until - time.monotonic())))
        return self._asked


def receivers(settings: Settings) -> int:
    """How many processes receive."""
    return settings.dicom.processes or min(MOST_RECEIVERS, usable_cores())


def import_part(role: str) -> None:
    """Import what this role works with, and nothing of the others."""
    if role == RECEIVER:
        without_pixels.keep_out()
    with importing():
        for name in PARTS[role]:
            import_module(name)


def run_role(settings: Settings, role: str) -> None:
    """Run one role in this process, alone, until SIGTERM or SIGINT."""
    logs.catch_uncaught()
    run(settings, role, StopRequest.by_signals(), None)


def run(settings: Settings, role: str, stop: StopRequest, port: SharedPort | None) -> None:
    """Run one role until `stop` is set; a receiver on `port`, which others may share."""
    if role != WORKER:
        keyless.keep_out(settings.storage.keys)
    import_part(role)
    gateway = open_gateway(settings, serves=True)
    # What is imported stays: the collector need not look at half a million objects again and again, in the middle of
    # receiving one; and pages that it does not touch stay shared with the other roles.
    gc.freeze()
    ledger.note_role(gateway.database, role)
    try:
        if role == RECEIVER:
            _receive(gateway, stop, port)
        else:
            {WEB: _web, WORKER: _work}[role](gateway, stop)
        with suppress(SQLAlchemyError):  # the database went first
            ledger.note_role(gateway.database, role, stopped=True)
    finally:
        gateway.intake.close()
        gateway.database.close()


def _receive(gateway: Gateway, stop: StopRequest, port: SharedPort | None) -> None:
    from gateway.assembly.receiver import receiver as open_receiver

    sys.setswitchinterval(GIL_SWITCH_S)
    gateway.intake.recover()
    with suppress(OSError):  # a full disk: the first object's sender is told, and people
        gateway.intake.open_folders.get_ready()
    receiver = open_receiver(gateway, port)
    receiver.start()
    if port is not None:
        port.listening.close()  # the receiver has its own: with that the last one stops listening when it drains
    log.info(
        "receiving",
        ae_title=gateway.settings.dicom.ae_title,
        host=gateway.settings.dicom.host,
        port=receiver.port,
    )
    # A process of before that was still dying, or draining, when we started has let go of its open folders by then.
    while not stop.wait(gateway.settings.serve.drain + 5) and not _recovered(gateway):
        pass
    stop.wait()
    receiver.stop(gateway.settings.serve.drain)


def _recovered(gateway: Gateway) -> bool:
    """Look once more for what was acknowledged and has no row; False when disk or database are away."""
    try:
        gateway.intake.recover()
    except (OSError, SQLAlchemyError) as error:
        log.error("what a process left behind is looked for again", why=type(error).__name__)
        return False
    return True


def _work(gateway: Gateway, stop: StopRequest) -> None:
    from gateway.assembly.worker import worker

    engine, scheduler = worker(gateway)
    log.info("working", worker=engine.name)
    stop.wait()
    scheduler.shutdown(wait=False)
    engine.stop(gateway.settings.serve.drain)


def _web(gateway: Gateway, stop: StopRequest) -> None:
    import uvicorn

    from gateway.assembly.web import web as application
    from gateway.web.traffic.connections import Connections, connection_limits

    gateway.intake.recover()
    web = gateway.settings.web
    # Forms that are sent as a whole, too, go where there is room and nobody else reads.
    tempfile.tempdir = str(gateway.settings.storage.objects)
    connections = Connections(connection_limits(gateway.settings))
    config = uvicorn.Config(
        application(gateway),
        host=web.host,
        port=web.port,
        http=connections.protocol,  # type: ignore[arg-type]
        ws="none",
        log_config=None,
        access_log=False,
        forwarded_allow_ips=list(web.proxies),
        timeout_graceful_shutdown=int(gateway.settings.serve.drain),
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.run, name="web")
    thread.start()
    log.info("serving pages", host=web.host, port=web.port)
    while thread.is_alive() and not stop.wait(0.2):
        pass
    server.should_exit = True
    thread.join(gateway.settings.serve.drain + 5)
    if not stop.is_set():
        raise SystemExit(f"The web role ended by itself; is another program on port {web.port}?")
