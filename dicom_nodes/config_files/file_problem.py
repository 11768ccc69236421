"""What is wrong in a file that a person wrote: where it is, what it is, the value found and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError


@dataclass(frozen=True)
class FileProblem:
    """One thing wrong in a file: where it is, what it is, the value found and what to write instead."""

    file: str
    line: int | None
    problem: str
    value: str
    fix: str

    @property
    def told(self) -> str:
        """All but the fix, for who shows that beside it."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        found = f" (found {self.value})" if self.value else ""
        return f"{where}: {self.problem}{found}."

    def __str__(self) -> str:
        return f"{self.told} {self.fix}".rstrip()


def unreadable(file: Path, error: OSError | UnicodeDecodeError) -> FileProblem:
    """Of a file that cannot be opened, or is no text."""
    said = f"cannot be read ({type(error).__name__})"
    return FileProblem(file.name, None, said, "", "Give a readable UTF-8 file.")


def by_line(problems: Iterable[FileProblem]) -> list[FileProblem]:
    """In the order in which a person comes upon them in the file."""
    return sorted(problems, key=lambda problem: problem.line or 0)


def complaint(problem: str, value: Any, fix: str) -> PydanticCustomError:
    """An error for a validator to raise, which `validation` tells as a problem of the file."""
    return PydanticCustomError(
        "rule", "{problem}", {"problem": problem, "value": str(value)[:120], "fix": fix}
    )


def did_you_mean(name: str, names: tuple[str, ...]) -> str:
    """The nearest of the names there are, or all of them."""
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of: {', '.join(names)}."
