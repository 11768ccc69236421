"""The bytes of an association: cut anywhere they are the same fragments, and what must not be has its A-ABORT."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset
from pydicom.uid import MRImageStorage
from pynetdicom.pdu import A_ABORT_RQ

from dicom_nodes.upper_layer.pdus import (
    AFFECTED_CLASS,
    AFFECTED_INSTANCE,
    BY_PROVIDER,
    BY_USER,
    INVALID_VALUE,
    MESSAGE_ID,
    NO_REASON,
    UNEXPECTED_PDU,
    UNRECOGNIZED_PDU,
    Fragment,
    Pdu,
    PduReader,
    ProtocolError,
    abort_pdu,
    data_pdus,
    number_of,
    read_command,
    store_response,
    uid_of,
)
from support.nodes.raw_peer import RELEASE, Pdv, pdu, store_command

LIMIT = 1000
PDVS = st.builds(
    Pdv, st.integers(1, 255).map(lambda n: n | 1), st.booleans(), st.booleans(), st.binary(max_size=90)
)
PDUS = st.lists(
    st.one_of(st.lists(PDVS, min_size=1, max_size=4), st.just(RELEASE), st.just(abort_pdu(0, 0))), max_size=5
)


def events(stream: bytes, cuts: list[int]) -> list[Pdv | bytes]:
    """What a reader makes of a stream that comes in pieces; the pieces of one fragment are put together again."""
    reader = PduReader(LIMIT)
    found: list[Pdv | bytes] = []
    begun: bytes | None = None
    at = 0
    for end in [*sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]:
        for event in reader.feed(memoryview(stream)[at:end]):
            if isinstance(event, Pdu):
                assert event.kind == event.encoded[0]
                found.append(event.encoded)
                continue
            begun = (begun or b"") + bytes(event.data)
            if event.is_last or _is_whole(stream, found, begun):
                found.append(Pdv(event.context_id, event.is_command, event.is_last, begun))
                begun = None
        at = end
    assert reader.is_between_pdus
    assert begun is None
    return found


def _is_whole(stream: bytes, found: list[Pdv | bytes], begun: bytes) -> bool:
    """Whether the fragment under way is complete; one that is not the last of its message does not say so itself."""
    fragments = [each for each in _expected(stream) if isinstance(each, Pdv)]
    done = sum(isinstance(each, Pdv) for each in found)
    return len(begun) == len(fragments[done].data)


def _expected(stream: bytes) -> list[Pdv | bytes]:
    """The same by a reader that sees everything at once, made from PS3.8 9.3.5 alone."""
    found: list[Pdv | bytes] = []
    at = 0
    while at < len(stream):
        end = at + 6 + int.from_bytes(stream[at + 2 : at + 6], "big")
        if stream[at] != 4:
            found.append(stream[at:end])
        else:
            inner = at + 6
            while inner < end:
                length = int.from_bytes(stream[inner : inner + 4], "big")
                control = stream[inner + 5]
                data = stream[inner + 6 : inner + 4 + length]
                found.append(Pdv(stream[inner + 4], bool(control & 1), bool(control & 2), data))
                inner += 4 + length
        at = end
    return found


@given(PDUS, st.lists(st.integers(0, 5000), max_size=12))
def test_a_stream_is_the_same_wherever_it_is_cut(pdus: list[list[Pdv] | bytes], cuts: list[int]) -> None:
    """Even inside a header; every fragment in its order with its context and its bits, other PDUs whole."""
    stream = b"".join(each if isinstance(each, bytes) else pdu(*each) for each in pdus)
    assert events(stream, cuts) == _expected(stream)


def test_a_fragment_is_never_held() -> None:
    """Its bytes are views of what was fed, and come as they come: memory does not grow with the data set."""
    reader = PduReader(2**20)
    data = bytes(range(256)) * 100
    whole = memoryview(pdu(Pdv(1, False, True, data)))
    pieces = [list(reader.feed(whole[at : at + 1000])) for at in range(0, len(whole), 1000)]
    fragments = [each for piece in pieces for each in piece if isinstance(each, Fragment)]
    assert b"".join(bytes(each.data) for each in fragments) == data
    assert all(each.data.obj is whole.obj for each in fragments)
    assert [each.is_last for each in fragments] == [False] * (len(fragments) - 1) + [True]


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"\x04\0" + (LIMIT + 1).to_bytes(4, "big"), INVALID_VALUE),
        (b"\x04\0\0\0\0\x05", INVALID_VALUE),
        (pdu(Pdv(1, True, True, bytes(LIMIT))), INVALID_VALUE),
        (b"\x09\0\0\0\0\x04", UNRECOGNIZED_PDU),
        (b"\0\0\0\0\0\x04", UNRECOGNIZED_PDU),
        (b"\x01\0\0\0\0\x44", UNEXPECTED_PDU),
        (b"\x06\0\0\0\0\x04", UNEXPECTED_PDU),
        (b"\x05\0\0\0\0\x03", INVALID_VALUE),
        (b"\x07\0\xff\xff\xff\xff", INVALID_VALUE),
        (pdu(b"\0\0\0\x01\x01\x03"), INVALID_VALUE),
        (pdu(b"\0\0\0\x09\x01\x03"), INVALID_VALUE),
        (pdu(b"\0\0\0\x04\x01\x03ab\0\0"), INVALID_VALUE),
    ],
)
def test_what_must_not_be_has_the_reason_of_its_abort(stream: bytes, reason: int) -> None:
    """By the provider, with what PS3.8 Table 9-26 calls it; found at the header, before a byte behind it is kept."""
    with pytest.raises(ProtocolError) as caught:
        list(PduReader(LIMIT).feed(memoryview(stream)))
    assert (caught.value.source, caught.value.reason) == (BY_PROVIDER, reason)


@given(st.binary(max_size=200))
def test_noise_is_fragments_or_a_violation(noise: bytes) -> None:
    """Nothing else is raised, whatever a peer sends."""
    reader = PduReader(LIMIT)
    try:
        taken = sum(
            len(event.data) if isinstance(event, Fragment) else len(event.encoded)
            for event in reader.feed(memoryview(noise))
        )
    except ProtocolError:
        taken = 0
    assert taken <= len(noise)


def test_a_command_set_is_read_by_its_numbers() -> None:
    """As a peer writes it that was made from the Standard alone; padding is no part of a UID."""
    command = read_command(store_command("2.25.123", 77))
    assert number_of(command, MESSAGE_ID) == 77
    assert (uid_of(command, AFFECTED_CLASS), uid_of(command, AFFECTED_INSTANCE)) == (
        MRImageStorage,
        "2.25.123",
    )
    assert uid_of({}, AFFECTED_INSTANCE) == ""
    assert uid_of({AFFECTED_INSTANCE: b"2.25\xff \0"}, AFFECTED_INSTANCE) == "2.25\ufffd"


@pytest.mark.parametrize(
    "command", [b"\0\0\0\0", store_command("2.25.1")[:-1], b"\x08\0" + store_command("2.25.1")[2:]]
)
def test_what_is_no_command_set_is_a_violation_by_the_user(command: bytes) -> None:
    """The service user sent it (PS3.8 9.3.8: source 0), not the layer below."""
    with pytest.raises(ProtocolError) as caught:
        read_command(command)
    assert (caught.value.source, caught.value.reason) == (BY_USER, NO_REASON)


@pytest.mark.parametrize("value", [None, b"", b"\x01", b"\x01\0\0\0"])
def test_a_number_that_is_missing_or_of_another_size_is_a_violation(value: bytes | None) -> None:
    """Message ID and the like are unsigned shorts; without one there is nothing to answer to."""
    with pytest.raises(ProtocolError, match=r"\(0000,0110\)"):
        number_of({} if value is None else {MESSAGE_ID: value}, MESSAGE_ID)


@given(st.sampled_from([0, 8, 20, 100, 16384]), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_an_answer_is_what_pydicom_reads(max_pdu: int, message_id: int, status: int) -> None:
    """The elements of PS3.7 9.3.1.2, in PDUs that the peer can take, the last bit on the last."""
    encoded = store_response(5, read_command(store_command("2.25.9", message_id)), status, max_pdu)
    pieces = [each for each in _expected(encoded) if isinstance(each, Pdv)]
    assert all(each.context_id == 5 and each.is_command for each in pieces)
    assert [each.is_last for each in pieces] == [False] * (len(pieces) - 1) + [True]
    assert max_pdu == 0 or all(len(each.data) + 6 <= max_pdu for each in pieces)
    command = b"".join(each.data for each in pieces)
    read = read_dataset(BytesIO(command), is_implicit_VR=True, is_little_endian=True)
    assert (read.CommandField, read.MessageIDBeingRespondedTo, read.Status) == (0x8001, message_id, status)
    assert (read.AffectedSOPClassUID, read.AffectedSOPInstanceUID) == (MRImageStorage, "2.25.9")
    assert read.CommandDataSetType == 0x0101
    assert read.CommandGroupLength == len(command) - 12


@given(st.binary(max_size=300), st.sampled_from([0, 7, 8, 50]), st.booleans(), st.booleans())
def test_a_fragment_is_cut_and_put_together_again(
    data: bytes, max_pdu: int, is_command: bool, is_last: bool
) -> None:
    """Also none at all, which is a fragment without bytes."""
    pieces = _expected(data_pdus(3, data, max_pdu, is_command=is_command, is_last=is_last))
    assert b"".join(each.data for each in pieces if isinstance(each, Pdv)) == data
    assert [each.is_last for each in pieces if isinstance(each, Pdv)][-1] == is_last


def test_an_abort_is_what_pynetdicom_reads() -> None:
    """With source and reason (PS3.8 9.3.8)."""
    read = A_ABORT_RQ()
    read.decode(abort_pdu(BY_PROVIDER, UNEXPECTED_PDU))
    assert (read.source, read.reason_diagnostic) == (BY_PROVIDER, UNEXPECTED_PDU)
