"""Reading what a server states in DICOM JSON (PS3.18 Annex F), whatever it leaves out or writes otherwise.

Nothing here raises: an attribute that is absent, null or of another shape has no value.
"""

from __future__ import annotations

from typing import Any

from dicom_nodes.peer_numbers import stated_number


def values(dataset: Any, tag: str) -> list[Any]:
    """The values of an attribute; a value without its list is taken as one."""
    entry = dataset.get(tag) if isinstance(dataset, dict) else None
    found = entry.get("Value") if isinstance(entry, dict) else None
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def items(dataset: Any, tag: str) -> list[dict[str, Any]]:
    """The items of a sequence."""
    return [item for item in values(dataset, tag) if isinstance(item, dict)]


def text(dataset: Any, tag: str) -> str:
    """The first value as text, or an empty one."""
    first = next(iter(values(dataset, tag)), None)
    return "" if first is None else str(first).strip()


def number(dataset: Any, tag: str) -> int | None:
    """The first value that is a whole number, or None."""
    return stated_number(values(dataset, tag))
