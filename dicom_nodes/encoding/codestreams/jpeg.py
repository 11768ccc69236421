"""JPEG (ISO 10918-1 Annex B) and JPEG-LS (ISO 14495-1 Annex C): every marker segment, by its own structure.

Comments and application segments are blanked where they stand, but for the colour transform that decoders read. So are
tables and parameters that no scan reads. The data of Huffman scans are counted (`jpeg_scan`); images of processes that
are not counted there (progressive, arithmetic, hierarchical: DICOM has retired them) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from dicom_nodes.encoding.codestreams import jpeg_segments as segments
from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes, is_encoder, over
from dicom_nodes.encoding.codestreams.jpeg_scan import (
    LOSSLESS,
    Component,
    Count,
    Frame,
    ScanTables,
    Seen,
    count_codes,
    excess,
)

START: Final = b"\xff\xd8"
_COUNTED: Final = frozenset({0xC0, 0xC1, LOSSLESS})
_RESTARTS: Final = range(0xD0, 0xD8)
_APPLICATIONS: Final = range(0xE0, 0xF0)
_NEXT_MARKER: Final = re.compile(rb"\xff+[\x01-\xfe]")
# In entropy-coded data 0xFF is followed by a stuffed zero byte (JPEG) or a stuffed zero bit (JPEG-LS).
_AFTER_SCAN: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_AFTER_LS_SCAN: Final = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")


@dataclass
class _Definition:
    """Numbers that scans may read: where they lie, and what they become when none does."""

    start: int
    end: int
    blank: bytes
    used: bool = False
    seen: bytes = b""
    """1 for each symbol of a Huffman table whose code was seen, for each coefficient that a table divides."""


EndOfSamples = Callable[[bytes, int, int], int]
"""Where in a codestream of JPEG-LS the samples end of the only scan, whose data lie between two places; raises
UnaccountedBytes where that cannot be told."""


class Ends(NamedTuple):
    """How it is worked out where the samples of a scan end; without `of_jpeg_ls`, all of its data are the picture's."""

    of_codes: Count = count_codes
    of_jpeg_ls: EndOfSamples = lambda _code, _start, end: end


NOTHING_DECODED: Final = Ends()


def walk(
    code: bytes, rows: int = 0, columns: int = 0, samples: int = 0, ends: Ends = NOTHING_DECODED
) -> tuple[list[Edit], int | None]:
    """What is to be written over in a codestream, and where it ends; None if it has no end (EOI).

    `rows`, `columns` and `samples` of a pixel: what the header of the object says, if it does. Raises
    UnaccountedBytes for what is no JPEG of that size, or has parts that no JPEG has.
    """
    if not code.startswith(START):
        raise UnaccountedBytes("A JPEG image does not begin as one.")
    edits: list[Edit] = []
    scans = _Scans(code, (rows, columns, samples), ends)
    at = len(START)
    while True:
        match = _NEXT_MARKER.search(code, at)
        if match is None:
            edits += over(code, at, len(code), b"\xff" * (len(code) - at))
            return sorted([*edits, *scans.unused()]), None
        # Before a marker any number of 0xFF may stand (B.1.1.2), and nothing else.
        edits += over(code, at, match.start(), b"\xff" * (match.start() - at))
        marker, at = code[match.end() - 1], match.end()
        if marker == segments.EOI:
            return sorted([*edits, *scans.unused()]), at
        if marker == segments.TEM or marker in _RESTARTS:
            continue
        first, at = at + 2, at + int.from_bytes(code[at : at + 2], "big")
        if at < first or at > len(code):
            raise UnaccountedBytes("A JPEG image is cut off in the middle of a segment.")
        content = code[first:at]
        if marker == segments.COM:
            if not is_encoder(content):
                edits += over(code, first, at, b" " * len(content))
        elif marker in _APPLICATIONS:
            edits += over(code, first, at, segments.application(content))
        elif not segments.fits(marker, content, ls=scans.marker == segments.LS_FRAME):
            raise UnaccountedBytes("A JPEG image has a segment that is not as the codec defines it.")
        elif marker == segments.SOS:
            at = scans.scan(content, at)
            if at == len(code):
                return sorted([*edits, *scans.unused()]), None
        else:
            scans.take(marker, first, content)


class _Scans:
    """What the scans of one image read: its frame, and the tables and parameters that stand when a scan begins."""

    def __init__(self, code: bytes, size: tuple[int, int, int], ends: Ends) -> None:
        self._code = code
        self._ends = ends
        self._size = size
        self._frame: Frame | None = None
        self._coded: set[int] = set()  # numbers of components
        self._standing: dict[tuple[int, int], _Definition] = {}  # by marker and number
        self._all: list[_Definition] = []
        self._excess: list[Edit] = []

    @property
    def marker(self) -> int:
        """Of the frame; 0 before it."""
        return self._frame.marker if self._frame is not None else 0

    def take(self, marker: int, first: int, content: bytes) -> None:
        """A segment that is neither scan nor text; its content begins at `first`."""
        if marker in segments.FRAMES:
            if self._frame is not None:
                raise UnaccountedBytes("A JPEG image has a second frame header.")
            if marker not in _COUNTED | {segments.LS_FRAME}:
                raise UnaccountedBytes("A JPEG image is coded in a way that DICOM no longer has.")
            self._frame = Frame.read(marker, content)
        elif marker == segments.DQT:
            for number, start, end in segments.quantisation_tables(content):
                self._define(marker, number, first + start, b"\1" * (end - start))
        elif marker == segments.DHT:
            for number, start, end in segments.huffman_tables(content):
                self._define(marker, number, first + start, segments.plain_table(end - start - 16))
        elif marker == segments.DNL:
            if self._frame is None or int.from_bytes(content, "big") != self._frame.rows:
                raise UnaccountedBytes("A JPEG image has another number of lines than its frame.")
        elif marker == segments.LS_PARAMETERS:
            self._define(marker, 0, first + 1, bytes(len(content) - 1))
        else:
            self._define(marker, 0, first, bytes(len(content)))

    def _define(self, marker: int, number: int, start: int, blank: bytes) -> None:
        definition = _Definition(start, start + len(blank), blank)
        self._standing[marker, number] = definition
        self._all.append(definition)

    def _read(self, marker: int, number: int) -> bytes:
        definition = self._standing.get((marker, number))
        if definition is None:
            return b""
        definition.used = True
        return self._code[definition.start : definition.end]

    def scan(self, content: bytes, at: int) -> int:
        """Where the entropy-coded data of a scan end that begin at `at`; Huffman codes are counted."""
        if self._frame is None:
            raise UnaccountedBytes("A JPEG image has a scan before its frame header.")
        after = (_AFTER_LS_SCAN if self.marker == segments.LS_FRAME else _AFTER_SCAN).search(self._code, at)
        end = len(self._code) if after is None else after.start()
        selected = dict(zip(content[1:-3:2], content[2:-3:2], strict=True))
        components = [each for each in self._frame.components if each.number in selected]
        if len(components) != content[0] or self._coded & selected.keys():
            raise UnaccountedBytes(
                "A JPEG image has a scan of components that it does not have, or has already."
            )
        self._coded |= selected.keys()
        interval = int.from_bytes(self._read(segments.DRI, 0), "big")
        self._read(segments.LS_PARAMETERS, 0)
        frame = self._with_lines(self._frame, end)
        if self.marker in _COUNTED:
            tables = [self._tables(each, selected[each.number]) for each in components]
            found = excess(self._code[at:end], frame, components, tables, interval, self._ends.of_codes)
            for first, last in found.spans:
                self._excess += over(self._code, at + first, at + last, bytes(last - first))
            for each, seen in zip(components, found.symbols, strict=True):
                self._saw(each.quantisation, selected[each.number], seen)
        else:
            self._excess += self._behind_samples(at, end)
        return end

    def _saw(self, quantisation: int, selector: int, seen: Seen) -> None:
        """Of the tables that a component has selected, which symbols and coefficients it has."""
        for marker, number, marks in (
            (segments.DHT, selector >> 4, seen.differences),
            (segments.DHT, 0x10 | selector & 0xF, seen.coefficients),
            (segments.DQT, quantisation, seen.places),
        ):
            definition = self._standing.get((marker, number))
            if definition is not None:
                definition.seen = definition.seen or bytes(len(marks))
                definition.seen = (int.from_bytes(definition.seen) | int.from_bytes(marks)).to_bytes(
                    len(marks)
                )

    def _behind_samples(self, start: int, end: int) -> Iterator[Edit]:
        """What stands in the data of a scan of JPEG-LS behind its last sample becomes fill bytes (B.1.1.2)."""
        last = self._ends.of_jpeg_ls(self._code, start, end)
        yield from over(self._code, last, end, b"\xff" * (end - last))

    def _with_lines(self, frame: Frame, end: int) -> Frame:
        """The frame with the number of lines that stands behind the first scan if it was not known before (B.2.5)."""
        if frame.rows == 0 and self._code[end : end + 4] == b"\xff\xdc\0\4":
            frame = self._frame = replace(frame, rows=int.from_bytes(self._code[end + 4 : end + 6], "big"))
        if any(
            said and said != real
            for said, real in zip(self._size, (frame.rows, frame.columns, len(frame.components)), strict=True)
        ):
            raise UnaccountedBytes("A JPEG image has another size than its header says.")
        return frame

    def _tables(self, component: Component, selector: int) -> ScanTables:
        differences = self._read(segments.DHT, selector >> 4)
        if self.marker == LOSSLESS:
            return ScanTables(differences, b"")
        self._read(segments.DQT, component.quantisation)
        coefficients = self._read(segments.DHT, 0x10 | selector & 0xF)
        if not coefficients:
            raise UnaccountedBytes("A JPEG image has a scan without its tables.")
        return ScanTables(differences, coefficients)

    def unused(self) -> Iterator[Edit]:
        """What no scan reads is written over, and what stands behind the last sample of one."""
        yield from self._excess
        for each in self._all:
            if not each.used:
                yield from over(self._code, each.start, each.end, each.blank)
            elif each.seen:
                table = self._code[each.start : each.end]
                yield from over(self._code, each.start, each.end, segments.seen_numbers(table, each.seen))
