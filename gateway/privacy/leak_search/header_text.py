"""The small parts of a file that are no dark pixels (its header, mostly), searched as text: what `byte_scan` is told.

A numpy call costs the same for a header as for a hundred times as much, so here are few: one table look-up of all four
bytes in a row, at both alignments, tells where a pattern or a wide run may begin; the few that are left are compared
byte for byte. Runs of digits are told apart as words are, by what lies between them, so that those somebody has judged
before cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_nodes.encoding.octets import Octets
from gateway.privacy.leak_search.dark_pixels import WIDE_PAIRS, wide_run

LONGEST: Final = 1 << 14  # bytes, of all parts of a file; above it the passes over blocks are faster
BEGINNING: Final = 4  # bytes of a pattern that are looked up
_AROUND: Final = 8
"""Bytes on either side that belong to a part: of any run of digits that touches it, four characters are in it then.

A run of one byte a character reaches one byte into dark words at most: two of its bytes in one word are not dark.
"""
_BETWEEN: Final = b"\n" * _AROUND
_NOT_IN_RUN: Final = bytes(byte if byte in b"-./0123456789" else 0x20 for byte in range(256))
_FACTOR: Final = np.uint16(40503)  # odd, and close to 2^16 divided by the golden ratio: spreads neighbours


class TextScan:
    """A compiled search for patterns, given by their first four bytes."""

    def __init__(self, patterns: Mapping[bytes, Sequence[bytes]]) -> None:
        self._patterns = patterns
        words = np.frombuffer(b"".join((*patterns, *WIDE_PAIRS)), "<u2")
        self._may_begin = np.zeros(1 << 16, np.bool_)
        self._may_begin[words[::2] * _FACTOR + words[1::2]] = True

    def over(self, data: Octets, parts: Collection[tuple[int, int]]) -> TextFinds | None:
        """What the byte ranges `parts` hold; None if runs of digits of two bytes a character are among it."""
        parts = [(max(start - _AROUND, 0), min(end + _AROUND, len(data))) for start, end in parts]
        text = _BETWEEN.join([data[start:end] for start, end in parts])
        lower = text.lower()
        beginnings: list[tuple[int, bytes]] = []
        for at in self._beginnings(lower):
            beginning = lower[at : at + BEGINNING]
            if beginning in WIDE_PAIRS:
                if wide_run(text, at):
                    return None
            elif beginning in self._patterns:
                beginnings.append((at, beginning))
        return TextFinds(data, text, lower, parts, self._with_places(data, parts, beginnings))

    def _beginnings(self, lower: bytes) -> list[int]:
        """Where four bytes in a row may be the first ones of a pattern; never misses one."""
        even = lower + (b"\n\n" if len(lower) % 2 == 0 else b"\n")
        words: NDArray[np.uint16] = np.frombuffer(even + even[1:] + b"\n", "<u2")
        hashed = words[:-1] * _FACTOR
        hashed += words[1:]
        half = len(even) // 2
        at: list[int] = self._may_begin.take(hashed).nonzero()[0].tolist()
        return [2 * word if word < half else 2 * (word - half) + 1 for word in at]

    def _with_places(
        self, data: Octets, parts: Sequence[tuple[int, int]], found: Sequence[tuple[int, bytes]]
    ) -> list[tuple[int, bytes]]:
        """(offset in the file, pattern) of every pattern that really is where `found` says it may begin."""
        return [
            (offset, pattern)
            for at, beginning in found
            for offset in _places(at, parts)
            for pattern in self._patterns[beginning]
            if data[offset : offset + len(pattern)].lower() == pattern
        ]


class TextFinds:
    """What the text parts of one file hold."""

    def __init__(
        self,
        data: Octets,
        text: bytes,
        lower: bytes,
        parts: Sequence[tuple[int, int]],
        patterns: Sequence[tuple[int, bytes]],
    ) -> None:
        self._data, self._text, self._parts = data, text, parts
        self.lower = lower
        """All parts in small letters, with line feeds between them."""
        self.patterns = patterns
        """(offset, pattern) of every occurrence."""

    def runs(self, known: AbstractSet[bytes]) -> Iterator[tuple[int, int]]:
        """(start, end) of every longest run of four or more digits, dots, dashes and slashes not in `known`."""
        spaced = b" " + self._text.translate(_NOT_IN_RUN) + b" "
        for run in set(spaced.split()).difference(known):
            if len(run) < BEGINNING:
                continue
            alone = b" " + run + b" "
            at = spaced.find(alone)
            while at >= 0:
                for start in _places(at, self._parts):
                    yield start, start + len(run)
                at = spaced.find(alone, at + len(run) + 1)


def _places(at: int, parts: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Where in the file the byte `at` of the joined parts lies; nothing for what was put between them."""
    for start, end in parts:
        if at < end - start:
            if at >= 0:
                yield start + at
            return
        at -= end - start + len(_BETWEEN)
