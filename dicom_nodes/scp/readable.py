"""Can pynetdicom read it? Asked before it is given something from outside.

Its network thread ends with a traceback, and the peer hears nothing, when a decoder raises where its state machine
does not expect it: an A-ASSOCIATE-RQ with an even context ID, a command field that no service has. Here its own
decoders are tried first, so that such a peer gets an A-ABORT.
"""

from __future__ import annotations

from typing import Any

from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import P_DATA


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
