"""Why pixels cannot be decoded."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from pydicom.errors import BytesLengthException

from gateway.errors import GatewayError

UNDECODABLE: Final = (  # what pydicom and its decoders raise for pixels that are not what the header says
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    OverflowError,
    MemoryError,
    AssertionError,
    BytesLengthException,
    struct.error,
    zlib.error,
)


class CannotDecode(GatewayError):
    """The pixels of an object cannot be decoded, so nothing is known about them."""


class NoSuchFrame(CannotDecode):
    """The object has other frames."""


class TooBusy(CannotDecode):
    """Nothing is wrong with it: others come first. Ask again soon."""
