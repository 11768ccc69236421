"""Storage commitment, asked and answered, with the result on the same or on a new association."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from pydicom.uid import MRImageStorage
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import N_EVENT_REPORT

from dicom_nodes.commitment import (
    CommitmentResult,
    InstanceReference,
    report_commitment,
    request_commitment,
)
from dicom_nodes.errors import CommitmentNotSupported, NodeUnreachable
from support.nodes.peers import Kept, PretendPacs, free_port, node, receiver, wait_until

TRANSACTION = "2.25.9001"
TWO = (InstanceReference(MRImageStorage, "2.25.1"), InstanceReference(MRImageStorage, "2.25.2"))


def test_a_result_on_the_same_association_is_returned() -> None:
    """A peer that answers at once is heard at once, and told that it was."""
    with PretendPacs(commits="same", commit_failures={"2.25.2": 0x0112}) as pacs:
        start = time.monotonic()
        result = request_commitment(pacs.node, TRANSACTION, TWO, calling_ae_title="GATEWAY", wait_s=5)
        wait_until(lambda: pacs.report_statuses)
    assert result == CommitmentResult(TRANSACTION, "pacs", ("2.25.1",), (("2.25.2", 0x0112),))
    assert not result.complete
    assert pacs.report_statuses == [0x0000]
    assert time.monotonic() - start < 4


def test_the_peer_is_told_before_we_hang_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the word that the result was heard takes to leave, the release does not overtake it."""
    send = DIMSEServiceProvider.send_msg

    def slowly(self: DIMSEServiceProvider, primitive: Any, context_id: int) -> None:
        if isinstance(primitive, N_EVENT_REPORT) and primitive.MessageIDBeingRespondedTo is not None:
            time.sleep(0.3)
        send(self, primitive, context_id)

    monkeypatch.setattr(DIMSEServiceProvider, "send_msg", slowly)
    with PretendPacs(commits="same") as pacs:
        result = request_commitment(pacs.node, TRANSACTION, TWO, calling_ae_title="GATEWAY", wait_s=5)
        wait_until(lambda: pacs.report_statuses)
    assert result is not None
    assert pacs.report_statuses == [0x0000]


@pytest.mark.parametrize("how", ["new", "new without role"])
def test_a_result_on_a_new_association_arrives_at_the_receiver(how: str) -> None:
    """A peer that calls back is let in with and without role selection, and its report is answered."""
    results: list[CommitmentResult] = []
    with PretendPacs(commits=how) as pacs, receiver(Kept(), pacs.node, on_commitment=results.append) as us:
        pacs.reports_to = us.port
        now = request_commitment(pacs.node, TRANSACTION, TWO, calling_ae_title="GATEWAY", wait_s=0.1)
        wait_until(lambda: pacs.report_statuses)
    assert now is None
    assert results == [CommitmentResult(TRANSACTION, "pacs", ("2.25.1", "2.25.2"), ())]
    assert results[0].complete
    assert pacs.report_statuses == [0x0000]


def test_a_result_that_cannot_be_kept_is_reported_back_as_failed() -> None:
    """If recording the result fails, the peer hears 'processing failure' and can repeat it."""

    def fails(_result: CommitmentResult) -> None:
        raise OSError("database is gone")

    with PretendPacs(commits="new") as pacs, receiver(Kept(), pacs.node, on_commitment=fails) as us:
        pacs.reports_to = us.port
        request_commitment(pacs.node, TRANSACTION, TWO, calling_ae_title="GATEWAY", wait_s=0.1)
        wait_until(lambda: pacs.report_statuses)
    assert pacs.report_statuses == [0x0110]


def test_a_peer_that_never_answers_gives_none() -> None:
    """No result within the wait is no error: it may come tomorrow."""
    with PretendPacs(commits="never") as pacs:
        assert request_commitment(pacs.node, TRANSACTION, TWO, calling_ae_title="GATEWAY", wait_s=0.1) is None


def test_a_peer_without_commitment_is_a_permanent_answer() -> None:
    """No context accepted, or known never to commit: ask by query instead, and do not ask again."""
    with PretendPacs() as pacs:
        for peer in (pacs.node, replace(pacs.node, commitment=False)):
            with pytest.raises(CommitmentNotSupported, match="accepts no storage commitment") as caught:
                request_commitment(peer, TRANSACTION, TWO, calling_ae_title="GATEWAY")
            assert not caught.value.transient


def test_an_unreachable_peer_is_transient() -> None:
    """A peer that is down can be asked again later."""
    with pytest.raises(NodeUnreachable):
        request_commitment(node("pacs", "PACS", free_port()), TRANSACTION, TWO, calling_ae_title="GATEWAY")


def test_a_result_that_nobody_takes_is_an_error_for_the_reporter() -> None:
    """Reporting to a node without commitment raises, so that the report can be repeated or dropped."""
    result = CommitmentResult(TRANSACTION, "pacs", ("2.25.1",), ())
    with PretendPacs() as pacs, pytest.raises(CommitmentNotSupported):
        report_commitment(pacs.node, result, {"2.25.1": MRImageStorage}, calling_ae_title="GATEWAY")
