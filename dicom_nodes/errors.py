"""What can go wrong between two DICOM systems: every error says the problem, the value and the fix.

NodeError
├── NodeUnreachable          nobody answers at that address (look again later)
├── NodeTimeout              somebody answers, but not in time (look again later)
├── AssociationRejected      the peer said no; `permanent` says whether asking again can help
├── CommitmentNotSupported   the peer takes objects but never commits to them (never retry)
├── RequestRefused           the peer answered a query or a request with a failure status
├── UnknownNode              no node of that name in nodes.yaml
└── NodeFileError            nodes.yaml cannot be used; every problem of the file at once
"""

from __future__ import annotations

from collections.abc import Sequence

from dicom_nodes.config_files.file_problem import FileProblem, by_line
from dicom_nodes.explained_error import ExplainedError


class NodeError(ExplainedError):
    """A problem with another DICOM system; `transient` says whether the same call may succeed later."""

    transient: bool = False


class NodeUnreachable(NodeError):
    """The address does not resolve, the connection is refused, or it breaks before an association exists."""

    transient = True


class NodeTimeout(NodeError):
    """The peer took longer than the time allowed for this operation."""

    transient = True


class AssociationRejected(NodeError):
    """A-ASSOCIATE-RJ: `permanent` is the Result field (PS3.8 9.3.4)."""

    def __init__(self, problem: str, fix: str, *, permanent: bool) -> None:
        super().__init__(problem, fix)
        self.permanent = permanent
        self.transient = not permanent


class CommitmentNotSupported(NodeError):
    """The peer accepts no Storage Commitment Push Model context: confirm by query instead."""


class RequestRefused(NodeError):
    """The peer answered with a failure status (DIMSE) or an HTTP error; `status` is that code."""

    def __init__(self, problem: str, fix: str, *, status: int, transient: bool) -> None:
        super().__init__(problem, fix)
        self.status = status
        self.transient = transient


class UnknownNode(NodeError):
    """A rule, a command or a case names a node that nodes.yaml does not know."""


class NodeFileError(NodeError):
    """nodes.yaml cannot be used; `problems` lists everything that is wrong with it, in order of lines."""

    def __init__(self, problems: Sequence[FileProblem], source: str) -> None:
        self.problems = by_line(problems)
        listed = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{source} cannot be used:{listed}", f"Correct {source} and start again.")
