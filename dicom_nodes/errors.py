"""What can go wrong between two DICOM systems: every error says the problem, the value and the fix.

NodeError
├── NodeUnreachable          nobody answers at that address (look again later)
├── NodeTimeout              somebody answers, but not in time (look again later)
├── TlsRefused               TLS is not spoken: a certificate, or the version (look again later)
├── AssociationAborted       somebody answers, and breaks off before an association exists
├── AssociationRejected      the peer said no
├── CommitmentNotSupported   the peer takes objects but never commits to them (never retry)
├── RequestRefused           the peer answered a query or a request with a failure status
├── UnknownNode              no node of that name in nodes.yaml
└── NodeFileError            nodes.yaml cannot be used; every problem of the file at once
"""

from __future__ import annotations

from collections.abc import Sequence

from dicom_nodes.config_files.file_problem import FileProblem, by_line
from dicom_nodes.explained_error import ExplainedError
from dicom_nodes.outcomes import Answered, Broken, Meaning, Outcome, meaning


class NodeError(ExplainedError):
    """A problem with another DICOM system; `answer` is its row in the table of `outcomes`."""

    answer: Meaning = Meaning(Outcome.NODE_REFUSED, "cannot be used")

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed later."""
        return self.answer.outcome is Outcome.TRY_AGAIN


class NodeUnreachable(NodeError):
    """The address does not resolve, the connection is refused, or it breaks before an association exists."""

    answer = meaning(Answered.BROKEN, Broken.UNREACHABLE)


class NodeTimeout(NodeError):
    """The peer took longer than the time allowed for this operation."""

    answer = meaning(Answered.BROKEN, Broken.SILENT)


class TlsRefused(NodeError):
    """No TLS with the peer: it says which certificate is wrong, and how. Once it is renewed the same call succeeds."""

    answer = meaning(Answered.BROKEN, Broken.UNREACHABLE)


class AssociationAborted(NodeError):
    """A-ABORT instead of an answer to the association request (PS3.8 9.3.8)."""

    answer = meaning(Answered.BROKEN, Broken.ABORTED)


class AssociationRejected(NodeError):
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    def __init__(self, problem: str, fix: str, answer: Meaning) -> None:
        super().__init__(problem, fix)
        self.answer = answer


class CommitmentNotSupported(NodeError):
    """The peer accepts no Storage Commitment Push Model context: confirm by query instead."""

    answer = meaning(Answered.BROKEN, Broken.NO_CONTEXT)


class RequestRefused(NodeError):
    """The peer answered with a failure status (DIMSE) or an HTTP error; `status` is that code."""

    def __init__(self, problem: str, fix: str, *, status: int, answer: Meaning) -> None:
        super().__init__(problem, fix)
        self.status = status
        self.answer = answer


class UnknownNode(NodeError):
    """A rule, a command or a case names a node that nodes.yaml does not know."""


class NodeFileError(NodeError):
    """nodes.yaml cannot be used; `problems` lists everything that is wrong with it, in order of lines."""

    def __init__(self, problems: Sequence[FileProblem], source: str) -> None:
        self.problems = by_line(problems)
        listed = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{source} cannot be used:{listed}", f"Correct {source} and start again.")
