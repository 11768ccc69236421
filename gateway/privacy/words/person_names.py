"""A person's name as it may be written elsewhere: every part of every group, joined, reversed, without accents.

What says nothing alone is left out: one letter, titles and particles, the words for "nobody".
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gateway.identity.names import NOBODY
from gateway.identity.spellings import spellings

_TITLES: Final = frozenset(
    "dr med prof mr mrs ms herr frau von van der den de la el al bin di da le du jr sr md phd".split()
)
_SHORTEST_JOINED: Final = 5


def name_parts(name: str) -> set[str]:
    """The searchable forms of a person name (PN, all component groups), as written or folded.

    Two letters at least; a single ideograph counts only together with the rest of its name.
    """
    words = {word for word in re.split(r"[\^=\s,.;/()\\]+", name) if word}
    words |= {piece for word in words for piece in re.split(r"[-'’_`]", word) if piece}
    for group in name.split("="):
        words |= set(_joined([part for part in re.split(r"[\^\s,]+", group) if part]))
    words = {re.sub(r"[\x00-\x1f\x7f]", "", word) for word in words}
    words |= {form for word in words for form in spellings(word)}
    return {word for word in words if len(word) >= 2 and word.casefold() not in NOBODY | _TITLES}


def initials_of(name: str) -> Iterator[str]:
    """First letters of family and given name, casefolded; of each component group that has both."""
    for group in name.split("="):
        parts = [part for part in re.split(r"[\^\s,]+", group) if part and part[0].isalpha()]
        if len(parts) >= 2:
            yield (parts[0][0] + parts[1][0]).casefold()


def _joined(parts: list[str]) -> Iterator[str]:
    """Family and given name without a gap, both ways round, and with one of them as initial."""
    if len(parts) < 2:
        return
    family, given = parts[0], parts[1]
    for joined in (family + given, given + family, given[0] + family, family + given[0]):
        if len(joined) >= _SHORTEST_JOINED or not joined.isascii():
            yield joined
