"""The YAML of a profile: reading it, layering a site's file on it, and refusing what no site may ask.

Every problem is collected, each with its line, value and fix, so that the author sees all of them at once. What may
stand in a file is in `file_model`, what a rule may ask in `site_limits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydicom.datadict import tag_for_keyword

from dicom_nodes.config_files.file_problem import FileProblem
from dicom_nodes.config_files.validation import problems_of
from dicom_nodes.config_files.yaml_lines import LinedYaml, read_yaml
from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.file_model import ProfileInput
from gateway.privacy.profile.site_limits import why_not_ruled
from gateway.privacy.profile.table_e1_1 import Action

Content = Mapping[str, Any]


def read_profile(text: str, source: str) -> Content:
    """The content of a shipped profile; `source` is how its file is called. Raises ProfileError."""
    return _read(text, source, None)


def read_layer(base: Content, text: str, source: str) -> Content:
    """`base` with the site's file on top: single rules are added or replaced, every other key as a whole.

    Raises ProfileError with everything that is wrong in the site's file.
    """
    return _read(text, source, base)


def _read(text: str, source: str, base: Content | None) -> Content:
    read = read_yaml(text, source, aliases=True)
    problems = list(read.problems)
    content: Content = {}
    if not problems:
        written = {} if read.data is None else read.data
        try:
            ProfileInput.model_validate(written, context=base)
        except ValidationError as error:
            problems += problems_of(error, read, source, ProfileInput)
        if isinstance(written, dict):
            content = _layered(base or {}, written)
            problems += _rules_not_allowed(content, read, source)
    if problems:
        raise ProfileError.of(problems, f"Correct {source}.")
    return content


def _layered(base: Content, written: Content) -> Content:
    rules = written.get("rules")
    return {
        **base,
        **written,
        "rules": {**base.get("rules", {}), **(rules if isinstance(rules, dict) else {})},
    }


def _rules_not_allowed(content: Content, read: LinedYaml, source: str) -> Iterator[FileProblem]:
    """The rules that no site may ask for; which those are hangs on the options, too."""
    options = content.get("options")
    dates_move = isinstance(options, list) and "retain_modified_dates" in options
    for keyword, rule in content["rules"].items():
        tag = tag_for_keyword(keyword)
        action = rule.get("action") if isinstance(rule, dict) else None
        if tag is None or action not in tuple(Action):
            continue  # told by the model
        if why_not := why_not_ruled(tag, Action(action), dates_move=dates_move):
            place = ("rules", keyword)
            line = read.line(place if place in read.lines else ("options",))
            fix = "Choose another action, or leave the rule out."
            yield FileProblem(source, line, f"rules.{keyword}: {why_not}", action, fix)


@dataclass(frozen=True)
class ProfileFile:
    """The content of a profile, by tags."""

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
    def of(cls, content: Content) -> ProfileFile:
        """What `read_profile` or `read_layer` gave."""
        checked = ProfileInput.model_validate(content)
        return cls(
            name=checked.name,
            version=checked.version,
            options=checked.options,
            rules={_tag(keyword): rule.action for keyword, rule in checked.rules.items()},
            keep_text=frozenset(map(_tag, checked.keep_text)),
            sop_classes=checked.sop_classes,
            hold_image_types=frozenset(value.upper() for value in checked.hold_image_types),
            also_allowed=frozenset(map(_tag, checked.also_allowed)),
            releasable_reasons=frozenset(checked.releasable.reasons),
            releasable_sop_classes=checked.releasable.sop_classes,
        )


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag
