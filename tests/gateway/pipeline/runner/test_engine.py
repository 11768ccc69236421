"""The engine ends when it is asked to, whatever a step is doing."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.pipeline.step_result import NotYet
from gateway.pipeline.step_table import STEPS
from gateway.records import ledger
from support.engine import bench, scans


def test_what_still_runs_at_the_end_is_free_for_the_next_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a worker is stopped in the middle of a long step, nothing is parked or waits for a lease."""
    hangs, may_end = threading.Event(), threading.Event()

    def long(*_: object) -> NotYet:
        hangs.set()
        may_end.wait(30)
        return NotYet("it ended after all", timedelta(0))

    with bench(tmp_path) as gateway:
        study_id = gateway.keep(scans()[:1])
        gateway.clock.pass_seconds(61)
        for unit, state in STEPS:
            monkeypatch.setitem(STEPS, (unit, state), long)
        for _ in range(7):
            hangs.clear()
            gateway.use()
            gateway.engine.start()
            gateway.engine.wake()
            assert hangs.wait(10)
            began = time.monotonic()
            gateway.engine.stop(0.05)
            assert time.monotonic() - began < 10, "one wait for all threads, not one for each"
            study = gateway.study(study_id)
            assert (study.problem, study.lease_until, study.unfinished) == ("", None, 0)
        may_end.set()
        gateway.use()
        claim = ledger.claim_due(
            gateway.context.database,
            "next",
            timedelta(minutes=1),
            {"study": (gateway.study(study_id).state,)},
        )
        assert claim is not None
