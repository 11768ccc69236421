"""The receiver: who gets in, and that what they send is kept as they sent it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread, uid
from pynetdicom import AE
from pynetdicom.presentation import AllStoragePresentationContexts

from dicom_nodes.errors import AssociationRejected, NodeError
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.outcomes import Outcome
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.scp.refusals import RefusedCaller
from dicom_nodes.sender import echo, store
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES
from support.nodes.peers import HERE, Kept, node, receiver
from support.objects.dicom_files import dataset_bytes, mr_file

MODALITY = node("modality", "MODALITY", 4242)


def gateway(port: int, ae_title: str = "GATEWAY"):  # type: ignore[no-untyped-def]
    return node("gateway", ae_title, port)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_every_transfer_syntax_is_kept_bit_by_bit(tmp_path: Path, syntax: str) -> None:
    """What arrives is the sender's own encoding, whatever the transfer syntax: nothing is decoded on the way."""
    kept = Kept()
    file = mr_file(tmp_path, syntax=syntax)
    with receiver(kept, MODALITY) as running:
        outcomes = store(gateway(running.port), [file], calling_ae_title="MODALITY")
    assert [outcome.outcome for outcome in outcomes] == [Outcome.ACCEPTED]
    (instance,) = kept.instances
    assert instance.dataset == dataset_bytes(file.path.read_bytes())
    assert instance.transfer_syntax_uid == syntax
    assert instance.sop_instance_uid == file.sop_instance_uid


def test_an_instance_carries_who_sent_it(tmp_path: Path) -> None:
    """Node, titles, address and association are known for each instance, and one association has one id."""
    kept = Kept()
    files = [mr_file(tmp_path, number) for number in (1, 2)]
    with receiver(kept, MODALITY) as running:
        store(gateway(running.port), files, calling_ae_title="MODALITY")
        store(gateway(running.port), files[:1], calling_ae_title="MODALITY")
    first, second, third = kept.instances
    assert (first.node, first.calling_ae_title, first.called_ae_title) == ("modality", "MODALITY", "GATEWAY")
    assert (first.peer_address, first.received_by) == (HERE, "c-store")
    assert first.association_id == second.association_id != third.association_id


def test_the_part_10_file_of_an_instance_can_be_read(tmp_path: Path) -> None:
    """An instance as a file has correct meta information in front of the untouched data set."""
    kept = Kept()
    file = mr_file(tmp_path)
    with receiver(kept, MODALITY) as running:
        store(gateway(running.port), [file], calling_ae_title="MODALITY")
    (tmp_path / "out.dcm").write_bytes(kept.instances[0].part10())
    ds = dcmread(tmp_path / "out.dcm")
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID == file.sop_instance_uid
    assert ds.file_meta.TransferSyntaxUID == uid.ExplicitVRLittleEndian
    assert ds.file_meta.SendingApplicationEntityTitle == "MODALITY"
    assert ds == dcmread(file.path)


def test_echo_is_answered() -> None:
    """A known node gets its C-ECHO answered."""
    with receiver(Kept(), MODALITY) as running:
        assert echo(gateway(running.port), calling_ae_title="MODALITY") < 5


def test_further_titles_are_answered_and_told_apart(tmp_path: Path) -> None:
    """A caller may address any of our titles, and `keep` learns which: rules go by it."""
    kept = Kept()
    with receiver(kept, MODALITY, also_called=["PML_URGENT", " "]) as running:
        store(gateway(running.port, "PML_URGENT"), [mr_file(tmp_path)], calling_ae_title="MODALITY")
    assert [instance.called_ae_title for instance in kept.instances] == ["PML_URGENT"]


@pytest.mark.parametrize(
    ("calling", "called", "says", "seen"),
    [
        ("STRANGER", "GATEWAY", "does not know our AE title 'STRANGER'", "No node calls itself"),
        ("MODALITY", "OTHER", "is not called 'OTHER'", "It calls 'OTHER'"),
    ],
)
def test_an_unknown_caller_is_rejected_with_the_right_reason(
    calling: str, called: str, says: str, seen: str
) -> None:
    """Both sides learn why: the caller from the A-ASSOCIATE-RJ, our people from the refusal."""
    refusals: list[RefusedCaller] = []
    with (
        receiver(Kept(), MODALITY, refused=refusals.append) as running,
        pytest.raises(AssociationRejected) as caught,
    ):
        echo(gateway(running.port, called), calling_ae_title=calling)
    assert caught.value.answer.outcome is Outcome.NODE_REFUSED
    assert says in caught.value.problem
    (refusal,) = refusals
    assert (refusal.calling_ae_title, refusal.called_ae_title, refusal.address) == (calling, called, HERE)
    assert seen in refusal.why


def test_a_known_title_from_another_address_is_rejected() -> None:
    """A calling AE title is not a secret: from the wrong address it opens nothing."""
    elsewhere = node("modality", "MODALITY", 4242, addresses=("192.0.2.0/24",))
    with receiver(Kept(), elsewhere) as running, pytest.raises(AssociationRejected):
        echo(gateway(running.port), calling_ae_title="MODALITY")


def test_a_broken_directory_lets_nobody_in() -> None:
    """If the list of nodes cannot be read, callers are told to come back, not let in."""

    def broken():  # type: ignore[no-untyped-def]
        raise OSError("disk is gone")

    running = Receiver("GATEWAY", HERE, 0, broken, Kept())
    running.start()
    try:
        with pytest.raises(AssociationRejected) as caught:
            echo(gateway(running.port), calling_ae_title="MODALITY")
        assert caught.value.transient
    finally:
        running.stop(1.0)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0x0000, Outcome.ACCEPTED),
        (0xA700, Outcome.TRY_AGAIN),
        (0xC000, Outcome.REFUSED),
        (0xB000, Outcome.WARNING),
    ],
)
def test_the_status_of_keep_is_what_the_sender_gets(tmp_path: Path, status: int, outcome: Outcome) -> None:
    """A700 (the disk is full) and any other status go to the sender unchanged."""
    with receiver(Kept(status), MODALITY) as running:
        (answer,) = store(gateway(running.port), [mr_file(tmp_path)], calling_ae_title="MODALITY")
    assert (answer.status, answer.outcome) == (status, outcome)


def test_a_failing_keep_asks_the_sender_to_try_again(tmp_path: Path) -> None:
    """An error while keeping is never Success, and the association goes on."""
    calls: list[ReceivedInstance] = []

    def keep(instance: ReceivedInstance) -> int:
        calls.append(instance)
        if len(calls) == 1:
            raise OSError("no space left on device")
        return 0x0000

    files = [mr_file(tmp_path, number) for number in (1, 2)]
    with receiver(keep, MODALITY) as running:
        outcomes = store(gateway(running.port), files, calling_ae_title="MODALITY")
    assert [(o.status, o.outcome) for o in outcomes] == [
        (0xA700, Outcome.TRY_AGAIN),
        (0x0000, Outcome.ACCEPTED),
    ]


def test_all_storage_classes_are_accepted_in_batches_of_128() -> None:
    """The receiver supports more classes than one association can propose, and accepts each of them."""
    classes = [str(context.abstract_syntax) for context in AllStoragePresentationContexts]
    assert len(classes) > 128
    accepted = set()
    with receiver(Kept(), MODALITY) as running:
        for start in range(0, len(classes), 128):
            ae = AE("MODALITY")
            for sop_class in classes[start : start + 128]:
                ae.add_requested_context(sop_class, list(TRANSFER_SYNTAXES))
            association = ae.associate(HERE, running.port, ae_title="GATEWAY")
            assert association.is_established
            accepted |= {str(context.abstract_syntax) for context in association.accepted_contexts}
            association.release()
    assert accepted == set(classes)


def test_the_largest_instance_of_a_small_pdu_peer_arrives(tmp_path: Path) -> None:
    """A few megabytes in pieces of 16 KiB arrive whole."""
    kept = Kept()
    file = mr_file(tmp_path, rows=1024)
    with receiver(kept, MODALITY, max_pdu=16384) as running:
        (outcome,) = store(gateway(running.port), [file], calling_ae_title="MODALITY")
    assert outcome.outcome is Outcome.ACCEPTED
    assert kept.instances[0].dataset == dataset_bytes(file.path.read_bytes())


def test_a_port_in_use_is_explained() -> None:
    """Starting on an occupied port says which, and what to do."""
    with receiver(Kept(), MODALITY) as running:
        second = Receiver("GATEWAY", HERE, running.port, lambda: None, Kept())  # type: ignore[arg-type,return-value]
        with pytest.raises(NodeError, match=f"Cannot listen on {HERE}:{running.port}"):
            second.start()
