"""Storage commitment of the demo archive as its SCP (PS3.4 J): N-ACTION in, N-EVENT-REPORT out, either way round."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from pydicom import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pynetdicom import build_context, build_role
from pynetdicom.association import Association
from pynetdicom.dimse_messages import N_ACTION_RSP
from pynetdicom.events import Event

from gateway.demo.file_store import FileStore
from gateway.demo.listener import Requestor
from gateway.demo.services import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

_SUCCESS, _INVALID_ARGUMENT, _NO_SUCH_ACTION = 0x0000, 0x0115, 0x0123
_NO_SUCH_OBJECT, _CLASS_CONFLICT = 0x0112, 0x0119
_ALL_COMMITTED, _FAILURES_EXIST = 1, 2
# Seconds before each further try to deliver a result to a peer that is down; then the archive gives up.
_TRY_AGAIN_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)


class CommitmentAnswer(StrEnum):
    """How the archive answers: both associations are allowed by PS3.4 J.3.3; real archives do either."""

    NEW_ASSOCIATION = "new association"
    SAME_ASSOCIATION = "same association"
    NEVER = "never"  # the request is accepted, the result never comes
    REFUSED = "refused"  # the presentation context is not offered


@dataclass(frozen=True)
class CommitmentRecord:
    """One request and its fate; `delivered` is None until the result reached the peer."""

    transaction_uid: str
    calling_ae_title: str
    committed: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str, int], ...]
    delivered: CommitmentAnswer | None = None


class CommitmentScp:
    """Decides from what is really on disk and delivers results in the background until close()."""

    def __init__(
        self,
        ae_title: str,
        store: FileStore,
        peers: Mapping[str, tuple[str, int]],
        answer: CommitmentAnswer,
        delay_s: float,
    ) -> None:
        self.answer = answer
        self.delay_s = delay_s
        self.refuse: Callable[[str], int | None] = lambda _sop_instance_uid: None
        self._ae_title = ae_title
        self._store = store
        self._peers = peers
        self._lock = threading.Lock()
        self._records: list[CommitmentRecord] = []
        self._due: dict[Association, CommitmentRecord] = {}
        self._closing = threading.Event()
        self._closing.set()

    def open(self) -> None:
        """Start answering; results that a close() interrupted are tried again."""
        if not self._closing.is_set():
            return
        self._closing = threading.Event()
        for record in self.records():
            if record.delivered is None:
                self._start(record, None)

    def close(self) -> None:
        """No further tries; threads under way end by themselves at their next step."""
        self._closing.set()

    def records(self) -> tuple[CommitmentRecord, ...]:
        with self._lock:
            return tuple(self._records)

    def on_action(self, event: Event) -> tuple[int, Dataset | None]:
        """N-ACTION "Request Storage Commitment": the answer here only says that the request was understood."""
        if event.action_type != 1:
            return _NO_SUCH_ACTION, None
        request = event.action_information
        references = request.get("ReferencedSOPSequence")
        if not request.get("TransactionUID") or not references:
            return _INVALID_ARGUMENT, None
        record = self._decide(
            str(request.TransactionUID),
            event.assoc.requestor.ae_title.strip(),
            [(str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID)) for item in references],
        )
        with self._lock:
            self._records.append(record)
            # The result may leave only after this answer has: on_sent starts it.
            self._due[event.assoc] = record
        return _SUCCESS, None

    def on_sent(self, event: Event) -> None:
        """Deliver once the N-ACTION response is on the wire."""
        if not isinstance(event.message, N_ACTION_RSP):
            return
        with self._lock:
            record = self._due.pop(event.assoc, None)
        if record is not None:
            self._start(record, event.assoc)

    def _start(self, record: CommitmentRecord, association: Association | None) -> None:
        arguments = (record, association, self._closing)
        threading.Thread(target=self._deliver, args=arguments, daemon=True).start()

    def _decide(
        self, transaction_uid: str, caller: str, references: list[tuple[str, str]]
    ) -> CommitmentRecord:
        committed: list[tuple[str, str]] = []
        failed: list[tuple[str, str, int]] = []
        for sop_class, sop_instance in references:
            stored = self._store.secure(sop_instance)
            reason = self.refuse(sop_instance)
            if reason is None and stored is None:
                reason = _NO_SUCH_OBJECT
            elif reason is None and stored is not None and stored.sop_class_uid != sop_class:
                reason = _CLASS_CONFLICT
            if reason is None:
                committed.append((sop_class, sop_instance))
            else:
                failed.append((sop_class, sop_instance, reason))
        return CommitmentRecord(transaction_uid, caller, tuple(committed), tuple(failed))

    def _deliver(
        self, record: CommitmentRecord, association: Association | None, closing: threading.Event
    ) -> None:
        if closing.wait(self.delay_s) or self.answer is CommitmentAnswer.NEVER:
            return
        same = association if self.answer is CommitmentAnswer.SAME_ASSOCIATION else None
        if same is not None and self._report(same, record):
            self._note(record, CommitmentAnswer.SAME_ASSOCIATION)
            return
        for pause in (0.0, *_TRY_AGAIN_S):
            if closing.wait(pause):
                return
            if self._report_on_new_association(record):
                self._note(record, CommitmentAnswer.NEW_ASSOCIATION)
                return

    def _report_on_new_association(self, record: CommitmentRecord) -> bool:
        address = self._peers.get(record.calling_ae_title)
        if address is None:
            return False
        ae = Requestor(self._ae_title)
        ae.acse_timeout = ae.dimse_timeout = ae.connection_timeout = 5
        # The requestor is the SCP of the service here, so it must say so (PS3.4 J.3.3, PS3.7 D.3.3.4).
        association = ae.associate(
            *address,
            contexts=[build_context(STORAGE_COMMITMENT)],
            ae_title=record.calling_ae_title,
            ext_neg=[build_role(STORAGE_COMMITMENT, scp_role=True)],
        )
        if not association.is_established:
            return False
        delivered = self._report(association, record)
        if association.is_established:
            association.release()
        return delivered

    def _report(self, association: Association, record: CommitmentRecord) -> bool:
        result = Dataset()
        result.TransactionUID = record.transaction_uid
        result.RetrieveAETitle = self._ae_title
        if record.committed:
            result.ReferencedSOPSequence = DicomSequence([_reference(*item) for item in record.committed])
        if record.failed:
            result.FailedSOPSequence = DicomSequence([_reference(*item) for item in record.failed])
        try:
            status, _ = association.send_n_event_report(
                result,
                _FAILURES_EXIST if record.failed else _ALL_COMMITTED,
                STORAGE_COMMITMENT,
                STORAGE_COMMITMENT_INSTANCE,
            )
        except (RuntimeError, ValueError):  # released in between, or the peer did not accept the context
            return False
        return bool(status.get("Status", 0xFFFF) == _SUCCESS)

    def _note(self, record: CommitmentRecord, how: CommitmentAnswer) -> None:
        with self._lock:
            self._records = [
                replace(kept, delivered=how) if kept is record else kept for kept in self._records
            ]


def _reference(sop_class: str, sop_instance: str, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = sop_instance
    if reason is not None:
        item.FailureReason = reason
    return item
