"""The value representations: the one table of how the values of each are encoded (PS3.5 sections 6.2 and 7.1)."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple


class Kind(Enum):
    """What the value of a VR is."""

    STRING = auto()
    """Characters of the default repertoire, whatever the data set's character set is."""
    TEXT = auto()
    """Characters in the data set's Specific Character Set."""
    NUMBER = auto()
    """Binary numbers, or tags."""
    BULK = auto()
    """A stream of bytes or words."""
    SEQUENCE = auto()
    UNKNOWN = auto()


class Form(NamedTuple):
    """How a VR is encoded: its two letters, with a length of 32 bits or 16, with what an odd value is padded."""

    code: bytes
    kind: Kind
    long: bool
    padding: bytes


FORMS: Final[dict[str, Form]] = {
    vr: Form(vr.encode(), kind, long, padding)
    for vrs, kind, long, padding in (
        ("AE AS CS DA DS DT IS TM", Kind.STRING, False, b" "),
        ("UI", Kind.STRING, False, b"\0"),
        ("UR", Kind.STRING, True, b" "),
        ("LO LT PN SH ST", Kind.TEXT, False, b" "),
        ("UC UT", Kind.TEXT, True, b" "),
        ("AT FD FL SL SS UL US", Kind.NUMBER, False, b"\0"),
        ("SV UV", Kind.NUMBER, True, b"\0"),
        ("OB OD OF OL OV OW", Kind.BULK, True, b"\0"),
        ("SQ", Kind.SEQUENCE, True, b"\0"),
        ("UN", Kind.UNKNOWN, True, b"\0"),
    )
    for vr in vrs.split()
}

SHORT_FORM: Final = {form.code: vr for vr, form in FORMS.items() if not form.long}
"""The VRs with a length of 16 bits, by their letters as encoded."""
LONG_FORM: Final = {form.code: vr for vr, form in FORMS.items() if form.long}
"""The VRs with two reserved bytes and a length of 32 bits."""


def _of(kind: Kind) -> frozenset[str]:
    return frozenset(vr for vr, form in FORMS.items() if form.kind is kind)


STRING_VRS: Final = _of(Kind.STRING)
TEXT_VRS: Final = _of(Kind.TEXT)
NUMBER_VRS: Final = _of(Kind.NUMBER)
BULK_VRS: Final = _of(Kind.BULK)
