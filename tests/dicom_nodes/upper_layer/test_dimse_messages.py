"""The command sets of a C-STORE, and the fragments it travels in, as bytes."""

from __future__ import annotations

import contextlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset

from dicom_nodes.upper_layer.dimse_messages import (
    COMMAND,
    DATASET,
    HEADER_BYTES,
    LAST,
    fragment_bytes,
    pdvs,
    put_header,
    read_response,
    store_request,
)
from support.nodes.odd_peer import response
from support.nodes.raw_peer import Pdv, command_set, pdu

ODD_UIDS = st.sampled_from(["2.25.1", "2.25.12", "1.2.840.10008.5.1.4.1.1.4"])


@given(st.integers(1, 0xFFFF), ODD_UIDS, ODD_UIDS)
def test_the_command_is_what_pydicom_reads(number: int, sop_class: str, instance: str) -> None:
    """The command set decodes to the elements of PS3.7 Table 9.3-1, with the right group length."""
    command = store_request(number, sop_class, instance)
    read = read_dataset(BytesIO(command), is_implicit_VR=True, is_little_endian=True)
    assert (read.AffectedSOPClassUID, read.AffectedSOPInstanceUID) == (sop_class, instance)
    assert (read.CommandField, read.MessageID) == (0x0001, number)
    assert read.CommandDataSetType != 0x0101
    assert read.CommandGroupLength == len(command) - 12


def test_a_maximum_without_room_for_data_is_refused() -> None:
    """A peer that announces less than a fragment of two bytes cannot be sent anything."""
    with pytest.raises(ValueError, match="leaves no room"):
        fragment_bytes(7, 1000)


@given(st.binary(max_size=60))
def test_rubbish_is_no_command_set(rubbish: bytes) -> None:
    """Whatever bytes come as a response, the reader says what it found or ValueError, nothing else."""
    with contextlib.suppress(ValueError):
        assert read_response(rubbish) is not None
    with contextlib.suppress(ValueError):
        assert sum(len(fragment) + 6 for _, fragment in pdvs(rubbish)) == len(rubbish)


@pytest.mark.parametrize(("status", "dataset"), [(0x0000, False), (0xA700, True), (None, False)])
def test_a_response_says_what_it_answers(status: int | None, dataset: bool) -> None:
    """Message ID, status where there is one, and whether a data set follows."""
    read = read_response(response(7, status, dataset=dataset))
    assert (read.is_store, read.answers, read.status, read.has_dataset) == (True, 7, status, dataset)


def test_an_answer_to_something_else_is_no_store() -> None:
    """C-ECHO-RSP; and a command set without anything in it has nothing that decides."""
    echo = read_response(command_set([(0x0100, b"\x30\x80"), (0x0120, b"\x01\0"), (0x0900, b"\0\0")]))
    assert not echo.is_store
    assert read_response(b"") == (None, None, None, False)


@pytest.mark.parametrize(
    "command",
    [response(1)[:-1], response(1)[:4], b"\x08\0" + response(1)[2:]],
    ids=["cut in a value", "cut in a header", "another group"],
)
def test_what_is_no_command_set_is_refused(command: bytes) -> None:
    """Half of one, or elements of a data set: nothing is guessed from it."""
    with pytest.raises(ValueError, match="command set"):
        read_response(command)


@given(st.integers(8, 2**32 - 1), st.integers(2, 2**20))
def test_a_fragment_with_its_header_fits_what_the_peer_takes(maximum: int, most: int) -> None:
    """Even, at most what was asked for, and with the six bytes of its PDV no longer than the peer's maximum."""
    size = fragment_bytes(maximum, most)
    assert size % 2 == 0
    assert 2 <= size <= most
    assert size + 6 <= maximum
    assert fragment_bytes(0, most) == most - most % 2


@given(
    st.integers(1, 255), st.sampled_from([DATASET, COMMAND, LAST, COMMAND | LAST]), st.binary(max_size=300)
)
def test_a_header_is_that_of_the_standard(context_id: int, control: int, data: bytes) -> None:
    """A P-DATA-TF with one PDV, as a peer writes it that was made from the Standard alone; and it is read back."""
    buffer = bytearray(HEADER_BYTES)
    put_header(buffer, 0, context_id, control, len(data))
    written = bytes(buffer) + data
    assert written == pdu(Pdv(context_id, bool(control & COMMAND), bool(control & LAST), data))
    assert list(pdvs(written[6:])) == [(control, data)]


@pytest.mark.parametrize(
    "body",
    [b"\0\0\0\x03\x01\x03", b"\0\0\0\x01\x01\x03", b"\0\0\0\x02\x01\x03\0\0", b"\xff\xff\xff\xff\x01\x03"],
    ids=["longer than the PDU", "too short", "half a header behind", "four gigabytes"],
)
def test_lengths_that_lie_are_refused(body: bytes) -> None:
    """A PDV ends with or before its PDU."""
    with pytest.raises(ValueError, match="PD"):
        list(pdvs(body))
