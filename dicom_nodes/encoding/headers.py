"""What stands before each value: tag, VR and length of an element, an item, a delimiter (PS3.5 7.1 and 7.5)."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import Octets
from dicom_nodes.encoding.uids import Encoding
from dicom_nodes.encoding.vrs import FORMS, LONG_FORM, SHORT_FORM

UNDEFINED: Final = 0xFFFFFFFF
"""The length of what ends with a delimiter."""
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA: Final = 0x7FE00010
SHORT_BYTES: Final = 8
"""Bytes of the header of an item, of an element in implicit VR, and of one whose VR has the short form."""
LONG_BYTES: Final = 12
"""Bytes of the header of an element whose VR has the long form."""
ENCODED_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0\0\0\0\0"
UNKNOWN_VR: Final = "??"
"""Stands for a VR that is none of the Standard's."""
NO_VRS: Final = frozenset((b"\0\0", b"--", b"??", b"  "))
"""What writers put where they know no VR; the length has 16 bits then, as DCMTK reads it, too."""

# By whether it is little endian.
_EXPLICIT = struct.Struct(">HH2sH").unpack_from, struct.Struct("<HH2sH").unpack_from
_IMPLICIT = struct.Struct(">HHL").unpack_from, struct.Struct("<HHL").unpack_from
_LENGTH = struct.Struct(">L").unpack_from, struct.Struct("<L").unpack_from
_explicit_long = struct.Struct("<HH2sHL").pack
_explicit_short = struct.Struct("<HH2sH").pack
_implicit = struct.Struct("<HHL").pack
_new = tuple.__new__  # a named tuple without the detour by its own constructor


class Header(NamedTuple):
    """The header of an element; `vr` is empty where the encoding is implicit, `value` is where the value begins."""

    tag: int
    vr: str
    length: int
    value: int


def header(
    data: Octets | memoryview, at: int, encoding: Encoding, *, private_vrs: bool = False
) -> Header | None:
    """The header at `at`; None when the data end before it does. Raises NotDicom for a VR that is none.

    With `private_vrs` a private element may have such a one: UNKNOWN_VR.
    """
    left = len(data) - at
    if left < SHORT_BYTES:
        return None
    implicit, little, _ = encoding
    if implicit:
        group, number, length = _IMPLICIT[little](data, at)
        return _new(Header, (group << 16 | number, "", length, at + SHORT_BYTES))
    group, number, code, length = _EXPLICIT[little](data, at)
    tag, vr = group << 16 | number, SHORT_FORM.get(code)
    if vr is not None:
        return _new(Header, (tag, vr, length, at + SHORT_BYTES))
    vr = LONG_FORM.get(code)
    if vr is None:
        if not private_vrs or not group % 2:
            raise NotDicom(f"{name_of(tag)} has no known value representation.")
        if code in NO_VRS:
            return _new(Header, (tag, UNKNOWN_VR, length, at + SHORT_BYTES))
        # A VR of the future has two capitals and the long form (PS3.5 7.1.2).
        if length or not (code.isalpha() and code.isupper()):
            raise NotDicom(
                f"{name_of(tag)} has no known value representation, and its length cannot be told."
            )
        vr = UNKNOWN_VR
    if left < LONG_BYTES:
        return None
    length = _LENGTH[little](data, at + 8)[0]
    if vr is UNKNOWN_VR and length == UNDEFINED:
        raise NotDicom(f"{name_of(tag)} has no known value representation and no length.")
    return _new(Header, (tag, vr, length, at + LONG_BYTES))


def item_header(data: Octets | memoryview, at: int, *, little_endian: bool = True) -> tuple[int, int] | None:
    """Tag and length of the item or delimiter at `at`, which have no VR in any encoding; None as `header`."""
    if at + SHORT_BYTES > len(data):
        return None
    group, number, length = _IMPLICIT[little_endian](data, at)
    return group << 16 | number, length


def encoded_header(tag: int, vr: str, length: int, *, implicit: bool) -> bytes:
    """The header of an element in little endian; struct.error where the short form has no room for the length."""
    group, number = tag >> 16, tag & 0xFFFF
    if implicit:
        return _implicit(group, number, length)
    form = FORMS[vr]
    if form.long:
        return _explicit_long(group, number, form.code, 0, length)
    return _explicit_short(group, number, form.code, length)


def encoded_element(tag: int, vr: str, value: bytes, *, implicit: bool = False) -> bytes:
    """An element in little endian, its value padded to an even length (PS3.5 6.2)."""
    if len(value) % 2:
        value += FORMS[vr].padding
    return encoded_header(tag, vr, len(value), implicit=implicit) + value


def encoded_item(content: bytes) -> bytes:
    """An item of a sequence with its length, in little endian (PS3.5 7.5.1)."""
    return _implicit(ITEM >> 16, ITEM & 0xFFFF, len(content)) + content


def name_of(tag: int) -> str:
    """A tag as the Standard writes it.

    >>> name_of(0x00100020)
    '(0010,0020)'
    """
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
