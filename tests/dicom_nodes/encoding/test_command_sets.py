"""Command sets, against pynetdicom's and a peer's made of bytes."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dsutils import decode, encode

from dicom_nodes.encoding.command_sets import command_values, encoded_command
from support.nodes.raw_peer import command_set, store_command

ELEMENTS = st.dictionaries(
    st.integers(1, 0xFFFF), st.binary(max_size=10).map(lambda value: value + b"\0" * (len(value) % 2))
)


@given(ELEMENTS)
def test_a_command_set_is_read_as_it_was_written(elements: dict[int, bytes]) -> None:
    """By us and by another, with the length of the group before it."""
    encoded = encoded_command(sorted(elements.items()))
    assert encoded == command_set(sorted(elements.items()))
    length = (len(encoded) - 12).to_bytes(4, "little")
    assert command_values(encoded) == {0: length, **elements}


def test_pynetdicom_reads_and_writes_the_same() -> None:
    """A C-STORE request."""
    command = decode(BytesIO(store_command("2.25.12")), True, True)
    assert (command.CommandField, command.AffectedSOPInstanceUID) == (1, "2.25.12")
    encoded = encode(command, True, True)
    assert encoded is not None
    values = command_values(encoded)
    assert encoded_command((number, value) for number, value in values.items() if number) == encoded


@given(st.integers(1, 200))
def test_a_command_set_that_is_cut_is_none(cut: int) -> None:
    """Unless between two elements, where nobody can see it but by the length of the group."""
    whole = store_command("2.25.1")
    data = whole[: cut % len(whole)]
    ends, at = [0], 0
    for value in command_values(whole).values():
        at += 8 + len(value)
        ends.append(at)
    if len(data) in ends:
        assert len(command_values(data)) == ends.index(len(data))
    else:
        with pytest.raises(ValueError, match="a command set"):
            command_values(data)


def test_an_element_of_another_group_is_none_of_a_command() -> None:
    """A data set that comes as a command is refused."""
    with pytest.raises(ValueError, match="another group"):
        command_values(b"\x08\0\x18\0\x02\0\0\0" + b"1\0")
