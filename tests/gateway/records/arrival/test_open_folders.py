"""Names that are on disk before the bytes are: made in time, used once, none left, and none taken from the living."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.intake import SUCCESS
from gateway.records.arrival.open_folders import PLACES, READY, OpenFolders
from gateway.records.arrival.recovery import Recovered
from support.arrivals import announced_object, die_without_rows, files_of, intake_in, push, rows_of
from support.nodes.peers import wait_until


def test_an_open_folder_is_followed_by_the_next(tmp_path: Path) -> None:
    """More places than an open folder has: no name twice, all there before they are used, and none left at the end."""
    open_folders = OpenFolders(tmp_path / "received")
    places = [open_folders.take() for _ in range(2 * PLACES + 1)]
    assert len({place.key for place in places}) == len(places)
    assert all(place.path.stat().st_size == 0 for place in places)
    for place in places:
        place.clear()
    open_folders.close()
    assert [path for path in (tmp_path / "received").rglob("*") if path.is_file()] == []


def test_the_first_place_can_be_ready_before_it_is_needed(tmp_path: Path) -> None:
    """Nothing is made when it is taken; what is not taken leaves nothing behind."""
    open_folders = OpenFolders(tmp_path / "received")
    open_folders.get_ready()
    (made,) = (tmp_path / "received").glob("*/*")
    open_folders.get_ready()
    place = open_folders.take()
    assert place.path.parent == made
    place.clear()
    open_folders.close()
    assert list((tmp_path / "received").glob("*/*")) == []


def test_open_folders_are_made_while_nobody_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment of quiet enough folders are ready, the next places come from them, and none is left at the end."""
    monkeypatch.setattr("gateway.records.arrival.open_folders.QUIET_S", 0.05)
    open_folders = OpenFolders(tmp_path / "received")
    open_folders.take().clear()
    wait_until(lambda: len(list((tmp_path / "received").glob("*/*/.open"))) == READY + 1, 10)
    ready = set((tmp_path / "received").glob("*/*"))
    for place in [open_folders.take() for _ in range(2 * PLACES)]:
        assert place.path.parent in ready
        place.clear()
    open_folders.close()
    assert [path for path in (tmp_path / "received").rglob("*") if path.is_file()] == []


def test_tidying_up_does_not_forget_an_open_folder(folder: Path) -> None:
    """Half-written files of crashes go when they are old; the lock file of an open folder stays, however old it is."""
    die_without_rows(folder)
    with intake_in(folder) as intake:
        (folder / "objects" / "received" / ".half").write_bytes(b"half")
        assert intake.blobs.delete_abandoned(timedelta(seconds=-60)) == 1
        assert intake.recover().whole == 4


def test_the_open_folders_of_a_living_process_are_left_alone(folder: Path) -> None:
    """A recovery beside a process at work touches nothing of it."""
    announced, data = announced_object(1)
    with intake_in(folder) as busy, intake_in(folder) as other:
        arrival = busy.begin(announced, site="hospital")
        arrival.write(memoryview(data)[:500])
        assert other.recover() == Recovered()
        arrival.write(memoryview(data)[500:])
        assert arrival.finish() == SUCCESS
        busy.flush()
        assert len(rows_of(other)) == 1


def test_an_object_kept_twice_is_one_file(folder: Path) -> None:
    """The copy of an object goes; but when the first file was lost, the copy takes its place."""
    with intake_in(folder) as intake:
        assert push(intake, 1) == SUCCESS
        intake.flush()
        [row] = rows_of(intake)
        for lost in (False, True):
            if lost:
                intake.blobs.delete(row.blob)
            assert push(intake, 1) == SUCCESS
            intake.flush()
            assert files_of(intake) == {row.blob}
