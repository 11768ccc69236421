"""UIDs (PS3.5 section 9), and what that of a transfer syntax says about the encoding of a data set (section 10)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

IMPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*")


class Encoding(NamedTuple):
    """How the elements of a data set are encoded."""

    implicit: bool = False
    little_endian: bool = True
    deflated: bool = False


EXPLICIT: Final = Encoding()
IMPLICIT: Final = Encoding(implicit=True)
_ENCODINGS: Final = {
    IMPLICIT_LITTLE_ENDIAN: IMPLICIT,
    DEFLATED_LITTLE_ENDIAN: Encoding(deflated=True),
    EXPLICIT_BIG_ENDIAN: Encoding(little_endian=False),
}


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """The encoding in a transfer syntax: explicit VR little endian in all but three of the Standard's.

    A private one, and one nobody knows, is taken for such a one, too.
    """
    return _ENCODINGS.get(transfer_syntax_uid, EXPLICIT)


def is_uid(text: str) -> bool:
    """Whether the text can be a UID: digits and dots, at most 64 characters (PS3.5 9.1).

    Leading zeros in a component are tolerated, because real devices send them. What matters here is that
    a UID from the network can never name a path.
    """
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def uid_text(value: bytes) -> str:
    """The value of an element of VR UI, without its padding; it need not be a UID."""
    return value.decode("ascii", "replace").strip("\0 ")
