"""Errors of this library: each carries what is wrong, the value it is about and how to put it right.

RuleError            everything below
├── RuleFileError    a rule file (or vendor-facts file) has problems; all of them, each with file and line
├── VersionError     a version of the rules cannot be published or put in force (in `versions`)
└── UnknownFact      a rule asks for a fact no study has
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic_core import PydanticCustomError


class RuleError(Exception):
    """The base of every error this library raises on purpose."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem} {fix}".strip())
        self.problem = problem
        self.fix = fix


class UnknownFact(RuleError):
    """A condition names a fact that does not exist."""


@dataclass(frozen=True)
class FileProblem:
    """One thing wrong in a file: where it is, what it is, the value found and what to write instead."""

    file: str
    line: int | None
    problem: str
    value: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        found = f" (found {self.value})" if self.value else ""
        return f"{where}: {self.problem}{found}. {self.fix}".rstrip()


class RuleFileError(RuleError):
    """A file cannot be used; `problems` has every reason at once."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{count} in the files:\n{listed}", "")
        self.fix = problems[0].fix if problems else ""


def complaint(problem: str, value: Any, fix: str) -> PydanticCustomError:
    """An error for a validator to raise, which `validation` tells as a problem of the file."""
    return PydanticCustomError(
        "rule", "{problem}", {"problem": problem, "value": str(value)[:120], "fix": fix}
    )


def did_you_mean(name: str, names: tuple[str, ...]) -> str:
    """The nearest of the names there are, or all of them."""
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of: {', '.join(names)}."
