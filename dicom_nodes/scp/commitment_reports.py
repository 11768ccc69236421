"""Answers to commitment requests of ours that come on an association of the peer's (PS3.4 J.3.3)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from pynetdicom import evt

from dicom_nodes.commitment import (
    ALL_COMMITTED,
    INVALID_ARGUMENT,
    PROCESSING_FAILURE,
    SOME_FAILED,
    SUCCESS,
    CommitmentResult,
    result_of_event,
)
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.scp.callers import Callers
from dicom_nodes.scp.refusals import NO_SUCH_EVENT, UNREADABLE_RESULT, Told

log = logging.getLogger("dicom_nodes.commitment")

_NO_SUCH_EVENT = 0x0113


class CommitmentReports:
    """Hands each result to `hear`, with the nodes that it may be of; `hear` answers why one does not count."""

    def __init__(
        self,
        callers: Callers,
        directory: Callable[[], NodeDirectory],
        hear: Callable[[CommitmentResult], Told | None],
    ) -> None:
        self._callers = callers
        self._directory = directory
        self._hear = hear

    def take(self, event: evt.Event) -> tuple[int, None]:
        """The status of an N-EVENT-REPORT.

        What does not count is no argument for us: 0115 (PS3.7 10.1.1.1.8), whatever the reason, so that nobody learns
        which transactions there are. That it could not be kept is 0110: the peer reports again.
        """
        caller = self._callers[event.assoc]
        if event.event_type not in (ALL_COMMITTED, SOME_FAILED):
            self._callers.turned_away(event.assoc, *NO_SUCH_EVENT)
            return _NO_SUCH_EVENT, None
        try:
            result = result_of_event(event, caller.node.name)
        except Exception:
            log.exception("a commitment result from node %s cannot be read", caller.node.name)
            self._callers.turned_away(event.assoc, *UNREADABLE_RESULT)
            return INVALID_ARGUMENT, None
        try:
            reports_for = self._directory().reports_for(caller.calling_ae_title, caller.address)
            told = self._hear(replace(result, reports_for=reports_for))
        except Exception:
            log.exception("a commitment result from node %s could not be taken", caller.node.name)
            return PROCESSING_FAILURE, None
        if told is not None:
            self._callers.turned_away(event.assoc, *told)
            return INVALID_ARGUMENT, None
        return SUCCESS, None
