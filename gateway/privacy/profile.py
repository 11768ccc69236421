"""What happens to each attribute: PS3.15 Table E.1-1 as data, the options applied, and a site's exceptions on top.

The table (`profile_table.json`, editions named in the file) is never edited; a profile (`profiles/*.yaml`) chooses
the options and lists its exceptions, each with a reason, so that a privacy officer can read it in a diff.
`Profile.code` compiles to one action code per tag; what a compound code means depends on the attribute's Type.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import yaml
from pydicom.datadict import tag_for_keyword

from gateway.privacy.errors import ProfileError, Reason
from gateway.privacy.iod import known_sop_classes


class Action(StrEnum):
    """Table E.1-1a, and three computed replacements of this gateway."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    KEEP = "K"
    CLEAN = "C"
    UID = "U"
    PSEUDONYM = "pseudonym"
    ACCESSION = "accession"
    AGE = "age"


@dataclass(frozen=True)
class Row:
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
# The options this engine carries out; a profile that asks for another one is refused, not half obeyed.
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


@dataclass(frozen=True)
class Profile:
    """A compiled profile; make one with `load_profile`."""

    name: str
    version: str
    options: tuple[str, ...]
    rows: Mapping[int, Row]
    rules: Mapping[int, Action]
    keep_text: frozenset[int]
    sop_classes: Mapping[str, str]
    hold_image_types: frozenset[str]
    also_allowed: frozenset[int]
    releasable_reasons: frozenset[str]
    releasable_sop_classes: Mapping[str, str]
    fingerprint: str

    def code(self, tag: int) -> str | None:
        """The action code of `tag` after options and rules; None when neither table nor rules list it."""
        rule = self.rules.get(tag)
        if rule is not None:
            return rule.value
        row = self.rows.get(tag)
        if row is None:
            return None
        for option in self.options:
            if option in row.options:
                return row.options[option]
        return row.basic

    def basic(self, tag: int) -> str:
        """The Basic Profile's code: what cleaning falls back to. Attributes outside the table: X/Z/D."""
        row = self.rows.get(tag)
        return row.basic if row is not None else "X/Z/D"

    def method_codes(self) -> tuple[tuple[str, str], ...]:
        """(code value, meaning) of DeidentificationMethodCodeSequence: the profile, then each option applied."""
        return tuple(METHOD_CODES[name] for name in ("basic", *self.options))


@lru_cache(maxsize=1)
def table() -> tuple[Row, ...]:
    """All rows of Table E.1-1 as shipped, including the repeating groups and the row for private attributes."""
    text = (files("gateway.privacy") / "profile_table.json").read_text("utf-8")
    return tuple(
        Row(r["tag"], r["name"], r["basic"], MappingProxyType(r.get("options", {})), r["edition"])
        for r in json.loads(text)["rows"]
    )


# Attributes that name or number a person: no layered profile may let them through (see `load_profile`).
_DIRECT_IDENTIFIERS: Final = (
    "PatientName PatientID IssuerOfPatientID OtherPatientIDs OtherPatientIDsSequence OtherPatientNames "
    "PatientBirthDate PatientBirthTime PatientBirthName PatientMotherBirthName PatientAddress PatientTelephoneNumbers "
    "MilitaryRank MedicalRecordLocator ResponsiblePerson PatientInsurancePlanCodeSequence AccessionNumber "
    "OriginalAttributesSequence PatientComments"
).split()
_KEYS: Final = {
    "name",
    "version",
    "extends",
    "options",
    "rules",
    "keep_text",
    "sop_classes",
    "hold_image_types",
    "also_allowed",
    "releasable",
}
# What a profile may let a named person release: only what hangs on the pixels alone, which a person can look at ...
_RELEASABLE_REASONS: Final = (Reason.BURNED_IN_ANNOTATION, Reason.SCREEN_CAPTURE, Reason.EMBEDDED_OVERLAY)
# ... and of SOP classes only images whose attributes this package can judge (`iod_types.json`). Never reports,
# presentation states, documents, raw data or private classes: their content is text no pixel shows.


def load_profile(name: str = "pml-read", layered: str | None = None) -> Profile:
    """The shipped profile `name`, with a site's YAML text `layered` on it.

    Raises ProfileError with every problem found: unknown keys, keywords or actions, unsupported options, and any
    direct identifier that would be kept.
    """
    return _compile(name, layered)


@lru_cache(maxsize=16)
def _compile(name: str, layered: str | None) -> Profile:
    resource = files("gateway.privacy") / "profiles" / f"{name}.yaml"
    if not name.replace("-", "").isalnum() or not resource.is_file():
        raise ProfileError([f"There is no profile {name!r}."], "Use the shipped profile 'pml-read'.")
    content: dict[str, Any] = yaml.safe_load(resource.read_text("utf-8"))
    problems: list[str] = []
    if layered is not None:
        content = _layer(content, layered, problems)
    rules = _rules(content.get("rules", {}), problems)
    problems += [
        f"option {option!r} is not one of {', '.join(SUPPORTED_OPTIONS)}"
        for option in content["options"]
        if option not in SUPPORTED_OPTIONS
    ]
    keep_text = _tags(content, "keep_text", problems)
    also_allowed = _tags(content, "also_allowed", problems)
    reasons, classes = _releasable(content.get("releasable") or {}, problems)
    if problems:
        raise ProfileError(problems, f"Correct the profile {content.get('name', name)!r}.")
    return Profile(
        name=str(content["name"]),
        version=str(content["version"]),
        options=tuple(content["options"]),
        rows=MappingProxyType({int(r.tag, 16): r for r in table() if _is_plain(r.tag)}),
        rules=MappingProxyType(rules),
        keep_text=keep_text,
        sop_classes=MappingProxyType(dict(content["sop_classes"])),
        hold_image_types=frozenset(value.upper() for value in content["hold_image_types"]),
        also_allowed=also_allowed,
        releasable_reasons=reasons,
        releasable_sop_classes=MappingProxyType(classes),
        fingerprint=hashlib.sha256(
            json.dumps([content, [r.tag + r.basic for r in table()]], sort_keys=True).encode()
        ).hexdigest(),
    )


def _releasable(content: Any, problems: list[str]) -> tuple[frozenset[str], dict[str, str]]:
    """Reasons and SOP classes of the key `releasable`; what can never be released is a problem."""
    if not isinstance(content, dict) or set(content) - {"reasons", "sop_classes"}:
        problems.append("releasable is not a table with the keys reasons and sop_classes")
        return frozenset(), {}
    reasons, classes = content.get("reasons") or [], content.get("sop_classes") or {}
    if not isinstance(reasons, list) or not isinstance(classes, dict):
        problems.append(
            "releasable.reasons is not a list, or releasable.sop_classes not a table of UID and name"
        )
        return frozenset(), {}
    problems += [
        f"releasable.reasons has {reason!r}; only {', '.join(_RELEASABLE_REASONS)} can be released"
        for reason in reasons
        if reason not in _RELEASABLE_REASONS
    ]
    problems += [
        f"releasable.sop_classes has {uid} ({name}); only images of a class this gateway can clean can be released"
        for uid, name in classes.items()
        if uid not in known_sop_classes()
    ]
    return frozenset(map(str, reasons)), {str(uid): str(name) for uid, name in classes.items()}


def _tags(content: Mapping[str, Any], key: str, problems: list[str]) -> frozenset[int]:
    tags = {keyword: tag_for_keyword(keyword) for keyword in content.get(key, ())}
    problems += [f"{key} names {keyword!r}, no DICOM keyword" for keyword, tag in tags.items() if tag is None]
    problems += [f"{key} keeps the direct identifier {name}" for name in tags if name in _DIRECT_IDENTIFIERS]
    return frozenset(tag for tag in tags.values() if tag is not None)


def _is_plain(tag: str) -> bool:
    return len(tag) == 8 and "x" not in tag.lower() and tag != "private"


def _layer(base: dict[str, Any], text: str, problems: list[str]) -> dict[str, Any]:
    try:
        extra = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problems.append(f"not YAML: {error}")
        return base
    if not isinstance(extra, dict):
        problems.append("the profile is not a table of keys")
        return base
    problems += [f"unknown key {key!r}" for key in sorted(set(map(str, extra)) - _KEYS)]
    if extra.get("extends") != base["name"]:
        problems.append(f"extends is {extra.get('extends')!r}, expected {base['name']!r}")
    if widened := set(extra.get("sop_classes", {})) - set(base["sop_classes"]):
        problems.append(f"sop_classes adds {', '.join(sorted(widened))}: the engine cannot clean these")
    return {
        **base,
        **{key: value for key, value in extra.items() if key in _KEYS and key != "rules"},
        "rules": {**base["rules"], **(extra.get("rules") or {})},
    }


def _rules(content: Mapping[str, Any], problems: list[str]) -> dict[int, Action]:
    rules: dict[int, Action] = {}
    for keyword, rule in content.items():
        tag = tag_for_keyword(keyword)
        action = rule.get("action") if isinstance(rule, dict) else None
        if tag is None:
            problems.append(f"rule for {keyword!r}, no DICOM keyword")
        elif action not in tuple(Action):
            problems.append(f"rule for {keyword} has action {action!r}, expected one of {', '.join(Action)}")
        elif not rule.get("reason"):
            problems.append(f"rule for {keyword} gives no reason")
        elif action == Action.KEEP and keyword in _DIRECT_IDENTIFIERS:
            problems.append(f"rule keeps the direct identifier {keyword}")
        else:
            rules[tag] = Action(action)
    return rules
