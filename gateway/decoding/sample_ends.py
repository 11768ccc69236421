"""Where the samples of a JPEG or JPEG-LS scan end, worked out fast; loaded only in the processes that decode.

Lossless JPEG: the codes are counted as `jpeg_scan.count_codes` does, at many places of the data at once. Whoever begins
in the middle of a code falls into step after some codes, as Huffman codes do; each place begins anew where the one
before it really ended, until nothing changes. JPEG-LS: CharLS says whether anything stands behind the last sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes
from dicom_nodes.encoding.codestreams.jpeg import Ends
from dicom_nodes.encoding.codestreams.jpeg_scan import Counted, ScanTables, Seen, codes_of, count_codes

_Numbers = NDArray[np.int64]
_PLACES: Final = 2048  # where counting begins at once
_LEAST_BITS: Final = 64  # between two of them
_ROUNDS: Final = 3  # then whoever is not in step is followed one code after the other
_WORTH_IT: Final = 4096  # bytes
_DEAD: Final = 1 << 16  # beyond the bits of any code
_TOGETHER: Final = 8  # steps between two looks at who has arrived
_SYMBOLS, _COEFFICIENTS = 256, 64  # of a Huffman table, and of a block
_TOO_FEW: Final = ("general structural problem", "too small")  # how CharLS says that samples lack
_END_OF_IMAGE: Final = b"\xff\xd9"


def count(data: bytes, units: int, tables: Sequence[ScanTables], *, lossless: bool) -> Counted | None:
    """As `count_codes`."""
    if lossless and len(tables) == 1 and len(data) >= _WORTH_IT:
        return _counted_at_once(data, units, tables[0])
    return count_codes(data, units, tables, lossless=lossless)


def _counted_at_once(data: bytes, units: int, tables: ScanTables) -> Counted | None:
    windows, (bits, symbols), total = _windows(data), _steps(tables.differences), 8 * len(data)
    distance = max(-(-total // _PLACES), _LEAST_BITS)
    begins = np.arange(0, total, distance, dtype=np.int64)
    stops = np.minimum(begins + distance, total)
    ends, told = np.zeros_like(begins), np.zeros_like(begins)
    late = np.arange(len(begins))
    for _ in range(_ROUNDS):
        ends[late], told[late] = _followed(windows, bits, begins[late], stops[late])
        late = np.flatnonzero(ends[:-1] != begins[1:]) + 1
        begins[late] = ends[late - 1]
    of_code = bits.tolist() if len(late) else []
    for place in late.tolist():  # where one code is repeated, nobody falls into step
        while place < len(begins):
            at, number, stop = int(begins[place]), 0, int(stops[place])
            while at < stop:
                byte = at >> 3
                at += of_code[
                    int.from_bytes(data[byte : byte + 3].ljust(3, b"\xff")) >> 8 - (at & 7) & 0xFFFF
                ]
                number += 1
            ends[place], told[place] = at, number
            place += 1
            if place == len(begins) or begins[place] == at:
                break
            begins[place] = at
    before = told.cumsum()
    last = int(np.searchsorted(before, units))
    if last == len(begins):
        return None
    seen = np.zeros(_SYMBOLS, np.uint8)
    _followed(windows, bits, begins[:last], stops[:last], (symbols, seen))
    at = int(begins[last])
    for _ in range(units - int(before[last - 1]) if last else units):
        window = int(windows[at >> 3]) >> 8 - (at & 7) & 0xFFFF
        at += int(bits[window])
        seen[symbols[window]] = 1
    return (
        Counted((at + 7) >> 3, (Seen(seen.tobytes(), bytes(_SYMBOLS), bytes(_COEFFICIENTS)),))
        if at <= total
        else None
    )


def _windows(data: bytes) -> NDArray[np.int32]:
    """The 24 bits that begin with each byte; behind the data, ones."""
    octets = np.frombuffer(data + b"\xff" * 4, np.uint8).astype(np.int32)
    return octets[:-2] << 16 | octets[1:-1] << 8 | octets[2:]


@lru_cache(maxsize=32)
def _steps(table: bytes) -> tuple[_Numbers, NDArray[np.uint8]]:
    """For each window of 16 bits, how far its code reaches (never nowhere), and its symbol."""
    bits, _, symbols = codes_of(table, "lossless")
    return np.minimum(np.array(bits, np.int64), _DEAD), np.frombuffer(symbols, np.uint8)


def _followed(
    windows: NDArray[np.int32],
    bits: _Numbers,
    begins: _Numbers,
    stops: _Numbers,
    marks: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
) -> tuple[_Numbers, _Numbers]:
    """From each begin, code for code to behind its stop: where that is, and how many codes; `marks` those seen.

    Where there is no code, it is followed no further, and its end is beyond all data.
    """
    ends, told = begins.copy(), np.zeros_like(begins)
    who, at, stop = np.arange(len(begins)), begins.copy(), stops
    number = np.zeros_like(begins)
    while len(who):
        for _ in range(_TOGETHER):
            on = at < stop
            window = windows[np.where(on, at, 0) >> 3] >> 8 - (at & 7) & 0xFFFF
            at = at + bits[window] * on
            number = number + on
            if marks is not None:
                marks[1][marks[0][window[on]]] = 1
        there = at >= stop
        ends[who[there]], told[who[there]] = at[there], number[there]
        on = ~there
        who, at, stop, number = who[on], at[on], stop[on], number[on]
    return ends, told


def end_of_jpeg_ls(code: bytes, start: int, end: int) -> int:
    """Where the samples of a scan of JPEG-LS end whose data lie in `code` at `start`..`end`, by CharLS.

    It decodes an image with nothing behind its samples; of any other it says whether there is something, or whether
    samples lack: so the end is found by halving. Raises UnaccountedBytes where it is not.
    """
    problem = _problem(code)
    if problem is None:
        return end
    first, last = start, end  # too short, and too long
    while last - first > 1 and not _lack(problem):
        middle = (first + last) // 2
        cut = _problem(code[:middle] + _END_OF_IMAGE)
        if cut is None:  # also where a byte lacks whose bits the end marker happens to have
            while middle < last and _problem(code[: middle + 1] + _END_OF_IMAGE) is None:
                middle += 1
            return middle
        first, last = (middle, last) if _lack(cut) else (first, middle)
    raise UnaccountedBytes("A JPEG-LS image cannot be decoded, so that its last sample cannot be told.")


def _lack(problem: str) -> bool:
    return any(words in problem for words in _TOO_FEW)


def _problem(code: bytes) -> str | None:
    """What CharLS has against an image; None if it decodes it."""
    try:
        imagecodecs.jpegls_decode(code)
    except (RuntimeError, ValueError, TypeError, NotImplementedError, MemoryError) as error:
        return str(error)
    return None


ENDS: Final = Ends(count, end_of_jpeg_ls)
