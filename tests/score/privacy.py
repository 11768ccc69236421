"""How much of identity stays behind: the answer key of de-identification, counted."""

from __future__ import annotations

from score.tally import Score
from support.judges import privacy_key


def score() -> Score:
    """The table by action and kind of object, and each place that was missed."""
    lines = list(privacy_key.lines())
    failed = tuple(f"{line.what}: {missed}" for line in lines for missed in line.missed)
    return Score("De-identification", privacy_key.HEADINGS, privacy_key.rows(lines), failed)
