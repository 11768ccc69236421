"""The real programs of DCMTK against our receiver and our sender."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread, uid

from dicom_nodes.errors import AssociationRejected
from dicom_nodes.instance import read_instance
from dicom_nodes.outcomes import Outcome
from dicom_nodes.sender import echo, store
from support.nodes.peers import HERE, Kept, dcmtk, node, receiver, storescp
from support.objects.dicom_files import dataset_bytes, mr_file

pytestmark = pytest.mark.dcmtk
MODALITY = node("modality", "MODALITY", 4242)


def test_echoscu_is_answered_and_a_stranger_is_not() -> None:
    """echoscu succeeds as a known node and fails as an unknown one, with the reason in its output."""
    with receiver(Kept(), MODALITY) as us:
        known = dcmtk("echoscu", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port)
        stranger = dcmtk("echoscu", "-aet", "STRANGER", "-aec", "GATEWAY", HERE, us.port)
        wrong = dcmtk("echoscu", "-aet", "MODALITY", "-aec", "SOMEBODY", HERE, us.port)
    assert known.returncode == 0, known.stdout
    assert stranger.returncode != 0
    assert "Calling AE Title Not Recognized" in stranger.stdout
    assert "Called AE Title Not Recognized" in wrong.stdout


def test_storescu_of_a_folder_arrives_bit_by_bit(tmp_path: Path) -> None:
    """storescu sends a folder of explicit little endian files; the kept bytes are theirs."""
    kept = Kept()
    files = [mr_file(tmp_path, number) for number in range(5)]
    with receiver(kept, MODALITY) as us:
        sent = dcmtk(
            "storescu", "-R", "-xe", "+sd", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port, tmp_path
        )
    assert sent.returncode == 0, sent.stdout
    expected = {file.sop_instance_uid: dataset_bytes(file.path.read_bytes()) for file in files}
    assert {i.sop_instance_uid: i.dataset for i in kept.instances} == expected


def test_storescu_with_all_its_classes_is_accepted(tmp_path: Path) -> None:
    """storescu's default proposal of 120 and more contexts is accepted."""
    with receiver(Kept(), MODALITY) as us:
        sent = dcmtk(
            "storescu", "-v", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port, mr_file(tmp_path).path
        )
    assert sent.returncode == 0, sent.stdout


@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.RLELossless])
def test_dcmsend_delivers_compressed_images_as_they_are(tmp_path: Path, syntax: str) -> None:
    """dcmsend proposes each file's own syntax; ours accepts it and keeps the same pixel bytes."""
    kept = Kept()
    file = mr_file(tmp_path, syntax=syntax)
    with receiver(kept, MODALITY) as us:
        sent = dcmtk(
            "dcmsend", "--decompress-never", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port, file.path
        )
    assert sent.returncode == 0, sent.stdout
    (instance,) = kept.instances
    assert instance.transfer_syntax_uid == syntax
    assert dcmread(file.path).PixelData == dcmread(BytesIO(instance.part10())).PixelData


@pytest.mark.parametrize(
    ("option", "syntax"),
    [
        ("-xi", uid.ImplicitVRLittleEndian),
        ("-xb", uid.ExplicitVRBigEndian),
        ("-xd", uid.DeflatedExplicitVRLittleEndian),
    ],
)
def test_storescu_delivers_uncommon_encodings(tmp_path: Path, option: str, syntax: str) -> None:
    """Implicit, big endian and deflated data sets from DCMTK can be read from what is kept."""
    kept = Kept()
    file = mr_file(tmp_path, syntax=syntax)
    with receiver(kept, MODALITY) as us:
        sent = dcmtk("storescu", option, "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port, file.path)
    assert sent.returncode == 0, sent.stdout
    (instance,) = kept.instances
    assert read_instance(instance.part10()).sop_instance_uid == file.sop_instance_uid
    ds = dcmread(BytesIO(instance.part10()))
    assert (ds.pixel_array == dcmread(file.path).pixel_array).all()
    assert instance.transfer_syntax_uid == syntax


def test_out_of_resources_reaches_storescu(tmp_path: Path) -> None:
    """A700 is what DCMTK shows, so that a modality keeps the study and tries again."""
    with receiver(Kept(0xA700), MODALITY) as us:
        sent = dcmtk(
            "storescu", "-v", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port, mr_file(tmp_path).path
        )
    assert "OutOfResources" in sent.stdout.replace(" ", "")


def test_storescu_that_aborts_hurts_nobody(tmp_path: Path) -> None:
    """storescu --abort after its files: what was answered is kept, and the next one is served."""
    kept = Kept()
    file = mr_file(tmp_path)
    with receiver(kept, MODALITY) as us:
        dcmtk("storescu", "--abort", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port, file.path)
        after = dcmtk("echoscu", "-aet", "MODALITY", "-aec", "GATEWAY", HERE, us.port)
    assert after.returncode == 0
    assert len(kept.instances) == 1


def test_storescp_receives_what_we_send(tmp_path: Path) -> None:
    """storescp, writing bit by bit, has the same data sets on its disk as we have."""
    out, into = tmp_path / "out", tmp_path / "in"
    out.mkdir()
    into.mkdir()
    files = [mr_file(out, number) for number in range(3)]
    files.append(mr_file(out, 9, syntax=uid.ImplicitVRLittleEndian))
    with storescp(into, "+xa") as peer:
        assert echo(peer, calling_ae_title="GATEWAY") < 5
        outcomes = store(peer, files, calling_ae_title="GATEWAY")
    assert {o.outcome for o in outcomes} == {Outcome.ACCEPTED}
    received = {dcmread(path).SOPInstanceUID: dataset_bytes(path.read_bytes()) for path in into.iterdir()}
    assert received == {file.sop_instance_uid: dataset_bytes(file.path.read_bytes()) for file in files}


def test_storescp_without_compression_gets_the_decompressed_image(tmp_path: Path) -> None:
    """A storescp that takes only implicit little endian gets the compressed image decompressed."""
    into = tmp_path / "in"
    into.mkdir()
    file = mr_file(tmp_path, syntax=uid.RLELossless)
    with storescp(into, "+xi") as peer:
        (outcome,) = store(peer, [file], calling_ae_title="GATEWAY")
    assert outcome.outcome is Outcome.ACCEPTED
    (path,) = into.iterdir()
    assert dcmread(path).file_meta.TransferSyntaxUID == uid.ImplicitVRLittleEndian
    assert (dcmread(path).pixel_array == dcmread(file.path).pixel_array).all()


def test_storescp_that_refuses_is_a_rejection(tmp_path: Path) -> None:
    """storescp --refuse rejects the association, which says so and gives no outcomes."""
    with storescp(tmp_path, "--refuse") as peer, pytest.raises(AssociationRejected):
        store(peer, [mr_file(tmp_path)], calling_ae_title="GATEWAY")


@pytest.mark.parametrize("when", ["--abort-after", "--abort-during"])
def test_storescp_that_aborts_leaves_try_again(tmp_path: Path, when: str) -> None:
    """A peer that aborts during or after a store leaves every file either answered or to be tried again."""
    into = tmp_path / "in"
    into.mkdir()
    files = [mr_file(tmp_path, number) for number in range(3)]
    with storescp(into, when) as peer:
        outcomes = store(peer, files, calling_ae_title="GATEWAY", timeout_s=5)
    assert len(outcomes) == 3
    assert outcomes[-1].outcome is Outcome.TRY_AGAIN
