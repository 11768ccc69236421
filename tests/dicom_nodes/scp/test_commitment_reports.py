"""A result that comes on the peer's association: who it may be of, and what is answered when it does not count."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance

from dicom_nodes.commitment import CommitmentResult, event_information
from dicom_nodes.scp.refusals import NO_SUCH_EVENT, UNREADABLE_RESULT, RefusedCaller
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close
from support.nodes.peers import Kept, node, receiver

TRANSACTION = "2.25.9001"


def _reported(port: int, information: Dataset, event: int = 1, title: str = "PACS") -> int:
    """N-EVENT-REPORT to us; the status of our answer."""
    association = associate(
        node("us", "GATEWAY", port),
        [build_context(StorageCommitmentPushModel)],
        calling_ae_title=title,
        timeout_s=5,
        ext_neg=[build_role(StorageCommitmentPushModel, scu_role=False, scp_role=True)],
    )
    what = StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    try:
        status, _ = association.send_n_event_report(information, event, *what)
    finally:
        close(association)
    return int(status.Status)


def test_a_result_is_told_with_the_nodes_that_it_may_be_of() -> None:
    """By the title and address it came from: two nodes share one title for it, and a third has none here."""
    results: list[CommitmentResult] = []
    nodes = (
        node("first", "FIRST", 1, commitment_results_from=("BIG_SC",)),
        node("second", "SECOND", 2, commitment_results_from=("BIG_SC",)),
        node("third", "THIRD", 3),
        node("far", "FAR", 4, commitment_results_from=("BIG_SC",), addresses=("192.0.2.1",)),
    )
    information = event_information(CommitmentResult(TRANSACTION, "", ("2.25.1",), ()), {})
    with receiver(Kept(), *nodes, on_commitment=results.append) as us:
        for title in ("BIG_SC", "FIRST", "THIRD"):
            assert _reported(us.port, information, title=title) == 0x0000
    assert [result.reports_for for result in results] == [{"first", "second"}, set(), {"third"}]


@pytest.mark.parametrize("what", ["other event", "no instance", "does not count"])
def test_a_result_that_is_not_taken_is_answered_and_told(what: str) -> None:
    """Another event, a reference without its UID, a result that does not count: a status each, counted by node."""
    told: list[RefusedCaller] = []
    information = event_information(CommitmentResult(TRANSACTION, "", ("2.25.1",), ()), {})
    if what == "no instance":
        del information.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    with receiver(
        Kept(),
        node("pacs", "PACS", 4242),
        on_commitment=lambda _result: ("It was not asked.", "Ask it."),
        refused=told.append,
    ) as us:
        status = _reported(us.port, information, event=3 if what == "other event" else 1)
    expected = {
        "other event": (0x0113, NO_SUCH_EVENT),
        "no instance": (0x0115, UNREADABLE_RESULT),
        "does not count": (0x0115, ("It was not asked.", "Ask it.")),
    }
    assert (status, (told[0].why, told[0].fix)) == expected[what]
    assert [one.node for one in told] == ["pacs"]
