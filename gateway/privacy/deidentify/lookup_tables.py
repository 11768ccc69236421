"""Binary values that are numbers only when other attributes say so: look-up tables, palettes, spectra.

A table of grey values (PS3.3 C.11.1, C.11.2) only rises or only falls, and has as many entries as it says. Anything
else in LUTData may be a text, and an image is shown without it, too: then the window applies. A palette belongs to an
image that says it has one; a phase correction to a spectrum that says so.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from gateway.privacy.elements import listed

SEQUENCES_OF_TABLES: Final = frozenset({0x00283000, 0x00283010})
"""ModalityLUTSequence and VOILUTSequence."""
_PALETTES: Final = {0x00281201 + colour: 0x00281101 + colour for colour in range(4)}
_SEGMENTED: Final = frozenset(range(0x00281221, 0x00281225))
_PHASES, _SPECTRA = 0x56000010, 0x56000020
TABLES: Final = frozenset({0x00283006, *_PALETTES, *_SEGMENTED, _PHASES, _SPECTRA})
"""LUTData, palettes, FirstOrderPhaseCorrectionAngle and SpectroscopyData, which other attributes judge."""
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


def is_described(ds: Dataset, tag: int) -> bool:
    """Whether `ds` says that it has this palette or phase correction, and the palette is as long as it says."""
    if tag == _PHASES:
        return str(ds.get("FirstOrderPhaseCorrection") or "") == "YES"
    if tag not in _PALETTES and tag not in _SEGMENTED:
        return True
    if tag not in ds:  # of an image inside the image, which nothing describes here
        return False
    coloured = str(ds.get("PhotometricInterpretation") or "") == "PALETTE COLOR"
    if not coloured and "COLOR" not in str(ds.get("PixelPresentation") or ""):
        return False
    described, value = ds.get(Tag(_PALETTES.get(tag, 0))), ds[tag].value
    if tag in _SEGMENTED:
        return True
    count = (
        int(listed(described.value)[0]) or _ALL_VALUES if described is not None and described.VM == 3 else 0
    )
    return isinstance(value, bytes) and len(value) in (2 * count, count + count % 2)


def spectrum(ds: Dataset, value: bytes) -> bytes:
    """SpectroscopyData without what lies behind the last data point (PS3.3 C.8.14.4): that becomes zero."""
    points = 4 * (2 if str(ds.get("DataRepresentation") or "") == "COMPLEX" else 1)
    for keyword in ("Rows", "Columns", "DataPointRows", "DataPointColumns"):
        points *= int(ds.get(keyword) or 0)
    points *= int(ds.get("NumberOfFrames") or 1)
    return value[:points] + bytes(len(value) - points) if 0 < points < len(value) else value


def _numbers(value: Any, count: int) -> list[int]:
    """The entries, of two bytes each or of one (and padding)."""
    if not isinstance(value, bytes):
        return [int(number) for number in listed(value)]
    if len(value) == 2 * count <= _MOST_BYTES:
        return list(struct.unpack(f"<{count}H", value))
    padding = value[count:]
    return list(value[:count]) if len(value) == count + count % 2 and not padding.strip(b"\0") else []
