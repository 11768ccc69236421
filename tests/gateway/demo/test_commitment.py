"""Storage commitment of the demo archive: on the same and on a new association, success and failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.demo.hospital import CommitmentAnswer, HospitalArchive
from gateway.demo.services import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from support.nodes.demo_nodes import CommitmentPeer, request, small_study

HOST = "127.0.0.1"
REFERENCES = [(str(ds.SOPClassUID), str(ds.SOPInstanceUID)) for ds in small_study()[:3]]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[HospitalArchive]:
    with HospitalArchive("HOSPITAL", HOST, 0, tmp_path / "archive") as hospital:
        hospital.keep(small_study())
        yield hospital


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_the_result_comes_on_a_new_association(archive: HospitalArchive) -> None:
    """The archive calls back under its own AE title and commits to everything it holds."""
    with CommitmentPeer().listening() as peer:
        archive.know("GATEWAY", HOST, peer.port)
        assert peer.ask(HOST, archive.port, "HOSPITAL", REFERENCES) == 0x0000
        until(lambda: archive.commitments[0].delivered is CommitmentAnswer.NEW_ASSOCIATION)
    assert peer.calling == ["HOSPITAL"]
    (result,) = peer.results
    assert (result.EventTypeID, result.TransactionUID) == (1, "2.25.4711")
    assert [item.ReferencedSOPInstanceUID for item in result.ReferencedSOPSequence] == [
        uid for _, uid in REFERENCES
    ]
    assert "FailedSOPSequence" not in result


def test_the_result_comes_on_the_same_association(archive: HospitalArchive) -> None:
    """A peer that keeps its association open gets the result there and needs no listener."""
    archive.commitment = CommitmentAnswer.SAME_ASSOCIATION
    peer = CommitmentPeer()
    assert peer.ask(HOST, archive.port, "HOSPITAL", REFERENCES) == 0x0000
    assert peer.results[0].EventTypeID == 1
    until(lambda: archive.commitments[0].delivered is CommitmentAnswer.SAME_ASSOCIATION)
    assert peer.calling == ["GATEWAY"]


def test_what_is_not_there_fails_with_its_reason(archive: HospitalArchive) -> None:
    """Unknown, lost, of another class, or refused: each failed instance carries its reason, the others commit."""
    archive.commitment = CommitmentAnswer.SAME_ASSOCIATION
    lost, refused = (str(small_study()[n].SOPInstanceUID) for n in (4, 5))
    archive.store.get(lost).path.unlink()  # type: ignore[union-attr]
    archive.lose_at_commitment(lambda uid: 0x0213 if uid == refused else None)
    mr = REFERENCES[0][0]
    wrong_class = ("1.2.840.10008.5.1.4.1.1.88.22", REFERENCES[1][1])
    peer = CommitmentPeer()
    peer.ask(
        HOST, archive.port, "HOSPITAL", [REFERENCES[0], wrong_class, (mr, "1.2.3"), (mr, lost), (mr, refused)]
    )
    result = peer.results[0]
    assert result.EventTypeID == 2
    assert [item.ReferencedSOPInstanceUID for item in result.ReferencedSOPSequence] == [REFERENCES[0][1]]
    reasons = {item.ReferencedSOPInstanceUID: item.FailureReason for item in result.FailedSOPSequence}
    assert reasons == {REFERENCES[1][1]: 0x0119, "1.2.3": 0x0112, lost: 0x0112, refused: 0x0213}


def test_a_peer_that_was_down_gets_its_result_later(archive: HospitalArchive) -> None:
    """The archive tries again until the peer listens."""
    peer = CommitmentPeer()
    with peer.listening():
        archive.know("GATEWAY", HOST, peer.port)
    peer.ask(HOST, archive.port, "HOSPITAL", REFERENCES, wait_s=0.1)
    assert not peer.results
    with peer.listening():
        assert peer.arrived.wait(5)


def test_a_result_survives_a_stop_of_the_archive(archive: HospitalArchive) -> None:
    """A result that could not be delivered before stop() is delivered after start()."""
    peer = CommitmentPeer()
    peer.ask(HOST, archive.port, "HOSPITAL", REFERENCES, wait_s=0.1)
    archive.stop()
    with peer.listening():
        archive.know("GATEWAY", HOST, peer.port)
        archive.start()
        assert peer.arrived.wait(5)


def test_an_archive_may_never_answer(archive: HospitalArchive) -> None:
    """The request is accepted and recorded, the result stays out."""
    archive.commitment = CommitmentAnswer.NEVER
    peer = CommitmentPeer()
    assert peer.ask(HOST, archive.port, "HOSPITAL", REFERENCES, wait_s=0.3) == 0x0000
    assert not peer.results
    assert archive.commitments[0].delivered is None


def test_an_archive_may_not_offer_commitment(archive: HospitalArchive) -> None:
    """With REFUSED the presentation context is not accepted after the next start."""
    archive.stop()
    archive.commitment = CommitmentAnswer.REFUSED
    archive.start()
    association = CommitmentPeer().associate(HOST, archive.port, "HOSPITAL")
    assert not association.accepted_contexts
    if association.is_established:
        association.release()


def test_an_empty_request_is_an_invalid_argument(archive: HospitalArchive) -> None:
    """A request without references is answered with 0115 and leaves no record."""
    association = CommitmentPeer().associate(HOST, archive.port, "HOSPITAL")
    status, _ = association.send_n_action(request([]), 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)
    association.release()
    assert status.Status == 0x0115
    assert archive.commitments == ()
