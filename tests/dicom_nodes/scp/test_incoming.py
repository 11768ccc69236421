"""Objects on their way in that are collected in memory, or refused."""

from __future__ import annotations

import pytest

from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.scp.incoming import CANNOT_UNDERSTAND, OUT_OF_RESOURCES, Collected, Discarded

ANNOUNCED = ReceivedInstance(
    "1.2.840.10008.5.1.4.1.1.4", "2.25.1", "1.2.840.10008.1.2.1", b"", "SCANNER", node="mr1"
)


def test_the_pieces_of_an_object_are_kept_as_a_whole() -> None:
    """Copied when they come, because a piece is only valid then; given on once, with who announced them."""
    kept: list[ReceivedInstance] = []

    def keep(received: ReceivedInstance) -> int:
        kept.append(received)
        return OUT_OF_RESOURCES

    incoming = Collected(ANNOUNCED, keep)
    buffer = bytearray(b"first")
    incoming.write(memoryview(buffer))
    buffer[:] = b"other"
    incoming.write(memoryview(buffer))
    assert incoming.finish() == OUT_OF_RESOURCES
    (received,) = kept
    assert received.dataset == b"firstother"
    assert (received.calling_ae_title, received.node, received.sop_instance_uid) == (
        "SCANNER",
        "mr1",
        "2.25.1",
    )


def test_an_object_without_a_data_set_is_not_kept() -> None:
    """Nobody is asked to keep nothing; also what was abandoned is forgotten."""

    def keep(received: ReceivedInstance) -> int:
        raise AssertionError(received.sop_instance_uid)

    assert Collected(ANNOUNCED, keep).finish() == CANNOT_UNDERSTAND
    incoming = Collected(ANNOUNCED, keep)
    incoming.write(memoryview(b"a beginning"))
    incoming.abandon()
    incoming.abandon()
    assert incoming.finish() == CANNOT_UNDERSTAND


@pytest.mark.parametrize("status", [OUT_OF_RESOURCES, CANNOT_UNDERSTAND])
def test_a_refused_object_is_read_and_forgotten(status: int) -> None:
    """The protocol wants its bytes read; the answer is the one it was refused with."""
    incoming = Discarded(status)
    incoming.write(memoryview(b"anything"))
    assert incoming.finish() == status
    incoming.abandon()
