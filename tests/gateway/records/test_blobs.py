"""Bytes by key: durable before they have a name, and never outside their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.records.blobs import LocalBlobs


def test_bytes_come_back_and_leave_no_temporary_file(tmp_path: Path) -> None:
    """What was put is got, and the folder holds nothing else."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/b/c.dcm", b"bytes")
    blobs.put("a/b/c.dcm", b"bytes")
    assert blobs.get("a/b/c.dcm") == b"bytes"
    assert list(blobs.keys("a")) == ["a/b/c.dcm"]
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["c.dcm"]


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a//b", "a/.hidden", ""])
def test_a_key_cannot_leave_the_folder(tmp_path: Path, key: str) -> None:
    """Keys with empty, absolute or dotted parts are refused."""
    with pytest.raises(ValueError, match="not a key"):
        LocalBlobs(tmp_path).put(key, b"")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the file system from now on, in order."""
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def spy_fsync(descriptor: int) -> None:
        calls.append("sync " + ("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file"))
        fsync(descriptor)

    def spy_replace(source: Path, target: Path) -> None:
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "replace", spy_replace)
    return calls


def test_a_file_is_synced_before_it_has_its_name(tmp_path: Path, calls: list[str]) -> None:
    """The order that survives power loss: sync the bytes, rename, sync the folder."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/first", b"1")
    calls.clear()
    blobs.put("a/second", b"2")
    assert calls == ["sync file", "rename", "sync folder"]


def test_a_batch_is_synced_before_any_of_it_has_its_name(tmp_path: Path, calls: list[str]) -> None:
    """Every file first, then the names, then their folder, once; a key put twice is what was put last."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/old", b"0")
    calls.clear()
    with blobs.batch() as batch:
        for number in (1, 2, 3, 3):
            batch.put(f"a/{number}", b"x" * number)
        assert list(blobs.keys("a")) == ["a/old"]
    assert calls == ["sync file"] * 3 + ["rename"] * 3 + ["sync folder"]
    assert [blobs.get(f"a/{number}") for number in (1, 2, 3)] == [b"x", b"xx", b"xxx"]


def test_a_batch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither files nor halves of files, whatever went wrong."""
    blobs = LocalBlobs(tmp_path)
    with pytest.raises(OSError, match="full"), blobs.batch() as batch:  # noqa: PT012
        batch.put("a/1", b"1")
        raise OSError("the disk is full")
    assert list((tmp_path / "a").iterdir()) == []
