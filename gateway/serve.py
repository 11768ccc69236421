"""One process for each role, and several receivers; started again when one dies; SIGTERM drains and stops."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from dicom_nodes.errors import NodeError
from dicom_nodes.server import listen
from gateway import assembly, keyless, logs
from gateway.assembly import SharedPort
from gateway.settings import Settings, usable_cores

RECEIVER, WEB, WORKER = ROLES = ("receiver", "web", "worker")
MOST_RECEIVERS = 4
"""Beyond these the disk and the one database are what receiving waits for."""
LONGEST_RESTART_DELAY = 30.0
GIL_SWITCH_S = 0.001
"""How long the thread that writes rows may hold up those that receive; Python's own 5 ms are a whole object."""
LIVED_LONG = 10.0
"""Seconds after which a role counts as healthy again, and its next restart is quick."""

log = logs.get(__name__)


class Asked:
    """Whether this process was asked to stop: by a signal, or by another thread.

    A plain flag and short sleeps on purpose. A signal handler runs in the middle of whatever the main thread does;
    setting a threading.Event there waits forever for the lock that its own `wait` may just hold.
    """

    def __init__(self) -> None:
        self._asked = False

    @classmethod
    def by_signals(cls) -> Asked:
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


def run_role(settings: Settings, role: str) -> None:
    """Run one role in this process, alone, until SIGTERM or SIGINT."""
    _run(settings, role, Asked.by_signals(), None)


def _run(settings: Settings, role: str, stop: Asked, port: SharedPort | None) -> None:
    if role != WORKER:
        keyless.keep_out(settings.storage.keys)
    gateway = assembly.open_gateway(settings)
    # What is imported stays: the collector need not look at half a million objects again and again, in the middle of
    # receiving one; and pages that it does not touch stay shared with the other roles.
    gc.freeze()
    try:
        if role == RECEIVER:
            _receive(gateway, stop, port)
        else:
            {WEB: _web, WORKER: _work}[role](gateway, stop)
    finally:
        gateway.intake.close()
        gateway.database.close()


def _receive(gateway: assembly.Gateway, stop: Asked, port: SharedPort | None) -> None:
    sys.setswitchinterval(GIL_SWITCH_S)
    gateway.intake.recover()
    receiver = assembly.receiver(gateway, port)
    receiver.start()
    log.info(
        "receiving",
        ae_title=gateway.settings.dicom.ae_title,
        host=gateway.settings.dicom.host,
        port=receiver.port,
    )
    # A process of before that was still dying, or draining, when we started has let go of its trays by then.
    while not stop.wait(gateway.settings.serve.drain + 5) and not _recovered(gateway):
        pass
    stop.wait()
    receiver.stop(gateway.settings.serve.drain)


def _recovered(gateway: assembly.Gateway) -> bool:
    """Look once more for what was acknowledged and has no row; False when disk or database are away."""
    try:
        gateway.intake.recover()
    except (OSError, SQLAlchemyError) as error:
        log.error("what a process left behind is looked for again", why=type(error).__name__)
        return False
    return True


def _work(gateway: assembly.Gateway, stop: Asked) -> None:
    engine, scheduler = assembly.worker(gateway)
    log.info("working", worker=engine.name)
    stop.wait()
    scheduler.shutdown(wait=False)
    engine.stop(gateway.settings.serve.drain)


def _web(gateway: assembly.Gateway, stop: Asked) -> None:
    import uvicorn

    gateway.intake.recover()
    web = gateway.settings.web
    config = uvicorn.Config(
        assembly.web(gateway),
        host=web.host,
        port=web.port,
        log_config=None,
        access_log=False,
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


def _follow(supervisor: int, stop: Asked) -> None:
    """Stop when the supervisor is gone: an orphan would keep the port that its successor needs."""

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(0.2)
        stop.set()

    threading.Thread(target=watch, name="follow-supervisor", daemon=True).start()


class _Port:
    """The DICOM port, open as long as a receiver lives: with none a sender is refused at once instead of waiting."""

    def __init__(self, settings: Settings) -> None:
        self._dicom = settings.dicom
        self._processes = receivers(settings)
        self._listening: socket.socket | None = None

    def shared(self) -> SharedPort:
        """The port, opened if it is not open. Raises NodeError."""
        if self._listening is None:
            self._listening = listen(self._dicom.host, self._dicom.port)
        return SharedPort(self._listening, self._processes)

    def close(self) -> None:
        """This process no longer holds the port; those that receive still do."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None


@dataclass
class _Child:
    role: str
    pid: int | None = None
    started: float = 0.0
    next_start: float = 0.0
    delay: float = 0.0


def supervise(settings: Settings, roles: Sequence[str]) -> None:
    """Keep one process of each role, and `receivers` of that one, alive until SIGTERM or SIGINT, then drain them all.

    Roles are forked from this process, which has imported everything and opened nothing but the port: a role that
    died is back within milliseconds, and all share the memory of their code.
    """
    stop = Asked.by_signals()
    assembly.open_gateway(settings).database.close()  # migrate once, before several processes try
    assembly.import_roles(web=WEB in roles, worker=WORKER in roles)
    children = [_Child(role) for role in roles for _ in range(receivers(settings) if role == RECEIVER else 1)]
    port = _Port(settings)
    while not stop.is_set():
        for child in children:
            _keep_alive(child, settings, port, stop)
        if not any(child.pid for child in children if child.role == RECEIVER):
            port.close()
        stop.wait(0.05)
    port.close()
    for child in children:
        if child.pid is not None:
            os.kill(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + settings.serve.drain + 5
    while any(_is_alive(child) for child in children):
        if time.monotonic() > deadline:
            for child in children:
                if child.pid is not None:
                    os.kill(child.pid, signal.SIGKILL)
        time.sleep(0.05)


def _keep_alive(child: _Child, settings: Settings, port: _Port, stop: Asked) -> None:
    now = time.monotonic()
    if child.started and child.next_start <= child.started:
        if _is_alive(child):
            return
        first = settings.serve.restart_delay
        long = now - child.started > LIVED_LONG
        child.delay = first if long else min(max(first, child.delay * 2), LONGEST_RESTART_DELAY)
        log.error("a role died and will be started again", role=child.role, in_seconds=child.delay)
        child.next_start = now + child.delay
    if now >= child.next_start:
        child.pid, child.started, child.next_start = _fork(settings, child.role, port, stop), now, 0.0


def _fork(settings: Settings, role: str, port: _Port, stop: Asked) -> int | None:
    """The process of a role; None when it cannot be started now.

    It inherits `stop` with the handlers that set it: there is no moment at which a signal is for nobody.
    """
    shared: SharedPort | None = None
    if role == RECEIVER:
        try:
            shared = port.shared()
        except NodeError as error:
            log.error("the DICOM port cannot be opened", problem=error.problem, fix=error.fix)
            return None
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if shared is None:
            port.close()
        _follow(parent, stop)
        _run(settings, role, stop, shared)
        code = 0
    except SystemExit as left:
        log.error("a role ended", role=role, why=str(left.code))
    except BaseException:
        log.exception("a role failed", role=role)
    finally:
        os._exit(code)  # never back into the supervisor's loop


def _is_alive(child: _Child) -> bool:
    """Whether the child runs; a dead one is reaped and forgotten."""
    if child.pid is None:
        return False
    reaped, _ = os.waitpid(child.pid, os.WNOHANG)
    if reaped:
        child.pid = None
    return not reaped
