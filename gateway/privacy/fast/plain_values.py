"""Values that are written as they were read: decoding and encoding them again gives the same bytes.

Only plain spellings, and only numbers too short to number anybody (`numbers.SHORTEST_NUMBER`, `SHORTEST_DECIMAL`), or
places and directions in a scanner, so that what `deidentify` decided about one such value of an attribute it would
decide about any other.
"""

from __future__ import annotations

import re
import struct
from math import isfinite
from typing import Final

from gateway.privacy.identifiers.numbers import SHORTEST_TEXT

# A plain value of each VR, to ask `deidentify` with.
PLAIN: Final[dict[str, bytes]] = {
    "DS": b"1.25",
    "IS": b"12",
    "TM": b"101530",
    "UI": b"1.2.826.0.1.3680043.2.1125.1",
    "US": b"\1\0",
    "SS": b"\1\0",
    "UL": b"\1\0\0\0",
    "SL": b"\1\0\0\0",
    "FL": struct.pack("<f", 1.5),
    "FD": struct.pack("<d", 1.5),
}
_DECIMAL: Final = r"-?(?=[0-9.]{1,6}(?:[ \\]|\Z))(?:[0-9]{1,5}|[0-9]{1,4}\.[0-9]{1,4})"
_FEW_DIGITS: Final = 5
_INTEGER: Final = r"-?[0-9]{1,4}"
# With the padding that makes the length even (PS3.5 6.2).
_TEXTS: Final = {
    vr: re.compile(pattern.encode()).fullmatch
    for vr, pattern in {
        "DS": rf"{_DECIMAL}(?:\\{_DECIMAL})* ?",
        "IS": rf"{_INTEGER}(?:\\{_INTEGER})* ?",
        "TM": r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9]|60)(?:\.[0-9]{1,6})? ?",
        "UI": r"(?=[0-9.]{1,64}\0?\Z)[0-9]+(?:\.[0-9]+)*\0?",  # as `is_uid`
    }.items()
}
_COORDINATES: Final = {
    0x00200032: re.compile(
        rb"-?[0-9]{1,3}(?:\.[0-9]{1,12})?(?:\\-?[0-9]{1,3}(?:\.[0-9]{1,12})?)* ?"
    ).fullmatch,
    0x00200037: re.compile(rb"-?(?:0(?:\.[0-9]{1,13})?|1)(?:\\-?(?:0(?:\.[0-9]{1,13})?|1))* ?").fullmatch,
}
_FORMATS: Final = {"US": "H", "SS": "h", "UL": "L", "SL": "l", "FL": "f", "FD": "d"}
# Descriptors of look-up tables are read by a rule of their own.
NEVER: Final = frozenset({0x00281101, 0x00281102, 0x00281103, 0x00283002})


def is_plain(vr: str, value: bytes, tag: int = 0) -> bool:
    """Whether `value` (padding included) is spelled the only way it can be."""
    is_spelled_so = _COORDINATES.get(tag, _TEXTS.get(vr)) if vr == "DS" else _TEXTS.get(vr)
    if is_spelled_so is not None:
        return len(value) % 2 == 0 and is_spelled_so(value) is not None
    code = _FORMATS[vr]
    size = struct.calcsize("<" + code)
    if not value or len(value) % size:
        return False
    if size == 2:
        return len(value) < SHORTEST_TEXT
    values = struct.unpack(f"<{len(value) // size}{code}", value)
    if vr in ("FL", "FD"):
        return all(isfinite(one) and float(f"{one:.{_FEW_DIGITS}g}") == one for one in values)
    return all(abs(one) < 10**_FEW_DIGITS for one in values)
