"""C-STORE on a negotiated association: prepare a message, send it, read its status.

pynetdicom's own way hands every fragment through two threads and loses a response about once in 10,000 sends;
here there is one thread and one socket. `prepare` needs no network, so that the next file is read while the
peer still writes the last one; requests themselves never overlap (the operations window is one, PS3.7 D.3.3.3).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

from dicom_nodes.outgoing import Content
from dicom_nodes.scu.message_buffer import MessageBuffer
from dicom_nodes.upper_layer.dimse_messages import COMMAND, LAST, Response, pdvs, read_response, store_request
from dicom_nodes.upper_layer.pdu_socket import AssociationLost, PduSocket

SLOWEST_BYTES_PER_S = 250_000
"""A peer may take this long per byte on top of the timeout: 60 MB over a slow line is not a hang."""
_MOST_COMMAND_BYTES = 64 * 1024


class Message:
    """A request in its buffer; `number` is its message ID."""

    def __init__(self, buffer: MessageBuffer) -> None:
        self.buffer = buffer
        self.number = 0
        self.allowed_s = 0.0


class StoreChannel:
    """C-STORE over the socket of an established association, which it then owns.

    `peer_maximum` is the maximum length the peer announced (PS3.8 D.1), 0 for any. `timeout_s` limits every
    wait for the peer to take or say anything; a whole request and the answer to it each get that plus a second
    per 250 kB.
    """

    def __init__(self, sock: socket.socket, peer_maximum: int, timeout_s: float) -> None:
        self._pdus = PduSocket(sock, timeout_s)
        self._timeout_s = timeout_s
        self._message_id = 0
        # Two: one is on its way while the next is prepared.
        self._messages = [Message(MessageBuffer(peer_maximum)) for _ in range(2)]

    def prepare(
        self, context_id: int, sop_class_uid: str, sop_instance_uid: str, content: Content
    ) -> Message:
        """Lay out a request; at most one may be prepared while another is sent. Raises OSError."""
        self._messages.reverse()
        message = self._messages[0]
        self._message_id = message.number = self._message_id % 0xFFFF + 1
        message.allowed_s = self._timeout_s + content.length / SLOWEST_BYTES_PER_S
        request = store_request(message.number, sop_class_uid, sop_instance_uid)
        message.buffer.begin(context_id, request, content)
        return message

    def send(self, message: Message) -> None:
        """Send the request to its end; raises AssociationLost."""
        deadline = time.monotonic() + message.allowed_s
        more = True
        while more:
            self._pdus.send(message.buffer.ready, deadline)
            try:
                more = message.buffer.refill()
            except OSError as error:
                self._pdus.abort()
                raise AssociationLost("the file could not be read to its end") from error

    def status(self, message: Message) -> int:
        """The status in the response; raises AssociationLost, and the peer may or may not have the instance then."""
        deadline = time.monotonic() + message.allowed_s
        for response in self._responses(deadline):
            # An answer to another message is not ours to judge.
            if response.is_store and response.answers == message.number:
                if response.status is None:
                    break
                return response.status
        raise self._pdus.violation("a response without a status")

    def release(self) -> None:
        """End the association in order and close the socket."""
        self._pdus.release()

    def abort(self) -> None:
        """End the association at once and close the socket."""
        self._pdus.abort()

    def _responses(self, deadline: float) -> Iterator[Response]:
        """The messages that come in, without end; a data set behind a command is skipped."""
        command = bytearray()
        response: Response | None = None
        while True:
            body = self._pdus.receive(deadline)
            try:
                for control, fragment in pdvs(body):
                    is_command = bool(control & COMMAND)
                    if is_command:
                        command += fragment
                    if not control & LAST:
                        continue
                    if is_command:
                        response = read_response(bytes(command))
                        command.clear()
                    if response is not None and is_command != response.has_dataset:
                        yield response
                        response = None
            except ValueError as error:
                raise self._pdus.violation(f"a malformed response ({error})") from error
            if len(command) > _MOST_COMMAND_BYTES:
                raise self._pdus.violation("a response without end")
