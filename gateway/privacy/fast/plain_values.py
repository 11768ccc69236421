"""Values that are written as they were read: decoding and encoding them again gives the same bytes.

Only plain spellings, and only numbers too short to number anybody (`detection.SHORTEST_NUMBER` and
`detection.SHORTEST_DECIMAL`), so that what `deidentify` decided about one such value of an attribute it would decide
about any other.
"""

from __future__ import annotations

import re
import struct
from math import isfinite
from typing import Final

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
_DECIMAL: Final = r"-?(?:[0-9]{1,5}(?:\.[0-9]{1,9})?|[0-9]{1,2}\.[0-9]{1,12})"
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
_SIZES: Final = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "FD": 8}
# Descriptors of look-up tables are read by a rule of their own.
NEVER: Final = frozenset({0x00281101, 0x00281102, 0x00281103, 0x00283002})


def is_plain(vr: str, value: bytes) -> bool:
    """Whether `value` (padding included) is spelled the only way it can be."""
    is_spelled_so = _TEXTS.get(vr)
    if is_spelled_so is not None:
        return len(value) % 2 == 0 and is_spelled_so(value) is not None
    size = _SIZES[vr]
    if not value or len(value) % size:
        return False
    if vr not in ("FL", "FD"):
        return True
    return all(map(isfinite, struct.unpack(f"<{len(value) // size}{'f' if vr == 'FL' else 'd'}", value)))
