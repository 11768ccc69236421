"""What is scored, and how: an answer key whose rows are counted, one line of a table for each part of it.

A score is a `Score`; who adds one writes a function that returns it, enters it in `SCORES`, and gives it a generated
part of the manual (`reference.pages`). Whatever is scored must be the same on every machine: invented headers, and
files that come with a locked dependency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reference.marks import table
from score import alignment, change, faces, privacy, recognition
from score.tally import Score

SCORES: Mapping[str, Callable[[], Score]] = {
    "alignment": alignment.score,
    "change": change.score,
    "faces": faces.score,
    "privacy": privacy.score,
    "recognition": recognition.score,
}
"""The name on the command line of `./dev score` -> what works it out."""


@dataclass(frozen=True)
class Shown:
    """One score as text: its table, then each row of the key that was not answered right."""

    score: Score

    @property
    def markdown(self) -> str:
        """The table alone, as the manual shows it."""
        return table(self.score.headings, self.score.rows)

    @property
    def text(self) -> str:
        """Title, table and what was not right."""
        failed = "".join(f"\n- {line}" for line in self.score.failed)
        return f"# {self.score.title}\n\n{self.markdown}\n{failed}\n"


def shown(name: str) -> str:
    """The table of one score, for the manual. Raises KeyError for a name that is no score."""
    return Shown(SCORES[name]()).markdown
