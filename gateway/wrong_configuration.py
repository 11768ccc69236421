"""A file of the configuration that cannot be used while its last good content is: for pages, notices and checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: with file and line, and what to write instead."""

    problem: str
    fix: str


@dataclass(frozen=True)
class WrongConfiguration:
    """What cannot be used now (nodes or rules), where it is, and everything that is wrong in it."""

    what: str
    file: Path
    faults: tuple[Fault, ...]
    good_at: datetime | None
    """When the content in force was last changed; None: not known."""

    @property
    def told(self) -> str:
        """For people, as a sentence."""
        when = f", of {self.good_at:%Y-%m-%d %H:%M} UTC," if self.good_at else ""
        return f"{self.file} cannot be used: the last good {self.what}{when} are in force until it is mended."

    @property
    def key(self) -> str:
        """The same for the same faults of the same file, and another for others."""
        said = "\n".join((str(self.file), *(fault.problem for fault in self.faults)))
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
