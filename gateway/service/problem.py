"""What `gateway check` says of one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that must be mended; `severe` is False for advice."""

    where: str
    problem: str
    fix: str
    severe: bool = True
