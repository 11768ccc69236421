"""Every place in a file where one of many byte strings, or a run of digits, occurs: one pass, whatever their number.

The bytes are looked at as 16-bit words, one table look-up a word. A needle of four bytes covers one whole word at
either alignment, one of six covers two, so the words that begin a needle (and those that follow) are marked in the
table; what passes is compared by its first bytes against sorted keys, and the little that is left byte for byte. The
table never misses an occurrence; it only decides how much has to be compared. Memory: a few blocks of 128 KiB.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_Bytes = NDArray[np.uint8]
_Places = NDArray[np.intp]
_BLOCK: Final = 1 << 16  # words
# Marks of a word: what may begin or go on here.
_LONG, _LONG_2, _SHORT, _WIDE, _WIDE_2, _WIDE_3, _RUN, _WIDE_RUN = (1 << bit for bit in range(8))
_SHORT_KEY, _LONG_KEY = 4, 6  # bytes compared before the whole needle is
_IN_RUN: Final = np.isin(np.arange(256), np.frombuffer(b"-./0123456789", np.uint8))
_IN_WIDE_RUN: Final = np.frombuffer(b".0123456789", np.uint8).astype(np.intp)
_LOWER: Final = np.frombuffer(bytes(range(256)).lower(), np.uint8)
_WORDS: Final = np.arange(1 << 16)
# Each word with its capital letters made small.
_FOLDED: Final = _LOWER[_WORDS & 0xFF].astype(np.intp) | _LOWER[_WORDS >> 8].astype(np.intp) << 8


class ByteScan:
    """A compiled search for `needles` (lower-case, four bytes at least; True: of two bytes a character)."""

    def __init__(self, needles: Collection[tuple[bytes, bool]]) -> None:
        marks = np.zeros(1 << 16, np.uint8)
        self._needles: dict[bytes, list[bytes]] = {}
        for needle, wide in needles:
            steps: tuple[int, ...] = (_SHORT,)
            if wide and len(needle) >= 8:
                steps = _WIDE, _WIDE_2, _WIDE_3
            elif not wide and len(needle) >= _LONG_KEY:
                steps = _LONG, _LONG_2
            for step, mark in enumerate(steps):
                for at in (2 * step, 2 * step + 1):  # the needle begins with a word, or in the middle of one
                    marks[needle[at] | needle[at + 1] << 8] |= mark
            same = self._needles.setdefault(needle[: _SHORT_KEY if len(steps) == 1 else _LONG_KEY], [])
            if needle not in same:
                same.append(needle)
        self._marks = marks[_FOLDED]
        self._marks[_IN_RUN[_WORDS & 0xFF] & _IN_RUN[_WORDS >> 8]] |= _RUN
        self._marks[np.concatenate((_IN_WIDE_RUN, _IN_WIDE_RUN << 8))] |= _WIDE_RUN
        self._keys = {
            length: np.array(
                sorted(int.from_bytes(key, "little") for key in self._needles if len(key) == length),
                np.uint64,
            )
            for length in (_SHORT_KEY, _LONG_KEY)
        }

    def over(self, data: bytes) -> ByteFinds:
        """The scan of one file."""
        return ByteFinds(data, *self._marked(data), self._keys, self._needles)

    def _marked(self, data: bytes) -> tuple[_Places, _Bytes]:
        """The words (by number) where something may begin, and their marks."""
        words = np.frombuffer(data, "<u2", len(data) // 2)
        places: list[_Places] = []
        found: list[_Bytes] = []
        marks = np.zeros(_BLOCK + 2, np.uint8)
        for start in range(0, len(words), _BLOCK):
            block = words[start : start + _BLOCK + 2]
            count = len(block)
            marks[:count] = self._marks.take(block)
            marks[count : count + 2] = 0
            count = min(count, _BLOCK)
            here, next_, third = marks[:count], marks[1 : count + 1], marks[2 : count + 2]
            kept = here & np.uint8(_SHORT | _RUN)
            kept |= here & (next_ >> 1) & np.uint8(_LONG)
            kept |= here & (next_ >> 1) & (third >> 2) & np.uint8(_WIDE)
            kept |= here & next_ & third & np.uint8(_WIDE_RUN)
            at: _Places = np.flatnonzero(kept != 0)
            places.append(at + start)
            found.append(kept[at])
        if not places:
            return np.zeros(0, np.intp), np.zeros(0, np.uint8)
        return np.concatenate(places), np.concatenate(found)


class ByteFinds:
    """What one file holds; each question goes over the marked words only."""

    def __init__(
        self,
        data: bytes,
        places: _Places,
        marks: _Bytes,
        keys: dict[int, NDArray[np.uint64]],
        needles: dict[bytes, list[bytes]],
    ) -> None:
        self._data, self._places, self._marks, self._keys, self._needles = data, places, marks, keys, needles
        self._bytes: _Bytes = np.frombuffer(data, np.uint8)

    def needles(self) -> Iterator[tuple[int, bytes]]:
        """(offset, needle) of every occurrence, small and capital letters alike; overlapping ones too."""
        for length, mark in ((_SHORT_KEY, _SHORT), (_LONG_KEY, _LONG | _WIDE)):
            words = self._places[(self._marks & mark) != 0]
            if not len(words) or not len(self._keys[length]):
                continue
            starts = np.concatenate((2 * words, 2 * words - 1))
            starts = starts[(starts >= 0) & (starts <= len(self._data) - length)]
            for start in self._with_keys(starts, length).tolist():
                for needle in self._needles[self._data[start : start + length].lower()]:
                    if self._data[start : start + len(needle)].lower() == needle:
                        yield start, needle

    def _with_keys(self, starts: _Places, length: int) -> _Places:
        """Those of `starts` where the first `length` bytes are those of a needle."""
        found = np.zeros(len(starts), np.uint64)
        for byte in range(length):
            found |= _LOWER[self._bytes[starts + byte]].astype(np.uint64) << np.uint64(8 * byte)
        keys = self._keys[length]
        at = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
        return starts[keys[at] == found]

    def runs(self) -> Iterator[tuple[int, int]]:
        """(start, end) of every longest run of four or more digits, dots, dashes and slashes, in order."""
        firsts, ends = _grouped(self._places[(self._marks & _RUN) != 0])
        if not len(firsts):
            return
        starts, stops = 2 * firsts, 2 * ends
        starts -= _IN_RUN[self._bytes[np.maximum(starts - 1, 0)]] & (starts > 0)
        last = len(self._data) - 1
        stops += _IN_RUN[self._bytes[np.minimum(stops, last)]] & (stops <= last)
        long = stops - starts >= 4
        yield from zip(starts[long].tolist(), stops[long].tolist(), strict=True)

    def wide_runs(self) -> Iterator[tuple[int, int]]:
        """(start, end) of stretches that hold every run of four or more digits and dots in UTF-16."""
        firsts, ends = _grouped(self._places[(self._marks & _WIDE_RUN) != 0])
        if not len(firsts):
            return
        # Three words hold four characters only with half a character on either side, as in no dark pixel.
        before = self._bytes[np.maximum(2 * firsts - 1, 0)]
        after = self._bytes[np.minimum(2 * ends + 4, len(self._data) - 1)]
        likely = ends - firsts > 1
        likely |= (before == 0) & _IN_RUN[after]
        likely |= _IN_RUN[before] & (after == 0)
        for first, end in zip(firsts[likely].tolist(), ends[likely].tolist(), strict=True):
            yield max(2 * first - 2, 0), min(2 * end + 6, len(self._data))


def _grouped(words: _Places) -> tuple[Any, Any]:
    """First word and word after the last of each group of neighbours."""
    if not len(words):
        return words, words
    gaps = np.flatnonzero(np.diff(words) != 1)
    return words[np.concatenate(([0], gaps + 1))], words[np.concatenate((gaps, [len(words) - 1]))] + 1
