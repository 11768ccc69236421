"""PS3.15 Table E.1-1 as data (`profile_table.json`, editions named in the file) and what its codes mean.

The table is never edited; profiles choose options and list exceptions (`profile`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final


class Action(StrEnum):
    """Table E.1-1a, and three computed replacements of this gateway."""

    REMOVE = "X"
    """The attribute is removed."""
    EMPTY = "Z"
    """It stays, without a value."""
    DUMMY = "D"
    """It gets a value that says nothing and is allowed for its VR."""
    KEEP = "K"
    """It stays as it is."""
    CLEAN = "C"
    """Text is reduced to the words of radiology, a date is shifted by the patient's days."""
    UID = "U"
    """A new UID, the same for the same original everywhere."""
    PSEUDONYM = "pseudonym"
    """The patient's pseudonym."""
    ACCESSION = "accession"
    """A number derived from the patient and the accession number."""
    AGE = "age"
    """The age at the study, worked out from the real dates; 90 and older is 090Y."""


@dataclass(frozen=True)
class ProfileRow:
    """One row of Table E.1-1: `options` maps an option's name to the code that replaces `basic`."""

    tag: str
    name: str
    basic: str
    options: Mapping[str, str]
    edition: str


# CID 7050 De-identification Method (read in PS3.16 2026d, as in pydicom 3; some tools list the last four rotated).
METHOD_CODES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "basic": ("113100", "Basic Application Confidentiality Profile"),
        "clean_pixel_data": ("113101", "Clean Pixel Data Option"),
        "clean_recognizable_visual_features": ("113102", "Clean Recognizable Visual Features Option"),
        "clean_graphics": ("113103", "Clean Graphics Option"),
        "clean_structured_content": ("113104", "Clean Structured Content Option"),
        "clean_descriptors": ("113105", "Clean Descriptors Option"),
        "retain_full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
        "retain_modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
        "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
        "retain_device_identity": ("113109", "Retain Device Identity Option"),
        "retain_uids": ("113110", "Retain UIDs Option"),
        "retain_safe_private": ("113111", "Retain Safe Private Option"),
        "retain_institution_identity": ("113112", "Retain Institution Identity Option"),
    }
)
# The options that are carried out; a profile that asks for another one is refused, not half obeyed.
SUPPORTED_OPTIONS: Final = ("clean_descriptors", "retain_modified_dates", "retain_safe_private")

X, Z, D, U = Action.REMOVE, Action.EMPTY, Action.DUMMY, Action.UID
# Compound codes by the attribute's Type in the IOD; None: the IOD does not define it there, so the mildest holds
# (never worse for conformance). Conditional Types count as required: the condition is not ours to judge.
_COMPOUND: Final[Mapping[str, Mapping[str | None, Action]]] = {
    "Z/D": {"1": D, "1C": D, "2": Z, "2C": Z, "3": Z, None: D},
    "X/Z": {"1": Z, "1C": Z, "2": Z, "2C": Z, "3": X, None: Z},
    "X/D": {"1": D, "1C": D, "2": D, "2C": D, "3": X, None: D},
    "X/Z/D": {"1": D, "1C": D, "2": Z, "2C": Z, "3": X, None: D},
    # References stay, with their UIDs replaced: viewers draw reference lines with them.
    "X/Z/U*": {None: U},
}


def resolve(code: str, type_: str | None) -> Action:
    """The one action of a (possibly compound) code for an attribute of `type_` ("1".."3", None: not in the IOD)."""
    compound = _COMPOUND.get(code)
    if compound is None:
        return Action(code)
    return compound.get(type_, compound[None])


@lru_cache(maxsize=1)
def table() -> tuple[ProfileRow, ...]:
    """All rows of Table E.1-1 as shipped, including the repeating groups and the row for private attributes."""
    text = (files("gateway.privacy.profile") / "profile_table.json").read_text("utf-8")
    return tuple(
        ProfileRow(r["tag"], r["name"], r["basic"], MappingProxyType(r.get("options", {})), r["edition"])
        for r in json.loads(text)["rows"]
    )


@lru_cache(maxsize=1)
def plain_rows() -> Mapping[int, ProfileRow]:
    """The rows of single attributes by tag; the repeating groups and private attributes have rules of their own."""
    return MappingProxyType({int(row.tag, 16): row for row in table() if _is_plain(row.tag)})


def _is_plain(tag: str) -> bool:
    return len(tag) == 8 and "x" not in tag.lower() and tag != "private"
