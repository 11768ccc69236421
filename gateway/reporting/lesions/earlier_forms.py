"""What became of each answer of an earlier form: drafts and signed reports on record keep what they say.

The form of version 0.1.0 had one side for all sites, one border, one answer for T1, DWI, shape and
enhancement, and “not available” for two different things. An answer of today is never one of the table's left column,
so the table may be applied to any content, more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.reporting.lesions.answers import SEQUENCE_OF
from gateway.reporting.lesions.lesion import Lesion


@dataclass(frozen=True)
class Became:
    """One answer of an earlier form and the answers of today that say the same; `item` names the item of both."""

    item: str
    earlier: str
    today: tuple[str, ...]
    why: str


#: Stands for `not_covered` when the item's sequence is absent, for `not_assessable` otherwise.
UNREAD: Final = "unread"

ANSWERS: tuple[Became, ...] = (
    Became("border", "circumscribed", ("well_defined",), "two words for one thing"),
    Became("t1", "not_available", (UNREAD,), "absent and unreadable were one answer"),
    Became("t2", "not_available", (UNREAD,), "absent and unreadable were one answer"),
    Became("dwi", "not_available", (UNREAD,), "absent and unreadable were one answer"),
    Became("adc", "not_available", (UNREAD,), "absent and unreadable were one answer"),
    Became("swi", "not_available", (UNREAD,), "absent and unreadable were one answer"),
    Became("enhancement", "not_acquired", (UNREAD,), "absent and unreadable were one answer"),
    Became("dwi", "rim_dark_centre", ("rim", "dark_centre"), "rim and centre are two answers"),
    Became("adc", "restricted", ("hypointense",), "two words for one thing"),
    Became("topography", "pons", ("infratentorial",), "the pons became a site"),
    Became("topography", "medulla", ("infratentorial",), "the medulla became a site"),
    Became("topography", "basal_ganglia", ("deep_grey_matter",), "the basal ganglia became a site"),
)
#: Recommendations that a draft can no longer make -> what says the same today; its interval stands beside it. A signed
#: report keeps what it recommended.
RECOMMENDED: Final = {"short_term": "follow_up"}
#: Topographies that became sites of the same name.
SITES: Final = frozenset({"pons", "medulla", "basal_ganglia"})
#: Items that took one answer and take several now.
SEVERAL: Final = frozenset({"morphology", "t1", "dwi", "enhancement", "swi", "t2", "topography"})
_TODAY = {(row.item, row.earlier): row.today for row in ANSWERS}


def opinion_of_today(said: Any) -> Any:
    """A report or its parts (nested, as stored or as unflattened) with every earlier answer as it is called today."""
    if not isinstance(said, Mapping) or not isinstance(said.get("lesions"), list | tuple):
        return said

    def absent(sequence: str) -> bool:
        node: Any = said
        for step in ("protocol", "sequences", sequence):
            node = node.get(step) if isinstance(node, Mapping) else getattr(node, step, None)
        acquired = node.get("acquired") if isinstance(node, Mapping) else getattr(node, "acquired", None)
        return acquired == "absent"

    return {**said, "lesions": [_lesion(lesion, absent) for lesion in said["lesions"]]}


def draft_of_today(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a kept draft as the form of today names them; a site whose side was not yet said is asked again."""

    def absent(sequence: str) -> bool:
        return content.get(f"protocol.sequences.{sequence}.acquired") == "absent"

    groups: dict[str, dict[str, Any]] = {}
    today: dict[str, Any] = {}
    for field, value in content.items():
        section, _, rest = field.partition(".")
        number, _, item = rest.partition(".")
        if field == "recommendations":
            today[field] = [RECOMMENDED.get(str(each), str(each)) for each in _answers(value)]
        elif section == "lesions" and item:
            groups.setdefault(number, {})[item] = value
        else:
            today[field] = value
    for number, group in groups.items():
        for item, value in _lesion(group, absent).items():
            if item == "places" and isinstance(value, Mapping):
                today |= {f"lesions.{number}.places.{site}": side for site, side in value.items()}
            else:
                today[f"lesions.{number}.{item}"] = value
    return today


def _lesion(said: Any, absent: Callable[[str], bool]) -> Any:
    if not isinstance(said, Mapping) or isinstance(said, Lesion):
        return said
    lesion = dict(said)
    sites, side = _answers(lesion.pop("sites", None)), lesion.pop("laterality", None)
    sites += [name for name in _answers(lesion.get("topography")) if name in SITES]
    for item, value in said.items():
        if item in SEVERAL or any(row.item == item for row in ANSWERS):
            lesion[item] = _renamed(item, value, absent)
    if sites and side and "places" not in lesion:
        lesion["places"] = dict.fromkeys(sites, side)
    return lesion


def _renamed(item: str, value: Any, absent: Callable[[str], bool]) -> Any:
    several = item in SEVERAL
    if value is None or (not several and not isinstance(value, str)):
        return value
    renamed = [new for answer in _answers(value) for new in _TODAY.get((item, answer), (answer,))]
    sequence = SEQUENCE_OF.get(item, "")
    unread = "not_covered" if sequence and absent(sequence) else "not_assessable"
    renamed = [unread if answer is UNREAD else answer for answer in renamed]
    return list(dict.fromkeys(renamed)) if several else renamed[0]


def _answers(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
