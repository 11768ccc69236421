"""C-ECHO: answered, not offered, refused, or not answered in time; each is told apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.uid import MRImageStorage
from pynetdicom import AE, evt
from pynetdicom.sop_class import Verification

from dicom_nodes.errors import NodeTimeout, RequestRefused
from dicom_nodes.node import DimseNode
from dicom_nodes.scu.verification import echo
from support.nodes.peers import HERE, node


@contextmanager
def peer(answer: Callable[[Any], int], offers: str = Verification) -> Iterator[DimseNode]:
    """A node that offers one service, and answers a C-ECHO as the test says."""
    ae = AE("PEER")
    ae.add_supported_context(offers)
    server = ae.start_server((HERE, 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, answer)])
    assert server is not None
    try:
        yield node("peer", "PEER", int(server.server_address[1]))
    finally:
        ae.shutdown()


def test_an_answer_is_timed_from_the_first_packet() -> None:
    """What the node took to answer is in the seconds."""

    def slowly(_event: Any) -> int:
        time.sleep(0.3)
        return 0

    with peer(slowly) as there:
        assert 0.3 <= echo(there, calling_ae_title="GATEWAY", timeout_s=5) < 4


def test_a_node_without_verification_says_so_by_its_contexts() -> None:
    """It is there and takes objects: no time-out, and nothing for us to correct."""
    with peer(lambda _: 0, MRImageStorage) as there, pytest.raises(RequestRefused, match="C-ECHO") as caught:
        echo(there, calling_ae_title="GATEWAY", timeout_s=5)
    assert (caught.value.status, caught.value.transient) == (0x0122, False)


def test_a_refusal_has_its_status() -> None:
    """With what the Standard calls it."""
    with peer(lambda _: 0x0212) as there, pytest.raises(RequestRefused) as caught:
        echo(there, calling_ae_title="GATEWAY", timeout_s=5)
    assert caught.value.status == 0x0212
    assert "0212" in caught.value.problem


def test_silence_costs_one_timeout() -> None:
    """A node that accepts the association and then hangs is named as one that did not answer."""

    def hang(_event: Any) -> int:
        time.sleep(1.5)
        return 0

    with peer(hang) as there:
        start = time.monotonic()
        with pytest.raises(NodeTimeout, match="did not answer the C-ECHO") as caught:
            echo(there, calling_ae_title="GATEWAY", timeout_s=0.5)
        assert time.monotonic() - start < 5
    assert caught.value.transient
