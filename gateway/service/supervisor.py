"""One process for each role, and several receivers; started again when one dies; SIGTERM drains and stops them all."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context

from dicom_nodes.errors import NodeError
from dicom_nodes.scp.listening import SharedPort, listen
from gateway import logs
from gateway.assembly.gateway import open_gateway
from gateway.service.serve import RECEIVER, WORKER, StopRequest, import_part, receivers, run
from gateway.settings import Settings

LONGEST_RESTART_DELAY = 30.0
LIVED_LONG = 10.0
"""Seconds after which a role counts as healthy again, and its next restart is quick."""

log = logs.get(__name__)


class _Port:
    """The DICOM port, open while a receiver lives or is being started: a caller is then answered as soon as that is
    ready, and with none it is refused at once."""

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

    Raises KeyMissing and WrongKeys before the first one is started, when one of them is the worker.

    Roles are forked from this process, which has imported what all of them share and opened nothing but the port; each
    imports the rest itself, so that none holds what another serves. Receivers alone share all they need.
    """
    stop = StopRequest.by_signals()
    open_gateway(settings).database.close()  # migrate once, before several processes try
    if WORKER in roles:
        _prove_keys(settings)
    if set(roles) == {RECEIVER}:
        import_part(RECEIVER)
    gc.freeze()  # the collector leaves alone, in every role, what was imported here: those pages stay shared
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


def _prove_keys(settings: Settings) -> None:
    """Stop here rather than start a worker again and again that has not the keys of the records.

    In a process that ends at once: what is forked from this one has never had a key in its memory.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as apart:
        apart.submit(_prove, settings).result()


def _prove(settings: Settings) -> None:
    from gateway.records import key_proof

    with closing(open_gateway(settings).database) as database:
        key_proof.prove(database, settings.storage.keys)


def _keep_alive(child: _Child, settings: Settings, port: _Port, stop: StopRequest) -> None:
    now = time.monotonic()
    if child.started and child.next_start <= child.started:
        ran = child.pid is not None
        if _is_alive(child):
            return
        first = settings.serve.restart_delay
        long = now - child.started > LIVED_LONG
        child.delay = first if long else min(max(first, child.delay * 2), LONGEST_RESTART_DELAY)
        if ran:
            log.error("a role died and will be started again", role=child.role, in_seconds=child.delay)
        child.next_start = now + child.delay
    if now >= child.next_start:
        child.pid, child.started, child.next_start = _fork(settings, child.role, port, stop), now, 0.0


def _fork(settings: Settings, role: str, port: _Port, stop: StopRequest) -> int | None:
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
        logs.catch_uncaught()
        _follow(parent, stop)
        run(settings, role, stop, shared)
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


def _follow(supervisor: int, stop: StopRequest) -> None:
    """Stop when the supervisor is gone: an orphan would keep the port that its successor needs."""

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(0.2)
        stop.set()

    threading.Thread(target=watch, name="follow-supervisor", daemon=True).start()
