"""The DICOM port: a socket that listens, for one server or for those of several processes.

Apart from `server`, so that whoever only holds the port for others need not load pynetdicom.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from dicom_nodes.errors import NodeError

_BACKLOG = 128


@dataclass(frozen=True)
class SharedPort:
    """A port that several processes receive on."""

    listening: socket.socket
    processes: int


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a name or an address, IPv4 before IPv6; "" is every address. Raises NodeError."""
    listening: socket.socket | None = None
    try:
        flags = 0 if host else socket.AI_PASSIVE
        addresses = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
        family, _, _, _, address = min(addresses, key=lambda each: each[0] != socket.AF_INET)
        listening = socket.socket(family, socket.SOCK_STREAM)
        # A port is ours again at once after a restart, whatever connections of before have not been forgotten yet.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise NodeError(
            f"Cannot listen on {host}:{port} ({error.strerror}).",
            "Choose a free port and an address of this machine, or stop what uses it.",
        ) from error
    listening.settimeout(0)  # a connection may be gone, or another process's, when it is to be taken
    return listening
