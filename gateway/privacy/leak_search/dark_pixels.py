"""Text among dark pixels, found in few passes: what `byte_scan` passes over in a hurry.

Dark words are below every word that text can begin with, other than text of two bytes a character. Such text has three
of its words in a row in the small range of its characters, and so the two words of one pair that lies at a multiple of
four bytes; what is in the range in such pairs is looked up, and the few that are left are compared byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_nodes.encoding.octets import Octets

_PAIR: Final = 4  # bytes
# Pairs, one in so many words; with more of them the look-up of all words is faster.
_MOST_CANDIDATES: Final = 8
_BOTH: Final = np.uint16(0x0101)  # two that are true
_SMALL: Final = np.uint32(0x20202020)  # the bit that tells small letters from capital ones
# Odd, and close to 2^32 divided by the golden ratio: spreads neighbours.
_FACTOR: Final = np.uint32(2654435769)
_DIGITS: Final = b".0123456789"
WIDE_PAIRS: Final = frozenset(bytes((a, 0, b, 0)) for a in _DIGITS for b in _DIGITS)
"""Two digits or dots of two bytes each: a run of four of them, in either order of bytes, has these in it."""
_GOES_ON: Final = re.compile(rb"(?:[0-9.]\x00)+[0-9.]?")
_SHORTEST_RUN: Final = 8  # bytes: four characters
Range = tuple[int, int]
"""Start and end, in bytes of a file or a text."""


def wide_run(data: Octets, pair: int) -> Range | None:
    """All of the run of four or more digits and dots in UTF-16, in either order of bytes, that has `pair` in it."""
    goes_on = _GOES_ON.match(data, pair)
    assert goes_on is not None
    start = pair
    while start and (not data[start - 1] if data[start] else data[start - 1] in _DIGITS):
        start -= 1
    end = goes_on.end()
    return (start, end) if end - start >= _SHORTEST_RUN else None


@dataclass
class DarkFinds:
    """What the dark parts of one file hold: (offset, pattern) of every pattern, and all runs of digits in UTF-16."""

    patterns: list[tuple[int, bytes]]
    wide_runs: set[Range]


class DarkScan:
    """A compiled search for `patterns` of two bytes a character, of eight bytes or more, in words `first` to `last`."""

    def __init__(self, patterns: Iterable[bytes], first: int, last: int) -> None:
        self._first, self._range = np.uint16(first), np.uint16(max(last - first, 0))
        self._pairs: dict[bytes, list[tuple[int, bytes]]] = {pair: [] for pair in WIDE_PAIRS}
        # The first of three words may be even or odd, and the pattern begin with it or one byte before.
        for pattern in patterns:
            for at in range(_PAIR):
                self._pairs.setdefault(pattern[at : at + _PAIR], []).append((at, pattern))
        self._may_be = np.zeros(1 << 16, np.bool_)
        self._may_be[_hashed(np.frombuffer(b"".join(self._pairs), "<u4"))] = True

    def over(self, data: Octets, start: int, end: int, finds: DarkFinds) -> bool:
        """Adds to `finds` what begins in words `start` (even) to `end`, which two more dark words follow.

        False where a run of digits goes on outside, or where too much looks like text: nothing is added then.
        """
        words: NDArray[np.uint16] = np.frombuffer(data, "<u2", end + 2 - start, 2 * start)
        likely = words - self._first <= self._range
        even = len(words) // 2 * 2
        pairs = (likely[:even].view("<u2") == _BOTH).nonzero()[0]
        if len(pairs) * _MOST_CANDIDATES > len(words):
            return False
        pairs = pairs[self._may_be.take(_hashed(words[:even].view("<u4").take(pairs)))]
        patterns: list[tuple[int, bytes]] = []
        runs: set[Range] = set()
        known = 0  # where the last run ends: its other pairs are not asked about
        for pair in pairs.tolist():
            at = 2 * start + _PAIR * pair
            four = data[at : at + _PAIR].lower()
            if four in WIDE_PAIRS and at >= known:
                run = wide_run(data, at)
                if run is not None:
                    if run[0] < 2 * start or run[1] > 2 * end:
                        return False
                    runs.add(run)
                    known = run[1]
            for before, pattern in self._pairs.get(four, ()):
                first = at - before
                if first >= 0 and data[first : first + len(pattern)].lower() == pattern:
                    patterns.append((first, pattern))
        finds.patterns += patterns
        finds.wide_runs |= runs
        return True


def _hashed(four: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A number of sixteen bits for four bytes, the same for capital and small letters."""
    hashed = four | _SMALL
    hashed *= _FACTOR
    hashed >>= 16
    return hashed
