"""The listening socket: shared by processes, closed by nobody else, and no peer can hold it up."""

from __future__ import annotations

import logging
import socket
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from dicom_nodes.errors import NodeError, NodeUnreachable
from dicom_nodes.scp.listening import listen
from dicom_nodes.sender import echo
from support.nodes.certificates import Authority
from support.nodes.peers import HERE, Kept, node, receiver, wait_until
from support.nodes.raw_peer import RawPeer

MODALITY = node("modality", "MODALITY", 4242)
BOUND = replace(MODALITY, certificates=("CN=client",))


def test_a_port_is_shared_evenly() -> None:
    """Receivers that listen on one socket each take as many associations as the other, and go on alone."""
    listening = listen(HERE, 0)
    port = listening.getsockname()[1]
    with (
        receiver(Kept(), MODALITY, listening=listening) as one,
        receiver(Kept(), MODALITY, listening=listening) as other,
        ExitStack() as held,
    ):
        assert one.port == other.port == port
        for _ in range(6):
            held.enter_context(RawPeer(port).associate())
        assert one.associations + other.associations == 6
        assert min(one.associations, other.associations) >= 2
        one.stop(0.0)
        listening.close()
        assert echo(node("us", "GATEWAY", port), calling_ae_title="MODALITY") < 5


def test_nobody_listens_once_all_that_share_a_port_have_stopped() -> None:
    """A caller is then refused at once, and another program may have the port."""
    listening = listen(HERE, 0)
    port = listening.getsockname()[1]
    with receiver(Kept(), MODALITY, listening=listening):
        with pytest.raises(NodeError, match="Cannot listen"):
            listen(HERE, port)
        listening.close()
    with pytest.raises(NodeUnreachable):
        echo(node("us", "GATEWAY", port), calling_ae_title="MODALITY")
    listen(HERE, port).close()


def _hung_up(peer: socket.socket) -> bool:
    peer.settimeout(0)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_far_beyond_the_limit_a_caller_gets_no_thread() -> None:
    """Connections that say nothing cost a bounded number of threads; when they are gone all is as before."""
    with receiver(Kept(), MODALITY, max_associations=1) as running, ExitStack() as held:
        peers = [
            held.enter_context(socket.create_connection((HERE, running.port), timeout=10)) for _ in range(80)
        ]
        # 18 may wait; a few more may have come before those were counted.
        wait_until(lambda: sum(map(_hung_up, peers)) >= 50, 5)
        assert running.associations <= 30
        held.close()
        wait_until(lambda: running.associations == 0)
        assert echo(node("us", "GATEWAY", running.port), calling_ae_title="MODALITY") < 5


def test_a_handshake_that_fails_is_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the address of the caller and no traceback; port scanners must not fill the disk."""
    caplog.set_level(logging.WARNING)
    authority = Authority(tmp_path)
    with receiver(Kept(), BOUND, tls=authority.settings("server")) as running:
        with socket.create_connection((HERE, running.port), timeout=5) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
            wait_until(lambda: _hung_up(peer))
        wait_until(lambda: caplog.records)
        us = node("us", "GATEWAY", running.port, tls=authority.settings("client"))
        assert echo(us, calling_ae_title="MODALITY") < 5
    (record,) = caplog.records
    assert record.getMessage().startswith(f"connection from {HERE} failed")
    assert record.exc_info is None
