"""Nothing is turned away without a trace, and nothing is turned away that need not be."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import uid
from pynetdicom import AE
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as StudyRootFind

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.scp.refusals import RefusedCaller, named
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES, uids_of
from dicom_nodes.upper_layer.private_classes import PRIVATE_STORAGE
from support.nodes.peers import HERE, Kept, node, receiver
from support.nodes.raw_peer import STORAGE, RawPeer, association_request, message, store_command
from support.objects.dicom_files import mr_dataset

MODALITY = node("modality", "MODALITY", 4242)
PHILIPS_EXAMCARD = "1.3.46.670589.11.0.0.12.4"
UNKNOWN_CLASS = "1.2.3.4.5.6"
JPIP = "1.2.840.10008.1.2.4.94"


def told(refusals: list[RefusedCaller], wanted: int = 1) -> list[RefusedCaller]:
    """The refusals, once there are so many."""
    deadline = time.monotonic() + 5
    while len(refusals) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return refusals


def propose(port: int, *contexts: tuple[str, list[str]]) -> list[int | None]:
    """Results of the presentation contexts of an association, in order."""
    ae = AE("MODALITY")
    for abstract, transfers in contexts:
        ae.add_requested_context(abstract, transfers)
    association = ae.associate(HERE, port, ae_title="GATEWAY")
    results = sorted(
        association.accepted_contexts + association.rejected_contexts, key=lambda one: one.context_id
    )
    if association.is_established:
        association.release()
    return [context.result for context in results]


def test_each_refused_context_is_told_with_its_fix() -> None:
    """Class, transfer syntaxes, sender, and what helps; what was accepted is not told."""
    refusals: list[RefusedCaller] = []
    with receiver(Kept(), MODALITY, refused=refusals.append) as running:
        results = propose(
            running.port,
            (uid.MRImageStorage, [uid.ExplicitVRLittleEndian]),
            (uid.MRImageStorage, [JPIP]),
            (uid.CTImageStorage, ["1.2.3.4"]),
            (UNKNOWN_CLASS, [uid.ExplicitVRLittleEndian]),
            (StudyRootFind, [uid.ExplicitVRLittleEndian]),
        )
    assert results == [0, 4, 4, 3, 3]
    assert {(one.node, one.calling_ae_title, one.address) for one in refusals} == {
        ("modality", "MODALITY", HERE)
    }
    also, alone, unknown, service = told(refusals, 4)
    assert "MR Image Storage (" in also.why
    assert "JPIP Referenced" in also.why
    assert "Another proposal for the class was accepted" in also.fix
    assert "1.2.3.4" in alone.why
    assert alone.fix.startswith(
        "Offer Explicit VR Little Endian there, or add the UIDs to [dicom] more_transfer"
    )
    assert UNKNOWN_CLASS in unknown.why
    assert "[dicom] more_sop_classes" in unknown.fix
    assert "a service that the gateway does not offer" in service.why


def test_one_association_cannot_tell_without_end() -> None:
    """A hundred refused classes are told as the first few and one line."""
    refusals: list[RefusedCaller] = []
    with receiver(Kept(), MODALITY, refused=refusals.append) as running:
        propose(
            running.port, *[(f"1.2.3.{number}", [uid.ImplicitVRLittleEndian]) for number in range(1, 101)]
        )
    assert len(told(refusals, 17)) == 17
    assert refusals[-1].why.endswith("and more.")


@pytest.mark.parametrize("sop_class", PRIVATE_STORAGE)
def test_private_classes_of_the_mr_makers_are_taken(sop_class: str) -> None:
    """So that the sender's job succeeds; each has a name to show."""
    assert sop_class in named(sop_class)
    assert named(sop_class) != sop_class


def test_a_private_object_is_kept(tmp_path: Path) -> None:
    """A Philips ExamCard among the images: Success, and the bytes as they came."""
    kept, refusals = Kept(), list[RefusedCaller]()
    with receiver(kept, MODALITY, refused=refusals.append) as running:
        ae = AE("MODALITY")
        ae.add_requested_context(PHILIPS_EXAMCARD, uid.ExplicitVRLittleEndian)
        association = ae.associate(HERE, running.port, ae_title="GATEWAY")
        status = association.send_c_store(mr_dataset(1, sop_class=PHILIPS_EXAMCARD))
        association.release()
    assert status.Status == 0
    assert [instance.sop_class_uid for instance in kept.instances] == [PHILIPS_EXAMCARD]
    assert refusals == []


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_each_transfer_syntax_is_taken_alone(syntax: str) -> None:
    """JPEG Lossless (.57) among them: a sender that has only that is not sent away."""
    with receiver(Kept(), MODALITY) as running:
        assert propose(running.port, (uid.MRImageStorage, [syntax])) == [0]


def test_a_setting_takes_more() -> None:
    """Classes and transfer syntaxes of nobody's dictionary, by UID; syntaxes by keyword, too."""
    with receiver(
        Kept(),
        MODALITY,
        more_sop_classes=uids_of(UNKNOWN_CLASS),
        more_transfer_syntaxes=uids_of("1.2.3.4, JPIPReferenced"),
    ) as running:
        results = propose(
            running.port,
            (UNKNOWN_CLASS, [uid.ExplicitVRLittleEndian]),
            (UNKNOWN_CLASS, ["1.2.3.4"]),
            (uid.MRImageStorage, [JPIP]),
        )
    assert results == [0, 0, 0]
    with pytest.raises(ValueError, match="'NoSuchSyntax' is neither a UID"):
        uids_of("JPEGLossless, NoSuchSyntax")


def padded(title: str) -> Callable[[bytes], bytes]:
    """A change of the called and calling AE title of an association request."""

    def change(pdu: bytes) -> bytes:
        return pdu.replace(
            b"MODALITY        ", title.encode().replace(b"-", b"MODALITY").ljust(16, b"\0")[:16]
        )

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda pdu: pdu,
        padded("-"),
        padded("-\0\0x"),
        padded(" -"),
        lambda pdu: pdu.replace(b"GATEWAY".ljust(16), b"GATEWAY".ljust(16, b"\0")),
        lambda pdu: pdu.replace(b"GATEWAY".ljust(16), bytes(16)),
        lambda pdu: pdu.replace(b"GATEWAY".ljust(16), b" " * 16),
        lambda pdu: pdu.replace(b"MODALITY".ljust(16), b" " * 16),
        lambda pdu: pdu.replace(b"MODALITY".ljust(16), bytes(16)).replace(b"GATEWAY".ljust(16), bytes(16)),
    ],
    ids=[
        "plain",
        "NUL",
        "C string",
        "leading",
        "called NUL",
        "no called",
        "blank called",
        "no calling",
        "neither",
    ],
)
def test_padding_is_padding_and_a_blank_title_needs_a_known_address(change: Callable[[bytes], bytes]) -> None:
    """DCMTK and Orthanc take such titles; here the address still says who it is."""
    refusals, kept = list[RefusedCaller](), Kept()
    with (
        receiver(kept, MODALITY, refused=refusals.append) as running,
        RawPeer(running.port) as peer,
    ):
        peer.socket.sendall(change(association_request()))
        kind, _ = peer.read()
        assert kind == 2, refusals
    assert refusals == []


def test_padded_uids_of_contexts_are_read() -> None:
    """NUL or space behind a UID, in the application context, the class and the transfer syntax."""
    for padding in (b"\0", b" ", b"\0\0"):
        request = association_request()
        body = bytearray(request[:74])
        at = 74
        while at < len(request):
            kind, _, length = struct.unpack_from(">BBH", request, at)
            value = request[at + 4 : at + 4 + length]
            if kind == 0x10:
                value += padding
            if kind == 0x20:
                value = value[:4] + b"".join(
                    struct.pack(">BxH", sub, len(text + padding)) + text + padding
                    for sub, text in items(value[4:])
                )
            body += struct.pack(">BxH", kind, len(value)) + value
            at += 4 + length
        body[2:6] = struct.pack(">L", len(body) - 6)
        with receiver(Kept(), MODALITY) as running, RawPeer(running.port) as peer:
            peer.socket.sendall(bytes(body))
            kind, answer = peer.read()
            assert kind == 2
            assert b"1.2.840.10008.1.2.1" in answer


def items(encoded_items: bytes) -> list[tuple[int, bytes]]:
    """Kind and value of each."""
    found, at = [], 0
    while at < len(encoded_items):
        kind, _, length = struct.unpack_from(">BBH", encoded_items, at)
        found.append((kind, encoded_items[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def test_a_blank_calling_title_from_an_address_of_two_nodes_is_refused() -> None:
    """Nobody is guessed."""
    refusals: list[RefusedCaller] = []
    with (
        receiver(Kept(), MODALITY, node("other", "OTHER", 4243), refused=refusals.append) as running,
        RawPeer(running.port) as peer,
    ):
        peer.socket.sendall(association_request().replace(b"MODALITY".ljust(16), bytes(16)))
        kind, _ = peer.read()
    assert kind == 3
    [refusal] = told(refusals)
    assert "names no calling AE title" in refusal.why
    assert "nodes.yaml" in refusal.fix


def test_what_is_no_association_request_is_told() -> None:
    """A UID of more than 64 characters, an even context: aborted, and shown by address."""
    refusals: list[RefusedCaller] = []
    request = association_request()
    at = request.index(b"\x20\0", 74) + 4
    even = request[:at] + b"\x02" + request[at + 1 :]
    with receiver(Kept(), MODALITY, refused=refusals.append) as running, RawPeer(running.port) as peer:
        peer.socket.sendall(even)
        assert peer.read()[0] == 7
        [refusal] = told(refusals)
    assert "no association request" in refusal.why
    assert refusal.address == HERE


def test_an_association_too_many_and_a_list_of_nodes_that_is_gone_are_told() -> None:
    """Both are congestion to the caller, and a line for the administrator."""
    refusals: list[RefusedCaller] = []
    with (
        receiver(Kept(), MODALITY, refused=refusals.append, max_associations=1) as running,
        RawPeer(running.port).associate(),
        RawPeer(running.port) as second,
    ):
        second.socket.sendall(association_request())
        assert second.read()[0] == 3
        [refusal] = told(refusals)
    assert "max_associations" in refusal.fix
    assert refusal.node == "modality"

    def gone() -> NodeDirectory:
        raise OSError("gone")

    refusals.clear()
    running = Receiver("GATEWAY", HERE, 0, gone, Kept(), refused=refusals.append)
    running.start()
    try:
        with RawPeer(running.port) as peer:
            peer.socket.sendall(association_request())
            assert peer.read()[0] == 3
        [refusal] = told(refusals)
    finally:
        running.stop(0)
    assert "gateway check" in refusal.fix


def test_silence_in_the_middle_is_told() -> None:
    """A sender that stops is aborted, and shown."""
    refusals: list[RefusedCaller] = []
    with (
        receiver(Kept(), MODALITY, refused=refusals.append, idle_timeout_s=0.3) as running,
        RawPeer(running.port) as peer,
    ):
        peer.associate().socket.sendall(message(STORAGE, store_command("2.25.1"), b"x" * 4000)[:600])
        assert peer.read()[0] == 7
        [refusal] = told(refusals)
    assert "silent or too slow" in refusal.why
