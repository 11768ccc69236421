"""Is it the same object? Two versions of one SOP instance compared as values, element by element.

Same is what says the same: in implicit or explicit VR, either byte order, deflated, with group lengths, other padding,
private blocks elsewhere, compressed without loss; and with or without what archives write by themselves (`attributes`).
An empty attribute says as little as an absent one. What differs has a kind, and a path without values; the values are
held apart, for those who may see identities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from pydicom.datadict import keyword_for_tag, private_dictionary_VR
from pydicom.dataset import Dataset

from gateway.errors import GatewayError
from gateway.identity.attributes import ABSENT_MEANS, ADDED, ARCHIVES, IGNORED, concern
from gateway.identity.concerns import Concern
from gateway.identity.pixels import Decode, compare_pixels, same_colours
from gateway.identity.values import (
    DEFAULT_CHARSET,
    SEQUENCE,
    Charset,
    Encoded,
    Value,
    charset_of,
    encoded,
    is_empty,
    items_of,
    same,
    shown,
    value_of,
)
from gateway.quiet_pydicom import silent_pydicom

_SOP_INSTANCE: Final = 0x00080018
_PIXEL_DATA: Final = 0x7FE00010
_COLOURS: Final = 0x00280004  # PhotometricInterpretation
# Lossless JPEG 2000 stores RGB so, and decodes to it (PS3.3 C.7.6.3.1.2).
_AS_DECODED: Final = {"YBR_RCT": "RGB"}


class DifferenceKind(StrEnum):
    """What a difference comes to; the first that fits."""

    PIXELS_OR_GEOMETRY = "pixels or geometry differ"
    PIXELS_NOT_COMPARED = "pixels cannot be compared"
    IDENTITY_CORRECTED = "identity corrected"
    MORE_OR_FEWER = "more or fewer attributes"
    OTHER_VALUES = "other attributes differ"


class Where(StrEnum):
    """In which of the two objects an attribute says anything."""

    BOTH = "both"
    FIRST = "first"
    SECOND = "second"


class NotOneObject(GatewayError):
    """The two data sets are of two SOP instances: there is nothing to compare."""


@dataclass(frozen=True)
class Attribute:
    """One attribute that differs: no value is in it, and of a private one only a creator that dictionaries know."""

    path: str
    """Keywords from the top, items counted from 1: RequestAttributesSequence[1].AccessionNumber."""
    tag: int
    keyword: str
    concern: Concern
    where: Where


@dataclass(frozen=True)
class Values:
    """Both values of an attribute as text, long ones cut; "" where an object has none. They may name the patient."""

    first: str = field(repr=False)
    second: str = field(repr=False)


@dataclass(frozen=True)
class Same:
    """Both objects say the same."""


@dataclass(frozen=True)
class Difference:
    """What two versions of one object differ in. `values` stand in the order of `attributes`."""

    kind: DifferenceKind
    attributes: tuple[Attribute, ...]
    values: tuple[Values, ...] = field(repr=False)

    @property
    def touches_identity(self) -> bool:
        """Whether an attribute of the patient or the study differs, whatever else does."""
        return any(one.concern is Concern.IDENTITY for one in self.attributes)


def compare(first: Dataset, second: Dataset, decode: Decode) -> Same | Difference:
    """Compare two versions of one SOP instance, each as read from its file, with its file meta information.

    `decode` is asked for the pixels where the encodings differ. Raises NotOneObject when the SOP Instance UIDs differ.
    """
    with silent_pydicom():
        if _sop_instance(first) != _sop_instance(second):
            raise NotOneObject(
                "Two objects with different SOP Instance UIDs were to be compared.",
                "Compare versions of one object.",
            )
        charsets = charset_of(first, DEFAULT_CHARSET), charset_of(second, DEFAULT_CHARSET)
        differences = list(_differences(_Level(first, charsets[0]), _Level(second, charsets[1]), (), ""))
        pixels = compare_pixels(first, second, decode)
    if pixels.differ:
        differences.append(_Found((_PIXEL_DATA,), "PixelData", _where(*pixels.shown), *pixels.shown))
    elif pixels.decoded:
        differences = [
            one for one in differences if one.path != (_COLOURS,) or not same_colours(one.first, one.second)
        ]
    if not differences and pixels.known:
        return Same()
    attributes = tuple(one.attribute() for one in differences)
    values = tuple(Values(one.first, one.second) for one in differences)
    return Difference(_kind(attributes, pixels.known), attributes, values)


def _where(first: str, second: str) -> Where:
    return Where.BOTH if first and second else Where.FIRST if first else Where.SECOND


def _kind(attributes: tuple[Attribute, ...], pixels_known: bool) -> DifferenceKind:
    if any(one.concern is Concern.PIXELS for one in attributes):
        return DifferenceKind.PIXELS_OR_GEOMETRY
    if not pixels_known:
        return DifferenceKind.PIXELS_NOT_COMPARED
    if all(one.concern is Concern.IDENTITY for one in attributes):
        return DifferenceKind.IDENTITY_CORRECTED
    if all(one.where is not Where.BOTH for one in attributes):
        return DifferenceKind.MORE_OR_FEWER
    return DifferenceKind.OTHER_VALUES


# ---- attributes ----------------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    """A difference on its way out: the tags and the name of its path, and what both objects say."""

    path: tuple[int, ...]
    name: str
    where: Where
    first: str
    second: str

    def attribute(self) -> Attribute:
        tag = self.path[-1]
        keyword = "" if tag & 0x10000 else keyword_for_tag(tag)
        return Attribute(self.name, tag, keyword, concern(self.path), self.where)


class _Key(NamedTuple):
    """An attribute wherever it stands: a private one by its creator, not by the block that was reserved for it.

    `tag` of a private attribute is its group and the low byte of its element; `block` tells blocks of a creator apart.
    """

    tag: int
    creator: str = ""
    block: int = 0


class _Level:
    """One data set, top or item: its attributes that count and say something, by key."""

    def __init__(self, ds: Dataset, charset: Charset) -> None:
        self.ds, self.charset = ds, charset
        self.elements: dict[_Key, Encoded] = {}
        creators = self._creators()
        for tag in map(int, sorted(ds.keys())):
            group, number = tag >> 16, tag & 0xFFFF
            if number == 0 or group == 0x0002 or tag in IGNORED:
                continue  # group lengths and file meta information are no content
            key = _Key(tag)
            if tag & 0x10000 and number >= 0x10:
                if number <= 0xFF:
                    continue  # a creator counts by what it reserves
                creator, block = creators.get((group, number >> 8), ("", 0))
                if creator in ARCHIVES:
                    continue
                if creator:
                    key = _Key(group << 16 | number & 0xFF, creator, block)
            element = encoded(ds, tag, charset, key.creator)
            if not is_empty(element):
                self.elements[key] = element

    def _creators(self) -> dict[tuple[int, int], tuple[str, int]]:
        """(group, block number) -> the creator and how many blocks it had before in this group (PS3.5 7.8.1)."""
        creators: dict[tuple[int, int], tuple[str, int]] = {}
        earlier: dict[tuple[int, str], int] = {}
        for tag in map(int, sorted(self.ds.keys())):
            if tag & 0x10000 and 0x10 <= tag & 0xFFFF <= 0xFF:
                value = value_of(encoded(self.ds, tag, self.charset), "LO")
                creator = value.decode("latin-1") if isinstance(value, bytes) else value[0]
                times = earlier[tag >> 16, creator] = earlier.get((tag >> 16, creator), -1) + 1
                creators[tag >> 16, tag & 0xFF] = creator, times
        return creators


def _differences(one: _Level, other: _Level, path: tuple[int, ...], name: str) -> Iterator[_Found]:
    for key in sorted(one.elements.keys() | other.elements.keys()):
        a, b = one.elements.get(key), other.elements.get(key)
        tags, own = (*path, key.tag), name + _name(key)
        if tags == (_PIXEL_DATA,):
            continue  # compared as pixels
        if a is not None and b is not None:
            yield from _both(a, b, tags, own)
        elif key.tag not in ADDED and not _means_absence(key.tag, a or b):
            where = Where.SECOND if a is None else Where.FIRST
            yield _Found(tags, own, where, shown(a) if a else "", shown(b) if b else "")


def _both(a: Encoded, b: Encoded, path: tuple[int, ...], name: str) -> Iterator[_Found]:
    if SEQUENCE not in (a.vr, b.vr):
        if not same(a, b):
            yield _Found(path, name, Where.BOTH, shown(a), shown(b))
        return
    items, others = items_of(a), items_of(b)
    if items is None or others is None or len(items) != len(others):
        if items is not others or a.data != b.data:  # two that cannot be read as sequences: by their bytes
            yield _Found(path, name, Where.BOTH, shown(a), shown(b))
    else:
        for number, (item, other) in enumerate(zip(items, others, strict=True), 1):
            levels = _Level(item, charset_of(item, a.charset)), _Level(other, charset_of(other, b.charset))
            yield from _differences(*levels, path, f"{name}[{number}].")


def _means_absence(tag: int, element: Encoded | None) -> bool:
    return tag in ABSENT_MEANS and element is not None and value_of(element, "CS") == (ABSENT_MEANS[tag],)


def _name(key: _Key) -> str:
    group, number = key.tag >> 16, key.tag & 0xFFFF
    if not key.creator:
        return keyword_for_tag(key.tag) or f"({group:04X},{number:04X})"
    try:
        private_dictionary_VR(group << 16 | 0x1000 | number, key.creator)
    except KeyError:  # a creator that nobody knows may be any text
        return f"({group:04X},xx{number:02X})"
    return f"({group:04X},xx{number:02X} {key.creator})"


def _sop_instance(ds: Dataset) -> Value:
    return value_of(encoded(ds, _SOP_INSTANCE, DEFAULT_CHARSET), "UI") if _SOP_INSTANCE in ds else ()
