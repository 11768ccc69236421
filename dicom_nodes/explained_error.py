"""The base of every error that these three packages raise on purpose: a problem and its fix, both safe to show.

It stands in this library, below everything, because there is no lower place that all three packages may import.
"""

from __future__ import annotations


class ExplainedError(Exception):
    """What is wrong, with the value it is about, and what to do; never an identity in either."""

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(problem, fix)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.problem} {self.fix}".strip()
