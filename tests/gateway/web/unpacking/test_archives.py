"""What an uploaded file holds: archives of every kind that is taken, in one another, damaged, hostile."""

from __future__ import annotations

import gzip
import struct
import tarfile
from collections.abc import Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest

from gateway.web.unpacking import archives
from gateway.web.unpacking.archives import Archives, Unopened

IMAGE = bytes(128) + b"DICM" + b"an object"


def zipped(files: dict[str, bytes], method: int = ZIP_DEFLATED) -> bytes:
    """A ZIP of these names."""
    stream = BytesIO()
    with ZipFile(stream, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    """A tar, or with "w:gz" a tar.gz."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as made:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            made.addfile(member, BytesIO(data))
    return stream.getvalue()


def opened(data: bytes, name: str = "upload", most: int = 10**12) -> dict[str, object]:
    """By name: the bytes of each file, or why it was not opened."""
    looked_at = Archives(len(data), most, SpooledTemporaryFile)
    return {
        entry.name: (entry.problem, entry.fix) if isinstance(entry, Unopened) else entry.content.read()
        for entry in looked_at.entries(name, BytesIO(data))
    }


@pytest.mark.parametrize(
    "pack",
    [zipped, tarred, lambda files: tarred(files, "w:gz"), lambda files: gzip.compress(tarred(files))],
    ids=["zip", "tar", "tar.gz", "gzip of tar"],
)
def test_the_files_of_an_archive(pack: Callable[[dict[str, bytes]], bytes]) -> None:
    """Every file but what systems leave beside images."""
    files = {"a/1.dcm": IMAGE, "a/2.dcm": b"other", "DICOMDIR": b"x", "a/._1.dcm": b"x", "__MACOSX/1": b"x"}
    assert opened(pack(files)) == {"a/1.dcm": IMAGE, "a/2.dcm": b"other"}


def test_a_file_that_is_no_archive_is_itself() -> None:
    """Also one whose preamble looks like an archive: a DICOM file may have anything there."""
    assert opened(b"text") == {"upload": b"text"}
    both = b"PK\x03\x04" + IMAGE[4:]
    assert opened(both) == {"upload": both}
    assert opened(gzip.compress(IMAGE), "a.dcm.gz") == {"a.dcm": IMAGE}


def test_archives_in_archives_to_a_bounded_depth() -> None:
    """The names tell the way; what lies too deep is told, not passed over."""
    inner = zipped({"1.dcm": IMAGE})
    assert opened(zipped({"s1.zip": inner, "s2.tgz": tarred({"2.dcm": IMAGE}, "w:gz")})) == {
        "s1.zip/1.dcm": IMAGE,
        "s2.tgz/2.dcm": IMAGE,
    }
    deep = inner
    for number in range(archives.DEEPEST):
        deep = zipped({f"{number}.zip": deep})
    [(name, (problem, fix))] = opened(deep).items()  # type: ignore[misc]
    assert name == "2.zip/1.zip/0.zip"
    assert "deep" in problem
    assert fix


def with_method(data: bytes, method: int, flag: int = 0) -> bytes:
    """A ZIP whose entries claim another method or flag."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            struct.pack_into("<HH", changed, at + offset, flag, method)
            at = data.find(mark, at + 1)
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (with_method(zipped({"1.dcm": IMAGE}), 9), "Deflate64"),
        (with_method(zipped({"1.dcm": IMAGE}), 98), "PPMd"),
        (with_method(zipped({"1.dcm": IMAGE}), 55), "55"),
        (zipped({"1.dcm": IMAGE}, ZIP_LZMA), "LZMA"),
        (with_method(zipped({"1.dcm": IMAGE}), 8, flag=1), "encrypted"),
        (with_method(zipped({"1.dcm": IMAGE}), 99), "encrypted"),
        (zipped({"1.dcm": IMAGE * 9})[:120], "cannot be read"),
        (zipped({"1.dcm": IMAGE}, 0).replace(b"an object", b"another x"), "damaged"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(90), "7-Zip"),
        (b"Rar!\x1a\x07\x01" + bytes(90), "RAR"),
        (tarred({"1.dcm": IMAGE * 9}, "w:gz")[:90], "cannot be read"),
    ],
    ids=[
        "deflate64",
        "ppmd",
        "unknown-method",
        "lzma",
        "encrypted",
        "aes",
        "cut-zip",
        "damaged",
        "7z",
        "rar",
        "cut-tar-gz",
    ],
)
def test_what_cannot_be_unpacked_says_why(data: bytes, word: str) -> None:
    """The reason names the method; encryption is named only where there is some."""
    reasons = [value for value in opened(data).values() if isinstance(value, tuple)]
    assert any(word in problem for problem, _ in reasons), reasons
    assert all(fix for _, fix in reasons)
    assert any("encrypted" in problem for problem, _ in reasons) == (word == "encrypted")


def test_links_and_devices_are_told() -> None:
    """A tar can hold what is no file."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        link = tarfile.TarInfo("1.dcm")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    [(problem, _)] = opened(stream.getvalue()).values()  # type: ignore[misc]
    assert "link" in problem


@pytest.mark.parametrize(
    "data",
    [
        zipped({f"{number}": bytes(30_000_000) for number in range(5)}),
        gzip.compress(bytes(150_000_000)),
        gzip.compress(tarred({"a": bytes(150_000_000)})),
        zipped({"in.zip": zipped({str(number): bytes(30_000_000) for number in range(5)})}),
    ],
    ids=["zip", "gzip", "tar.gz", "zip in zip"],
)
def test_an_archive_that_unpacks_without_end_is_stopped(data: bytes) -> None:
    """150 MB of nothing from a few kilobytes: more than any archive of images has."""
    assert len(data) < 400_000
    assert any("far more" in value[0] for value in opened(data).values() if isinstance(value, tuple))


def test_what_an_upload_may_unpack_to_has_a_limit() -> None:
    """However little it was packed."""
    assert opened(zipped({"a": bytes(3000)}, 0), most=3000) == {"a": bytes(3000)}
    assert "" in opened(zipped({"a": bytes(3000)}, 0), most=2999)


def test_a_header_that_claims_to_be_long_takes_no_memory() -> None:
    """A tar's long name of 90 MB is refused before it is read."""
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 90_000_000
    data = gzip.compress(name.tobuf(tarfile.GNU_FORMAT) + bytes(90_000_000))
    [(problem, _)] = opened(data).values()  # type: ignore[misc]
    assert "cannot be read" in problem


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """All archives of an upload count together."""
    monkeypatch.setattr(archives, "MOST_ENTRIES", 3)
    small = zipped({"1": b"x", "2": b"x"})
    assert "more than 3" in str(opened(tarred({str(number): b"x" for number in range(4)})))
    assert "more than 3" in str(opened(zipped({"a.zip": small, "b.zip": small})))


def test_one_file_is_open_at_a_time() -> None:
    """The one before is closed when the next is asked for."""
    closed: list[IO[bytes]] = []
    looked_at = Archives(9, 10**9, SpooledTemporaryFile)
    for entry in looked_at.entries("a", BytesIO(zipped({"1": IMAGE, "2": IMAGE}))):
        assert not isinstance(entry, Unopened)
        assert all(stream.closed for stream in closed)
        closed.append(entry.content)
    assert len(closed) == 2
