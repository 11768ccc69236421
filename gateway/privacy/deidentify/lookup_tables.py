"""Look-up tables of grey values (PS3.3 C.11.1, C.11.2): numbers that only rise or only fall, as many as they say.

Anything else in LUTData may be a text, and an image is shown without it, too: then the window applies.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any, Final

from pydicom.dataset import Dataset

from gateway.privacy.elements import listed

SEQUENCES_OF_TABLES: Final = frozenset({0x00283000, 0x00283010})
"""ModalityLUTSequence and VOILUTSequence."""
TABLES: Final = frozenset({0x00283006})
"""LUTData, which its LUTDescriptor judges."""
_ALL_VALUES: Final = 1 << 16  # what a number of 0 means (C.11.1.1)
_MOST_BYTES: Final = 2 * _ALL_VALUES


def are_tables(item: Dataset) -> bool:
    """Whether the LUTData of one item, if it has any, are the table that its LUTDescriptor describes."""
    if "LUTData" not in item:
        return True
    described = listed(item.get("LUTDescriptor"))
    if len(described) != 3:
        return False
    count = int(described[0]) or _ALL_VALUES
    numbers = _numbers(item.LUTData, count)
    return len(numbers) == count and (
        all(a <= b for a, b in pairwise(numbers)) or all(a >= b for a, b in pairwise(numbers))
    )


def _numbers(value: Any, count: int) -> list[int]:
    """The entries, of two bytes each or of one (and padding)."""
    if not isinstance(value, bytes):
        return [int(number) for number in listed(value)]
    if len(value) == 2 * count <= _MOST_BYTES:
        return list(struct.unpack(f"<{count}H", value))
    padding = value[count:]
    return list(value[:count]) if len(value) == count + count % 2 and not padding.strip(b"\0") else []
