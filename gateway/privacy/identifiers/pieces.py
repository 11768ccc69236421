"""A text taken apart into runs of letters and of digits, and what these say put together again in whatever spelling.

`QX-47 11 923`, `P 07`, `12/10.50`, `K. B.`: separators are nobody's choice but the writer's. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from gateway.privacy.words.radiology import clean_text
from gateway.privacy.words.written_dates import dates_in_pieces, month_number

_RUN: Final = re.compile(r"[0-9]+|[^\W\d_]+")
_DIGITS: Final = "0123456789"
_LETTERS_APART: Final = re.compile(r"(?<![^\W_])([^\W\d_])[\s._-]{0,3}([^\W\d_])(?![^\W_])")
# Words beside which two letters are somebody's initials; so is any number.
_CONTEXT: Final = frozenset(
    [
        "pat",
        "patient",
        "patientin",
        "pt",
        "init",
        "initials",
        "initialen",
        "name",
        "mr",
        "mrs",
        "ms",
        "herr",
        "frau",
        "von",
        "of",
        "for",
        "geb",
        "born",
        "dob",
        "id",
        "nr",
        "no",
    ]
)
_OF_IMAGES: Final = frozenset({"mr", "ms", "of", "for", "no", "nr", "von", "id"})
"""Those of them that stand beside words of radiology as well."""
_MOST_RUNS: Final = 8
_LONGEST: Final = 1 << 12  # characters; runs of longer texts are put together, but not initials looked for


class Pieces(NamedTuple):
    """What one text says when its pieces are put together."""

    joined: frozenset[str]
    """Neighbouring runs of letters and digits, and neighbouring runs of digits with whatever between them."""
    dates: frozenset[str]
    """As YYYYMMDD."""
    bare: frozenset[str]
    """As `joined`, every number without its leading zeros."""


@lru_cache(maxsize=4096)
def pieces_of(text: str) -> Pieces:
    """The pieces of `text`, casefolded."""
    runs = runs_of(text)
    digits = [run for run in runs if run[0] in _DIGITS]
    return Pieces(
        _joined(runs, digits),
        frozenset(dates_in_pieces(digits)) | _with_months(runs),
        _joined(list(map(bare, runs)), list(map(bare, digits))),
    )


def _with_months(runs: Sequence[str]) -> frozenset[str]:
    """Dates whose month is a name, in any order, also with two digits of the year: 13-Apr-71, 1971 avril 13."""
    numbers = [run if run[0] in _DIGITS else month_number(run) for run in runs]
    if len(runs) < 3 or not any(
        number and run[0] not in _DIGITS for run, number in zip(runs, numbers, strict=True)
    ):
        return frozenset()
    return frozenset(dates_in_pieces([number for number in numbers if number]))


def runs_of(text: str) -> list[str]:
    """The runs of letters and of digits in `text`, casefolded and in order."""
    return _RUN.findall(text.casefold())


def bare(run: str) -> str:
    """A run without leading zeros; a zero stays one."""
    return run.lstrip("0") or run[:1]


def _joined(runs: Sequence[str], digits: Sequence[str]) -> frozenset[str]:
    return frozenset(
        "".join(some[first : first + count])
        for some in (runs, digits)
        for first in range(len(some))
        for count in range(1, min(_MOST_RUNS, len(some) - first) + 1)
    )


def has_initials(text: str, initials: Collection[str]) -> bool:
    """Whether two letters in `text` are one of `initials` (casefolded, either way round) and stand for a person.

    They do when they stand apart (K. B.), or together beside a number or a word such as "patient". Two letters that
    are a word of radiology (SE, FS) are that word beside a number, and beside what is said of images as well (MR).
    """
    folded = text[:_LONGEST].casefold()
    both = {*initials, *(pair[::-1] for pair in initials)}
    apart = ((match[0], match[1] + match[2]) for match in _LETTERS_APART.finditer(folded))
    if any(pair in both and pair != written for written, pair in apart):
        return True
    words = re.findall(r"[^\W_]+", folded)
    return any(
        word in both and any(_is_of_person(near, word) for near in _neighbours(words, at))
        for at, word in enumerate(words)
    )


def _is_of_person(near: str, initials: str) -> bool:
    if clean_text(initials):
        return near in _CONTEXT - _OF_IMAGES
    return near.isdigit() or near in _CONTEXT


def _neighbours(words: Sequence[str], at: int) -> list[str]:
    return [*words[max(at - 1, 0) : at], *words[at + 1 : at + 2]]
