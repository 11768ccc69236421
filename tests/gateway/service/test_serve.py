"""What a process of each role loads and does, and asking it to stop, whatever its main thread does at that moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway.records.identities import keys
from gateway.service.serve import PARTS, ROLES, StopRequest
from support.fresh_process import imported_by, loaded
from support.nodes.peers import free_port

UNSERVED = {
    "receiver": (
        "numpy",
        "PIL",
        "highdicom",
        "requests",
        "dicomweb_client",
        "fastapi",
        "jinja2",
        "uvicorn",
        "apscheduler",
        "routing_rules.rule_files",
        "routing_rules.matching",
        "gateway.profiles",
        "gateway.pipeline",
        "gateway.reporting",
        "gateway.web",
    ),
    "web": (
        "highdicom",
        "pynetdicom",
        "dicomweb_client",
        "apscheduler",
        "fpdf",
        "dicom_nodes.scp.receiver",
        "gateway.pipeline",
    ),
    "worker": ("fastapi", "starlette", "uvicorn", "dicom_nodes.scp.receiver", "gateway.web"),
}
"""What other roles work with, and this one does not."""
STARTED = """
import sys, urllib.request
from pathlib import Path
from gateway import settings_file
from gateway.service import serve

role, pages = {role!r}, {pages!r}

class Once(serve.StopRequest):
    def wait(self, seconds=None):  # the role has started: it is asked to stop once it has shown that it serves
        if role == "web":
            try:
                urllib.request.urlopen(pages, timeout=5).close()
            except OSError:
                return super().wait(0.05)
        self.set()
        return True

serve.run(settings_file.load(Path("gateway.toml")), role, Once(), None)
"""


@pytest.mark.parametrize("role", ROLES)
def test_a_role_loads_only_what_it_serves(tmp_path: Path, role: str) -> None:
    """Started on a configuration with a rule, serving, and stopped: nothing that only others work with is there."""
    port = free_port()
    for name in ("vault.key", "pseudonym.key"):
        keys.make_key(tmp_path / "gateway-data" / "keys" / name)
    (tmp_path / "gateway.toml").write_text(f"[dicom]\nport = {free_port()}\n[web]\nport = {port}\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(
        "rules:\n  - {id: any, title: Any, when: {modalities: {is: MR}}}\n"
    )
    program = STARTED.format(role=role, pages=f"http://127.0.0.1:{port}/sign-in")
    modules = imported_by(program, folder=tmp_path)
    assert loaded(UNSERVED[role], modules) == []
    assert set(PARTS[role]) <= modules


def test_what_all_roles_share_is_of_none_of_them() -> None:
    """What the supervisor has imported when it forks them: records and settings, nothing that only some need."""
    modules = imported_by("import gateway.service.supervisor")
    assert loaded((*UNSERVED["receiver"], *UNSERVED["web"], *UNSERVED["worker"], "pydicom"), modules) == []
    assert "gateway.records.ledger" in modules


def test_a_signal_at_any_moment_ends_the_wait() -> None:
    """A thousand signals while the main thread goes in and out of waiting: none of them blocks it."""
    program = (
        "import os, signal, threading\n"
        "from gateway.service.serve import StopRequest\n"
        "asked = StopRequest.by_signals()\n"
        "threading.Thread(target=lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(1000)]).start()\n"
        "for _ in range(20000): asked.wait(0)\n"
        "print(asked.wait())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "True\n"


def test_a_wait_ends_with_its_time_or_when_asked() -> None:
    """Nobody asked: after the seconds given. Another thread asked: at once."""
    asked = StopRequest()
    assert not asked.wait(0.01)
    threading.Timer(0.05, asked.set).start()
    begun = time.monotonic()
    assert asked.wait()
    assert time.monotonic() - begun < 5


def test_sigint_asks_as_well() -> None:
    """Ctrl+C drains like SIGTERM."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        asked = StopRequest.by_signals()
        os.kill(os.getpid(), signal.SIGINT)
        assert asked.wait(5)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
