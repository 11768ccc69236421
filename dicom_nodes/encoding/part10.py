"""The beginning of a Part 10 file: preamble, prefix and file meta information, read and written (PS3.10 7.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from dicom_nodes.encoding.elements import Element
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.headers import encoded_element, header, name_of
from dicom_nodes.encoding.octets import Octets
from dicom_nodes.encoding.uids import EXPLICIT, uid_text

PREAMBLE_BYTES: Final = 128
PREFIX: Final = b"DICM"
GROUP_LENGTH, META_VERSION = 0x00020000, 0x00020001
SOP_CLASS, SOP_INSTANCE, TRANSFER_SYNTAX = 0x00020002, 0x00020003, 0x00020010
IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION = 0x00020012, 0x00020013
SENDING_TITLE, RECEIVING_TITLE = 0x00020017, 0x00020018
PRIVATE_CREATOR, PRIVATE_INFORMATION = 0x00020100, 0x00020102
_BEGIN: Final = PREAMBLE_BYTES + len(PREFIX)
_GROUP: Final = b"\2\0"
_new = tuple.__new__  # a named tuple without the detour by its own constructor


class FileMeta(NamedTuple):
    """The file meta information in `data`, as it stands there; the data set begins at `end`."""

    data: Octets
    elements: list[Element]
    end: int

    def value(self, tag: int) -> bytes:
        """The value of an element; empty where it is missing."""
        return next((self.data[e.value : e.stop] for e in reversed(self.elements) if e.tag == tag), b"")

    def uid(self, tag: int) -> str:
        """The value of an element of VR UI as text; empty where it is missing."""
        return uid_text(self.value(tag))


def has_preamble(start: bytes) -> bool:
    """Whether a file that begins with `start`, of 132 bytes, is one of PS3.10."""
    return start[PREAMBLE_BYTES:_BEGIN] == PREFIX


def file_meta(data: Octets) -> FileMeta:
    """The file meta information of a Part 10 file, or of its beginning; raises NotDicom."""
    if data[PREAMBLE_BYTES:_BEGIN] != PREFIX:
        raise NotDicom("There is no 'DICM' mark at byte 128: this is not a DICOM Part 10 file.")
    meta: list[Element] = []
    at, size = _BEGIN, len(data)
    while data.startswith(_GROUP, at):
        here = header(data, at, EXPLICIT)
        if here is None:
            raise NotDicom("The file ends inside its file meta information.")
        tag, vr, length, value = here
        end = value + length
        if end > size:
            raise NotDicom(f"The file ends inside {name_of(tag)} of its file meta information.")
        meta.append(_new(Element, (tag, vr, at, value, end, end)))
        at = end
    return FileMeta(data, meta, at)


def encoded_beginning(elements: Iterable[tuple[int, str, bytes]]) -> bytes:
    """What stands before the data set: an empty preamble, the prefix, and (tag, VR, value) of group 0002.

    The group's length is put before them, so it is not among them; they come in ascending order.
    """
    group = b"".join([encoded_element(tag, vr, value) for tag, vr, value in elements])
    length = encoded_element(GROUP_LENGTH, "UL", len(group).to_bytes(4, "little"))
    return b"".join((bytes(PREAMBLE_BYTES), PREFIX, length, group))
