"""A hospital that pushes: no response is lost between pynetdicom's threads."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pynetdicom.association import Association

from gateway.demo.push import push
from support.nodes.peers import HERE, PretendPacs
from support.objects.dicom_files import mr_file


class _SlowEvent(threading.Event):
    """Lets a thread through late, as a busy machine does."""

    def wait(self, timeout: float | None = None) -> bool:
        passed = super().wait(timeout)
        time.sleep(0.004)
        return passed


def test_a_response_is_not_taken_by_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pynetdicom's own loop is slow to pause, the sender still hears every answer at once."""
    files = [mr_file(tmp_path, number).path for number in range(40)]
    made = Association.__init__

    def slowly(self: Association, *arguments: Any) -> None:
        made(self, *arguments)
        if self.is_requestor:
            self._reactor_checkpoint = _SlowEvent()
            self._reactor_checkpoint.set()

    monkeypatch.setattr(Association, "__init__", slowly)
    with PretendPacs() as pacs:
        begun = time.monotonic()
        assert push(files, HERE, pacs.port, "PACS", timeout_s=5) == 40
    assert len(pacs.stored) == 40
    assert time.monotonic() - begun < 5
