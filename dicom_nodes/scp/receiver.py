"""Take what others send: C-STORE, C-ECHO, and both sides of storage commitment.

The receiver checks who calls, hands the raw bytes on as they come (`dicom_nodes.scp.streaming`), and answers what
it is told. It never decodes a data set. Whatever a peer does (garbage, silence, an abort in the middle of an
instance), it hurts that peer's association only.
Standard: PS3.4 Annexes A, B and J, PS3.8 9.3.4 (rejection).
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

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
from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import STORING, DimseNode, TlsSettings
from dicom_nodes.scp.commitment_provider import CommitmentProvider, Take
from dicom_nodes.scp.incoming import (
    CANNOT_UNDERSTAND,
    Begin,
    Collected,
    Discarded,
    Incoming,
    Keep,
)
from dicom_nodes.scp.listening import listen
from dicom_nodes.scp.readable import BLANK_TITLE
from dicom_nodes.scp.refusals import (
    INVALID_INSTANCE,
    NO_LIST_OF_NODES,
    NO_SUCH_EVENT,
    NO_TLS,
    NOT_A_STORAGE_CLASS,
    NOT_A_STORER,
    NOT_A_STORING_TITLE,
    TOO_MANY,
    UNREADABLE_RESULT,
    WITHOUT_DATA_SET,
    RefusedCaller,
    Told,
    refused_contexts,
)
from dicom_nodes.scp.server import ReceiverServer
from dicom_nodes.scp.streaming import StreamingSocket
from dicom_nodes.upper_layer.contexts import accepted_contexts, storage_sop_classes
from dicom_nodes.upper_layer.pdus import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    DATA_SET_TYPE,
    NO_DATA_SET,
    number_of,
    uid_of,
)
from dicom_nodes.upper_layer.pynetdicom_private import end_network_thread, reject
from dicom_nodes.upper_layer.pynetdicom_setup import MAX_PDU, application_entity, cut
from dicom_nodes.upper_layer.tls import server_context

log = logging.getLogger("dicom_nodes.scp.receiver")

_INVALID_INSTANCE = 0x0117
_CLASS_NOT_SUPPORTED = 0x0122
_NOT_AUTHORISED = 0x0124
_NO_SUCH_EVENT = 0x0113

_CALLING_UNKNOWN = (0x01, 0x01, 0x03)
_CALLED_UNKNOWN = (0x01, 0x01, 0x07)
_CONGESTION = (0x02, 0x03, 0x01)

# How long a caller may take to send its request, and to hang up after a rejection (ARTIM, PS3.8 9.1.4).
_PATIENCE_S = 10.0
_IDLE_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class _Caller:
    node: DimseNode
    association_id: str
    calling_ae_title: str
    called_ae_title: str
    address: str
    contexts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Abstract and transfer syntax of each accepted presentation context, once there is one."""

    def syntaxes_of(self, association: Association, context_id: int) -> tuple[str, str]:
        """Abstract and transfer syntax of an accepted context."""
        if not self.contexts:
            for context in association.accepted_contexts:
                assert context.context_id is not None
                self.contexts[context.context_id] = (
                    str(context.abstract_syntax),
                    str(context.transfer_syntax[0]),
                )
        return self.contexts[context_id]


class Receiver:
    """A DICOM node of ours that listens. `start` binds, `stop` ends it within the time given.

    Objects go piece by piece to what `begin` opens, or as a whole to `keep`; both are called in the
    association's thread, several at a time, and the status they answer is 0x0000 only once the bytes are safe.
    If they raise, the peer is told A700 (out of resources: it will try again).
    `on_commitment` hears results of our own commitment requests, with the nodes that they may be of; it answers why
    one does not count, and what helps. If it raises, the peer is told that its report failed and repeats it.
    `on_request` makes us a commitment SCP: it remembers that the result is owed, or refuses.
    `also_called` are further AE titles we answer to, so that a rule can go by the address a study was sent to;
    `more_sop_classes` and `more_transfer_syntaxes` are UIDs that are taken besides the known ones. `refused` hears of
    everything that is turned away: associations, presentation contexts, objects before their data set is looked at.
    `listening` is a socket (of `listen`) that receivers in other processes take connections from, too; without it
    this one has its own.
    """

    def __init__(
        self,
        ae_title: str,
        host: str,
        port: int,
        directory: Callable[[], NodeDirectory],
        keep: Keep | None = None,
        on_commitment: Callable[[CommitmentResult], Told | None] | None = None,
        on_request: Take | None = None,
        max_pdu: int = MAX_PDU,
        max_associations: int = 64,
        tls: TlsSettings | None = None,
        refused: Callable[[RefusedCaller], None] | None = None,
        idle_timeout_s: float = _IDLE_TIMEOUT_S,
        also_called: Iterable[str] = (),
        begin: Begin | None = None,
        listening: socket.socket | None = None,
        more_sop_classes: Iterable[str] = (),
        more_transfer_syntaxes: Iterable[str] = (),
    ) -> None:
        self.ae_title = ae_title.strip()
        self._titles = frozenset({self.ae_title, *(title.strip() for title in also_called if title.strip())})
        self.host = host
        self._port = port
        self._listening = listening
        self._directory = directory
        if begin is None and keep is None:
            raise ValueError("A receiver needs `begin` or `keep`: something that takes the objects.")
        self._open = begin
        self._keep = keep
        self._on_commitment = on_commitment
        self._on_request = on_request
        self._refused = refused
        self._more_sop_classes = tuple(more_sop_classes)
        self._more_transfer_syntaxes = tuple(more_transfer_syntaxes)
        self._storage_classes = frozenset(storage_sop_classes(self._more_sop_classes))
        self._tls = tls
        self._max_pdu = max_pdu
        self._max_associations = max_associations
        self._idle_timeout_s = idle_timeout_s
        self._server: ReceiverServer | None = None
        self._thread: threading.Thread | None = None
        self._callers: WeakKeyDictionary[Association, _Caller] = WeakKeyDictionary()
        self._stopping = threading.Event()

    @property
    def port(self) -> int:
        """The TCP port; the real one once started, also when 0 was asked for."""
        return self._server.server_address[1] if self._server is not None else self._port

    @property
    def associations(self) -> int:
        """How many connections are open now."""
        return len(self._server.active_associations) if self._server is not None else 0

    def start(self) -> None:
        """Take connections; raises NodeError if the address cannot be used, or the TLS files."""
        self._stopping.clear()
        tls_context = None if self._tls is None else server_context(self._tls)
        ae = self._application_entity()
        listening = listen(self.host, self._port) if self._listening is None else self._listening.dup()
        server: Any = ae.make_server(
            listening.getsockname(),
            evt_handlers=self._handlers(),
            server_class=ReceiverServer,
            listening=listening,
            is_shared=self._listening is not None,
            socket_of=self._socket_of,
            tls_context=tls_context,
            failed=self._failed_to_connect,
        )
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.1,), name=f"listen-{self.ae_title}", daemon=True
        )
        self._thread.start()
        log.info("%s listens on %s:%s", self.ae_title, self.host, self.port)

    def stop(self, drain_seconds: float = 5.0) -> None:
        """Accept nobody new, let running associations end for `drain_seconds`, then cut what is left."""
        server, self._server = self._server, None
        if server is None:
            return
        self._port = server.server_address[1]
        self._stopping.set()
        server.shutdown()
        deadline = time.monotonic() + drain_seconds
        while server.active_associations and time.monotonic() < deadline:
            time.sleep(0.02)
        left = server.active_associations
        for association in left:
            cut(association)
        deadline = time.monotonic() + 2.0
        for association in left:
            association.join(max(0.0, deadline - time.monotonic()))
            end_network_thread(association)
        if self._thread is not None:
            self._thread.join(2.0)

    def _application_entity(self) -> AE:
        ae = application_entity(self.ae_title, timeout_s=_PATIENCE_S, max_pdu=self._max_pdu)
        ae.network_timeout = self._idle_timeout_s
        ae.maximum_associations = self._max_associations
        commitment = self._on_commitment is not None or self._on_request is not None
        # Not through the setter, which would forget the roles.
        for context in accepted_contexts(
            commitment=commitment,
            more_sop_classes=self._more_sop_classes,
            more_transfer_syntaxes=self._more_transfer_syntaxes,
        ):
            ae.add_supported_context(
                str(context.abstract_syntax), context.transfer_syntax, context.scu_role, context.scp_role
            )
        return ae

    def _handlers(self) -> list[evt.EventHandlerType]:
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_REQUESTED, self._admit),
            (evt.EVT_REJECTED, self._rejected_as_one_too_many),
            (evt.EVT_ACCEPTED, self._look_at_contexts),
            (evt.EVT_C_ECHO, lambda _event: SUCCESS),
        ]
        if self._on_commitment is not None:
            handlers.append((evt.EVT_N_EVENT_REPORT, self._commitment_result))
        if self._on_request is not None:
            provider = CommitmentProvider(self._on_request, self._asker, self._turned_away)
            handlers.append((evt.EVT_N_ACTION, provider.request))
        return handlers

    # -- who calls

    def _admit(self, event: evt.Event) -> None:
        """Let a known caller in; reject anybody else. Never lets anybody in because of an error here."""
        association = event.assoc
        request: Any = association.requestor.primitive
        calling, called = (
            "" if title == BLANK_TITLE else title
            for title in (request.calling_ae_title.strip(), request.called_ae_title.strip())
        )
        address = str(association.requestor.address)
        if self._stopping.is_set():
            self._reject(association, _CONGESTION, None)
            return
        try:
            directory = self._directory()
            # Both titles may be blank where the address says who it is: nodes that check nothing take that.
            node = directory.caller(calling, address) if calling else directory.caller_at(address)
        except Exception:
            log.exception("the node directory cannot be read; rejecting %s from %s", calling, address)
            self._reject(association, _CONGESTION, RefusedCaller(calling, called, address, *NO_LIST_OF_NODES))
            return
        name = "" if node is None else node.name
        if called not in self._titles and not (node is not None and not called):
            why = f"It calls {called!r}, but this is {self.ae_title!r}."
            fix = "Correct the called AE title there, or add that one to [dicom] also_called."
            self._reject(
                association, _CALLED_UNKNOWN, RefusedCaller(calling, called, address, why, fix, name)
            )
        elif node is None:
            why = (
                f"No node calls itself {calling!r} from {address}."
                if calling
                else f"It names no calling AE title, and {address} is not the address of exactly one node."
            )
            fix = "If it is wanted, add a node with its AE title and address to nodes.yaml."
            self._reject(association, _CALLING_UNKNOWN, RefusedCaller(calling, called, address, why, fix))
        else:
            caller = _Caller(
                node, uuid.uuid4().hex, calling or node.ae_title, called or self.ae_title, address
            )
            self._callers[association] = caller

    def _reject(
        self, association: Association, answer: tuple[int, int, int], refusal: RefusedCaller | None
    ) -> None:
        reject(association, *answer)
        if refusal is not None:
            self._tell(refusal)
        association.kill()

    def _rejected_as_one_too_many(self, event: evt.Event) -> None:
        """pynetdicom's own rejection: that of one association too many."""
        self._turned_away(event.assoc, *TOO_MANY)

    def _look_at_contexts(self, event: evt.Event) -> None:
        for why, fix in refused_contexts(event.assoc):
            self._turned_away(event.assoc, why, fix)

    def _failed_to_connect(self, address: str, *, tls: bool, times: int = 1) -> None:
        why, fix = NO_TLS if tls else TOO_MANY
        self._record(RefusedCaller("", "", address, why, fix, times=times))

    def _turned_away(self, association: Association, why: str, fix: str) -> None:
        caller = self._callers.get(association)
        if caller is None:
            self._tell(RefusedCaller("", "", str(association.requestor.address), why, fix))
        else:
            self._tell(
                RefusedCaller(
                    caller.calling_ae_title,
                    caller.called_ae_title,
                    caller.address,
                    why,
                    fix,
                    caller.node.name,
                )
            )

    def _tell(self, refusal: RefusedCaller) -> None:
        log.warning("turned away %r from %s: %s", refusal.calling_ae_title, refusal.address, refusal.why)
        self._record(refusal)

    def _record(self, refusal: RefusedCaller) -> None:
        if self._refused is not None:
            try:
                self._refused(refusal)
            except Exception:
                log.exception("the refusal could not be recorded")

    # -- storage

    def _socket_of(self, plain: AssociationSocket, limit: int) -> StreamingSocket:
        streaming = StreamingSocket.around(plain, limit)
        streaming.serve(self._begin, limit, self._idle_timeout_s, self._turned_away)
        return streaming

    def _begin(self, association: Association, context_id: int, command: Mapping[int, bytes]) -> Incoming:
        """A C-STORE request: who may store what, before the first byte of the data set is looked at."""
        caller = self._callers[association]
        sop_class, sop_instance = uid_of(command, AFFECTED_CLASS), uid_of(command, AFFECTED_INSTANCE)
        abstract_syntax, transfer_syntax = caller.syntaxes_of(association, context_id)
        if not STORING & caller.node.roles:
            return self._discarded(association, _NOT_AUTHORISED, NOT_A_STORER)
        if caller.calling_ae_title not in caller.node.calls_as:
            return self._discarded(association, _NOT_AUTHORISED, NOT_A_STORING_TITLE)
        if not is_uid(sop_instance) or not is_uid(sop_class):
            return self._discarded(association, _INVALID_INSTANCE, INVALID_INSTANCE)
        if abstract_syntax not in self._storage_classes:
            return self._discarded(association, _CLASS_NOT_SUPPORTED, NOT_A_STORAGE_CLASS)
        if number_of(command, DATA_SET_TYPE) == NO_DATA_SET:
            return self._discarded(association, CANNOT_UNDERSTAND, WITHOUT_DATA_SET)
        announced = ReceivedInstance(
            sop_class_uid=sop_class,
            sop_instance_uid=sop_instance,
            transfer_syntax_uid=transfer_syntax,
            dataset=b"",
            calling_ae_title=caller.calling_ae_title,
            called_ae_title=caller.called_ae_title,
            peer_address=caller.address,
            association_id=caller.association_id,
            node=caller.node.name,
            received_by="c-store",
        )
        if self._open is not None:
            return self._open(announced)
        assert self._keep is not None
        return Collected(announced, self._keep)

    def _discarded(self, association: Association, status: int, told: Told) -> Discarded:
        self._turned_away(association, *told)
        return Discarded(status)

    # -- storage commitment

    def _asker(self, association: Association) -> tuple[DimseNode, str]:
        caller = self._callers[association]
        return caller.node, caller.calling_ae_title

    def _commitment_result(self, event: evt.Event) -> tuple[int, None]:
        """An answer to a request of ours, on an association of the peer's (PS3.4 J.3.3).

        What does not count is no argument for us: 0115 (PS3.7 10.1.1.1.8), whatever the reason, so that nobody learns
        which transactions there are. That it could not be kept is 0110: the peer reports again.
        """
        assert self._on_commitment is not None
        caller = self._callers[event.assoc]
        if event.event_type not in (ALL_COMMITTED, SOME_FAILED):
            self._turned_away(event.assoc, *NO_SUCH_EVENT)
            return _NO_SUCH_EVENT, None
        try:
            result = result_of_event(event, caller.node.name)
        except Exception:
            log.exception("a commitment result from node %s cannot be read", caller.node.name)
            self._turned_away(event.assoc, *UNREADABLE_RESULT)
            return INVALID_ARGUMENT, None
        try:
            reports_for = self._directory().reports_for(caller.calling_ae_title, caller.address)
            told = self._on_commitment(replace(result, reports_for=reports_for))
        except Exception:
            log.exception("a commitment result from node %s could not be taken", caller.node.name)
            return PROCESSING_FAILURE, None
        if told is not None:
            self._turned_away(event.assoc, *told)
            return INVALID_ARGUMENT, None
        return SUCCESS, None
