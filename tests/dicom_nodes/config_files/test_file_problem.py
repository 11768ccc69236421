"""How a mistake in a file is told: where, what, the value found, and what to write instead."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from dicom_nodes.config_files.file_problem import FileProblem, by_line, complaint, did_you_mean


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (FileProblem("a.yaml", 7, "port: is odd", "x", "Use 1."), "a.yaml:7: port: is odd (found x). Use 1."),
        (FileProblem("a.yaml", None, "cannot be read", "", "Give it."), "a.yaml: cannot be read. Give it."),
        (FileProblem("a.yaml", 1, "is empty", "", ""), "a.yaml:1: is empty."),
    ],
)
def test_a_problem_is_one_line_an_editor_can_follow(problem: FileProblem, text: str) -> None:
    """File and line first, what is not known left out; without its fix for who shows that beside it."""
    assert str(problem) == text
    assert text.startswith(problem.told)
    assert not problem.fix or problem.fix not in problem.told


def test_problems_come_in_the_order_of_the_file() -> None:
    """Those of the whole file first, those of one line as they were found."""
    lines = [3, None, 1, 3]
    problems = [FileProblem("a", line, str(number), "", "") for number, line in enumerate(lines)]
    assert [problem.problem for problem in by_line(problems)] == ["1", "2", "0", "3"]


def test_a_complaint_keeps_its_parts() -> None:
    """A validator raises it, and problem, value and fix come out of pydantic as they went in, long values cut."""

    class Model(BaseModel):
        port: int

        @field_validator("port")
        @classmethod
        def _small(cls, port: int) -> int:
            raise complaint("is {too} large", str(port) * 500, "Use {less}.")

    with pytest.raises(ValidationError) as caught:
        Model(port=9)
    (error,) = caught.value.errors()
    assert error["type"] == "rule"
    assert error["ctx"] == {"problem": "is {too} large", "value": "9" * 120, "fix": "Use {less}."}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prot", "Did you mean port?"),
        ("PORT", "Use one of: port, host."),
        ("", "Use one of: port, host."),
    ],
)
def test_the_nearest_name_is_proposed_or_all_of_them(name: str, said: str) -> None:
    """A slip of the finger is recognised; for anything else the names there are."""
    assert did_you_mean(name, ("port", "host")) == said
