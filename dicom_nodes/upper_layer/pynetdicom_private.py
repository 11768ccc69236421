"""What is used here of pynetdicom that it does not promise to keep, each in a function with its reason.

Read in pynetdicom 3.0.4, and pinned to that minor version in pyproject.toml. For each function here there is a test
that fails when a new version has moved what it touches, and one that nothing else in these packages touches any of it.

Two threads of pynetdicom serve an association. The *network thread* (`Association.dul`) owns the socket and the state
machine of PS3.8 9.2. The *reactor* (the `Association` itself) takes what that has received and acts on it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from pynetdicom import _config
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket

S = TypeVar("S", bound=AssociationSocket)

DATA_TRANSFER = "Sta6"
"""Association established, ready for data transfer (PS3.8 Table 9-10)."""
CANNOT_ABORT = frozenset({"Sta1", "Sta2", "Sta13"})
"""States without an association to abort, not yet or not any more: the network thread would die of the request."""

_LAST_ROUND_S = 0.01
_PAUSE_S = 1.0
_CONNECTION_CLOSED = "Evt17"


# -- the whole library, once for the process


def log_nothing_received() -> None:
    """Switch its event logging off: PDUs at INFO, and identifiers of queries, with patient data, at DEBUG."""
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = False
    _config.LOG_RESPONSE_IDENTIFIERS = False


def close_every_socket() -> None:
    """Have every socket closed that it is done with.

    Its own way skips close() where shutdown() fails, as it does on a socket that never connected or whose peer went
    first: that stays open until the garbage collector finds it. It offers no class of socket to choose instead.
    """
    AssociationSocket._shutdown_socket = _shutdown_and_close  # type: ignore[method-assign]


def _shutdown_and_close(self: AssociationSocket) -> None:
    if self.socket is not None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self.socket.close()


# -- the reactor of an association


def park_reactor(association: Association) -> None:
    """Let the reactor sleep, from its next round on: it wakes up a thousand times a second, for nothing."""
    association._reactor_checkpoint.clear()


def wake_reactor(association: Association) -> None:
    """Let the reactor go on: there is a message for it, or an end."""
    association._reactor_checkpoint.set()


def hold_reactor(association: Association) -> None:
    """Park the reactor and wait until it is, so that only the caller takes messages off the queue.

    Its own pause before each request can be passed by a reactor that had already been let through, and that takes the
    response away (a stall of the whole DIMSE timeout, about once in 10,000 sends). Here it is given time to finish
    that last round, while no answer can be outstanding yet. The next request of pynetdicom's lets it go on.
    """
    association._reactor_checkpoint.clear()
    time.sleep(_LAST_ROUND_S)
    deadline = time.monotonic() + _PAUSE_S
    while not association._is_paused and time.monotonic() < deadline:
        time.sleep(0.001)


@contextlib.contextmanager
def held_reactor(association: Association) -> Iterator[None]:
    """As `hold_reactor`, for as long as the context lasts, however many requests of pynetdicom's are sent in it."""
    checkpoint = association._reactor_checkpoint
    hold_reactor(association)
    checkpoint.set = lambda: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        del checkpoint.set
        checkpoint.set()


def end_reactor(association: Association) -> None:
    """Have the reactor's thread end, parked or not. Its own `kill` waits for the peer, without limit."""
    association._kill = True
    association._reactor_checkpoint.set()


# -- the network thread of an association


def network_thread(association: Association) -> threading.Thread:
    """The thread that owns the socket. It is no daemon: one that is left keeps the process from ending."""
    return association.dul


def end_network_thread(association: Association) -> None:
    """Have the network thread end at its next round, whatever the state of the association."""
    association.dul.kill_dul()


def is_wanted(association: Association) -> bool:
    """Whether the network thread has something else to do: to send something, or to end."""
    return not association.dul.to_provider_queue.empty() or association.dul._kill_thread


def state(association: Association) -> str:
    """Where its state machine is: "Sta1" to "Sta13" (PS3.8 Table 9-10)."""
    return association.dul.state_machine.current_state


def give_up_waiting(association: Association) -> None:
    """End the wait for an A-ASSOCIATE-RQ, which nothing else does before its time is up."""
    queue: Any = association.dul.to_user_queue
    queue.put(None)


def report_lost(association: Association) -> None:
    """Tell the state machine that the connection is closed (PS3.8 Table 9-10, Evt17)."""
    association.dul.event_queue.put(_CONNECTION_CLOSED)


def reject(association: Association, result: int, source: int, reason: int) -> None:
    """Answer the A-ASSOCIATE-RQ that is being looked at with A-ASSOCIATE-RJ (PS3.8 9.3.4)."""
    association.acse.send_reject(result, source, reason)


# -- the socket of an association


def socket_of(association: Association) -> socket.socket | None:
    """The socket under an association; None when it is closed, or taken away."""
    wrapper = association.dul.socket
    return None if wrapper is None else wrapper.socket


def give_away_socket(association: Association) -> None:
    """Leave the association without its socket, which stays open, and have it pass for over.

    Only once both threads have ended: until then the network thread reads from the socket.
    """
    wrapper = association.dul.socket
    if wrapper is not None:
        wrapper.socket = None
    association.is_established = False


def wrap_anew(plain: AssociationSocket, kind: type[S]) -> S:
    """The same connection as an object of another class; not constructed, which would announce it a second time."""
    other = kind.__new__(kind)
    other.__dict__.update(plain.__dict__)
    return other


def replace_wrapper(
    association: Association, other: Callable[[AssociationSocket], AssociationSocket]
) -> None:
    """Have the network thread read from and write to `other` of what it has; only before it starts."""
    wrapper = association.dul.socket
    assert wrapper is not None
    association.dul.socket = other(wrapper)


# -- the server


class SharedContexts(list[PresentationContext]):
    """Supported contexts that all associations share.

    A server makes a deep copy for each association, of some 3,000 UIDs in 20 ms or more; nothing changes them.
    """

    def __deepcopy__(self, memo: object) -> SharedContexts:
        return self
