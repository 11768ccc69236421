"""A PACS with an AE title and a port for each service: each is asked at its own address, and heard from any title."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage

from dicom_nodes.commitment import CommitmentResult, InstanceReference, request_commitment
from dicom_nodes.errors import NodeUnreachable
from dicom_nodes.node import DimseNode, ServiceAddress
from dicom_nodes.outcomes import Outcome
from dicom_nodes.sender import echo, holds, store
from support.nodes.peers import HERE, Kept, PretendPacs, free_port, node, receiver, wait_until
from support.objects.dicom_files import STUDY, mr_file


def _of(*pacs: PretendPacs) -> DimseNode:
    """One node with nobody at its own port, and the three at its addresses: store, query, commitment."""
    store_at, query_at, commitment_at = (ServiceAddress(one.ae_title, HERE, one.port) for one in pacs)
    return replace(
        node("pacs", "NOBODY", free_port()),
        store_address=store_at,
        query_address=query_at,
        commitment_address=commitment_at,
    )


def test_each_service_is_asked_at_its_own_address(tmp_path: Path) -> None:
    """The store goes to one port, the query to another, and the commitment result comes from the third's title."""
    results: list[CommitmentResult] = []
    uid = "2.25.77"
    with (
        PretendPacs("PACS_STORE") as first,
        PretendPacs("PACS_QR", headers={uid: (STUDY, "2.25.6")}) as second,
        PretendPacs("PACS_SC", commits="new") as third,
    ):
        pacs = _of(first, second, third)
        (outcome,) = store(pacs, [mr_file(tmp_path)], calling_ae_title="GATEWAY")
        assert (outcome.outcome, len(first.stored)) == (Outcome.ACCEPTED, 1)
        wanted = [InstanceReference(MRImageStorage, uid)]
        assert holds(pacs, wanted, calling_ae_title="GATEWAY", study_instance_uid=STUDY) == {uid}
        with receiver(Kept(), pacs, on_commitment=results.append) as us:
            third.reports_to = us.port
            assert request_commitment(pacs, "2.25.1", wanted, calling_ae_title="GATEWAY", wait_s=0.2) is None
            wait_until(lambda: results)
    assert results == [CommitmentResult("2.25.1", "pacs", (uid,), ())]


def test_an_echo_calls_every_address(tmp_path: Path) -> None:
    """All three answer, or the one that does not is named."""
    with (
        PretendPacs("PACS_STORE") as first,
        PretendPacs("PACS_QR") as second,
        PretendPacs("PACS_SC") as third,
    ):
        pacs = _of(first, second, third)
        assert echo(pacs, calling_ae_title="GATEWAY") > 0
        gone = replace(pacs, query_address=ServiceAddress("PACS_QR", HERE, free_port()))
        with pytest.raises(NodeUnreachable, match="PACS_QR"):
            echo(gone, calling_ae_title="GATEWAY")


def test_a_title_that_reports_commitment_may_not_store(tmp_path: Path) -> None:
    """It is let in for its reports; an object from it is refused as not authorised, one from a calling title is not."""
    kept = Kept()
    pacs = replace(
        node("pacs", "PACS", 4242), calling_ae_titles=("PACS", "GATE2"), commitment_results_from=("PACS_SC",)
    )
    with receiver(kept, pacs) as us:
        here = node("gateway", "GATEWAY", us.port)
        (refused,) = store(here, [mr_file(tmp_path)], calling_ae_title="PACS_SC")
        (taken,) = store(here, [mr_file(tmp_path)], calling_ae_title="GATE2")
    assert (refused.outcome, refused.status) == (Outcome.NODE_REFUSED, 0x0124)
    assert taken.outcome is Outcome.ACCEPTED
    assert [(instance.node, instance.calling_ae_title) for instance in kept.instances] == [("pacs", "GATE2")]
