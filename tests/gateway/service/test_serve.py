"""Asking a process to stop, whatever its main thread does at that moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from gateway.service.serve import Asked


def test_a_signal_at_any_moment_ends_the_wait() -> None:
    """A thousand signals while the main thread goes in and out of waiting: none of them blocks it."""
    program = (
        "import os, signal, threading\n"
        "from gateway.service.serve import Asked\n"
        "asked = Asked.by_signals()\n"
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
    asked = Asked()
    assert not asked.wait(0.01)
    threading.Timer(0.05, asked.set).start()
    begun = time.monotonic()
    assert asked.wait()
    assert time.monotonic() - begun < 5


def test_sigint_asks_as_well() -> None:
    """Ctrl+C drains like SIGTERM."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        asked = Asked.by_signals()
        os.kill(os.getpid(), signal.SIGINT)
        assert asked.wait(5)
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
