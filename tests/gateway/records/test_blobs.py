"""Bytes by key: durable before they have a name, and never outside their folder."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.records.blobs import OPEN_FOLDER, LocalBlobs


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


def test_what_was_deleted_is_gone_and_gone_twice_is_fine(tmp_path: Path, calls: list[str]) -> None:
    """The folder is synced: a name that comes back after power loss was not deleted."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/b", b"bytes")
    calls.clear()
    for _ in range(2):
        blobs.delete("a/b")
    assert calls == ["sync folder"]
    assert list(blobs.keys("a")) == []
    with pytest.raises(FileNotFoundError):
        blobs.get("a/b")


def test_only_what_is_old_is_abandoned(tmp_path: Path) -> None:
    """Another process may be writing; the mark of a tray is what the recovery finds it by."""
    blobs = LocalBlobs(tmp_path)
    for name in (".half", ".new", OPEN_FOLDER):
        (tmp_path / "a").mkdir(exist_ok=True)
        (tmp_path / "a" / name).write_bytes(b"x")
    for name in (".half", OPEN_FOLDER):
        os.utime(tmp_path / "a" / name, (0, 0))
    blobs.put("a/kept", b"bytes")
    os.utime(tmp_path / "a" / "kept", (0, 0))
    assert blobs.delete_abandoned(timedelta(hours=1)) == 1
    assert {path.name for path in (tmp_path / "a").iterdir()} == {".new", OPEN_FOLDER, "kept"}


def test_a_place_that_is_not_used_yet_is_no_key(tmp_path: Path) -> None:
    """Neither is what has no name yet, nor a folder that is not there."""
    blobs = LocalBlobs(tmp_path)
    blobs.put("a/kept", b"bytes")
    (tmp_path / "a" / "empty").touch()
    (tmp_path / "a" / ".half").write_bytes(b"x")
    assert list(blobs.keys("a")) == ["a/kept"]
    assert list(blobs.keys("b")) == []


def test_a_view_is_the_bytes(tmp_path: Path) -> None:
    """Small ones in memory, large ones left on the disk; of a missing file there is none."""
    blobs = LocalBlobs(tmp_path)
    for key, size in (("a/small", 10), ("a/large", 3_000_000)):
        blobs.put(key, b"x" * size)
        view = blobs.view(key)
        assert len(view) == size
        assert bytes(view[:3]) == b"xxx"
    with pytest.raises(FileNotFoundError):
        blobs.view("a/none")


def test_a_large_file_is_put_together_without_a_name(tmp_path: Path) -> None:
    """It is there once it is put; if that never happens, nothing is left of it."""
    blobs = LocalBlobs(tmp_path)
    with blobs.batch() as batch:
        made = batch.written("a", [b"one", memoryview(b"two")])
        left = batch.written("a", [b"never put"])
        assert bytes(made[:]) == b"onetwo"
        batch.put("a/made", made)
        assert len(left) == 9
    assert blobs.get("a/made") == b"onetwo"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["made"]


def test_folders_are_the_gateways_own(tmp_path: Path) -> None:
    """Nobody else on the machine may look into them."""
    LocalBlobs(tmp_path / "objects").put("a/b/c", b"bytes")
    assert {(tmp_path / "objects" / name).stat().st_mode & 0o777 for name in (".", "a", "a/b")} == {0o700}
