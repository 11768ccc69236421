"""Being asked for storage commitment: read the request, and hand it to whoever remembers what is owed.

What is kept is looked up and reported later (`dicom_nodes.commitment.report_commitment`): a request holds no thread.
Standard: PS3.4 J.3.2 (request) and J.3.3 (result).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pydicom.dataset import Dataset
from pynetdicom import evt

from dicom_nodes.commitment import (
    INVALID_ARGUMENT,
    PROCESSING_FAILURE,
    REQUEST_COMMITMENT,
    SUCCESS,
    CommitmentRequest,
    references_of_action,
)
from dicom_nodes.scp.callers import Callers
from dicom_nodes.scp.refusals import NO_SUCH_ACTION, NOT_AN_ASKING_TITLE, UNREADABLE_REQUEST, Told

log = logging.getLogger("dicom_nodes.commitment")

Refused = tuple[int, str, str]
"""A status (PS3.7 10.1.4.1.10), why, and what helps."""
Take = Callable[[CommitmentRequest], Refused | None]
"""Remembers a request durably; None when the result is owed from now on. If it raises, the asker is to ask again."""

_NO_SUCH_ACTION = 0x0123
_NOT_AUTHORISED = 0x0124


class CommitmentProvider:
    """Answers N-ACTION for one receiver: `take` remembers what is owed, `callers` says who asks and hears of a no."""

    def __init__(self, take: Take, callers: Callers) -> None:
        self._take = take
        self._callers = callers

    def request(self, event: evt.Event) -> tuple[int, Dataset | None]:
        """EVT_N_ACTION: Success once the request is remembered, and not before."""
        caller = self._callers[event.assoc]
        node, title = caller.node, caller.calling_ae_title
        if event.action_type != REQUEST_COMMITMENT:
            return self._refused(event, _NO_SUCH_ACTION, NO_SUCH_ACTION)
        if title not in node.calls_as:
            return self._refused(event, _NOT_AUTHORISED, NOT_AN_ASKING_TITLE)
        try:
            transaction_uid, references = references_of_action(event.action_information)
        except Exception:
            log.exception("a commitment request from node %s cannot be read", node.name)
            return self._refused(event, INVALID_ARGUMENT, UNREADABLE_REQUEST)
        try:
            refused = self._take(CommitmentRequest(transaction_uid, node.name, title, references))
        except Exception:
            log.exception("a commitment request from node %s could not be kept", node.name)
            return PROCESSING_FAILURE, None
        if refused is not None:
            status, *told = refused
            return self._refused(event, status, (told[0], told[1]))
        return SUCCESS, None

    def _refused(self, event: evt.Event, status: int, told: Told) -> tuple[int, None]:
        self._callers.turned_away(event.assoc, *told)
        return status, None
