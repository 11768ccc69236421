"""Archives that are made to do harm, unpacked in a process that may die of them: the upload is told, and goes on."""

from __future__ import annotations

import gzip
import os
import resource
import struct
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from gateway.web.unpacking.archives import ALWAYS, Entry, Unopened
from gateway.web.unpacking.process import Unpacking, UnpackingLimits

IMAGE = bytes(128) + b"DICM" + b"an object"


@contextmanager
def stored(data: bytes) -> Iterator[IO[bytes]]:
    """An upload on the disk."""
    with SpooledTemporaryFile(max_size=1000) as stream:
        stream.write(data)
        yield stream


def unpacked(
    data: bytes, folder: Path, unpacking: Unpacking | None = None, most: int = 10**12
) -> list[tuple[str, bytes | str]]:
    """Names, with the bytes of each file or why there are none."""
    found: list[tuple[str, bytes | str]] = []
    with stored(data) as stream:
        entries = (unpacking or Unpacking()).entries(
            "upload", stream, most, str(folder), SpooledTemporaryFile
        )
        for entry in entries:
            if isinstance(entry, Entry):
                found.append((entry.name, entry.content.read()))
            else:
                assert entry.fix
                found.append((entry.name, entry.problem))
    return found


def zipped(files: dict[str, bytes]) -> bytes:
    """A ZIP of these names."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def directory_of(entries: int) -> bytes:
    """A ZIP that is nothing but a central directory of so many entries, each of the empty name."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry) * entries, 0, 0)
    return b"PK\3\4" + entry * entries + end


def memory() -> int:
    """The most that this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_the_files_of_an_archive_come_out_as_they_are(tmp_path: Path) -> None:
    """Names with the characters of the world, archives in archives, and nothing is left in the folder."""
    data = zipped({"Größe/1.dcm": IMAGE, "inner.zip": zipped({"2": b"two"}), "empty": b""})
    assert unpacked(data, tmp_path) == [
        ("Größe/1.dcm", IMAGE),
        ("inner.zip/2", b"two"),
        ("empty", b""),
    ]
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_archive_starts_no_process(tmp_path: Path) -> None:
    """An object is read where it is."""
    with stored(IMAGE) as stream:
        nobody = Unpacking(program=("/nothing",))
        [entry] = nobody.entries("1.dcm", stream, 10, str(tmp_path), SpooledTemporaryFile)
        assert isinstance(entry, Entry)
        assert entry.content is stream


def test_a_bomb_ends_where_it_is_larger_than_an_upload_may_be(tmp_path: Path) -> None:
    """Half a megabyte that unpacks to half a gigabyte: told, with little of it held here."""
    bomb = zipped({"bomb": bytes(1 << 29)})
    assert len(bomb) < 600_000
    before = memory()
    [(_, problem)] = unpacked(bomb, tmp_path, most=ALWAYS)
    assert "far more than an upload may hold" in str(problem)
    assert memory() - before < 200 << 20


@pytest.mark.parametrize("entries", [2_000_000, 250_000])
def test_a_directory_of_two_million_entries_is_not_read(entries: int, tmp_path: Path) -> None:
    """Of 92 MB, and one that says beside it that it has one."""
    [(_, problem)] = unpacked(directory_of(entries), tmp_path)
    assert "more than 100000 files" in str(problem)


def test_an_archive_of_nothing_but_folders_ends(tmp_path: Path) -> None:
    """Two hundred thousand folders in a tar, none of which would count as a file."""
    folder = tarfile.TarInfo("a/")
    folder.type = tarfile.DIRTYPE
    data = gzip.compress(folder.tobuf() * 200_001 + bytes(1024), 1)
    [(_, problem)] = unpacked(data, tmp_path)
    assert "more than 100000 files" in str(problem)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.abort()",
        "import sys; sys.stdout.write('nonsense')",
        "import sys; sys.stdout.buffer.write(bytes(12) * 9)",
        "import sys; sys.stdout.buffer.write(b'\\x02\\0\\0\\0' + b'\\xff' * 8 + b'{}')",
        "x = 'x' * (1 << 40)",
    ],
)
def test_whatever_becomes_of_the_process_is_told(program: str, tmp_path: Path) -> None:
    """It dies, or says what makes no sense: the upload is answered, and the next one has its turn."""
    unpacking = Unpacking(UnpackingLimits(processes=1), program=(sys.executable, "-S", "-c", program))
    for _ in range(2):
        [(name, problem)] = unpacked(zipped({"1": IMAGE}), tmp_path, unpacking)
        assert name == "upload"
        assert "could not be unpacked" in str(problem)


def test_memory_has_an_end(tmp_path: Path) -> None:
    """A process that may not have what it needs is an answer, too."""
    little = Unpacking(UnpackingLimits(memory=1 << 20))
    many = zipped({str(number): b"x" for number in range(5000)})
    assert "could not be unpacked" in str(unpacked(many, tmp_path, little))


def test_who_goes_away_leaves_no_process_behind(tmp_path: Path) -> None:
    """The upload is broken off after its first file."""
    before = children()
    with stored(zipped({"1": IMAGE, "2": os.urandom(5_000_000)})) as stream:
        entries = Unpacking().entries("a", stream, 10**12, str(tmp_path), SpooledTemporaryFile)
        assert isinstance(next(entries), Entry | Unopened)
        entries.close()  # type: ignore[attr-defined]
    assert children() <= before


def children() -> set[str]:
    """The processes that this one has; another test's may be among them."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
