"""A C-STORE request laid out for the wire: the same message whatever the sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid

from dicom_nodes.outgoing import EncodedContent
from dicom_nodes.scu.message_buffer import BUFFER_BYTES, LARGEST_FRAGMENT, MessageBuffer
from dicom_nodes.upper_layer.dimse_messages import HEADER_BYTES, pdvs, store_request


@given(
    data=st.binary(max_size=3000),
    maximum=st.one_of(st.just(0), st.integers(8, 600)),
    size=st.integers(2000, 6000),
)
def test_any_layout_is_the_same_message(data: bytes, maximum: int, size: int) -> None:
    """Every PDU keeps to the peer's maximum, even fragments, one 'last' each; together they are the message."""
    buffer = MessageBuffer(maximum, size)
    command = store_request(7, uid.MRImageStorage, "2.25.9")
    buffer.begin(5, command, EncodedContent(data))
    wire = bytes(buffer.ready)
    while buffer.refill():
        wire += bytes(buffer.ready)
    found: dict[int, bytes] = {0: b"", 1: b""}
    controls = []
    while wire:
        length = int.from_bytes(wire[2:6], "big")
        assert wire[:2] == b"\x04\0"
        assert maximum == 0 or length <= maximum
        assert wire[10] == 5
        [(control, fragment)] = pdvs(wire[6 : 6 + length])
        assert len(fragment) % 2 == 0 or control == 2
        found[control & 1] += fragment
        controls.append(control)
        wire = wire[6 + length :]
    assert found == {0: data, 1: command}
    assert controls == sorted(controls, key=lambda control: (1, 3, 0, 2).index(control))
    assert (controls.count(3), controls.count(2)) == (1, 1)


def sent(buffer: MessageBuffer, data: bytes) -> bytes:
    """Everything that leaves for one message."""
    buffer.begin(3, store_request(1, uid.MRImageStorage, "2.25.9"), EncodedContent(data))
    wire = bytes(buffer.ready)
    while buffer.refill():
        wire += bytes(buffer.ready)
    return wire


def test_a_buffer_serves_one_message_after_the_other() -> None:
    """Nothing of a long message is left in the next, shorter one; after the end there is nothing more."""
    buffer = MessageBuffer(600, 3000)
    sent(buffer, bytes(range(256)) * 50)
    assert sent(buffer, b"ab") == sent(MessageBuffer(600, 3000), b"ab")
    assert not buffer.refill()


@pytest.mark.parametrize(
    ("maximum", "fragment"),
    [(0, LARGEST_FRAGMENT), (16384, 16378), (131072, 131066), (2**32 - 1, LARGEST_FRAGMENT), (9, 2)],
)
def test_a_fragment_is_as_large_as_the_peer_takes_and_never_larger_than_ours(
    maximum: int, fragment: int
) -> None:
    """Even, inside the peer's maximum, and a quarter of the buffer at most, so that several leave at once."""
    assert MessageBuffer(maximum).fragment == fragment
    assert MessageBuffer(maximum, 4096).fragment <= 1024


def test_no_buffer_full_is_longer_than_the_buffer() -> None:
    """Whatever the length of the data set, each piece to send is bounded and whole PDUs."""
    buffer = MessageBuffer(0)
    data = bytes(3 * BUFFER_BYTES)
    buffer.begin(1, store_request(1, uid.MRImageStorage, "2.25.9"), EncodedContent(data))
    pieces = [len(buffer.ready)]
    while buffer.refill():
        pieces.append(len(buffer.ready))
        assert bytes(buffer.ready[:2]) == b"\x04\0"
    assert max(pieces) <= BUFFER_BYTES
    assert len(pieces) >= 4
    assert sum(pieces) > len(data) + HEADER_BYTES


class _Broken(EncodedContent):
    """A disk that fails after the first piece."""

    def fill(self, places: object, at: int) -> None:
        if at:
            raise OSError("the disk is gone")
        super().fill(places, at)  # type: ignore[arg-type]


def test_a_content_that_cannot_be_read_raises_where_it_is_read() -> None:
    """And the message is not completed: the next refill does not say that it is over."""
    buffer = MessageBuffer(600, 3000)
    buffer.begin(1, store_request(1, uid.MRImageStorage, "2.25.9"), _Broken(bytes(9000)))
    with pytest.raises(OSError, match="the disk is gone"):
        buffer.refill()
