"""The server of the receiver: one of pynetdicom's that one bad peer cannot hold up.

pynetdicom does the TLS handshake while it accepts (one silent client would block all others), reads a PDU
of any announced length into memory, and reads without a time limit. All three are changed here.

Several processes may take connections from one listening socket, each as many as the others: every one of them hears
of a connection, and who serves most waits longest before taking it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from socketserver import BaseServer
from typing import Any, Protocol, Self

from pynetdicom import evt
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from dicom_nodes.scp.places import Places
from dicom_nodes.upper_layer.pynetdicom_private import (
    SharedContexts,
    give_up_waiting,
    replace_wrapper,
    wrap_anew,
)
from dicom_nodes.upper_layer.pynetdicom_setup import tune

log = logging.getLogger("dicom_nodes.scp.receiver")

_HANDSHAKE_S = 10.0
# An A-ASSOCIATE-RQ may be larger than a P-DATA PDU: 128 contexts with many syntaxes each.
MIN_PDU_LIMIT = 1024 * 1024
# Before a connection is taken, for each one that this process has: time for the others to take it.
_POLITE_S = 0.001
_POLITE_AT_MOST_S = 0.03
_JUST_NOW_S = 0.05
_TELL_EVERY_S = 10.0  # between two words about connections that were dropped because too many were open


class Failed(Protocol):
    """Hears of a connection that did not become an association."""

    def __call__(self, address: str, error: BaseException | None = None, times: int = 1) -> None:
        """`error`: of its TLS handshake; without it too many were open, `times` of them since the last word."""


class BoundedSocket(AssociationSocket):
    """Reads no PDU longer than `limit` bytes, and in large pieces."""

    limit = MIN_PDU_LIMIT

    @classmethod
    def around(cls, plain: AssociationSocket, limit: int) -> Self:
        """The same connection, with its limit."""
        bounded = wrap_anew(plain, cls)
        bounded.limit = limit
        return bounded

    def recv(self, nr_bytes: int) -> bytearray:
        if nr_bytes > self.limit:
            self._wake()
            raise OSError(f"the peer announced a PDU of {nr_bytes} bytes, more than {self.limit}")
        if self.socket is None:
            raise OSError("the connection is closed")
        received = bytearray(nr_bytes)
        count = 0
        try:
            with memoryview(received) as view:
                while count < nr_bytes:
                    read = self.socket.recv_into(view[count:])
                    if not read:
                        break
                    count += read
        finally:
            if count < nr_bytes:
                self._wake()
        del received[count:]
        return received

    def close(self) -> None:
        self._wake()
        super().close()

    def _wake(self) -> None:
        """A connection lost before its A-ASSOCIATE-RQ: end the association's thread now, not after ARTIM.

        Otherwise each port scan and each health check would hold one of `max_associations` for seconds.
        """
        if self.assoc.requestor.primitive is None:
            give_up_waiting(self.assoc)


class ReceiverServer(ThreadedAssociationServer):
    """Accepts, refuses when too many connections are open, and leaves TLS to the connection's own thread."""

    daemon_threads = True

    def __init__(
        self,
        *args: Any,
        listening: socket.socket,
        places: Places,
        is_shared: bool = False,
        socket_of: Callable[[AssociationSocket, int], BoundedSocket] = BoundedSocket.around,
        tls_context: ssl.SSLContext | None = None,
        failed: Failed | None = None,
        **kwargs: Any,
    ) -> None:
        """`listening` is closed with the server; `is_shared`: other processes take connections from it, too.

        `places` says who may connect, before anything is read.
        `socket_of` wraps a connection for the association that will use it; `tls_context` switches TLS on; `failed`
        hears of connections that did not become associations.
        """
        self._listening = listening
        self._places = places
        self._is_shared = is_shared
        self._just_taken: deque[float] = deque(maxlen=int(_POLITE_AT_MOST_S / _POLITE_S))
        self.socket_of = socket_of
        self._tls_context = tls_context
        self._failed = failed
        self._dropped = 0
        self._told_at = -_TELL_EVERY_S
        super().__init__(*args, **kwargs)
        self.contexts = SharedContexts(self.contexts)
        self.bind(evt.EVT_CONN_OPEN, self._take)

    def server_bind(self) -> None:
        if self.socket is not None:
            self.socket.close()  # the one that socketserver made
        self.socket = self._listening
        self.server_address = self._listening.getsockname()

    def server_activate(self) -> None:
        """It listens already."""

    def shutdown(self) -> None:
        """End `serve_forever` and close. pynetdicom's own also has its AE forget a server that it must have started."""
        BaseServer.shutdown(self)
        self.server_close()

    def server_close(self) -> None:
        """Close, without the shutdown of pynetdicom's own: that would end the listening of every process."""
        self._listening.close()

    def get_request(self) -> tuple[socket.socket, Any]:
        if self._is_shared:
            time.sleep(min(_POLITE_AT_MOST_S, _POLITE_S * self._busy()))
        connection, address = self._listening.accept()
        self._just_taken.append(time.monotonic())
        tune(connection, self.ae.network_timeout)
        return connection, address

    def _busy(self) -> int:
        """How many connections this process has; those just taken may not have become associations yet."""
        since = time.monotonic() - _JUST_NOW_S
        return max(len(self.active_associations), sum(taken > since for taken in self._just_taken))

    def verify_request(self, request: Any, client_address: Any) -> bool:
        # Beyond max_associations a peer gets a proper A-ASSOCIATE-RJ; far beyond it, not even a thread.
        is_taken = self._places.take(request, str(client_address[0]))
        if not is_taken:
            self._dropped += 1
            if time.monotonic() - self._told_at > _TELL_EVERY_S:
                self._told_at, times, self._dropped = time.monotonic(), self._dropped, 0
                log.warning("%d connections were dropped: too many are open", times)
                self._tell(client_address[0], times)
        return is_taken

    def service_actions(self) -> None:
        """Between two connections, and while none comes."""
        self._places.cut_late()

    def _tell(self, address: str, times: int) -> None:
        """Not in the thread that takes connections: whoever hears it may take a while."""
        if self._failed is not None:
            threading.Thread(
                target=self._failed, args=(address,), kwargs={"times": times}, daemon=True
            ).start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls_context is not None:
            request.settimeout(_HANDSHAKE_S)
            plain = request
            # Not in one step: until its end the handshake's connection would be nobody's to cut.
            request = self._tls_context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            self._places.moved(plain, request)
            try:
                request.do_handshake()
            except OSError:
                request.close()
                raise
            request.settimeout(self.ae.network_timeout)
        super().finish_request(request, client_address)

    def _take(self, event: evt.Event) -> None:
        """A connection is there, and its network thread is not yet: from now on it is ours to read."""
        limit = max(MIN_PDU_LIMIT, self.ae.maximum_pdu_size + 64)
        replace_wrapper(event.assoc, lambda plain: self.socket_of(plain, limit))

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  (socketserver's)
        error = sys.exc_info()[1]
        log.warning("connection from %s failed: %s", client_address[0], error)
        if isinstance(error, ssl.SSLError) and self._failed is not None:
            self._failed(client_address[0], error)
