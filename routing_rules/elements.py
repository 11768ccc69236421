"""Read single attributes of a header leniently: never raises, never warns, never converts what nobody asked for.

pydicom validates and converts on access, and warns about what real scanners write. Recognition reads a few dozen
attributes of every instance of a study, so this module decodes the raw element itself (PS3.5 section 6.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from pydicom.charset import decode_bytes, python_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

_BINARY = {"FD": ("d", 8), "FL": ("f", 4), "US": ("H", 2), "SS": ("h", 2), "UL": ("I", 4), "SL": ("i", 4)}
_ESCAPE = b"\x1b"
_TEXT_VRS = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


def tag_of(keyword: str) -> int:
    """The tag of a DICOM keyword as a number; KeyError for a keyword the dictionary does not have."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword} is not a DICOM keyword")
    return tag


def has_value(ds: Dataset, tag: int) -> bool:
    """Is the attribute present and not empty?"""
    return any(text for text in texts(ds, tag))


def texts(ds: Dataset, tag: int) -> tuple[str, ...]:
    """The values of an attribute as stripped text, () when it is absent, empty or unreadable."""
    element = _element(ds, tag)
    if element is None:
        return ()
    if isinstance(element, RawDataElement):
        vr = _vr(element)
        if vr in _BINARY:
            return tuple(f"{number:g}" for number in _unpack(element, vr))
        joined = _decode(ds, element.value or b"", vr)
        return tuple(part.strip(" \0") for part in joined.split("\\")) if joined.strip(" \0") else ()
    return tuple(str(value).strip(" \0") for value in _values(element.value) if not isinstance(value, bytes))


def text(ds: Dataset, tag: int) -> str:
    """All values as one text, "" when there is none."""
    return "\\".join(texts(ds, tag))


def numbers(ds: Dataset, tag: int, vr: str | None = None) -> tuple[float, ...]:
    """The values of an attribute as numbers; values that are not numbers are left out.

    `vr` says how to decode bytes whose VR was lost (UN): private elements of implicit VR files.
    """
    element = _element(ds, tag)
    if element is None:
        return ()
    if isinstance(element, RawDataElement):
        used = _vr(element)
        if used in ("UN", "OB") and vr is not None:
            used = vr
        if used in _BINARY:
            return _unpack(element, used)
        return _floats((element.value or b"").decode("ascii", "replace").split("\\"))
    if isinstance(element.value, bytes):
        raw = RawDataElement(element.tag, vr, len(element.value), element.value, 0, False, True)
        return (
            _unpack(raw, vr)
            if vr in _BINARY
            else _floats(element.value.decode("ascii", "replace").split("\\"))
        )
    return _floats(_values(element.value))


def number(ds: Dataset, tag: int) -> float | None:
    """The first value as a number, None when there is none."""
    return next(iter(numbers(ds, tag)), None)


def items(ds: Dataset, tag: int) -> tuple[Dataset, ...]:
    """The items of a sequence attribute, () when it is absent or unreadable."""
    if tag not in ds:
        return ()
    try:
        value = ds[tag].value
    except (ValueError, TypeError, KeyError, EOFError, NotImplementedError, OSError, AttributeError):
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return ()
    return tuple(item for item in value if isinstance(item, Dataset))


def any_private(ds: Dataset) -> bool:
    """Has the header any private element at all?"""
    return any((tag >> 16) & 1 for tag in ds.keys())  # noqa: SIM118 (iterating a Dataset converts every element)


def private_blocks(ds: Dataset) -> dict[tuple[int, str], int]:
    """(group, creator) -> first element of the block it reserved (PS3.5 section 7.8.1)."""
    found: dict[tuple[int, str], int] = {}
    for tag in ds.keys():  # noqa: SIM118 (iterating a Dataset converts every element)
        number_ = int(tag)
        group, element = number_ >> 16, number_ & 0xFFFF
        if group % 2 and 0x10 <= element <= 0xFF:
            creator = text(ds, number_)
            if creator:
                found.setdefault((group, creator.upper()), element << 8)
    return found


def _element(ds: Dataset, tag: int) -> RawDataElement | DataElement | None:
    if tag not in ds:
        return None
    element: Any = ds.get_item(tag, keep_deferred=True)
    return element if isinstance(element, RawDataElement | DataElement) else None


def _vr(element: RawDataElement) -> str:
    if element.VR and element.VR != "UN":
        return element.VR
    try:
        return str(dictionary_VR(element.tag))
    except KeyError:
        # A private creator is LO by definition, whatever the file says (PS3.5 section 7.8.1).
        return "LO" if 0x10 <= element.tag.elem <= 0xFF else "UN"


def _decode(ds: Dataset, raw: bytes, vr: str) -> str:
    if vr not in _TEXT_VRS or (raw.isascii() and _ESCAPE not in raw):
        return raw.decode("latin-1")
    charset = _element(ds, 0x00080005)
    if charset is None:
        names: Sequence[str] = ("",)
    elif isinstance(charset, RawDataElement):
        names = [name.strip() for name in (charset.value or b"").decode("latin-1").split("\\")]
    else:
        names = [str(name).strip() for name in _values(charset.value)]
    encodings = [python_encoding.get(name, "latin-1") for name in names] or ["latin-1"]
    if _ESCAPE in raw:
        try:
            return decode_bytes(raw, encodings, {0x5C})
        except (LookupError, UnicodeError, UserWarning):
            return raw.decode("latin-1")
    return raw.decode(encodings[0], "replace")


def _unpack(element: RawDataElement, vr: str) -> tuple[float, ...]:
    code, size = _BINARY[vr]
    raw = element.value or b""
    count = len(raw) // size
    order = "<" if element.is_little_endian else ">"
    return tuple(float(value) for value in struct.unpack(f"{order}{count}{code}", raw[: count * size]))


def _values(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Dataset):
        return tuple(value)
    return (value,)


def _floats(values: Iterable[Any]) -> tuple[float, ...]:
    found = []
    for value in values:
        try:
            found.append(float(str(value).strip(" \0")))
        except ValueError:
            continue
    return tuple(found)
