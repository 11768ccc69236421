"""What a form holds while it is written: posted fields, kept drafts, groups without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.reporting.fields import FormValues
from gateway.reporting.form import FORM, GROUP_NUMBER, is_field, item_of_field
from gateway.web.pages.reports.fields import group_numbers


def content_of(fields: Mapping[str, list[str]]) -> FormValues:
    """A posted form as the content of a draft: only fields of FORM, blanks dropped, groups numbered without gaps."""
    content: FormValues = {}
    for name, values in fields.items():
        item = item_of_field(name)
        given = [value for value in values if value.strip()]
        if item is None or not is_field(name) or not given:
            continue
        content[name] = given if item.several else given[0]
    return without_gaps(content)


def known_fields(content: Mapping[str, Any]) -> FormValues:
    """What of a draft the form has: whatever else a client sent must neither be kept nor break a page."""
    return {name: value for name, value in content.items() if is_field(name)}


def without_gaps(content: FormValues) -> FormValues:
    """The same content with the groups of each repeating section numbered 0, 1, 2 …, as problems name them."""
    renumbered: FormValues = {}
    places = {
        s.name: {old: new for new, old in enumerate(group_numbers(content, s.name))}
        for s in FORM
        if s.repeats
    }
    for name, value in content.items():
        parts = name.split(".")
        if parts[0] in places and len(parts) > 2 and GROUP_NUMBER.fullmatch(parts[1]):
            parts[1] = str(places[parts[0]][int(parts[1])])
        renumbered[".".join(parts)] = value
    return renumbered


def without_group(content: FormValues, section: str, number: int) -> FormValues:
    """The content without one group."""
    return without_gaps(
        {name: value for name, value in content.items() if not name.startswith(f"{section}.{number}.")}
    )
