"""Every place in a file where one of many byte strings, or a run of digits, occurs: one pass, whatever their number.

The bytes are looked at as 16-bit words, one table look-up a word. A pattern of four bytes covers one whole word at
either alignment, one of six covers two, so the words that begin a pattern (and those that follow) are flagged in the
table; what passes is compared by its first bytes against sorted keys, and the little that is left byte for byte. The
table never misses an occurrence; it only decides how much has to be compared.

Most words of a file are pixels, and most pixels are dark: below every word that text can begin with, other than text
of two bytes a character (the bound comes from the patterns themselves). In dark blocks nothing is looked up but where
three neighbours are in the small range of such characters. Memory: a few blocks of 128 KiB.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dicom_nodes.encoding.octets import Octets
from gateway.privacy.leak_search.dark_pixels import DarkFinds, DarkScan
from gateway.privacy.leak_search.header_text import BEGINNING, LONGEST, TextFinds, TextScan

_Bytes = NDArray[np.uint8]
_Places = NDArray[np.intp]
_Words = NDArray[np.uint16]
_BLOCK: Final = 1 << 16  # words
_DARK_BLOCK: Final = 1 << 10  # words that are dark together
# Flags of a word: what may begin or go on here.
_LONG, _LONG_2, _SHORT, _WIDE, _WIDE_2, _WIDE_3, _RUN, _WIDE_RUN = (1 << bit for bit in range(8))
_SHORT_KEY, _LONG_KEY = 4, 6  # bytes compared before the whole pattern is
_IN_RUN: Final = np.isin(np.arange(256), np.frombuffer(b"-./0123456789", np.uint8))
_IN_WIDE_RUN: Final = np.frombuffer(b".0123456789", np.uint8).astype(np.intp)
_FIRST: Final = np.arange(_LONG_KEY)
_LOWER: Final = np.frombuffer(bytes(range(256)).lower(), np.uint8)
_WORDS: Final = np.arange(1 << 16)
# Each word with its capital letters made small.
_FOLDED: Final = _LOWER[_WORDS & 0xFF].astype(np.intp) | _LOWER[_WORDS >> 8].astype(np.intp) << 8


class ByteScan:
    """A compiled search for `patterns` (lower-case, four bytes at least; True: of two bytes a character)."""

    def __init__(self, patterns: Collection[tuple[bytes, bool]]) -> None:
        flags = np.zeros(1 << 16, np.uint8)
        in_the_dark: list[bytes] = []
        self._patterns: dict[bytes, list[bytes]] = {}
        beginnings: dict[bytes, list[bytes]] = {}
        for pattern, wide in patterns:
            steps: tuple[int, ...] = (_SHORT,)
            if wide and len(pattern) >= 8:
                steps = _WIDE, _WIDE_2, _WIDE_3
                in_the_dark.append(pattern)
            elif not wide and len(pattern) >= _LONG_KEY:
                steps = _LONG, _LONG_2
            for step, flag in enumerate(steps):
                for at in (2 * step, 2 * step + 1):  # the pattern begins with a word, or in the middle of one
                    flags[pattern[at] | pattern[at + 1] << 8] |= flag
            same = self._patterns.setdefault(pattern[: _SHORT_KEY if len(steps) == 1 else _LONG_KEY], [])
            if pattern not in same:
                same.append(pattern)
                beginnings.setdefault(pattern[:BEGINNING], []).append(pattern)
        self._texts = TextScan(beginnings)
        self._flags = flags[_FOLDED]
        self._flags[_IN_RUN[_WORDS & 0xFF] & _IN_RUN[_WORDS >> 8]] |= _RUN
        self._flags[np.concatenate((_IN_WIDE_RUN, _IN_WIDE_RUN << 8))] |= _WIDE_RUN
        # Words below this one begin nothing but wide patterns and wide runs: the dark ones.
        self._dark = int(np.argmax(self._flags & np.uint8(_LONG | _SHORT | _RUN) != 0))
        text = np.flatnonzero(self._flags[: self._dark] & np.uint8(_WIDE | _WIDE_2 | _WIDE_3 | _WIDE_RUN))
        self._in_dark = DarkScan(in_the_dark, int(text.min(initial=self._dark)), int(text.max(initial=0)))
        self._keys = {
            length: np.array(
                sorted(int.from_bytes(key, "little") for key in self._patterns if len(key) == length),
                np.uint64,
            )
            for length in (_SHORT_KEY, _LONG_KEY)
        }

    def over(self, data: Octets) -> ByteFinds:
        """The scan of one file."""
        words: _Words = np.frombuffer(data, "<u2", len(data) // 2)
        in_dark = DarkFinds([], set())
        lit: list[tuple[int, int]] = []
        left: list[tuple[int, int]] = []
        for first, last, dark in self._stretches(words):
            if dark:
                left += [one for one in _blocks(first, last) if not self._in_dark.over(data, *one, in_dark)]
            else:
                lit.append((first, last))
        few = _as_many_as_are_text(lit)
        texts = self._texts.over(data, [(2 * start, 2 * end) for start, end in lit[:few]])
        large = lit if texts is None else lit[few:]
        left += [block for start, end in large for block in _blocks(start, end)]
        places, flags = self._flagged(words, sorted(left))
        return ByteFinds(data, texts, not large, in_dark, places, flags, self._keys, self._patterns)

    def _flagged(self, words: _Words, blocks: Sequence[tuple[int, int]]) -> tuple[_Places, _Bytes]:
        """The words (by number) of `blocks` where something may begin, in order, and their flags."""
        if not blocks:
            return np.zeros(0, np.intp), np.zeros(0, np.uint8)
        places: list[_Places] = []
        found: list[_Bytes] = []
        for start, end in blocks:
            at, flags = self._looked_up(words[start : end + 2], end - start)
            places.append(at + start)
            found.append(flags)
        return np.concatenate(places), np.concatenate(found)

    def _stretches(self, words: _Words) -> Iterator[tuple[int, int, bool]]:
        """(start, end, dark) of all words in order: a dark stretch has two dark words behind it."""
        count = len(words) // _DARK_BLOCK
        blocks = words[: count * _DARK_BLOCK].reshape(count, _DARK_BLOCK)
        # A byte for each block: 1 is dark.
        flags = (blocks.max(axis=1) < self._dark).tobytes() if count else b""
        start = block = 0
        while start < len(words):
            dark = flags[block : block + 1] == b"\1"
            block = flags.find(b"\0" if dark else b"\1", block)
            end = len(words) if block < 0 else block * _DARK_BLOCK
            if dark:
                end = min(end, count * _DARK_BLOCK) - 2
                block = block if block >= 0 else count
            yield start, end, dark
            start = end

    def _looked_up(self, words: _Words, count: int) -> tuple[_Places, _Bytes]:
        """Where something may begin among the first `count` words; the others are those that follow."""
        flags = np.zeros(count + 2, np.uint8)
        flags[: len(words)] = self._flags.take(words)
        here, next_, third = flags[:count], flags[1 : count + 1], flags[2:]
        kept = here & np.uint8(_SHORT | _RUN)
        kept |= here & (next_ >> 1) & np.uint8(_LONG)
        kept |= _wide(here, next_, third)
        at: _Places = np.flatnonzero(kept)
        return at, kept[at]


def _as_many_as_are_text(lit: Sequence[tuple[int, int]]) -> int:
    """How many of these ranges of words, from the first on, `header_text` shall take."""
    left = LONGEST // 2
    for number, (start, end) in enumerate(lit):
        left -= end - start
        if left < 0:
            return number
    return len(lit)


def _blocks(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, _BLOCK):
        yield at, min(at + _BLOCK, end)


def _wide(here: _Bytes, next_: _Bytes, third: _Bytes) -> _Bytes:
    """The flags of three words in a row that a wide pattern or run may begin with."""
    pattern: Any = (next_ >> 1) & (third >> 2) & np.uint8(_WIDE)
    run: Any = next_ & third & np.uint8(_WIDE_RUN)
    return here & (pattern | run)


class ByteFinds:
    """What one file holds; each question goes over the flagged words only."""

    def __init__(
        self,
        data: Octets,
        texts: TextFinds | None,
        all_texts: bool,
        in_dark: DarkFinds,
        places: _Places,
        flags: _Bytes,
        keys: dict[int, NDArray[np.uint64]],
        patterns: dict[bytes, list[bytes]],
    ) -> None:
        self._data, self._places, self._flags, self._keys, self._patterns = (
            data,
            places,
            flags,
            keys,
            patterns,
        )
        self._texts, self._in_dark = texts, in_dark
        self._bytes: _Bytes = np.frombuffer(data, np.uint8)
        self.text = texts.lower if texts is not None and all_texts else None
        """All that is not dark, in small letters, with a few bytes on either side; None if it is too much."""

    def patterns(self) -> Iterator[tuple[int, bytes]]:
        """(offset, pattern) of every occurrence, small and capital letters alike; overlapping ones too."""
        yield from self._in_dark.patterns
        if self._texts is not None:
            yield from self._texts.patterns
        if not len(self._places):
            return
        words = self._places[(self._flags & (_SHORT | _LONG | _WIDE)) != 0]
        for start, length in self._with_keys(np.concatenate((2 * words, 2 * words - 1))):
            for pattern in self._patterns[self._data[start : start + length].lower()]:
                if self._data[start : start + len(pattern)].lower() == pattern:
                    yield start, pattern

    def _with_keys(self, starts: _Places) -> Iterator[tuple[int, int]]:
        """(start, length) of those of `starts` where the first `length` bytes are those of a pattern."""
        if not len(starts):
            return
        eight = np.zeros((len(starts), 8), np.uint8)
        last = len(self._data) - 1
        eight[:, :_LONG_KEY] = _LOWER[self._bytes.take(starts[:, None] + _FIRST, mode="clip")]
        begin = eight.view("<u8")[:, 0]
        for length, keys in self._keys.items():
            if len(keys):
                found = begin & np.uint64((1 << 8 * length) - 1)
                at = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
                yield from (
                    (start, length)
                    for start in starts[keys[at] == found].tolist()
                    if 0 <= start <= last - length + 1
                )

    def runs(self, known: AbstractSet[bytes] = frozenset()) -> Iterator[tuple[int, int]]:
        """(start, end) of every longest run of four or more digits, dots, dashes and slashes that is not in `known`."""
        if self._texts is not None:
            yield from self._texts.runs(known)
        for start, end in self._runs():
            if self._data[start:end] not in known:
                yield start, end

    def _runs(self) -> Iterator[tuple[int, int]]:
        """All of them that are not in text, in order."""
        if not len(self._places):
            return
        firsts, ends = _grouped(self._places[(self._flags & _RUN) != 0])
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
        yield from self._in_dark.wide_runs
        if not len(self._places):
            return
        firsts, ends = _grouped(self._places[(self._flags & _WIDE_RUN) != 0])
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
