"""The YAML of a profile: reading it, layering a site's file on it, and refusing what no site may ask.

Every problem is collected, so that the author sees all of them at once. What a rule may ask is in `site_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from pydicom.datadict import tag_for_keyword

from gateway.privacy.errors import Reason
from gateway.privacy.profile.iod import known_sop_classes
from gateway.privacy.profile.site_limits import why_not_allowed, why_not_kept, why_not_ruled
from gateway.privacy.profile.table_e1_1 import Action

# The options this engine carries out; a profile that asks for another one is refused, not half obeyed.
SUPPORTED_OPTIONS: Final = ("clean_descriptors", "retain_modified_dates", "retain_safe_private")
_KEYS: Final = (
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
)
# What a profile may let a named person release: only what hangs on the pixels alone, which a person can look at ...
_RELEASABLE_REASONS: Final = (Reason.BURNED_IN_ANNOTATION, Reason.SCREEN_CAPTURE, Reason.EMBEDDED_OVERLAY)
# ... and of SOP classes only images whose attributes this package can judge (`iod_types.json`). Never reports,
# presentation states, documents, raw data or private classes: their content is text no pixel shows.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class _OnceOnly(yaml.SafeLoader):
    """Refuses a key that stands twice in one table: YAML would take the last, a reader of the file the first."""


def _table_once(loader: _OnceOnly, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key, _ in node.value:
        text = getattr(key, "value", None)
        if isinstance(text, str) and text in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {text!r} stands twice", key.start_mark
            )
        seen.add(text if isinstance(text, str) else id(key))
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_OnceOnly.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _table_once)


def read_profile(text: str, problems: list[str]) -> dict[str, Any]:
    """The table in the YAML `text`; {} with a problem added when it is none."""
    try:
        content = yaml.load(text, Loader=_OnceOnly)
    except yaml.YAMLError as error:
        problems.append(f"not YAML: {error}")
        return {}
    if not isinstance(content, dict):
        problems.append("the profile is not a table of keys")
        return {}
    return content


def read_layer(base: Mapping[str, Any], text: str, problems: list[str]) -> dict[str, Any]:
    """`base` with the site's file on top: single rules are added or replaced, every other key as a whole."""
    extra = read_profile(text, problems)
    if not extra:
        return dict(base)
    problems += [f"unknown key {key!r}" for key in sorted(map(str, set(extra) - set(_KEYS)))]
    if extra.get("extends") != base["name"]:
        problems.append(f"extends is {extra.get('extends')!r}, expected {base['name']!r}")
    if extra.get("name", base["name"]) == base["name"]:
        problems.append("name is missing or that of the shipped profile; give the site's profile its own")
    rules = extra.get("rules") or {}
    if not isinstance(rules, dict):
        problems.append("rules is not a table of keywords")
        rules = {}
    if widened := set(_table(extra, "sop_classes", [])) - set(base["sop_classes"]):
        problems.append(
            f"sop_classes adds {', '.join(map(str, sorted(widened, key=str)))}: only MR leaves unseen; "
            "images of other classes may stand in releasable.sop_classes"
        )
    if missing := set(base["hold_image_types"]) - set(_list(extra, "hold_image_types", [], base)):
        problems.append(
            f"hold_image_types leaves out {', '.join(sorted(missing))}: screens are always held first"
        )
    return {
        **base,
        **{key: value for key, value in extra.items() if key in _KEYS and key != "rules"},
        "rules": {**base["rules"], **rules},
    }


@dataclass(frozen=True)
class ProfileFile:
    """The checked content of a profile."""

    name: str
    version: str
    options: tuple[str, ...]
    rules: Mapping[int, Action]
    keep_text: frozenset[int]
    sop_classes: Mapping[str, str]
    hold_image_types: frozenset[str]
    also_allowed: frozenset[int]
    releasable_reasons: frozenset[str]
    releasable_sop_classes: Mapping[str, str]

    @classmethod
    def of(cls, content: Mapping[str, Any], problems: list[str]) -> ProfileFile:
        """`content` made usable; what cannot be used is added to `problems`."""
        name = str(content.get("name", ""))
        if not _NAME.fullmatch(name):
            problems.append(f"name is {name!r}, expected lower-case letters, digits and hyphens")
        options = _list(content, "options", problems)
        problems += [
            f"option {option!r} is not one of {', '.join(SUPPORTED_OPTIONS)}"
            for option in options
            if option not in SUPPORTED_OPTIONS
        ]
        if len(set(options)) != len(options):
            problems.append("options names one option twice")
        sop_classes = _table(content, "sop_classes", problems)
        if not sop_classes:
            problems.append("sop_classes is empty: nothing could leave")
        reasons, releasable = _releasable(content, problems)
        return cls(
            name=name,
            version=str(content.get("version", "")),
            options=tuple(options),
            rules=_rules(_table(content, "rules", problems), "retain_modified_dates" in options, problems),
            keep_text=_tags(content, "keep_text", problems),
            sop_classes={str(uid): str(title) for uid, title in sop_classes.items()},
            hold_image_types=frozenset(v.upper() for v in _list(content, "hold_image_types", problems)),
            also_allowed=_tags(content, "also_allowed", problems),
            releasable_reasons=reasons,
            releasable_sop_classes=releasable,
        )


def _list(
    content: Mapping[str, Any], key: str, problems: list[str], instead: Mapping[str, Any] | None = None
) -> list[str]:
    found = content.get(key, instead[key] if instead is not None else []) or []
    if not isinstance(found, list) or not all(isinstance(value, str) for value in found):
        problems.append(f"{key} is not a list of words")
        return []
    return found


def _table(content: Mapping[str, Any], key: str, problems: list[str]) -> dict[Any, Any]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        problems.append(f"{key} is not a table")
        return {}
    return found


def _rules(content: Mapping[str, Any], dates_move: bool, problems: list[str]) -> dict[int, Action]:
    rules: dict[int, Action] = {}
    for keyword, rule in content.items():
        tag = tag_for_keyword(str(keyword))
        if tag is None:
            problems.append(f"rule for {keyword!r}, no DICOM keyword")
            continue
        if not isinstance(rule, dict) or set(rule) - {"action", "reason"}:
            problems.append(f"rule for {keyword} is not a table with the keys action and reason")
            continue
        action = rule.get("action")
        if action not in tuple(Action):
            problems.append(f"rule for {keyword} has action {action!r}, expected one of {', '.join(Action)}")
        elif not rule.get("reason"):
            problems.append(f"rule for {keyword} gives no reason")
        elif why_not := why_not_ruled(tag, Action(action), dates_move=dates_move):
            problems.append(f"rule for {keyword} ({action}): {why_not}")
        else:
            rules[tag] = Action(action)
    return rules


def _tags(content: Mapping[str, Any], key: str, problems: list[str]) -> frozenset[int]:
    judge = why_not_kept if key == "keep_text" else why_not_allowed
    tags: set[int] = set()
    for keyword in _list(content, key, problems):
        tag = tag_for_keyword(keyword)
        if tag is None:
            problems.append(f"{key} names {keyword!r}, no DICOM keyword")
        elif why_not := judge(tag):
            problems.append(f"{key} names {keyword}: {why_not}")
        else:
            tags.add(tag)
    return frozenset(tags)


def _releasable(content: Mapping[str, Any], problems: list[str]) -> tuple[frozenset[str], dict[str, str]]:
    """Reasons and SOP classes of the key `releasable`; what can never be released is a problem."""
    found = content.get("releasable") or {}
    if not isinstance(found, dict) or set(found) - {"reasons", "sop_classes"}:
        problems.append("releasable is not a table with the keys reasons and sop_classes")
        return frozenset(), {}
    inner: list[str] = []
    reasons, classes = _list(found, "reasons", inner), _table(found, "sop_classes", inner)
    problems += [f"releasable.{problem}" for problem in inner]
    problems += [
        f"releasable.reasons has {reason!r}; only {', '.join(_RELEASABLE_REASONS)} can be released"
        for reason in reasons
        if reason not in _RELEASABLE_REASONS
    ]
    problems += [
        f"releasable.sop_classes has {uid} ({title}); only images of a class this gateway can clean can be released"
        for uid, title in classes.items()
        if uid not in known_sop_classes()
    ]
    return frozenset(reasons), {str(uid): str(title) for uid, title in classes.items()}
