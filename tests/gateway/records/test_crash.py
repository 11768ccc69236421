"""The switch that kills a process at a commit point: only where it is armed, and only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.records import crash
from support.crashes import killed_at


def test_an_armed_point_kills_once(tmp_path: Path) -> None:
    """The marker it leaves lets the restarted process pass; its name holds no colon."""
    markers = tmp_path / "markers"
    assert killed_at("sign_report:before", markers, lambda: crash.point("sign_report:before"))
    assert [path.name for path in markers.iterdir()] == ["sign_report-before"]
    assert not killed_at("sign_report:before", markers, lambda: crash.point("sign_report:before"))


def test_another_point_is_passed(tmp_path: Path) -> None:
    """Before and after a commit are two points."""
    assert not killed_at("sign_report:after", tmp_path / "markers", lambda: crash.point("sign_report:before"))
    assert list((tmp_path / "markers").iterdir()) == []


def test_without_a_folder_of_markers_nothing_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A point armed without the second variable is passed: nothing could remember that it fired."""
    monkeypatch.setattr(crash, "ARMED", frozenset({"sign_report:before"}))
    monkeypatch.setattr(crash, "MARKERS", "")
    crash.point("sign_report:before")
