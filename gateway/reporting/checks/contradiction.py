"""One thing in a form that does not fit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contradiction:
    """A problem in a form: the field it is shown at, what is wrong, what to do."""

    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        return f"{self.problem} {self.fix}"
