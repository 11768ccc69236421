"""A C-STORE request is looked at before its data set: who may store, and what; each no has its status and is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import uid

from dicom_nodes.node import Role
from dicom_nodes.outcomes import Outcome
from dicom_nodes.scp.refusals import RefusedCaller
from dicom_nodes.sender import store
from support.nodes.peers import Kept, node, receiver, wait_until
from support.nodes.raw_peer import STORAGE, RawPeer, command_set, message
from support.objects.dicom_files import mr_file


def test_a_node_that_only_archives_may_not_store(tmp_path: Path) -> None:
    """It may call us, but its objects are refused as not authorised."""
    kept = Kept()
    archive = node("archive", "ARCHIVE", 4242, frozenset({Role.ARCHIVE}))
    with receiver(kept, archive) as running:
        (outcome,) = store(
            node("gateway", "GATEWAY", running.port), [mr_file(tmp_path)], calling_ae_title="ARCHIVE"
        )
    assert (outcome.outcome, outcome.status) == (Outcome.NODE_REFUSED, 0x0124)
    assert kept.instances == []


def test_a_reading_site_may_store_what_it_made(tmp_path: Path) -> None:
    """Its objects come in under its own node's name."""
    kept = Kept()
    reader = node("reader", "READER", 4242, frozenset({Role.READER}))
    with receiver(kept, reader) as running:
        (outcome,) = store(
            node("gateway", "GATEWAY", running.port), [mr_file(tmp_path)], calling_ae_title="READER"
        )
    assert outcome.outcome is Outcome.ACCEPTED
    assert [instance.node for instance in kept.instances] == ["reader"]


def store_request(data: bytes | None, sop_instance: str = "2.25.1", context_id: int = STORAGE) -> bytes:
    """A C-STORE request of an MR image."""
    command = command_set(
        (
            (0x0002, str(uid.MRImageStorage).encode()),
            (0x0100, b"\x01\x00"),
            (0x0110, b"\x01\x00"),
            (0x0700, b"\x00\x00"),
            (0x0800, b"\x00\x00" if data is not None else b"\x01\x01"),
            (0x1000, sop_instance.encode()),
        )
    )
    return message(context_id, command, data)


@pytest.mark.parametrize(
    ("request_", "roles", "why"),
    [
        (store_request(b"x" * 8, "1." * 40 + "1"), {Role.SENDER}, "is no UID"),
        (store_request(b"x" * 8, "not-a-uid"), {Role.SENDER}, "is no UID"),
        (store_request(b"x" * 8, context_id=3), {Role.SENDER}, "not for storage"),
        (store_request(None), {Role.SENDER}, "without a data set"),
        (store_request(b"x" * 8), {Role.ARCHIVE}, "neither a sender nor a reader"),
        (
            store_request(b"x" * 8, context_id=77),
            {Role.SENDER},
            "was not accepted; the association was aborted",
        ),
    ],
)
def test_each_refused_object_is_told(request_: bytes, roles: set[Role], why: str) -> None:
    """0117, 0122, 0124, C000 and aborts, by node; never with a UID of an instance."""
    refusals: list[RefusedCaller] = []
    caller = node("modality", "MODALITY", 4242, roles=frozenset(roles))
    with receiver(Kept(), caller, refused=refusals.append) as running, RawPeer(running.port) as peer:
        peer.associate().socket.sendall(request_)
        peer.read()
        wait_until(lambda: refusals)
    [refusal] = refusals
    assert why in refusal.why
    assert refusal.fix
    assert (refusal.node, refusal.calling_ae_title) == ("modality", "MODALITY")
    assert "2.25.1" not in refusal.why + refusal.fix
