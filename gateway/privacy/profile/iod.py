"""Which attributes an MR object defines, where, and of what Type (PS3.3): data in `iod_types.json`.

An attribute the IOD does not define at its place has no business in the object; de-identification drops it unless
Table E.1-1 says what to do with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from pydicom.datadict import dictionary_VR

CLASSIC_MR: Final = "1.2.840.10008.5.1.4.1.1.4"
LEGACY_CONVERTED: Final = "1.2.840.10008.5.1.4.1.1.4.4"
_MR: Final = (CLASSIC_MR, f"{CLASSIC_MR}.1", f"{CLASSIC_MR}.2", LEGACY_CONVERTED)
_FUNCTIONAL_GROUPS: Final = (0x52009229, 0x52009230)
# Sequences of Legacy Converted objects that hold whatever the classic headers had (PS3.3 C.7.6.16.2.25).
_UNASSIGNED: Final = (0x00209170, 0x00209171)
# What MR objects may borrow from each other at the top level: values no person types.
_BORROWED_VRS: Final = frozenset({"CS", "DS", "IS", "FD", "FL", "US", "SS", "UL", "SL", "US or SS"})


@dataclass(frozen=True)
class AttributeDefinition:
    """One attribute of an IOD: its Type ("1", "1C", "2", "2C", "3") and, for a sequence, what its items define."""

    type: str
    children: Mapping[int, AttributeDefinition]


def known_sop_classes() -> frozenset[str]:
    """The SOP classes whose attributes are known here: MR, and images a person may release."""
    return frozenset(_iods())


def attributes_of(
    sop_class_uid: str, *, also: frozenset[int] = frozenset()
) -> Mapping[int, AttributeDefinition]:
    """The top-level attributes of `sop_class_uid`; KeyError for a class that is not known.

    Scanners write Standard Extended SOP Classes: b-values and rescaling at the top of a classic image, classic
    attributes at the top of an enhanced one. So numbers and coded strings that any MR IOD defines (at the top or in a
    functional group) may stand at the top of each of them, and so may the attributes in `also`.
    """
    return _attributes_of(sop_class_uid, also)


@lru_cache(maxsize=16)
def _attributes_of(sop_class_uid: str, also: frozenset[int]) -> Mapping[int, AttributeDefinition]:
    places = dict(_table(_iods()[sop_class_uid]))
    for tag in _shared_by_mr() | also:
        places.setdefault(tag, AttributeDefinition("3", {}))
    if sop_class_uid == LEGACY_CONVERTED:
        classic = {
            tag: AttributeDefinition("3", place.children)
            for tag, place in _attributes_of(CLASSIC_MR, also).items()
        }
        for group in _FUNCTIONAL_GROUPS:
            inside = dict(places[group].children)
            for tag in _UNASSIGNED:
                inside[tag] = AttributeDefinition("3", classic)
            places[group] = AttributeDefinition(places[group].type, inside)
    return places


@lru_cache(maxsize=1)
def _shared_by_mr() -> frozenset[int]:
    found: set[int] = set()
    for sop_class in _MR:
        tree = _table(_iods()[sop_class])
        found |= {tag for tag, place in tree.items() if not place.children}
        for group in _FUNCTIONAL_GROUPS:
            found |= set(_leaves(tree[group].children)) if group in tree else set()
    return frozenset(tag for tag in found if dictionary_VR(tag) in _BORROWED_VRS)


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (files("gateway.privacy.profile") / "iod_types.json").read_text("utf-8")
    )
    return content


def _iods() -> Mapping[str, int]:
    numbers: dict[str, int] = _content()["iods"]
    return numbers


@cache
def _table(number: int) -> Mapping[int, AttributeDefinition]:
    table = _content()["tables"][number]
    return {int(tag, 16): AttributeDefinition(type_, _table(items)) for tag, (type_, items) in table.items()}


def _leaves(places: Mapping[int, AttributeDefinition]) -> Iterator[int]:
    for tag, place in places.items():
        if place.children:
            yield from _leaves(place.children)
        else:
            yield tag
