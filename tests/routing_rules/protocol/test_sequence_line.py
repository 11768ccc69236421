"""The line of a study is read as it was written, by processes that load nothing that judges series."""

from __future__ import annotations

import pytest

from routing_rules.protocol.sequence_line import sequences_of
from support.fresh_process import imported_by, loaded


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("flair t1? t2-", {"flair": True, "t1": None, "t2": False}),
        ("t1_contrast", {"t1_contrast": True}),
        ("none", {}),
        ("", None),
    ],
)
def test_a_line_is_read_as_it_was_written(line: str, said: dict[str, bool | None] | None) -> None:
    """An empty line is of a study of which nothing is known."""
    assert sequences_of(line) == said


def test_reading_a_line_loads_nothing_that_judges_series() -> None:
    """A receiver reads lines of the calendar; what recognises series needs numbers, pictures and pydicom."""
    modules = imported_by("import routing_rules.protocol.sequence_line")
    assert (
        loaded(("routing_rules.series", "routing_rules.protocol.checks", "numpy", "pydicom"), modules) == []
    )
