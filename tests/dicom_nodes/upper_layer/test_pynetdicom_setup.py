"""Associations are opened, or it is said why not; and they end, whatever the peer does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pynetdicom import build_context, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification

from dicom_nodes.errors import AssociationRejected, NodeTimeout, NodeUnreachable
from dicom_nodes.node import DimseNode
from dicom_nodes.outcomes import Outcome
from dicom_nodes.sender import echo, store
from dicom_nodes.upper_layer.pynetdicom_private import network_thread
from dicom_nodes.upper_layer.pynetdicom_setup import (
    MAX_PDU,
    application_entity,
    associate,
    close,
    cut,
    take_socket,
    tune,
)
from support.nodes.odd_peer import Conversation, OddPeer
from support.nodes.peers import HERE, PretendPacs, free_port, node, wait_until
from support.objects.dicom_files import mr_file


def test_nobody_there_is_unreachable() -> None:
    """A closed port and a name that does not resolve are transient: the node may come back."""
    with pytest.raises(NodeUnreachable) as closed:
        echo(node("pacs", "PACS", free_port()), calling_ae_title="GATEWAY")
    assert closed.value.transient
    nowhere = replace(node("pacs", "PACS", 104), host="no-such-host.invalid")
    with pytest.raises(NodeUnreachable, match=r"no-such-host\.invalid"):
        echo(nowhere, calling_ae_title="GATEWAY")


def test_a_server_that_is_not_dicom_times_out() -> None:
    """Something that takes the connection and says nothing is named as such, in time."""
    with socket.socket() as listening:
        listening.bind((HERE, 0))
        listening.listen()
        start = time.monotonic()
        with pytest.raises(NodeTimeout, match="did not answer the association request"):
            echo(node("pacs", "PACS", listening.getsockname()[1]), calling_ae_title="GATEWAY", timeout_s=0.5)
        assert time.monotonic() - start < 4


def test_a_host_name_without_a_dot_works() -> None:
    """Names such as `localhost` or a container's name are resolved here, not taken for IPv6."""
    with PretendPacs() as pacs:
        assert echo(replace(pacs.node, host="localhost"), calling_ae_title="GATEWAY") < 5


def test_a_rejection_says_what_to_do(tmp_path: Path) -> None:
    """A peer that does not know us is a permanent problem with the fix in it."""
    with PretendPacs(rejects=True) as pacs, pytest.raises(AssociationRejected) as caught:
        store(pacs.node, [mr_file(tmp_path)], calling_ae_title="GATEWAY")
    assert caught.value.answer.outcome is Outcome.NODE_REFUSED
    assert not caught.value.transient
    assert "'GATEWAY'" in caught.value.fix


def test_a_rejection_that_came_before_we_looked_is_still_a_rejection() -> None:
    """A peer that rejects and is gone before the caller looks has rejected: it did not stay silent."""
    late = [(evt.EVT_REQUESTED, lambda _: time.sleep(0.3))]
    with PretendPacs(rejects=True) as pacs, pytest.raises(AssociationRejected, match="does not know our AE"):
        associate(
            pacs.node, [build_context(Verification)], calling_ae_title="GATEWAY", timeout_s=5, handlers=late
        )


def associated(peer: DimseNode, timeout_s: float = 5.0) -> Association:
    """An association for C-ECHO."""
    return associate(peer, [build_context(Verification)], calling_ae_title="GATEWAY", timeout_s=timeout_s)


@contextmanager
def rejecting(result: int, source: int, reason: int) -> Iterator[DimseNode]:
    """A node that answers each request with this A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    def run() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer:
                peer.recv(65536)
                peer.sendall(bytes((3, 0, 0, 0, 0, 4, 0, result, source, reason)))
                peer.settimeout(5)
                peer.recv(1)

    with socket.create_server((HERE, 0)) as listening:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield node("pacs", "PACS", listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "says", "fix"),
    [
        ((1, 1, 3), "does not know our AE title 'GATEWAY'", "Have 'GATEWAY' and this host's address added"),
        ((1, 1, 7), "is not called 'PACS'", "Correct ae_title of node 'pacs'"),
        ((1, 1, 2), "application context", "host and port"),
        ((1, 1, 1), "gives no reason", "its log says why"),
        ((2, 3, 1), "is too busy", "asked again"),
        ((2, 3, 2), "reached its limit of associations", "asked again"),
        ((1, 2, 2), "another protocol version", "host and port"),
        ((1, 1, 10), "gives reason 1/10", "Ask who runs it"),
        ((2, 9, 9), "gives reason 9/9", "Ask who runs it"),
        ((0, 1, 3), "does not know our AE title", "Have 'GATEWAY'"),
    ],
)
def test_every_reason_of_a_rejection_has_its_fix(answer: tuple[int, int, int], says: str, fix: str) -> None:
    """In the words of who has to mend it; whether asking again helps is what the peer says (Result)."""
    start = time.monotonic()
    with rejecting(*answer) as peer, pytest.raises(AssociationRejected) as caught:
        associated(peer)
    assert time.monotonic() - start < 4
    assert says in caught.value.problem
    assert fix in caught.value.fix
    assert caught.value.transient == (answer[0] != 1)


def test_every_wait_of_ours_has_an_end() -> None:
    """Connecting, negotiating, answers, silence; and a connection is opened in five seconds or not at all."""
    ae = application_entity("GATEWAY", timeout_s=60)
    waits = (ae.acse_timeout, ae.dimse_timeout, ae.network_timeout)
    assert (ae.connection_timeout, waits) == (5, (60, 60, 60))
    assert application_entity("GATEWAY", timeout_s=2).connection_timeout == 2
    assert ae.maximum_pdu_size == MAX_PDU


def test_a_socket_waits_neither_for_more_data_nor_for_ever() -> None:
    """No Nagle, keep-alive, and a limit on each read and write; a socket that knows none of that is no error."""
    with socket.socket() as sock:
        tune(sock, 7.0)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.gettimeout() == 7.0
    one, other = socket.socketpair()
    with one, other:
        tune(one, None)
        assert one.gettimeout() is None


def test_an_association_in_use_has_such_a_socket() -> None:
    """The limit is that of the call."""
    with PretendPacs() as pacs:
        association = associated(pacs.node, 9.0)
        sock = take_socket(association)
        assert sock is not None
        with sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.gettimeout() == 9.0


def _waits(conversation: Conversation) -> None:
    """Says nothing any more until the other side hangs up."""
    while conversation.sock.recv(65536):
        pass


@pytest.mark.parametrize("abort", [False, True])
def test_a_peer_that_says_nothing_more_is_left_in_time(abort: bool) -> None:
    """It answers no release and takes no leave: both threads and the socket are gone all the same."""
    with OddPeer(_waits) as peer:
        association = associated(peer.node, 1.0)
        start = time.monotonic()
        close(association, abort=abort)
        assert time.monotonic() - start < 6
        association.join(2)
        assert not association.is_alive()
        assert not association.is_established


def test_closing_twice_does_nothing_more() -> None:
    """Also after the peer has ended it."""
    with PretendPacs() as pacs:
        association = associated(pacs.node)
        close(association)
        close(association)
        assert association.is_released
    cut(association)


def test_a_cut_connection_ends_the_association() -> None:
    """From another thread, as when a receiver stops."""
    with PretendPacs() as pacs:
        association = associated(pacs.node)
        cut(association)
        wait_until(lambda: not association.is_established, 5)
        close(association)


def test_a_taken_socket_leaves_no_thread_behind() -> None:
    """Nobody but the caller reads from it any more."""
    with PretendPacs() as pacs:
        association = associated(pacs.node)
        sock = take_socket(association)
        assert sock is not None
        sock.close()
        assert not association.is_alive()
        assert not network_thread(association).is_alive()


def test_what_the_peer_has_ended_cannot_be_taken() -> None:
    """None, and everything is closed; the caller treats it as an association that was lost."""

    def ends(conversation: Conversation) -> None:
        conversation.sock.shutdown(socket.SHUT_RDWR)

    with OddPeer(ends) as peer:
        association = associated(peer.node, 1.0)
        wait_until(lambda: not association.is_established, 5)
        assert take_socket(association) is None
