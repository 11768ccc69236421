"""The DICOM port: where it can be listened on, and what is said where it cannot."""

from __future__ import annotations

import socket

import pytest

from dicom_nodes.errors import NodeError
from dicom_nodes.scp.listening import listen
from support.nodes.peers import HERE


@pytest.mark.parametrize(
    ("host", "port"),
    [("192.0.2.1", 0), ("no-such-host.invalid", 0), (HERE, 1)],
    ids=["foreign", "unknown", "taken"],
)
def test_an_address_that_cannot_be_listened_on_is_said_with_its_fix(host: str, port: int) -> None:
    """Nobody's address, a name that does not resolve, a port of another program; no socket stays open."""
    with socket.create_server((HERE, 0)) as other:
        port = port and other.getsockname()[1]
        with pytest.raises(NodeError, match=f"Cannot listen on {host}:{port}") as caught:
            listen(host, port)
    assert "free port" in caught.value.fix


def test_a_listening_socket_never_blocks() -> None:
    """A connection that another process took in between is no wait for the next one."""
    with listen(HERE, 0) as listening, pytest.raises(BlockingIOError):
        listening.accept()


@pytest.mark.parametrize(("host", "address"), [("localhost", HERE), ("", "0.0.0.0"), (HERE, HERE)])
def test_a_name_is_listened_on_where_old_pacs_look_for_it(host: str, address: str) -> None:
    """IPv4 before IPv6, and every address where none is named."""
    with listen(host, 0) as listening:
        assert listening.getsockname()[0] == address
        socket.create_connection((HERE, listening.getsockname()[1]), timeout=5).close()
