"""Being asked for storage commitment: what is kept is looked up, and the result reported on a new association."""

from __future__ import annotations

import logging
import threading

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_nodes import commitment
from dicom_nodes.commitment import CommitmentResult, InstanceReference, action_information, request_commitment
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import RequestRefused
from dicom_nodes.scp import commitment_provider
from dicom_nodes.scp.commitment_provider import Committed, Failures
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close
from support.nodes.peers import HERE, Kept, free_port, node, receiver, wait_until

TRANSACTION = "2.25.9001"
TWO = (InstanceReference(MRImageStorage, "2.25.1"), InstanceReference(MRImageStorage, "2.25.2"))


def _keeping(keeps: tuple[InstanceReference, ...], asked: list[tuple[InstanceReference, ...]]) -> Committed:
    """A `committed` that keeps these, and remembers what it was asked for."""

    def committed(
        references: tuple[InstanceReference, ...],
    ) -> tuple[tuple[InstanceReference, ...], Failures]:
        asked.append(references)
        failed = tuple((each, 0x0112) for each in references if each not in keeps)
        return tuple(each for each in references if each in keeps), failed

    return committed


def test_as_commitment_scp_we_report_on_a_new_association() -> None:
    """Asked by a known node, we say what we keep and what we do not, on an association of our own."""
    results: list[CommitmentResult] = []
    asked: list[tuple[InstanceReference, ...]] = []
    committed = _keeping(TWO[:1], asked)
    port = free_port()
    us = node("gateway", "GATEWAY", port)
    asker = Receiver(
        "ASKER", "127.0.0.1", 0, lambda: NodeDirectory((us,)), Kept(), on_commitment=results.append
    )
    asker.start()
    try:
        with receiver(Kept(), node("asker", "ASKER", asker.port), port=port, committed=committed):
            assert request_commitment(us, TRANSACTION, TWO, calling_ae_title="ASKER", wait_s=0.1) is None
            wait_until(lambda: results)
    finally:
        asker.stop(1.0)
    assert asked == [TWO]
    assert results == [CommitmentResult(TRANSACTION, "gateway", ("2.25.1",), (("2.25.2", 0x0112),))]


def test_a_request_that_references_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As SCP we answer an empty request with 'invalid argument value', not with silence."""
    committed = _keeping((), [])
    empty = Dataset()
    empty.TransactionUID = TRANSACTION
    monkeypatch.setattr(commitment, "action_information", lambda *_: empty)
    with receiver(Kept(), node("asker", "ASKER", 4242), committed=committed) as us:
        gateway = node("gateway", "GATEWAY", us.port)
        with pytest.raises(RequestRefused) as caught:
            request_commitment(gateway, TRANSACTION, TWO, calling_ae_title="ASKER")
    assert caught.value.status == 0x0115


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("commitment-asker")]


def test_another_action_is_refused() -> None:
    """The service has one (PS3.4 J.3.2): whatever else is asked for is no such action, and nothing is looked up."""
    asked: list[tuple[InstanceReference, ...]] = []
    with receiver(Kept(), node("asker", "ASKER", 4242), committed=_keeping((), asked)) as us:
        association = associate(
            node("gateway", "GATEWAY", us.port),
            [build_context(StorageCommitmentPushModel)],
            calling_ae_title="ASKER",
            timeout_s=5,
        )
        try:
            status, _ = association.send_n_action(
                action_information(TRANSACTION, TWO),
                2,
                StorageCommitmentPushModel,
                StorageCommitmentPushModelInstance,
            )
        finally:
            close(association)
    assert status.Status == 0x0123
    assert asked == []


def test_what_cannot_be_looked_up_is_reported_as_failed() -> None:
    """The asker keeps its copies: a processing failure for each instance, never silence and never a promise."""

    def broken(_references: tuple[InstanceReference, ...]) -> tuple[tuple[InstanceReference, ...], Failures]:
        raise OSError("database is gone")

    results: list[CommitmentResult] = []
    port = free_port()
    us = node("gateway", "GATEWAY", port)
    asker = Receiver("ASKER", HERE, 0, lambda: NodeDirectory((us,)), Kept(), on_commitment=results.append)
    asker.start()
    try:
        with receiver(Kept(), node("asker", "ASKER", asker.port), port=port, committed=broken):
            request_commitment(us, TRANSACTION, TWO, calling_ae_title="ASKER", wait_s=0.1)
            wait_until(lambda: results)
    finally:
        asker.stop(1.0)
    assert results[0].committed == ()
    assert results[0].failed == (("2.25.1", 0x0110), ("2.25.2", 0x0110))


def test_an_asker_that_is_down_is_told_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The report is repeated until the asker takes it, and then no more."""
    monkeypatch.setattr(commitment_provider, "_REPORT_AFTER_S", (0.05, 0.5, 0.5, 0.5, 0.5, 0.5))
    caplog.set_level(logging.WARNING, "dicom_nodes.commitment")
    results: list[CommitmentResult] = []
    ours, theirs = free_port(), free_port()
    us = node("gateway", "GATEWAY", ours)
    asker = Receiver(
        "ASKER", HERE, theirs, lambda: NodeDirectory((us,)), Kept(), on_commitment=results.append
    )
    with receiver(Kept(), node("asker", "ASKER", theirs), port=ours, committed=_keeping(TWO, [])):
        request_commitment(us, TRANSACTION, TWO, calling_ae_title="ASKER", wait_s=0.1)
        wait_until(lambda: "did not take its commitment result" in caplog.text)
        asker.start()
        try:
            wait_until(lambda: results)
            wait_until(lambda: not _threads())
        finally:
            asker.stop(1.0)
    assert [result.complete for result in results] == [True]


def test_a_receiver_that_stops_does_not_wait_for_its_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that is due in a minute holds nothing up; the asker will ask again."""
    monkeypatch.setattr(commitment_provider, "_REPORT_AFTER_S", (60.0,))
    with receiver(Kept(), node("asker", "ASKER", free_port()), committed=_keeping(TWO, [])) as us:
        gateway = node("gateway", "GATEWAY", us.port)
        request_commitment(gateway, TRANSACTION, TWO, calling_ae_title="ASKER", wait_s=0.1)
        assert len(_threads()) == 1
        us.stop(1.0)
        wait_until(lambda: not _threads(), 3)
