"""The few private elements that stay (PS3.15 E.3.10), and b-values promoted to the public DiffusionBValue.

Matched by creator and low byte of the element, never by absolute tag; numbers and fixed patterns only, decoded when
the element came as UN. What does not fit exactly is not kept. Data: `safe_private.json`.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from gateway.privacy.words.radiology import clean_text
from routing_rules.series.series import SeriesKind
from routing_rules.series.vendor_facts import standard_vendor_facts

_BINARY: Final = {"FD": "d", "FL": "f", "US": "H", "SS": "h", "UL": "I", "SL": "i"}
_NUMBER: Final = {
    "IS": re.compile(r"[+-]?\d{1,10}"),
    "DS": re.compile(r"[+-]?\d{0,6}(\.\d{1,12})?([eE][+-]?\d{1,2})?"),
}
# GE adds this to the b-value on some releases (rule of NA-MIC's converters).
_GE_OFFSET: Final = 1_000_000_000
_LARGEST_B_VALUE: Final = 20_000  # s/mm2; above that it is something else
# The VRs of a value whose VR was lost on the way.
_UNTOLD: Final = frozenset({"UN", "OB", "OW"})


@dataclass(frozen=True)
class SafeElement:
    """One row of the allow-list; `values` is the largest number of values, `pattern` what a string must match."""

    creator: str
    vr: str
    values: int
    pattern: str | None


@lru_cache(maxsize=1)
def safe_elements() -> dict[tuple[int, str, int], SafeElement]:
    """(group, creator, low byte of the element) -> row."""
    content = json.loads((files("gateway.privacy.profile") / "safe_private.json").read_text("utf-8"))
    return {
        (int(row["group"], 16), row["creator"], int(row["element"], 16)): SafeElement(
            row["creator"], row["vr"], row["values"], row.get("pattern")
        )
        for row in content["rows"]
    }


@lru_cache(maxsize=1)
def safe_creators() -> frozenset[str]:
    """The private creators of the allow-list: vendors' constants."""
    return frozenset(row.creator for row in safe_elements().values())


def creator_of(ds: Dataset, tag: BaseTag) -> str:
    """The private creator that owns `tag` in `ds` ("" when the block is not reserved)."""
    reservation = Tag(tag.group, tag.element >> 8)
    if tag.element < 0x1000 or reservation not in ds:
        return ""
    value = ds[reservation].value
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")


def safe_copy(ds: Dataset, element: DataElement) -> DataElement | None:
    """A copy of a private element that may stay, in the VR of the allow-list; None when it may not."""
    tag = element.tag
    row = safe_elements().get((tag.group, creator_of(ds, tag), tag.element & 0xFF))
    if row is None:
        return None
    values = _values(element, row)
    if not values or len(values) > row.values or not all(_fits(value, row) for value in values):
        return None
    return DataElement(tag, row.vr, values[0] if len(values) == 1 else values)


def proven_b_value(ds: Dataset, series_kind: str | None) -> float | None:
    """The b-value in s/mm2 that only private elements of this classic MR image give, or None.

    It is one only where recognition holds the series for diffusion: scanners keep the last b-value on later series. A 0
    counts only with echo-planar evidence, and nothing that is computed from the images has a b-value of its own.
    """
    if series_kind not in DIFFUSION_KINDS or _computed(ds) or _unweighted(ds):
        return None
    for (group, creator, low), row in safe_elements().items():
        if (group, creator, low) not in B_VALUES:
            continue
        for element in _elements(ds, group, creator, low):
            values = _values(element, row)
            if not values or not _fits(values[0], row):
                continue
            value = float(values[0])
            if creator == "GEMS_PARM_01" and value >= _GE_OFFSET:
                value %= _GE_OFFSET
            if 0 < value <= _LARGEST_B_VALUE or (value == 0 and _is_echo_planar(ds)):
                return value
    return None


DIFFUSION_KINDS: Final = frozenset({SeriesKind.DWI.value, SeriesKind.TRACE.value})
GE_FLAG: Final = (0x0043, "GEMS_PARM_01", 0x30)
"""Kind of image in a diffusion series of GE; `_GE_UNWEIGHTED` is a T2, whatever b-value stands beside it."""
_GE_UNWEIGHTED: Final = 14
_COMPUTED_ROLES: Final = frozenset({"adc", "map", "reformat", "phase", "perfusion"})
B_VALUES: Final = frozenset(
    {
        (0x0019, "SIEMENS MR HEADER", 0x0C),
        (0x0021, "SIEMENS MR SDI 02", 0x05),
        (0x0043, "GEMS_PARM_01", 0x39),
        (0x2001, "Philips Imaging DD 001", 0x03),
        (0x0065, "Image Private Header", 0x09),
    }
)


def _computed(ds: Dataset) -> bool:
    """Does ImageType name a map or another image that was not measured with one b-value?"""
    values = ds.get("ImageType") or ()
    listed = [values] if isinstance(values, str) else values
    return bool(standard_vendor_facts().roles(tuple(str(each).upper() for each in listed)) & _COMPUTED_ROLES)


def _unweighted(ds: Dataset) -> bool:
    row = SafeElement(GE_FLAG[1], "SS", 1, None)
    flags = [_values(element, row) for element in _elements(ds, *GE_FLAG)]
    return any(value == [_GE_UNWEIGHTED] for value in flags)


def _elements(ds: Dataset, group: int, creator: str, low: int) -> list[DataElement]:
    blocks = sorted(
        tag.element for tag in tuple(ds.keys()) if tag.group == group and 0x10 <= tag.element <= 0xFF
    )
    tags = (Tag(group, (block << 8) + low) for block in blocks)
    return [ds[tag] for tag in tags if tag in ds and creator_of(ds, tag) == creator]


def _is_echo_planar(ds: Dataset) -> bool:
    sequence = ds.get("ScanningSequence") or ()
    return "EP" in ([sequence] if isinstance(sequence, str) else sequence)


def takes(row: SafeElement, vr: str) -> bool:
    """Whether a value of this VR can be one of `row` at all, whatever it is."""
    return vr == row.vr or vr in _UNTOLD


def _values(element: DataElement, row: SafeElement) -> list[Any]:
    value = element.value
    if not takes(row, element.VR):
        return []
    if element.VR in _UNTOLD and isinstance(value, bytes):
        return _decoded(value, row)
    if row.vr != element.VR:
        return []
    values = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    return [str(v) if row.vr in ("IS", "DS", "CS", "LO") else v for v in values if v is not None]


def _decoded(raw: bytes, row: SafeElement) -> list[Any]:
    if row.vr in _BINARY:
        size = struct.calcsize(_BINARY[row.vr])
        count = len(raw) // size
        return list(struct.unpack(f"<{count}{_BINARY[row.vr]}", raw)) if count * size == len(raw) else []
    try:
        text = raw.decode("ascii").strip(" \0")
    except UnicodeDecodeError:
        return []
    return [part.strip() for part in text.split("\\")] if text else []


def _fits(value: Any, row: SafeElement) -> bool:
    if row.vr in _BINARY:
        return isinstance(value, (int, float)) and value == value  # not a number is not a value
    if row.vr in _NUMBER:
        return bool(str(value)) and _NUMBER[row.vr].fullmatch(str(value)) is not None
    if row.pattern == "radiology tokens":
        return bool(value) and clean_text(str(value)) == str(value)
    return row.pattern is not None and re.fullmatch(row.pattern, str(value)) is not None
