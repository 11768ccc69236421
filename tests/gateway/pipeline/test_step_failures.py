"""A step that fails in a way nobody foresaw parks its case, and its log has the place and not the words."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from gateway import logs
from gateway.pipeline.step_result import Stuck
from gateway.pipeline.step_table import STEPS
from gateway.records.ledger import Claim
from gateway.settings import LogSettings
from support.engine import bench


def test_whatever_a_step_raises_no_identity_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors of libraries quote what they work on, in themselves and in what they came from."""

    def quoting(*_: object) -> None:
        try:
            raise KeyError("Muster^Petra")
        except KeyError as error:
            raise ValueError("Muster^Petra has 1.2.840.113619.2.55.3.604.1") from error

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    with bench(tmp_path) as gateway:
        try:
            logs.configure(LogSettings(format="json", level="DEBUG"))
            for unit, state in STEPS:
                monkeypatch.setitem(STEPS, (unit, state), quoting)  # type: ignore[arg-type]
                told = gateway.engine._run(Claim(unit, 1, state, 1, 0, "w"))
                assert isinstance(told, Stuck)
                assert "Muster" not in told.problem + told.fix
        finally:
            root.handlers, root.level = handlers, level
    printed = capsys.readouterr().err
    traces = [json.loads(line)["exception"] for line in printed.splitlines()]
    assert len(traces) == len(STEPS)
    assert all("in quoting" in trace and "ValueError" in trace for trace in traces)
    assert "Muster" not in printed
    assert "113619" not in printed
