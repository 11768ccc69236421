"""The files inside an uploaded file: ZIP, tar, tar.gz and gzip, archives in archives to a bounded depth.

Every entry is unpacked into a temporary file, one at a time. All that is unpacked for one upload counts together
against what it may hold (what is read from a tar counts twice: as its bytes and as the file's). Names inside an archive
are only ever shown, never used as a path.
"""

from __future__ import annotations

import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import SEEK_END
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from dicom_nodes.encoding.part10 import has_preamble

LARGEST_OBJECT: Final = 2**30
"""Bytes of one object, unpacked: a 4D enhanced MR takes half. Guards against endless archives."""
MOST_ENTRIES: Final = 100_000
DEEPEST: Final = 3
"""Archives in one another: a tar in its gzip counts as one, a ZIP of the ZIPs of each series as two."""
MOST_TIMES: Final = 200
"""How many times its size an upload may unpack to, beyond `ALWAYS`: images rarely reach 20, the format 1032."""
ALWAYS: Final = 100_000_000
NOT_IMAGES: Final = frozenset({"DICOMDIR", "THUMBS.DB", ".DS_STORE", "DESKTOP.INI", "AUTORUN.INF"})
_BLOCK: Final = 1 << 20
HEAD: Final = 512
_LONGEST_READ: Final = 8 << 20
"""Bytes read at once from an archive: a header that claims to be longer is a trap."""
_LONGEST_ENTRY: Final = 512
"""Bytes of an entry of a ZIP's directory, on the average of a full one: names of files have a tenth."""
_ENTRY: Final = b"PK\1\2"
_ENTRY_BYTES: Final = 46
_ENTRY_LENGTHS: Final = struct.Struct("<HHH")
_METHODS: Final = {ZIP_STORED, ZIP_DEFLATED, ZIP_BZIP2}
_OTHER_METHODS: Final = {9: "Deflate64", 14: "LZMA", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd"}
_ENCRYPTED_METHOD: Final = 99
TOO_LARGE: Final = "The file is larger than one object may be.", "Send it by DICOM instead."
_AGAIN: Final = "Make the archive again and repeat the upload."
_ORDINARY: Final = (
    "Make a ZIP with the ordinary method (Deflate), a tar.gz, or upload the files without packing them."
)


@dataclass(frozen=True)
class Entry:
    """A file that is no archive; `content` is closed when the next one is asked for."""

    name: str
    content: IO[bytes]


@dataclass(frozen=True)
class Unopened:
    """What could not be unpacked, and why."""

    name: str
    problem: str
    fix: str


class _Endless(Exception):
    """More comes out than an upload may hold."""


class Archives:
    """The archives of one upload of `size` bytes, which may unpack to at most `most` bytes."""

    def __init__(self, size: int, most: int, temporary: Callable[[], SpooledTemporaryFile[bytes]]) -> None:
        self._left = min(most, max(ALWAYS, size * MOST_TIMES))
        self._entries = 0
        self._passed_over = 0
        self._temporary = temporary

    def entries(self, name: str, content: IO[bytes]) -> Iterator[Entry | Unopened]:
        """Every file in an uploaded one, or that itself when it is no archive."""
        try:
            yield from self._entries_of(name, content, 0)
        except _Endless:
            yield Unopened(
                "", "The archive unpacks to far more than an upload may hold.", "Upload one study at a time."
            )

    def _entries_of(self, name: str, content: IO[bytes], depth: int) -> Iterator[Entry | Unopened]:
        head = content.read(HEAD)
        content.seek(0)
        kind = kind_of(head)
        if kind is None:
            is_large = content.seek(0, SEEK_END) > LARGEST_OBJECT
            content.seek(0)
            yield Unopened(name, *TOO_LARGE) if is_large else Entry(name, content)
        elif kind not in self._OPENERS:
            yield Unopened(name, f"{kind} archives are not unpacked here.", _ORDINARY)
        elif depth == DEEPEST:
            yield Unopened(
                name,
                f"Archives lie in one another more than {DEEPEST} deep.",
                "Unpack it, and upload what is inside.",
            )
        else:
            try:
                yield from self._OPENERS[kind](self, name, content, depth + 1)
            except (BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
                yield Unopened(name, f"The archive cannot be read ({type(error).__name__}).", _AGAIN)

    def _zip(self, name: str, content: IO[bytes], depth: int) -> Iterator[Entry | Unopened]:
        if directory_entries(content) > 2 * MOST_ENTRIES:  # half of them may be clutter
            yield Unopened(
                name, f"The archive holds more than {MOST_ENTRIES} files.", "Upload one study at a time."
            )
            return
        with ZipFile(content) as archive:
            members = [
                entry for entry in archive.infolist() if not entry.is_dir() and not is_clutter(entry.filename)
            ]
            if self._is_too_many(len(members)):
                yield Unopened(
                    name, f"The archive holds more than {MOST_ENTRIES} files.", "Upload one study at a time."
                )
                return
            for member in members:
                inside = f"{name}/{member.filename}" if depth > 1 else member.filename
                problem = _closed(member)
                if problem is not None:
                    yield Unopened(inside, *problem)
                    continue
                yield from self._unpacked(inside, lambda one=member: archive.open(one), depth)  # type: ignore[misc]

    def _tar(self, name: str, content: IO[bytes], depth: int) -> Iterator[Entry | Unopened]:
        counted: Any = _Counted(content, self._take)
        with tarfile.open(fileobj=counted, mode="r:") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # it keeps them all
                is_file = not (member.isdir() or is_clutter(member.name))
                self._passed_over += not is_file
                if self._passed_over <= MOST_ENTRIES and not is_file:
                    continue
                if not is_file or self._is_too_many(1):
                    yield Unopened(
                        name,
                        f"The archive holds more than {MOST_ENTRIES} files.",
                        "Upload one study at a time.",
                    )
                    return
                inside = f"{name}/{member.name}" if depth > 1 else member.name
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None:
                    yield Unopened(inside, "This entry is a link or a device, not a file.", _AGAIN)
                    continue
                yield from self._unpacked(inside, lambda one=stream: one, depth)  # type: ignore[misc]

    def _gzip(self, name: str, content: IO[bytes], depth: int) -> Iterator[Entry | Unopened]:
        packed: Any
        with gzip.GzipFile(fileobj=content, mode="rb") as packed:
            head = packed.read(HEAD)
            packed.seek(0)
            if kind_of(head) == "tar":
                yield from self._tar(name, packed, depth)
                return
            plain = PurePosixPath(name).with_suffix("").name if name.lower().endswith(".gz") else name
            yield from self._unpacked(plain, lambda: packed, depth)

    _OPENERS: Final = {"ZIP": _zip, "tar": _tar, "gzip": _gzip}

    def _unpacked(self, name: str, opened: Callable[[], IO[bytes]], depth: int) -> Iterator[Entry | Unopened]:
        """What one entry of an archive holds: itself, or the files of the archive that it is."""
        with self._temporary() as file:
            try:
                with opened() as stream:
                    is_whole = self._copy(stream, file)
            except _Endless:
                raise
            except Exception:  # noqa: BLE001  a damaged entry raises zlib's, bz2's, struct's or zipfile's own errors
                yield Unopened(name, "This entry of the archive is damaged.", _AGAIN)
                return
            if not is_whole:
                yield Unopened(name, *TOO_LARGE)
                return
            file.seek(0)
            yield from self._entries_of(name, file, depth)

    def _copy(self, stream: IO[bytes], file: IO[bytes]) -> bool:
        size = 0
        while block := stream.read(_BLOCK):
            size += len(block)
            self._take(len(block))
            if size > LARGEST_OBJECT:
                return False
            file.write(block)
        return True

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _Endless

    def _is_too_many(self, count: int) -> bool:
        self._entries += count
        return self._entries > MOST_ENTRIES


class _Counted:
    """A stream that is read forward, each byte counted, those that are passed over, too."""

    def __init__(self, stream: IO[bytes], take: Callable[[int], None]) -> None:
        self._stream = stream
        self._take = take
        self._at = 0
        self._furthest = 0

    def read(self, count: int = -1) -> bytes:
        if not 0 <= count <= _LONGEST_READ:
            raise tarfile.ReadError("a header that claims to be very long")
        data = self._stream.read(count)
        self._at += len(data)
        self._count()
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        if whence or position < self._at:
            self._at = self._stream.seek(position, whence)
            return self._at
        while self._at < position and self.read(min(_BLOCK, position - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        return self._at

    def _count(self) -> None:
        if self._at > self._furthest:
            self._take(self._at - self._furthest)
            self._furthest = self._at


def directory_entries(content: IO[bytes]) -> int:
    """How many entries a ZIP's central directory has, without making anything of them (APPNOTE 4.3.12 to 4.3.16).

    `zipfile` reads it whole, goes by its size, not by the count beside it, and makes an object of a kilobyte of each
    entry. What is no directory is left to it: 0.
    """
    ours: Any = zipfile
    end = ours._EndRecData(content)
    content.seek(0)
    if not end:
        return 0
    size, before = int(end[ours._ECD_SIZE]), int(end[ours._ECD_LOCATION])
    if end[ours._ECD_SIGNATURE] == ours.stringEndArchive64:
        before -= ours.sizeEndCentDir64 + ours.sizeEndCentDir64Locator
    if size > MOST_ENTRIES * _LONGEST_ENTRY:
        return 2 * MOST_ENTRIES + 1
    if size > before:
        return 0
    content.seek(before - size)
    directory = content.read(size)
    content.seek(0)
    found = 0
    at = 0
    while directory[at : at + 4] == _ENTRY and at + _ENTRY_BYTES <= len(directory):
        found += 1
        at += _ENTRY_BYTES + sum(_ENTRY_LENGTHS.unpack_from(directory, at + 28))
    return found


def kind_of(head: bytes) -> str | None:
    """What a file that begins with `head` is packed with; a DICOM file may have anything in its preamble."""
    if has_preamble(head):
        return None
    if head[257:262] == b"ustar":
        return "tar"
    return next((kind for mark, kind in _MARKS if head.startswith(mark)), None)


_MARKS: Final = (
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\xfd7zXZ\0", "XZ"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
)


def _closed(entry: ZipInfo) -> tuple[str, str] | None:
    """Why an entry cannot be unpacked, and what helps; None when it can be tried."""
    method = entry.compress_type
    if entry.flag_bits & 1 or method == _ENCRYPTED_METHOD:
        return "This entry of the archive is encrypted.", "Make the ZIP again without a password."
    if method not in _METHODS:
        name = _OTHER_METHODS.get(method, "an unknown one")
        return (
            f"This entry is compressed by a method that is not unpacked here: {name} ({method}).",
            _ORDINARY,
        )
    return None


def is_clutter(name: str) -> bool:
    """Whether a name is one that systems leave beside images."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name.upper() in NOT_IMAGES or path.name.startswith("._") or "__MACOSX" in path.parts
