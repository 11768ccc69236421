"""Numbers that another system states, in whatever shape it states them: never an error, at worst no number.

Optional keys come back absent, empty, as null, as text, with a decimal point, as a list or twice (PS3.5 6.2 IS and
DS, PS3.18 Annex F.2); a number that cannot be read is one that was not stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MOST_DIGITS = 32


def stated_number(value: Any) -> int | None:
    """The whole number that a peer stated, or None; of several values the first that is a number.

    >>> [stated_number(v) for v in (15, "15.0", [" 15 "], None, "many", True)]
    [15, 15, 15, None, None, None]
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return next((number for entry in value if (number := _plain(entry)) is not None), None)
    return _plain(value)


def stated_count(value: Any) -> int | None:
    """As `stated_number`, of things that are counted: a negative number is none."""
    number = stated_number(value)
    return number if number is not None and number >= 0 else None


def _plain(value: Any) -> int | None:
    """A number that is no list: lists in lists are nothing that a peer may mean."""
    if (
        isinstance(value, bool)
        or value is None
        or (isinstance(value, Sequence) and not isinstance(value, str))
    ):
        return None
    if isinstance(value, int):
        return int(value)
    text = str(value).strip(" \0")
    if len(text) > _MOST_DIGITS:
        return None
    try:
        number = float(text)
        return int(text) if text.lstrip("+-").isdecimal() else int(number) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None
