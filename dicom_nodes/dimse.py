"""Sending, asking and finding over DICOM associations (the DIMSE half of `sender`).

Standard: PS3.4 Annex A (verification), B (storage), C (query), PS3.7 9.1.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from io import BytesIO

from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    Verification,
)

from dicom_nodes.contexts import UNCOMPRESSED, proposals
from dicom_nodes.encoding import file_meta
from dicom_nodes.errors import NodeError, NodeTimeout, NotDicom, RequestRefused
from dicom_nodes.node import DimseNode
from dicom_nodes.outcomes import InstanceOutcome, Outcome, meaning_of_status, outcome_of_status
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.stack import associate, close, hold_reactor
from dicom_nodes.transcode import CannotTranscode, reencoded

log = logging.getLogger("dicom_nodes.sender")

Report = Callable[[InstanceOutcome], None]

# A peer may take this long per byte on top of the timeout: 60 MB over a slow line is not a hang.
_SLOWEST_BYTES_PER_S = 250_000
_UIDS_PER_QUERY = 64
_NO_CONTEXT = 0x0122
_LOST = "the association was lost; this instance was not sent"


def echo(node: DimseNode, *, calling_ae_title: str, timeout_s: float) -> float:
    """C-ECHO; seconds from the first packet to the answer."""
    start = time.perf_counter()
    association = associate(
        node,
        [build_context(Verification, list(UNCOMPRESSED))],
        calling_ae_title=calling_ae_title,
        timeout_s=timeout_s,
    )
    try:
        if not association.is_established:
            raise RequestRefused(
                f"Node {node.name!r} does not offer verification (C-ECHO).",
                "Nothing to correct here; ask the people who run it.",
                status=_NO_CONTEXT,
                transient=False,
            )
        hold_reactor(association)
        status = association.send_c_echo()
        if "Status" not in status:
            raise NodeTimeout(f"Node {node.name!r} did not answer the C-ECHO in time.", "Try again later.")
        code = int(status.Status)
        if code != 0:
            raise RequestRefused(
                f"Node {node.name!r} answered the C-ECHO with {meaning_of_status(code)}.",
                "Ask the people who run it.",
                status=code,
                transient=False,
            )
        return time.perf_counter() - start
    finally:
        close(association)


def store(
    node: DimseNode, files: Sequence[OutgoingFile], *, calling_ae_title: str, report: Report, timeout_s: float
) -> None:
    """C-STORE the files; every file gets exactly one outcome, given to `report` as it is known."""
    pairs = dict.fromkeys((file.sop_class_uid, file.transfer_syntax_uid) for file in files)
    for number, group in enumerate(proposals(pairs)):
        classes = {str(context.abstract_syntax) for context in group}
        members = [file for file in files if file.sop_class_uid in classes]
        try:
            association = associate(node, group, calling_ae_title=calling_ae_title, timeout_s=timeout_s)
        except NodeError as error:
            if number == 0:
                raise
            for file in members:
                report(InstanceOutcome(file.sop_instance_uid, Outcome.TRY_AGAIN, None, error.problem))
            continue
        sending = _Sending(association, timeout_s)
        try:
            for file in members:
                report(sending.send(file))
        finally:
            close(association, abort=not sending.alive)


class _Sending:
    """The files of one association, one after the other; once it is lost the rest may be tried again."""

    def __init__(self, association: Association, timeout_s: float) -> None:
        self._association = association
        self._timeout_s = timeout_s
        self._contexts = {
            (str(context.abstract_syntax), str(context.transfer_syntax[0])): int(context.context_id or 0)
            for context in association.accepted_contexts
        }
        self.alive = association.is_established
        self._lost = not self.alive and bool(self._contexts)
        self._message_id = 0
        if self.alive:
            hold_reactor(association)

    def send(self, file: OutgoingFile) -> InstanceOutcome:
        try:
            found = self._encoded(file)
        except (OSError, NotDicom, CannotTranscode) as error:
            return InstanceOutcome(file.sop_instance_uid, Outcome.REFUSED, None, _local_problem(error))
        if found is None:
            name = UID(file.sop_class_uid).name
            detail = f"the peer accepts no presentation context for {name} (status {_NO_CONTEXT:04X})"
            return InstanceOutcome(file.sop_instance_uid, Outcome.REFUSED, _NO_CONTEXT, detail)
        if self._lost:
            return InstanceOutcome(file.sop_instance_uid, Outcome.TRY_AGAIN, None, _LOST)
        context_id, dataset, note = found
        status = self._exchange(file, context_id, dataset)
        if status is None:
            self.alive, self._lost = False, True
            detail = "no answer came in time, or the peer aborted; it may or may not have the instance"
            return InstanceOutcome(file.sop_instance_uid, Outcome.TRY_AGAIN, None, detail)
        detail = meaning_of_status(status) + note
        return InstanceOutcome(file.sop_instance_uid, outcome_of_status(status), status, detail)

    def _encoded(self, file: OutgoingFile) -> tuple[int, bytes, str] | None:
        """Context and bytes: as stored if the peer takes that, else uncompressed; None if it takes neither."""
        exact = self._contexts.get((file.sop_class_uid, file.transfer_syntax_uid))
        if exact is not None:
            part10 = file.path.read_bytes()
            _, offset = file_meta(part10)
            return exact, part10[offset:], ""
        for syntax in UNCOMPRESSED:
            context = self._contexts.get((file.sop_class_uid, syntax))
            if context is not None:
                return context, reencoded(file.path, syntax), f"; sent as {UID(syntax).name}"
        return None

    def _exchange(self, file: OutgoingFile, context_id: int, dataset: bytes) -> int | None:
        """Send one request and wait for its answer; None if there is none."""
        self._message_id = self._message_id % 0xFFFF + 1
        request = C_STORE()
        request.MessageID = self._message_id
        request.AffectedSOPClassUID = UID(file.sop_class_uid)
        request.AffectedSOPInstanceUID = UID(file.sop_instance_uid)
        request.Priority = 2
        request.DataSet = BytesIO(dataset)
        association = self._association
        association.dimse_timeout = self._timeout_s + len(dataset) / _SLOWEST_BYTES_PER_S
        association.dimse.send_msg(request, context_id)
        while True:
            _, answer = association.dimse.get_msg(block=True)
            if answer is None:
                return None
            if isinstance(answer, C_STORE) and answer.MessageIDBeingRespondedTo == self._message_id:
                return None if answer.Status is None else int(answer.Status)


def _local_problem(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"the file cannot be read here ({error.strerror or type(error).__name__})"
    return getattr(error, "problem", "") or str(error)
