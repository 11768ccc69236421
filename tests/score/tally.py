"""One score: a table that counts, and the rows of the answer key behind what is not right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Score:
    """`rows` fit `headings`; `failed` names each answer that was not right, with what was expected."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    failed: tuple[str, ...] = ()
