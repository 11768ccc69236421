"""pynetdicom set up for the demo nodes: no Nagle delays, no leaked sockets, any caller, and a stop() that returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from socketserver import BaseServer
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import EventHandlerType
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import ThreadedAssociationServer

from dicom_nodes.upper_layer.pynetdicom_private import CANNOT_ABORT, end_network_thread, state
from dicom_nodes.upper_layer.pynetdicom_setup import MAX_PDU, cut, tune_socket
from gateway.demo.errors import NodeNotListening

STOP_SECONDS = 3.0


class Requestor(AE):
    """An AE for requesting associations, with Nagle off."""

    def associate(self, *args: Any, **how: Any) -> Association:
        """As pynetdicom's; handlers of events are given as `evt_handlers`."""
        how["evt_handlers"] = [(evt.EVT_CONN_OPEN, tune_socket), *(how.get("evt_handlers") or ())]
        return super().associate(*args, **how)


class _Server(ThreadedAssociationServer):
    """pynetdicom's server, without its reports of callers and with an end of its own."""

    request_queue_size = 64

    def shutdown(self) -> None:
        # The parent also asks its AE to forget it, which only knows servers made by AE.start_server.
        BaseServer.shutdown(self)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about callers that hang up at once (port probes of tests and of supervisors)."""


class Listener:
    """Starts and stops one DICOM server; may be started again on the same port after a stop."""

    def __init__(self, ae: Requestor, host: str, port: int) -> None:
        """`port` 0 takes a free port at the first start and keeps it for the next ones."""
        self._ae = ae
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        ae.maximum_pdu_size = MAX_PDU
        ae.require_called_aet = True
        ae.maximum_associations = 64
        ae.acse_timeout = 10
        ae.dimse_timeout = 10
        ae.connection_timeout = 5
        ae.network_timeout = 60

    @property
    def port(self) -> int:
        """The real port; 0 only before the first start of a listener that was given port 0."""
        return self._port

    def start(self, contexts: Sequence[PresentationContext], handlers: Sequence[EventHandlerType]) -> None:
        """Listen for these contexts; raises NodeNotListening when the port is taken. Starting twice does nothing."""
        if self._server is not None:
            return
        try:
            server = self._ae.make_server(
                (self._host, self._port),
                contexts=list(contexts),
                # Nagle off: a C-STORE answer would otherwise wait some 40 ms for an ACK.
                evt_handlers=[(evt.EVT_CONN_OPEN, tune_socket), *handlers],
                server_class=_Server,
            )
        except OSError as error:
            raise NodeNotListening(
                f"{self._ae.ae_title} cannot listen on {self._host}:{self._port}: {error.strerror or error}.",
                "Stop what uses that port, or give another port (0 takes a free one).",
            ) from error
        assert isinstance(server, _Server)
        self._server = server
        self._port = int(server.server_address[1])
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name=self._ae.ae_title, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and abort what is open; returns within about STOP_SECONDS whatever the peers do."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        deadline = time.monotonic() + STOP_SECONDS
        associations = server.active_associations
        for association in associations:
            threading.Thread(target=_end, args=(association,), daemon=True).start()
        for association in associations:
            association.join(max(0.0, deadline - time.monotonic()))
            end_network_thread(association)
        if self._thread is not None:
            self._thread.join(max(0.1, deadline - time.monotonic()))


def _end(association: Association) -> None:
    """Abort; a caller that connected and said nothing yet cannot be aborted (PS3.8 9.2, state 2), only hung up on."""
    if state(association) in CANNOT_ABORT:
        cut(association)
    else:
        association.abort()
