"""Can pynetdicom read it? Asked before it is given something from outside, which is brought into its form.

Its network thread ends with a traceback, and the peer hears nothing, when a decoder raises where its state machine
does not expect it: an A-ASSOCIATE-RQ with an even context ID, a command field that no service has. Here its own
decoders are tried first, so that such a peer gets an A-ABORT.

What is padding to everybody else is padding here (PS3.5 6.2, PS3.8 Annex F): NUL or space behind an AE title or a UID.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import P_DATA

BLANK_TITLE: Final = "?"
"""Stands for an AE title without a character, which pynetdicom would not read."""
_TITLES: Final = (slice(10, 26), slice(26, 42))  # called and calling, PS3.8 Table 9-11
_ITEMS: Final = 74
_APPLICATION_CONTEXT, _CONTEXT, _ABSTRACT_SYNTAX, _TRANSFER_SYNTAX = 0x10, 0x20, 0x30, 0x40
_CONTEXT_HEAD: Final = 4  # bytes of a presentation context item before its sub-items
_PADDING: Final = b"\0 "
_item_head = struct.Struct(">BBH")


def in_plain_form(pdu: bytes) -> bytes:
    """An A-ASSOCIATE-RQ, header and all, without the padding of its UIDs, its titles padded with spaces.

    As it is where its items do not fit into one another: that is for `is_readable_request` to refuse.
    """
    if len(pdu) < _ITEMS:
        return pdu
    fixed = bytearray(pdu[:_ITEMS])
    for place in _TITLES:
        # In most nodes a title is a C string: what stands behind a NUL was never meant.
        title = bytes(fixed[place]).split(b"\0", 1)[0].strip() or BLANK_TITLE.encode()
        fixed[place] = title.ljust(16)
    try:
        items = _without_padding(pdu[_ITEMS:])
    except struct.error:
        return pdu
    fixed[2:6] = (len(fixed) - 6 + len(items)).to_bytes(4, "big")
    return bytes(fixed) + items


def _without_padding(items: bytes) -> bytes:
    plain = bytearray()
    at = 0
    while at < len(items):
        kind, reserved, length = _item_head.unpack_from(items, at)
        at += _item_head.size
        value = items[at : at + length]
        if len(value) < length:
            raise struct.error
        at += length
        if kind in (_APPLICATION_CONTEXT, _ABSTRACT_SYNTAX, _TRANSFER_SYNTAX):
            value = value.strip(_PADDING)
        elif kind == _CONTEXT:
            value = value[:_CONTEXT_HEAD] + _without_padding(value[_CONTEXT_HEAD:])
        plain += _item_head.pack(kind, reserved, len(value)) + value
    return bytes(plain)


def is_readable_command(command: bytes) -> bool:
    """Whether a whole command set makes a message."""
    primitive: Any = P_DATA()
    primitive.presentation_data_value_list = [[1, b"\x03" + command]]
    try:
        DIMSEMessage().decode_msg(primitive)
    except Exception:  # noqa: BLE001  whatever its decoders raise means the same here
        return False
    return True


def is_readable_request(pdu: bytes) -> bool:
    """Whether an A-ASSOCIATE-RQ, header and all, makes an association request."""
    try:
        request = A_ASSOCIATE_RQ()
        request.decode(pdu)
        request.to_primitive()
    except Exception:  # noqa: BLE001  as above
        return False
    return True
