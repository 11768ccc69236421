"""Anchors outlive the process and are only ever added."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.records.audit import anchors
from gateway.records.audit.anchors import Anchor


def test_anchors_are_added_and_read_in_order(tmp_path: Path) -> None:
    """Nobody but the owner reads the file."""
    file = tmp_path / "away" / "anchors.jsonl"
    written = [Anchor("2026-03-01T08:00:00+00:00", place, "a" * 64) for place in (1, 5)]
    for anchor in written:
        anchors.write(file, anchor, append_only=False)
    assert list(anchors.read(file)) == written
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(anchors.read(tmp_path / "none")) == []


def test_a_line_that_is_no_anchor_is_named(tmp_path: Path) -> None:
    """Somebody was at the file."""
    file = tmp_path / "anchors.jsonl"
    anchors.write(file, Anchor("2026-03-01T08:00:00+00:00", 1, "a" * 64), append_only=False)
    with file.open("a") as stream:
        stream.write("{}\n")
    with pytest.raises(SettingsError) as error:
        list(anchors.read(file))
    assert error.value.problem.startswith("Line 2 of ")


def test_a_line_that_was_cut_off_stops_nothing(tmp_path: Path) -> None:
    """A crash or a full disk leaves half a line, which in a file that only grows stays: the next one begins anew."""
    file = tmp_path / "anchors.jsonl"
    written = [Anchor("2026-03-01T08:00:00+00:00", place, "a" * 64) for place in (1, 5)]
    anchors.write(file, written[0], append_only=False)
    with file.open("a") as stream:
        stream.write('{"at": "2026-03-01T08:1')
    assert list(anchors.read(file)) == written[:1]
    anchors.write(file, written[1], append_only=False)
    assert list(anchors.read(file)) == written


def test_a_place_that_takes_no_file_says_so(tmp_path: Path) -> None:
    """With the setting that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as error:
        anchors.write(tmp_path / "file" / "anchors.jsonl", Anchor("", 1, ""), append_only=False)
    assert "[audit] anchors" in error.value.fix


def test_append_only_is_set_where_the_system_lets_us(tmp_path: Path) -> None:
    """Elsewhere the file is as it was; either way the anchor is in it."""
    file = tmp_path / "anchors.jsonl"
    anchors.write(file, Anchor("", 1, ""), append_only=True)
    try:
        assert len(list(anchors.read(file))) == 1
        anchors.write(file, Anchor("", 2, ""), append_only=True)
    finally:
        subprocess.run(["chattr", "-a", str(file)], check=False, capture_output=True)
    file.unlink()
