"""What can go wrong with another system: each error says whether the same call may succeed later."""

from __future__ import annotations

import pytest

from dicom_nodes.config_files.file_problem import FileProblem
from dicom_nodes.errors import (
    AssociationAborted,
    AssociationRejected,
    CommitmentNotSupported,
    NodeError,
    NodeFileError,
    NodeTimeout,
    NodeUnreachable,
    RequestRefused,
    UnknownNode,
)
from dicom_nodes.outcomes import Answered, meaning, rejection


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (NodeUnreachable("a", "b"), True),
        (NodeTimeout("a", "b"), True),
        (AssociationAborted("a", "b"), True),
        (AssociationRejected("a", "b", rejection(2, 3, 1)), True),
        (AssociationRejected("a", "b", rejection(1, 1, 3)), False),
        (RequestRefused("a", "b", status=0xA700, answer=meaning(Answered.DIMSE, 0xA700)), True),
        (RequestRefused("a", "b", status=0x0124, answer=meaning(Answered.DIMSE, 0x0124)), False),
        (CommitmentNotSupported("a", "b"), False),
        (UnknownNode("a", "b"), False),
        (NodeFileError([], "nodes.yaml"), False),
    ],
)
def test_an_error_says_whether_to_come_back(error: NodeError, transient: bool) -> None:
    """Who waits and who asks a person is decided by this alone."""
    assert error.transient is transient
    assert str(error).startswith(error.problem)
    assert error.fix


def test_every_problem_of_a_file_is_in_its_error() -> None:
    """In order of lines, each with its own fix, and the file once at the top."""
    problems = [FileProblem("nodes.yaml", line, f"problem {line}", "", f"Fix {line}.") for line in (7, 3)]
    error = NodeFileError(problems, "nodes.yaml")
    assert [problem.line for problem in error.problems] == [3, 7]
    assert error.problem.splitlines() == [
        "nodes.yaml cannot be used:",
        "  nodes.yaml:3: problem 3. Fix 3.",
        "  nodes.yaml:7: problem 7. Fix 7.",
    ]
