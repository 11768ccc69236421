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
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

from dicom_nodes.certificates import Certificate
from dicom_nodes.commitment import (
    SUCCESS,
    CommitmentResult,
)
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DimseNode, TlsSettings
from dicom_nodes.scp.callers import Callers
from dicom_nodes.scp.commitment_provider import CommitmentProvider, Take
from dicom_nodes.scp.commitment_reports import CommitmentReports
from dicom_nodes.scp.incoming import Begin, Collected, Keep
from dicom_nodes.scp.listening import listen
from dicom_nodes.scp.places import MOST_STRANGERS, KnownAddresses, Places
from dicom_nodes.scp.readable import BLANK_TITLE
from dicom_nodes.scp.refusals import (
    NO_CERTIFICATE,
    NO_LIST_OF_NODES,
    TOO_MANY,
    TOO_MANY_OF_ONE_ADDRESS,
    RefusedCaller,
    Told,
    no_tls,
    other_certificate,
    refused_contexts,
)
from dicom_nodes.scp.server import ReceiverServer
from dicom_nodes.scp.storage_requests import StorageRequests
from dicom_nodes.scp.streaming import StreamingSocket
from dicom_nodes.upper_layer.contexts import accepted_contexts, storage_sop_classes
from dicom_nodes.upper_layer.pynetdicom_private import end_network_thread, reject, socket_of
from dicom_nodes.upper_layer.pynetdicom_setup import MAX_PDU, application_entity, cut
from dicom_nodes.upper_layer.tls import server_context, shown_by

log = logging.getLogger("dicom_nodes.scp.receiver")

_CALLING_UNKNOWN = (0x01, 0x01, 0x03)
_CALLED_UNKNOWN = (0x01, 0x01, 0x07)
_CONGESTION = (0x02, 0x03, 0x01)
_LIMIT_EXCEEDED = (0x02, 0x03, 0x02)

# How long a caller may take to send its request, and to hang up after a rejection (ARTIM, PS3.8 9.1.4).
_PATIENCE_S = 10.0
_IDLE_TIMEOUT_S = 60.0


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
    `shown` hears which certificate a node was let in with.
    `max_per_address` is how many associations one address may have; 0: as many as all together;
    `max_strangers` how many connections there may be of addresses that no node has.
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
        max_per_address: int = 0,
        max_strangers: int = MOST_STRANGERS,
        tls: TlsSettings | None = None,
        refused: Callable[[RefusedCaller], None] | None = None,
        shown: Callable[[str, Certificate], None] | None = None,
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
        if begin is None:
            if keep is None:
                raise ValueError("A receiver needs `begin` or `keep`: something that takes the objects.")
            begin = partial(Collected, keep=keep)
        self._on_commitment = on_commitment
        self._on_request = on_request
        self._more_sop_classes = tuple(more_sop_classes)
        self._more_transfer_syntaxes = tuple(more_transfer_syntaxes)
        self._tls = tls
        self._max_pdu = max_pdu
        self._max_associations = max_associations
        self._max_per_address = min(max_per_address or max_associations, max_associations)
        self._is_known = KnownAddresses(directory)
        # Those beyond what is accepted are told so in a proper rejection; those far beyond it are dropped.
        self._places = Places(
            2 * max_associations + 16, 2 * self._max_per_address + 16, max_strangers, self._is_known
        )
        self._idle_timeout_s = idle_timeout_s
        self._server: ReceiverServer | None = None
        self._thread: threading.Thread | None = None
        self._callers = Callers(refused)
        self._shown = shown
        classes = frozenset(storage_sop_classes(self._more_sop_classes))
        self._storage = StorageRequests(self._callers, classes, begin)
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
            places=self._places,
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
        ae.maximum_associations = 1 << 30  # of nodes alone: its own count is of strangers, too
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
            (evt.EVT_ACCEPTED, self._look_at_contexts),
            (evt.EVT_C_ECHO, lambda _event: SUCCESS),
        ]
        if self._on_commitment is not None:
            reports = CommitmentReports(self._callers, self._directory, self._on_commitment)
            handlers.append((evt.EVT_N_EVENT_REPORT, reports.take))
        if self._on_request is not None:
            provider = CommitmentProvider(self._on_request, self._callers)
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
        elif (wrong := self._wrong_certificate(node, shown_by(socket_of(association)))) is not None:
            self._reject(association, _CALLING_UNKNOWN, RefusedCaller(calling, called, address, *wrong, name))
        else:
            self._is_known.remember(address)
            here, everywhere = self._places.let_in(socket_of(association))
            too_many = (
                (_LIMIT_EXCEEDED, TOO_MANY)
                if everywhere > self._max_associations
                else (_CONGESTION, TOO_MANY_OF_ONE_ADDRESS)
                if here > self._max_per_address
                else None
            )
            if too_many is not None:
                answer, told = too_many
                self._reject(association, answer, RefusedCaller(calling, called, address, *told, name))
                return
            self._callers.admit(association, node, calling or node.ae_title, called or self.ae_title, address)

    def _wrong_certificate(self, node: DimseNode, shown: Certificate | None) -> Told | None:
        """Why this certificate does not let the node in; None when it does, or none is asked for."""
        demanded = self._tls is not None and self._tls.ca is not None
        if not node.certificates and not demanded:
            return None
        if shown is None:
            return NO_CERTIFICATE
        if not shown.is_one_of(node.certificates):
            return other_certificate(shown, node)
        if self._shown is not None:
            try:
                self._shown(node.name, shown)
            except Exception:
                log.exception("the certificate of node %s could not be noted", node.name)
        return None

    def _reject(
        self, association: Association, answer: tuple[int, int, int], refusal: RefusedCaller | None
    ) -> None:
        reject(association, *answer)
        self._places.turned_away(socket_of(association))
        if refusal is not None:
            self._callers.tell(refusal)
        association.kill()

    def _look_at_contexts(self, event: evt.Event) -> None:
        for why, fix in refused_contexts(event.assoc):
            self._callers.turned_away(event.assoc, why, fix)

    def _failed_to_connect(self, address: str, error: BaseException | None = None, times: int = 1) -> None:
        why, fix = TOO_MANY if error is None else no_tls(error)
        self._callers.record(RefusedCaller("", "", address, why, fix, times=times))

    def _socket_of(self, plain: AssociationSocket, limit: int) -> StreamingSocket:
        streaming = StreamingSocket.around(plain, limit)
        streaming.serve(self._storage.begin, limit, self._idle_timeout_s, self._callers.turned_away)
        return streaming
