"""One object's file on its way in: what is on the disk after each step, and when a step fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.intake import SUCCESS
from gateway.records.arrival.arriving_file import ArrivingFile
from gateway.records.arrival.open_folders import OpenFolders
from gateway.records.blobs import OPEN_FOLDER
from support.arrivals import intake_in, push, rows_of, sent_object

HEAD = b"head of the file"


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[OpenFolders]:
    """Open folders below a new folder."""
    made = OpenFolders(tmp_path)
    yield made
    made.close()


def test_the_bytes_stand_behind_the_head_in_the_order_they_came(folders: OpenFolders) -> None:
    """The head is written once, with the first piece; the size counts both."""
    file = ArrivingFile(folders.take(), HEAD)
    for piece in (b"one", b"", b"two"):
        file.write(memoryview(piece))
    assert file.path.read_bytes() == HEAD + b"onetwo"
    assert file.size == len(HEAD) + 6


def test_writes_that_the_system_cuts_short_are_gone_on_with(
    folders: OpenFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write of a few bytes is no error: the rest follows."""
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data)[:2]))
    file = ArrivingFile(folders.take(), HEAD)
    file.write(memoryview(b"a"))
    file.write(memoryview(b"bcdefgh"))
    assert file.path.read_bytes() == HEAD + b"abcdefgh"


def test_what_is_discarded_leaves_no_file(folders: OpenFolders) -> None:
    """And may be discarded twice: a refusal and the end of the association both do."""
    file = ArrivingFile(folders.take(), HEAD)
    file.write(memoryview(b"half"))
    file.discard()
    assert not file.path.exists()
    file.discard()


def test_a_place_that_cannot_be_opened_is_given_back(folders: OpenFolders, tmp_path: Path) -> None:
    """The folder is settled when all its places are: one that is lost would keep it open for ever."""
    place = folders.take()
    place.path.unlink()
    with pytest.raises(FileNotFoundError):
        ArrivingFile(place, HEAD)
    folders.close()
    assert list(tmp_path.rglob(OPEN_FOLDER)) == []


def test_a_failed_sync_can_still_be_discarded(folders: OpenFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are not promised, so nothing of them may be found by a recovery."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = ArrivingFile(folders.take(), HEAD)
    file.write(memoryview(b"x" * 5000))
    monkeypatch.setattr(os, "fdatasync", full)
    with pytest.raises(OSError, match="No space"):
        file.make_durable(b"\0" * 32)
    file.discard()
    assert not file.path.exists()


def test_what_is_durable_keeps_its_place(folders: OpenFolders) -> None:
    """The place goes back to the caller, who settles it with the row; the file is closed."""
    place = folders.take()
    file = ArrivingFile(place, b"\0" * 4096)
    file.write(memoryview(b"data"))
    assert file.make_durable(b"\1" * 32) is place
    assert place.path.stat().st_size == 4100
    with pytest.raises(OSError, match="Bad file descriptor"):
        file.write(memoryview(b"more"))


def test_an_object_is_on_its_way_to_the_disk_before_it_ends(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stretch by stretch, all but the page of the mark, without a gap; and what is kept is what came."""
    asked: list[tuple[int, int]] = []
    real = os.posix_fadvise
    monkeypatch.setattr("gateway.records.arrival.arriving_file._SHORTEST_STRETCH", 50)
    monkeypatch.setattr("gateway.records.arrival.arriving_file._LONGEST_STRETCH", 200)
    monkeypatch.setattr("gateway.records.arrival.arriving_file._MARKED", 100)
    monkeypatch.setattr(
        os, "posix_fadvise", lambda fd, at, count, how: (asked.append((at, count)), real(fd, at, count, how))
    )
    with intake_in(folder) as intake:
        assert push(intake, 1) == SUCCESS
        assert intake.flush()
        [row] = rows_of(intake)
        assert intake.blobs.get(row.blob).endswith(sent_object(1)[1])
    assert len(asked) > 1
    assert [at for at, _ in asked] == [100, *(at + count for at, count in asked[:-1])]
    assert row.size - 100 - sum(count for _, count in asked) < 200
