"""Peers that misbehave: whatever one does, nothing half-received is kept and nobody else is hurt."""

from __future__ import annotations

import socket
import struct
import threading
import time
from io import BytesIO
from pathlib import Path

import pytest
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.sop_class import MRImageStorage

from dicom_nodes.errors import AssociationRejected
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.outcomes import Outcome
from dicom_nodes.sender import echo, store
from dicom_nodes.upper_layer.pdus import BY_PROVIDER, INVALID_VALUE, abort_pdu
from dicom_nodes.upper_layer.pynetdicom_private import hold_reactor
from support.nodes.peers import HERE, Kept, node, receiver, wait_until
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset, mr_file

MODALITY = node("modality", "MODALITY", 4242)


def _associated(port: int) -> Association:
    ae = AE("MODALITY")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 5
    ae.add_requested_context(MRImageStorage)
    association = ae.associate(HERE, port, ae_title="GATEWAY")
    assert association.is_established
    return association


def _half_a_message(association: Association) -> None:
    """Send a C-STORE request and the first half of its data set, and no more."""
    ds = mr_dataset(rows=256)
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    request.DataSet = BytesIO(dataset_bytes(encoded(ds)))
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    pieces = list(message.encode_msg(association.accepted_contexts[0].context_id, 4096))
    for piece in pieces[: len(pieces) // 2]:
        association.dul.send_pdu(piece)


def _threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.is_alive()}


def test_an_abort_in_the_middle_of_an_instance_keeps_nothing(tmp_path: Path) -> None:
    """Half an instance is no instance: `keep` is not called, and the next sender is served."""
    kept = Kept()
    with receiver(kept, MODALITY) as running:
        association = _associated(running.port)
        _half_a_message(association)
        time.sleep(0.2)
        association.abort()
        file = mr_file(tmp_path)
        (outcome,) = store(node("gateway", "GATEWAY", running.port), [file], calling_ae_title="MODALITY")
        assert outcome.outcome is Outcome.ACCEPTED
        wait_until(lambda: running.associations == 0)
    assert [instance.sop_instance_uid for instance in kept.instances] == [file.sop_instance_uid]


def test_a_cable_pulled_in_the_middle_does_not_disturb_others(tmp_path: Path) -> None:
    """A connection that vanishes without a word ends alone; an association beside it goes on."""
    kept = Kept()
    with receiver(kept, MODALITY) as running:
        beside = _associated(running.port)
        broken = _associated(running.port)
        _half_a_message(broken)
        time.sleep(0.2)
        wrapper = broken.dul.socket
        assert wrapper is not None
        assert wrapper.socket is not None
        wrapper.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wrapper.socket.close()
        ds = mr_dataset(7)
        assert beside.send_c_store(ds).Status == 0x0000
        beside.release()
        wait_until(lambda: running.associations == 0)
    assert [instance.sop_instance_uid for instance in kept.instances] == [ds.SOPInstanceUID]


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n",
        bytes(range(256)) * 4,
        b"\x01\x00\x00\x00\x00\x44" + bytes(68),
        b"\x01\x00\xff\xff\xff\xff" + bytes(1000),
        b"\x04\x00\x00\x00\x00\x0a\x00\x00\x00\x06\x01\x03abcd",
        b"",
    ],
    ids=["http", "bytes", "empty-request", "4-gigabytes-announced", "data-before-association", "nothing"],
)
def test_garbage_ends_its_own_connection_only(garbage: bytes) -> None:
    """Anything that is not DICOM is hung up on, and the next caller is served."""
    with (
        receiver(Kept(), MODALITY) as running,
        socket.create_connection((HERE, running.port), timeout=5) as peer,
    ):
        if garbage:
            peer.sendall(garbage)
        else:
            peer.shutdown(socket.SHUT_RDWR)
        echo(node("gateway", "GATEWAY", running.port), calling_ae_title="MODALITY")


def test_a_pdu_of_4_gigabytes_is_not_waited_for() -> None:
    """A length that no association allows is answered with A-ABORT at once, not memory to be filled."""
    with (
        receiver(Kept(), MODALITY) as running,
        socket.create_connection((HERE, running.port), timeout=5) as peer,
    ):
        peer.sendall(b"\x01\x00\xff\xff\xff\xff" + bytes(1000))
        answer = bytearray()
        while part := peer.recv(100):
            answer += part
        assert answer == abort_pdu(BY_PROVIDER, INVALID_VALUE)
        peer.close()
        wait_until(lambda: running.associations == 0, 5)


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_a_request_without_data_or_with_a_path_for_a_uid_is_refused() -> None:
    """A C-STORE without a data set, or whose UID could name a file, never reaches `keep`."""
    kept = Kept()
    with receiver(kept, MODALITY) as running:
        association = _associated(running.port)
        statuses = []
        for uid, data in (("2.25.1", None), ("../../etc/passwd", b"\x08\x00\x16\x00\x02\x00\x00\x00ab")):
            request = C_STORE()
            request.MessageID, request.Priority = 1, 2
            request.AffectedSOPClassUID = MRImageStorage
            request.AffectedSOPInstanceUID = uid
            request.DataSet = BytesIO(data) if data else None
            hold_reactor(association)
            association.dimse.send_msg(request, association.accepted_contexts[0].context_id or 1)
            _, answer = association.dimse.get_msg(block=True)
            statuses.append(getattr(answer, "Status", None))
            if answer is None:
                association = _associated(running.port)
        association.abort()
    assert 0x0000 not in statuses
    assert kept.instances == []


def test_stop_ends_in_time_although_a_peer_is_silent_in_the_middle() -> None:
    """Stopping never waits for a peer that sends half a message and then nothing; no thread stays."""
    before = _threads()
    with receiver(Kept(), MODALITY) as running:
        association = _associated(running.port)
        _half_a_message(association)
        wrapper = association.dul.socket
        assert wrapper is not None
        assert wrapper.socket is not None
        time.sleep(0.2)
        wrapper.socket.sendall(b"\x04\x00\x00\x01\x00\x00")  # a PDU header whose 65536 bytes never come
        silent = socket.create_connection((HERE, running.port), timeout=5)
        time.sleep(0.2)
        start = time.monotonic()
        running.stop(drain_seconds=0.3)
        assert time.monotonic() - start < 3
        silent.close()
        association.abort()
    wait_until(lambda: not {name for name in _threads() - before if "Acceptor" in name}, 5)


def test_stop_lets_a_running_association_finish(tmp_path: Path) -> None:
    """While draining, an instance under way is still kept and answered."""
    arrived, go_on = threading.Event(), threading.Event()

    def keep(_instance: ReceivedInstance) -> int:
        arrived.set()
        go_on.wait(5)
        return 0x0000

    outcomes = []
    with receiver(keep, MODALITY) as running:
        gateway = node("gateway", "GATEWAY", running.port)
        files = [mr_file(tmp_path)]
        sender = threading.Thread(
            target=lambda: outcomes.extend(store(gateway, files, calling_ae_title="MODALITY"))
        )
        sender.start()
        assert arrived.wait(5)
        threading.Timer(0.3, go_on.set).start()
        running.stop(drain_seconds=5)
        sender.join(5)
    assert [outcome.outcome for outcome in outcomes] == [Outcome.ACCEPTED]


def test_an_idle_association_is_ended() -> None:
    """A peer that associates and then says nothing is aborted after the idle time."""
    with receiver(Kept(), MODALITY, idle_timeout_s=0.5) as running:
        association = _associated(running.port)
        wait_until(lambda: association.is_aborted, 5)


def test_too_many_associations_are_rejected_for_now() -> None:
    """Beyond the limit a peer is told to come back later, and may when another has gone."""
    with receiver(Kept(), MODALITY, max_associations=2) as running:
        open_ones = [_associated(running.port) for _ in range(2)]
        gateway = node("gateway", "GATEWAY", running.port)
        with pytest.raises(AssociationRejected, match="limit of associations") as caught:
            echo(gateway, calling_ae_title="MODALITY")
        assert caught.value.transient
        for association in open_ones:
            association.release()
        wait_until(lambda: running.associations == 0)
        echo(gateway, calling_ae_title="MODALITY")
