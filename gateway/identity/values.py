"""One element as a value: what it says, whatever it was encoded in (PS3.5 section 6.2).

Values are read from the bytes of the element, so that nothing is lost, warned about or refused on the way: numbers as
little-endian bytes, texts decoded and without padding, decimal and integer strings as numbers. What cannot be decoded
stands for itself, as bytes.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pydicom.charset import decode_bytes, python_encoding
from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element
from pydicom.values import convert_SQ

from dicom_nodes.encoding.vrs import STRING_VRS, TEXT_VRS
from gateway.identity.normal_forms import NORMAL_FORMS

Value = bytes | tuple[str, ...]
Charset = tuple[str, ...]
"""Python encodings; the first is the one without code extensions (PS3.3 C.12.1.1.2)."""

DEFAULT_CHARSET: Final[Charset] = ("iso8859",)
SEQUENCE: Final = "SQ"
UNKNOWN: Final = "UN"
# Bytes of one number, which big endian turns round; OB and UN have none.
_NUMBER: Final = {
    **dict.fromkeys("US SS OW".split(), 2),
    **dict.fromkeys("UL SL FL OF OL".split(), 4),
    **dict.fromkeys("FD OD OV SV UV".split(), 8),
    "AT": 2,
}
_NUMERIC_CODE: Final = {
    "US": "H",
    "SS": "h",
    "UL": "L",
    "SL": "l",
    "FL": "f",
    "FD": "d",
    "SV": "q",
    "UV": "Q",
}
_TEXT: Final = TEXT_VRS | STRING_VRS
_ONE_TEXT: Final = frozenset("LT ST UR UT".split())  # a backslash in them is a backslash
_LEADING_BLANKS_COUNT: Final = _ONE_TEXT | {"UC"}
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    OSError,
    EOFError,
    OverflowError,
    struct.error,
)
_ESCAPE: Final = b"\x1b"
# Where a text falls back to its first character set (PS3.5 6.1.2.5.3).
_DELIMITERS: Final = {
    "PN": {0x5C, 0x5E, 0x3D},
    "LO": {0x5C},
    **{vr: {0x09, 0x0A, 0x0C, 0x0D} for vr in ("LT", "ST", "UT")},
}
_SHOWN_CHARACTERS: Final = 500
_SHOWN_NUMBERS: Final = 16


@dataclass(frozen=True)
class Encoded:
    """An element as it stands in its file; `vr` is "UN" where the encoding does not say and no dictionary knows."""

    vr: str
    data: bytes = field(repr=False)
    charset: Charset
    little: bool = True
    implicit: bool = True
    items: tuple[Dataset, ...] | None = field(default=None, repr=False)
    """Of a sequence that was read already."""


def encoded(ds: Dataset, tag: int, charset: Charset, creator: str = "") -> Encoded:
    """The element `tag` of `ds`, whose texts are in `charset`; `creator` is who reserved it, if it is private."""
    element = ds.get_item(tag, keep_deferred=True)
    if isinstance(element, RawDataElement) and element.value is None and element.length:
        element = ds[tag]  # left on the disk by the reader
    if isinstance(element, RawDataElement):
        vr = element.VR if element.VR and element.VR != UNKNOWN else _dictionary_vr(tag, creator)
        implicit = element.is_implicit_VR or element.VR == UNKNOWN  # PS3.5 6.2.2
        return Encoded(vr, element.value or b"", charset, element.is_little_endian, implicit)
    assert isinstance(element, DataElement)
    vr = element.VR.partition(" or ")[0]
    if vr == SEQUENCE:
        return Encoded(vr, b"", charset, items=tuple(element.value or ()))
    if isinstance(element.value, bytes):
        return Encoded(vr, element.value, charset, ds.original_encoding[1] is not False)
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = True, True
    write_data_element(stream, element, list(charset))
    return Encoded(vr, stream.getvalue()[8:], charset)


def charset_of(ds: Dataset, inherited: Charset) -> Charset:
    """The character set of the texts of `ds`: its own, or that of the data set around it."""
    element = ds.get_item(0x00080005) if 0x00080005 in ds else None
    if element is None or not element.value:
        return inherited
    value = element.value
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    names = value.split("\\") if isinstance(value, str) else list(value)
    return tuple(python_encoding.get(str(name).strip(" \0"), "iso8859") for name in names)


def is_empty(element: Encoded) -> bool:
    """Whether an element says nothing: no value, or blanks alone where those are padding."""
    if element.vr == SEQUENCE:
        return not (element.items or element.data)
    return not (element.data.strip(b" \0") if element.vr in _TEXT else element.data)


def same(one: Encoded, other: Encoded) -> bool:
    """Whether two elements that are no sequences say the same, read in the VR of either."""
    known = {one.vr, other.vr} - {UNKNOWN} or {UNKNOWN}
    return any(value_of(one, vr) == value_of(other, vr) for vr in known)


def value_of(element: Encoded, vr: str) -> Value:
    """What an element says when it is read as `vr`."""
    if vr not in _TEXT:
        return _little_endian(element, vr)
    text = _text(element, vr)
    if text is None:
        return element.data.strip(b" \0")
    parts = [text] if vr in _ONE_TEXT else text.split("\\")
    if vr in _LEADING_BLANKS_COUNT:
        return tuple(part.rstrip(" \0") for part in parts)
    normal = NORMAL_FORMS.get(vr, str)
    return tuple(normal(part.strip(" \0")) for part in parts)


def items_of(element: Encoded) -> tuple[Dataset, ...] | None:
    """The items of an element that is a sequence, here or in another encoding; None when it cannot be read as one."""
    if element.items is not None:
        return element.items
    if element.vr not in (SEQUENCE, UNKNOWN):
        return None
    try:
        return tuple(convert_SQ(element.data, element.implicit, element.little, list(element.charset)))
    except _UNREADABLE:
        return None


def shown(element: Encoded) -> str:
    """An element for people, cut where it is long."""
    if element.vr == SEQUENCE:
        items = items_of(element)
        return "unreadable" if items is None else f"{len(items)} item{'s' * (len(items) != 1)}"
    size = _NUMBER.get(element.vr, 1)
    if element.vr in _NUMERIC_CODE and len(element.data) <= _SHOWN_NUMBERS * size:
        return "\\".join(_numbers(element, size))
    if element.vr not in _TEXT:
        return f"{len(element.data)} bytes"
    text = _text(element, element.vr)
    text = (element.data.decode("latin-1") if text is None else text).strip(" \0")
    return (
        text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]} ... ({len(text)} characters)"
    )


def _numbers(element: Encoded, size: int) -> Iterator[str]:
    order, code = "<" if element.little else ">", _NUMERIC_CODE[element.vr]
    count = len(element.data) // size
    for number in struct.unpack_from(f"{order}{count}{code}", element.data):
        yield f"{number:g}" if code in "fd" else str(number)


def _dictionary_vr(tag: int, creator: str) -> str:
    if tag & 0x10000 and tag & 0xFFFF < 0x1000:
        return "LO" if tag & 0xFFFF > 0xF else UNKNOWN
    try:
        vr = private_dictionary_VR(tag, creator) if tag & 0x10000 else dictionary_VR(tag)
    except KeyError:
        return UNKNOWN
    return vr.partition(" or ")[0]


def _little_endian(element: Encoded, vr: str) -> bytes:
    size = _NUMBER.get(vr, 1)
    if element.little or size == 1 or len(element.data) % size:
        return element.data
    turned = np.frombuffer(element.data, np.uint8).reshape(-1, size)[:, ::-1]
    return turned.tobytes()


def _text(element: Encoded, vr: str) -> str | None:
    """The text of an element, delimiters and padding included; None when it is not in its character set."""
    data = element.data
    if vr not in TEXT_VRS or (data.isascii() and _ESCAPE not in data):
        return data.decode("latin-1")
    try:
        if _ESCAPE not in data:
            return data.decode(element.charset[0])
        text = decode_bytes(data, element.charset, _DELIMITERS.get(vr, _DELIMITERS["LO"]))
    except (UnicodeError, LookupError, ValueError):
        return None
    return None if "\N{REPLACEMENT CHARACTER}" in text else text
