"""What a corrected report says otherwise than the one before: item by item, in words, as the new document states it."""

from __future__ import annotations

from typing import Final

from gateway.reporting.form import FORM, FormItem, InputKind, item_of_field
from gateway.reporting.lesions.identity import numbers_of_groups
from gateway.reporting.report import Report, report_to_form

MOST: Final = 40
"""Items named one by one; more are counted."""
LONGEST: Final = 80
"""Characters of a text that is quoted; of a longer one it is said that it changed."""
NOTHING: Final = "nothing"
_ORDER: Final = {section.name: place for place, section in enumerate(FORM)}
_IN_WORDS_ONLY: Final = (InputKind.MARKS, InputKind.UIDS)
"""Items whose values are no words: that they changed is all that is said."""


def revised(before: Report, after: Report) -> tuple[str, ...]:
    """Each item that differs: what it is, what it was, what it is now. Empty when nothing does."""
    old, new = report_to_form(before), report_to_form(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    groups = numbers_of_groups(old) | numbers_of_groups(new)
    lines = [
        line
        for name in sorted(names, key=_place)
        if (line := _line(name, old.get(name), new.get(name), groups)) is not None
    ]
    lines = list(dict.fromkeys(lines))
    more = len(lines) - MOST
    return (*lines[:MOST], f"{more} more items") if more > 0 else tuple(lines)


def _place(name: str) -> tuple[int, str]:
    return _ORDER.get(name.partition(".")[0], -1), name


def _line(
    name: str, old: str | list[str] | None, new: str | list[str] | None, groups: dict[int, int]
) -> str | None:
    item = item_of_field(name)
    if item is None:  # kept for the machine, such as the identifier of a lesion
        return None
    what = f"{_group(name, groups)}{item.label}"
    if item.kind in _IN_WORDS_ONLY:
        return f"{what}: changed"
    was, now = _told(item, old), _told(item, new)
    if max(len(was), len(now)) > LONGEST:
        return f"{what}: reworded"
    return f"{what}: {was} became {now}"


def _group(name: str, groups: dict[int, int]) -> str:
    section, *rest = name.split(".")
    if not rest or not rest[0].isdecimal():
        return ""
    number = groups.get(int(rest[0]), int(rest[0]) + 1) if section == "lesions" else int(rest[0]) + 1
    return f"{'Lesion' if section == 'lesions' else 'Spectrum'} {number}, "


def _told(item: FormItem, value: str | list[str] | None) -> str:
    if value is None:
        return NOTHING
    values = value if isinstance(value, list) else [value]
    labels = {choice.value: choice.label for choice in (*item.choices, *item.second)}
    unit = f" {item.unit}" if item.unit and item.kind is InputKind.NUMBER else ""
    return ", ".join(labels.get(each, each) for each in values) + unit
