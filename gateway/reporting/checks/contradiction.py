"""One thing in a form that does not fit: refused, or asked about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contradiction:
    """A problem in a form: the field it is shown at, what is wrong, what to do.

    `question` is a key of `QUESTIONS` where a reason settles it; empty where nothing but a change does.
    """

    field: str
    problem: str
    fix: str
    question: str = ""
    lesions: tuple[int, ...] = ()
    """Numbers of the lesions that it concerns, where it does not concern the report as a whole."""
    check: str = ""
    """Key of the check in `checks.table` that found it; empty for an answer that is missing or no answer."""

    def __str__(self) -> str:
        return f"{self.problem} {self.fix}".strip()
