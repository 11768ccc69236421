"""A real Orthanc as hospital PACS and as reading site: C-STORE, C-FIND, STOW-RS, QIDO-RS, storage commitment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydicom import uid
from pydicom.uid import MRImageStorage

from dicom_nodes.commitment import (
    CommitmentRequest,
    CommitmentResult,
    InstanceReference,
    report_commitment,
    request_commitment,
)
from dicom_nodes.node import DicomWebNode, Role
from dicom_nodes.outcomes import Outcome
from dicom_nodes.sender import echo, holds, store
from support.nodes.peers import Kept, Orthanc, free_port, orthanc, receiver, wait_until
from support.objects.dicom_files import STUDY, mr_file

pytestmark = pytest.mark.orthanc


@pytest.fixture(scope="module")
def gateway_port() -> int:
    """The port under which Orthanc knows us."""
    return free_port()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, gateway_port: int) -> Iterator[Orthanc]:
    """One Orthanc for all tests of this module."""
    with orthanc(tmp_path_factory.mktemp("orthanc"), gateway_port=gateway_port) as server:
        yield server


@pytest.fixture
def pacs(running: Orthanc) -> Orthanc:
    """Orthanc with nothing in it."""
    running.delete_all()
    return running


def _web(pacs: Orthanc) -> DicomWebNode:
    return DicomWebNode("orthanc-web", f"{pacs.url}/dicom-web", frozenset({Role.READER}))


def _references(files) -> list[InstanceReference]:  # type: ignore[no-untyped-def]
    return [InstanceReference(file.sop_class_uid, file.sop_instance_uid) for file in files]


def test_orthanc_answers_an_echo_by_dicom_and_over_the_web(pacs: Orthanc) -> None:
    """C-ECHO and a DICOMweb search both say that it is there."""
    assert echo(pacs.node, calling_ae_title="GATEWAY") < 5
    assert echo(_web(pacs), calling_ae_title="GATEWAY") < 5


def test_orthanc_stores_what_we_send_by_dicom_and_finds_it(tmp_path: Path, pacs: Orthanc) -> None:
    """C-STORE of several syntaxes, then C-FIND: everything sent is found, nothing else."""
    files = [
        mr_file(tmp_path, 1),
        mr_file(tmp_path, 2, syntax=uid.ImplicitVRLittleEndian),
        mr_file(tmp_path, 3, syntax=uid.RLELossless),
        mr_file(tmp_path, 4, syntax=uid.JPEG2000Lossless),
    ]
    outcomes = store(pacs.node, files, calling_ae_title="GATEWAY")
    assert {o.outcome for o in outcomes} == {Outcome.ACCEPTED}, outcomes
    assert len(pacs.get("/instances")) == 4
    asked = [*_references(files), InstanceReference(MRImageStorage, "2.25.404")]
    found = holds(pacs.node, asked, calling_ae_title="GATEWAY", study_instance_uid=STUDY)
    assert found == {file.sop_instance_uid for file in files}


def test_orthanc_stores_what_we_send_by_stow_and_finds_it(tmp_path: Path, pacs: Orthanc) -> None:
    """STOW-RS in batches, then QIDO-RS; a second send of the same instances is good too."""
    files = [mr_file(tmp_path, number) for number in range(40)]
    for _ in range(2):
        outcomes = store(_web(pacs), files, calling_ae_title="GATEWAY")
        assert {o.outcome.delivered for o in outcomes} == {True}, outcomes
    assert len(pacs.get("/instances")) == 40
    found = holds(_web(pacs), _references(files), calling_ae_title="GATEWAY", study_instance_uid=STUDY)
    assert found == {file.sop_instance_uid for file in files}


def test_orthanc_commits_to_what_it_has(tmp_path: Path, pacs: Orthanc, gateway_port: int) -> None:
    """Orthanc's result comes on a new association: what it has is committed, what it lacks fails with 0112."""
    files = [mr_file(tmp_path, number) for number in range(3)]
    store(pacs.node, files, calling_ae_title="GATEWAY")
    results: list[CommitmentResult] = []
    asked = [*_references(files), InstanceReference(MRImageStorage, "2.25.404")]
    with receiver(Kept(), pacs.node, port=gateway_port, on_commitment=results.append):
        now = request_commitment(pacs.node, "2.25.9100", asked, calling_ae_title="GATEWAY", wait_s=0.5)
        wait_until(lambda: now or results, 20)
    result = now or results[0]
    assert result.transaction_uid == "2.25.9100"
    assert set(result.committed) == {file.sop_instance_uid for file in files}
    assert result.failed == (("2.25.404", 0x0112),)


def test_orthanc_pushes_a_study_to_us(tmp_path: Path, pacs: Orthanc, gateway_port: int) -> None:
    """Orthanc as sending PACS: a study stored there and pushed to us arrives whole."""

    files = [mr_file(tmp_path, number) for number in range(5)]
    store(pacs.node, files, calling_ae_title="GATEWAY")
    kept = Kept()
    (study,) = pacs.get("/studies")
    with receiver(kept, pacs.node, port=gateway_port):
        answer = requests.post(f"{pacs.url}/modalities/gateway/store", data=study, timeout=20)
        assert answer.ok, answer.text
    assert {i.sop_instance_uid for i in kept.instances} == {file.sop_instance_uid for file in files}
    assert {i.node for i in kept.instances} == {"orthanc"}


def test_orthanc_asks_us_for_commitment(tmp_path: Path, pacs: Orthanc, gateway_port: int) -> None:
    """We as commitment SCP of a real requestor: Orthanc pushes, asks, and hears that we keep it."""

    store(pacs.node, [mr_file(tmp_path)], calling_ae_title="GATEWAY")
    kept = Kept()
    (instance,) = pacs.get("/instances")
    asked: list[CommitmentRequest] = []
    with receiver(kept, pacs.node, port=gateway_port, on_request=asked.append):
        body = {"Resources": [instance], "StorageCommitment": True, "Synchronous": True}
        job = requests.post(f"{pacs.url}/modalities/gateway/store", json=body, timeout=20).json()
        report = job.get("StorageCommitmentTransactionUID")
        if report is None:
            report = pacs.get(f"/jobs/{job['ID']}")["Content"]["StorageCommitmentTransactionUID"]
        [request] = asked
        classes = {each.sop_instance_uid: each.sop_class_uid for each in request.references}
        result = CommitmentResult(request.transaction_uid, "orthanc", tuple(classes), ())
        report_commitment(pacs.node, result, classes, calling_ae_title="GATEWAY")
        wait_until(lambda: pacs.get(f"/storage-commitment/{report}")["Status"] != "Pending", 20)
    assert pacs.get(f"/storage-commitment/{report}")["Status"] == "Success"
    assert len(kept.instances) == 1
