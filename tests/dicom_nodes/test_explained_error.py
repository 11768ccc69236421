"""Every error that is raised on purpose says what is wrong and what to do."""

from __future__ import annotations

import pickle

import pytest

from dicom_nodes.explained_error import ExplainedError


@pytest.mark.parametrize(
    ("parts", "text"), [(("No room.", "Free some."), "No room. Free some."), (("Gone.",), "Gone.")]
)
def test_an_error_reads_as_its_problem_and_its_fix(parts: tuple[str, ...], text: str) -> None:
    """And both can be had apart; it survives the way to another process."""
    error = ExplainedError(*parts)
    again = pickle.loads(pickle.dumps(error))
    assert str(error) == str(again) == text
    assert (
        (again.problem, again.fix)
        == (error.problem, error.fix)
        == (parts[0], text.removeprefix(parts[0]).strip())
    )
