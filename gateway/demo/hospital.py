"""The hospital's archive: a real DICOM node that stores, answers queries, moves studies and commits to storage.

It serves the demonstration and, as PretendPacs, the tests; what a test needs to go wrong is a setting here
(which SOP classes are refused, which status C-STORE answers, how and whether commitment is answered).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pynetdicom import build_context, evt
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.presentation import PresentationContext

from gateway.demo.commitment import CommitmentAnswer, CommitmentRecord, CommitmentScp
from gateway.demo.errors import DemoError
from gateway.demo.file_store import FileStore, StoredFile
from gateway.demo.listener import Listener, Requestor
from gateway.demo.push import Progress, push
from gateway.demo.queries import BadQuery, answers, level_of, select
from gateway.demo.services import (
    QUERY_RETRIEVE,
    STORAGE_COMMITMENT,
    VERIFICATION,
    service_contexts,
    storage_classes,
    storage_contexts,
)

__all__ = ["CommitmentAnswer", "CommitmentRecord", "HospitalArchive", "push"]

Address = tuple[str, int]
_SUCCESS, _PENDING, _CANCEL = 0x0000, 0xFF00, 0xFE00
_OUT_OF_RESOURCES, _CANNOT_UNDERSTAND, _BAD_IDENTIFIER = 0xA700, 0xC000, 0xA900


class HospitalArchive:
    """C-STORE, C-FIND, C-MOVE, C-ECHO and storage commitment on one port; every caller is welcome.

    `move_destinations` maps AE titles to (host, port); storage commitment results go there too when they travel
    on a new association. `accepts` limits the storage SOP classes. `store_status(dataset header)` may return a
    failure status for C-STORE. All of these may be changed between stop() and start(), most at any time.
    """

    def __init__(
        self,
        ae_title: str,
        host: str,
        port: int,
        folder: Path,
        move_destinations: MutableMapping[str, Address] | None = None,
        *,
        commitment: CommitmentAnswer = CommitmentAnswer.NEW_ASSOCIATION,
        commitment_delay_s: float = 0.0,
        accepts: Iterable[str] | None = None,
    ) -> None:
        self.ae_title = ae_title
        self.host = host
        self.store = FileStore(folder)
        self.peers: MutableMapping[str, Address] = {} if move_destinations is None else move_destinations
        self.accepts = storage_classes() if accepts is None else frozenset(accepts)
        self.store_status: Callable[[Dataset], int] = _taken
        self.callers: list[str] = []
        self._commitment_scp = CommitmentScp(ae_title, self.store, self.peers, commitment, commitment_delay_s)
        self._listener = Listener(Requestor(ae_title), host, port)

    @property
    def port(self) -> int:
        """The real port, also when 0 was asked for."""
        return self._listener.port

    @property
    def commitment(self) -> CommitmentAnswer:
        """How commitment is answered; REFUSED takes effect at the next start()."""
        return self._commitment_scp.answer

    @commitment.setter
    def commitment(self, answer: CommitmentAnswer) -> None:
        self._commitment_scp.answer = answer

    @property
    def commitments(self) -> tuple[CommitmentRecord, ...]:
        """Every commitment request so far and what became of it."""
        return self._commitment_scp.records()

    def lose_at_commitment(self, refuse: Callable[[str], int | None]) -> None:
        """`refuse(sop_instance_uid)` gives a failure reason (PS3.3 C.14.1.1, e.g. 0x0110) or None."""
        self._commitment_scp.refuse = refuse

    def know(self, ae_title: str, host: str, port: int) -> None:
        """Enter a peer: as a C-MOVE destination and for commitment results."""
        self.peers[ae_title] = (host, port)

    def start(self) -> HospitalArchive:
        """Listen; raises NodeNotListening when the port is taken."""
        self._listener.start(self._contexts(), self._handlers())
        self._commitment_scp.open()
        return self

    def stop(self) -> None:
        """Stop listening; open associations are aborted, the files stay. Never hangs; twice is fine."""
        self._commitment_scp.close()
        self._listener.stop()

    def __enter__(self) -> HospitalArchive:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def files(self, **attributes: str) -> tuple[StoredFile, ...]:
        """What is stored, e.g. `files(Modality="SR", PatientID=...)`."""
        return self.store.files(**attributes)

    def wait_for(
        self, enough: Callable[[tuple[StoredFile, ...]], bool], seconds: float = 10.0, **attributes: str
    ) -> tuple[StoredFile, ...]:
        """Wait for files that satisfy `enough`; raises TimeoutError."""
        return self.store.wait_for(enough, seconds, **attributes)

    def keep(self, datasets: Iterable[Dataset]) -> tuple[StoredFile, ...]:
        """Put data sets into the archive as if the scanner had sent them; their file meta must be set."""
        return tuple(self.store.keep_dataset(dataset) for dataset in datasets)

    def push_study(
        self,
        study_instance_uid: str,
        host: str,
        port: int,
        ae_title: str,
        on_progress: Progress | None = None,
    ) -> int:
        """Send one stored study to a node with this archive's AE title; returns the number of instances."""
        files = self.files(StudyInstanceUID=study_instance_uid)
        if not files:
            raise DemoError(
                f"{self.ae_title} holds no study {study_instance_uid}.", "Keep or store it first."
            )
        paths = [file.path for file in files]
        return push(paths, host, port, ae_title, on_progress, calling_ae_title=self.ae_title)

    def _contexts(self) -> list[PresentationContext]:
        services = [VERIFICATION, *QUERY_RETRIEVE]
        if self._commitment_scp.answer is not CommitmentAnswer.REFUSED:
            services.append(STORAGE_COMMITMENT)
        return service_contexts(services) + storage_contexts(self.accepts)

    def _handlers(self) -> list[EventHandlerType]:
        return [
            (evt.EVT_ACCEPTED, self._on_accepted),
            (evt.EVT_C_ECHO, lambda _event: _SUCCESS),
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_C_FIND, self._on_find),
            (evt.EVT_C_MOVE, self._on_move),
            (evt.EVT_N_ACTION, self._commitment_scp.on_action),
            (evt.EVT_DIMSE_SENT, self._commitment_scp.on_sent),
        ]

    def _on_accepted(self, event: Event) -> None:
        self.callers.append(event.assoc.requestor.ae_title)

    def _on_store(self, event: Event) -> int:
        part10 = event.encoded_dataset()
        try:
            status = self.store_status(event.dataset)
            if status == _SUCCESS:
                self.store.keep(part10)
        except (InvalidDicomError, AttributeError, ValueError):
            return _CANNOT_UNDERSTAND
        except OSError:
            return _OUT_OF_RESOURCES
        return status

    def _on_find(self, event: Event) -> Iterator[tuple[int, Dataset | None]]:
        try:
            found = answers(self.files(), event.identifier, self.ae_title)
        except BadQuery:
            yield _BAD_IDENTIFIER, None
            return
        for answer in found:
            if event.is_cancelled:
                yield _CANCEL, None
                return
            yield _PENDING, answer

    def _on_move(self, event: Event) -> Iterator[Any]:
        """pynetdicom's protocol: the destination, then the number of instances, then (status, instance) pairs."""
        destination = self.peers.get(str(event.move_destination or "").strip())
        if destination is None:
            yield None, None
            return
        try:
            level_of(event.identifier)
            files = select(self.files(), event.identifier)
        except BadQuery:
            files = ()
        yield *destination, {"contexts": _move_contexts(files)}
        yield len(files)
        for file in files:
            if event.is_cancelled:
                yield _CANCEL, None
                return
            yield _PENDING, file.read()


def _taken(_header: Dataset) -> int:
    return _SUCCESS


def _move_contexts(files: Iterable[StoredFile]) -> list[PresentationContext]:
    pairs = dict.fromkeys((file.sop_class_uid, file.transfer_syntax_uid) for file in files)
    # A peer must not be asked for an empty list; Verification is never used for a move.
    return [build_context(sop_class, syntax) for sop_class, syntax in pairs] or [build_context(VERIFICATION)]
