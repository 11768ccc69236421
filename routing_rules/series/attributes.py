"""Read single attributes of a header leniently: never raises, never warns, never converts what nobody asked for.

pydicom validates and converts on access, and warns about what real scanners write. Recognition reads a few dozen
attributes of every instance of a study, so this module decodes the raw element itself (PS3.5 section 6.2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pydicom.charset import decode_bytes, python_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.valuerep import CUSTOMIZABLE_CHARSET_VR, PersonName

_BINARY = {"FD": ("d", 8), "FL": ("f", 4), "US": ("H", 2), "SS": ("h", 2), "UL": ("I", 4), "SL": ("i", 4)}
_ESCAPE = b"\x1b"
# What pydicom raises for a sequence that is none.
_UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    NotImplementedError,
    OSError,
    AttributeError,
    OverflowError,
    RecursionError,
    struct.error,
    BytesLengthException,
)
_TEXT_VRS = frozenset(map(str, CUSTOMIZABLE_CHARSET_VR))


Element = RawDataElement | DataElement


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of a header or item by tag as a plain number: looked up dozens of times for each instance.

    `owners` are the data sets they stand in, which convert a sequence once; `charset` is inherited by items.
    """

    raw: Mapping[int, Element]
    owners: Dataset | Mapping[int, Dataset]
    charset: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: Header, charset: tuple[str, ...] = ()) -> Elements:
        """The elements of a data set; elements are handed through."""
        if isinstance(source, Elements):
            return source
        # Iterating a Dataset itself would convert every element.
        raw = dict(zip(map(int, source.keys()), source.values(), strict=True))
        return cls(raw, source, _charset(raw.get(_SPECIFIC_CHARACTER_SET)) or charset)

    @classmethod
    def inside(cls, groups: Header) -> Elements:
        """The elements of all macros of one item of functional groups (PS3.3 C.7.6.16), side by side."""
        raw: dict[int, Element] = {}
        owners: dict[int, Dataset] = {}
        outer = Elements.of(groups)
        for tag in outer.raw:
            for nested in items(outer, tag)[:1]:
                assert isinstance(nested.owners, Dataset)
                for inner, element in nested.raw.items():
                    if inner not in raw:
                        raw[inner], owners[inner] = element, nested.owners
        return cls(raw, owners, outer.charset)

    def __contains__(self, tag: int) -> bool:
        return tag in self.raw


Header = Dataset | Elements
NOTHING = Elements({}, {})
_SPECIFIC_CHARACTER_SET = 0x00080005


def tag_of(keyword: str) -> int:
    """The tag of a DICOM keyword as a number; KeyError for a keyword the dictionary does not have."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword} is not a DICOM keyword")
    return tag


def has_value(source: Header, tag: int) -> bool:
    """Is the attribute present and not empty?"""
    return any(text for text in texts(source, tag))


def texts(source: Header, tag: int) -> tuple[str, ...]:
    """The values of an attribute as stripped text, () when it is absent, empty or unreadable."""
    elements = source if type(source) is Elements else Elements.of(source)
    element = elements.raw.get(tag)
    if element is None:
        return ()
    if isinstance(element, RawDataElement):
        vr = _vr(element)
        if vr in _BINARY:
            return tuple(f"{number:g}" for number in _unpack(element, vr))
        joined = _decode(elements.charset, element.value or b"", vr).strip(" \0")
        return tuple([part.strip(" \0") for part in joined.split("\\")]) if joined else ()
    return tuple(str(value).strip(" \0") for value in _values(element.value) if not isinstance(value, bytes))


def text(source: Header, tag: int) -> str:
    """All values as one text, "" when there is none."""
    return "\\".join(texts(source, tag))


def numbers(source: Header, tag: int, vr: str | None = None) -> tuple[float, ...]:
    """The values of an attribute as numbers; values that are not numbers are left out.

    `vr` says how to decode bytes whose VR was lost (UN): private elements of implicit VR files.
    """
    element = Elements.of(source).raw.get(tag)
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


def number(source: Header, tag: int) -> float | None:
    """The first value as a number, None when there is none."""
    return next(iter(numbers(source, tag)), None)


def items(source: Header, tag: int) -> tuple[Elements, ...]:
    """The items of a sequence attribute, () when it is absent or unreadable."""
    elements = Elements.of(source)
    element = elements.raw.get(tag)
    if element is None:
        return ()
    if isinstance(element, RawDataElement) and _vr(element) not in ("SQ", "UN"):
        return ()  # pydicom would convert it to what it says it is, with warnings and errors of that VR
    owner = elements.owners if isinstance(elements.owners, Dataset) else elements.owners[tag]
    try:
        value = owner[tag].value if isinstance(element, RawDataElement) else element.value
    except _UNREADABLE:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return ()
    return tuple(Elements.of(item, elements.charset) for item in value if isinstance(item, Dataset))


def private_blocks(source: Header) -> dict[tuple[int, str], int]:
    """(group, creator) -> first element of the block it reserved (PS3.5 section 7.8.1)."""
    elements = Elements.of(source)
    found: dict[tuple[int, str], int] = {}
    for tag in elements.raw:
        if tag & 0x10000 and 0x10 <= tag & 0xFFFF <= 0xFF:
            creator = text(elements, tag)
            if creator:
                found.setdefault((tag >> 16, creator.upper()), (tag & 0xFF) << 8)
    return found


def _vr(element: RawDataElement) -> str:
    if element.VR and element.VR != "UN":
        return element.VR
    try:
        return str(dictionary_VR(element.tag))
    except KeyError:
        # A private creator is LO by definition, whatever the file says (PS3.5 section 7.8.1).
        return "LO" if 0x10 <= element.tag.elem <= 0xFF else "UN"


def _charset(element: Element | None) -> tuple[str, ...]:
    if element is None:
        return ()
    if isinstance(element, RawDataElement):
        return tuple(name.strip(" \0") for name in (element.value or b"").decode("latin-1").split("\\"))
    return tuple(str(name).strip() for name in _values(element.value))


def _decode(charset: tuple[str, ...], raw: bytes, vr: str) -> str:
    if vr not in _TEXT_VRS or (raw.isascii() and _ESCAPE not in raw):
        return raw.decode("latin-1")
    encodings = [python_encoding.get(name, "latin-1") for name in charset or ("",)]
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
    unpacked = map(float, struct.unpack(f"{order}{count}{code}", raw[: count * size]))
    return tuple(filter(isfinite, unpacked))


def _values(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    # A name gives its characters one by one.
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Dataset | PersonName):
        return tuple(value)
    return (value,)


def _floats(values: Iterable[Any]) -> tuple[float, ...]:
    found = []
    for value in values:
        try:
            found.append(float(str(value).strip(" \0")))
        except ValueError:
            continue
    return tuple(filter(isfinite, found))
