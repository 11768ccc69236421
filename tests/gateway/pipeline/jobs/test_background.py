"""Work that no case waits for: one piece after another, the first kind of work always first, errors survived."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.pipeline.context import StepContext
from gateway.pipeline.jobs.background import Background
from support.engine import bench


def until(done: threading.Event) -> None:
    """Wait for it, not for ever."""
    assert done.wait(10)


def test_the_first_kind_of_work_goes_first_after_every_piece(tmp_path: Path) -> None:
    """A new case's pictures come before what is left of the alignments."""
    left = {"pictures": 2, "alignment": 2}
    order: list[str] = []

    def job(name: str) -> Any:
        def one(_: StepContext) -> bool:
            if not left[name]:
                return False
            left[name] -= 1
            order.append(name)
            if len(order) == 3:
                left["pictures"] += 1
            return True

        return one

    with bench(tmp_path) as made:
        assert Background(made.context, (job("pictures"), job("alignment"))).run_due() == 5
    assert order == ["pictures", "pictures", "alignment", "pictures", "alignment"]


def test_the_thread_gives_way_and_survives_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails in an unforeseen way is logged, and the next piece is done; others have the cores first."""
    monkeypatch.setattr("gateway.pipeline.jobs.background._AFTER_AN_ERROR_S", 0.01)
    done = threading.Event()
    nice: list[int] = []

    def one(_: StepContext) -> bool:
        if not nice:
            nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            raise RuntimeError("a bug")
        done.set()
        return False

    with bench(tmp_path) as made:
        background = Background(made.context, (one,))
        background.start()
        until(done)
        background.stop(10)
    assert nice[0] >= min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + 5)


def test_stopping_does_not_wait_for_long_work(tmp_path: Path) -> None:
    """A gateway that is asked to stop does not wait for what is made again anyway."""
    began, goes_on = threading.Event(), threading.Event()

    def one(_: StepContext) -> bool:
        began.set()
        goes_on.wait(20)
        return False

    with bench(tmp_path) as made:
        background = Background(made.context, (one,))
        background.start()
        until(began)
        before = time.monotonic()
        background.stop(0.1)
        assert time.monotonic() - before < 5
        goes_on.set()
        background.stop(10)
