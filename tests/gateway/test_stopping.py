"""The flag that a signal handler sets: it never waits for what the signal interrupted."""

from __future__ import annotations

import os
import random
import signal
import threading
import time

from gateway.stopping import Stop


def test_a_signal_at_any_moment_ends_the_wait() -> None:
    """Signals in the middle of `wait`, at its beginning and before it: it returns each time, and soon."""
    chance = random.Random(1)
    before = signal.getsignal(signal.SIGUSR1)
    try:
        for _ in range(60):
            stop = Stop()
            signal.signal(signal.SIGUSR1, lambda *_, stop=stop: stop.set())
            later = threading.Timer(chance.random() * 0.002, os.kill, (os.getpid(), signal.SIGUSR1))
            later.start()
            assert stop.wait(10)
            later.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_wait_ends_in_time_when_nobody_asks() -> None:
    """`wait` with a time limit says whether somebody asked."""
    stop = Stop()
    start = time.monotonic()
    assert not stop.wait(0.12)
    assert 0.1 < time.monotonic() - start < 5
    assert not stop.is_set()
    stop.set()
    assert stop.wait(0.0)
