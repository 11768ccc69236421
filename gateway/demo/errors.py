"""What can go wrong in the demonstration: a problem and its fix, like every error of the gateway."""

from __future__ import annotations

from dicom_nodes.explained_error import ExplainedError


class DemoError(ExplainedError):
    """A problem with its fix."""


class PushFailed(DemoError):
    """At least one file was not taken by the peer; `sent` says how many were before it."""

    def __init__(self, problem: str, fix: str, sent: int = 0) -> None:
        super().__init__(problem, fix)
        self.sent = sent


class NodeNotListening(DemoError):
    """The listener could not be started (port taken) or has not been started."""
