"""One process for each role, started again when it dies; SIGTERM drains and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway import assembly, logs
from gateway.settings import Settings

ROLES = ("receiver", "web", "worker")
LONGEST_RESTART_DELAY = 30.0
LIVED_LONG = 10.0
"""Seconds after which a role counts as healthy again, and its next restart is quick."""

log = logs.get(__name__)


def run_role(settings: Settings, role: str) -> None:
    """Run one role in this process until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _follow_parent(stop)
    gateway = assembly.open_gateway(settings)
    try:
        {"receiver": _receive, "web": _web, "worker": _work}[role](gateway, stop)
    finally:
        gateway.database.close()


def _receive(gateway: assembly.Gateway, stop: threading.Event) -> None:
    receiver = assembly.receiver(gateway)
    receiver.start()
    log.info("receiving", ae_title=gateway.settings.dicom.ae_title, host=gateway.settings.dicom.host, port=receiver.port)
    stop.wait()
    receiver.stop(gateway.settings.serve.drain)


def _work(gateway: assembly.Gateway, stop: threading.Event) -> None:
    engine, scheduler = assembly.worker(gateway)
    log.info("working", worker=engine.name)
    stop.wait()
    scheduler.shutdown(wait=False)
    engine.stop(gateway.settings.serve.drain)


def _web(gateway: assembly.Gateway, stop: threading.Event) -> None:
    import uvicorn

    web = gateway.settings.web
    config = uvicorn.Config(assembly.web(gateway), host=web.host, port=web.port, log_config=None, access_log=False,
                            timeout_graceful_shutdown=int(gateway.settings.serve.drain))
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


def _follow_parent(stop: threading.Event) -> None:
    """Stop when the supervisor is gone: an orphan would keep the port that its successor needs."""
    parent = os.environ.get("GATEWAY_SUPERVISOR")
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(0.5)
        stop.set()

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


@dataclass
class _Child:
    role: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    next_start: float = 0.0
    delays: float = field(default=0.0)


def supervise(settings: Settings, roles: Sequence[str], config: Path | None) -> None:
    """Keep one process of each role alive until SIGTERM or SIGINT, then drain them all."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    assembly.open_gateway(settings).database.close()  # migrate once, before three processes try
    children = [_Child(role) for role in roles]
    while not stop.is_set():
        for child in children:
            _keep_alive(child, settings, config)
        stop.wait(0.1)
    for child in children:
        if child.process is not None:
            child.process.terminate()
    deadline = time.monotonic() + settings.serve.drain + 5
    for child in children:
        if child.process is not None:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()


def _keep_alive(child: _Child, settings: Settings, config: Path | None) -> None:
    now = time.monotonic()
    if child.process is not None:
        code = child.process.poll()
        if code is None:
            return
        lived = now - child.started
        first = settings.serve.restart_delay
        child.delays = first if lived > LIVED_LONG else min(max(first, child.delays * 2), LONGEST_RESTART_DELAY)
        log.error("a role died and will be started again", role=child.role, code=code, in_seconds=child.delays)
        child.process, child.next_start = None, now + child.delays
    if now >= child.next_start:
        command = [sys.executable, "-m", "gateway", "serve", "--role", child.role]
        if config is not None:
            command += ["--config", str(config)]
        child.process = subprocess.Popen(command, env={**os.environ, "GATEWAY_SUPERVISOR": str(os.getpid())})
        child.started = now


def is_free(host: str, port: int) -> bool:
    """True when a listener could be opened there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
