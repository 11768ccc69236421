"""The transfer syntaxes (PS3.5 Annex A) whose pixels are decoded here, compared and shown.

What is received and kept is more than that (`dicom_nodes.scp`): an object in any other syntax is kept and passed on,
and a page says that its picture cannot be shown.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ShownSyntax(NamedTuple):
    """A transfer syntax that is decoded; `lossless`: the decoded values are those that were encoded."""

    uid: str
    name: str
    lossless: bool = True
    compressed: bool = True


SHOWN: Final = (
    ShownSyntax("1.2.840.10008.1.2", "Implicit VR Little Endian", compressed=False),
    ShownSyntax("1.2.840.10008.1.2.1", "Explicit VR Little Endian", compressed=False),
    ShownSyntax("1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", compressed=False),
    ShownSyntax("1.2.840.10008.1.2.2", "Explicit VR Big Endian", compressed=False),
    ShownSyntax("1.2.840.10008.1.2.4.50", "JPEG Baseline, 8 bits", lossless=False),
    ShownSyntax("1.2.840.10008.1.2.4.51", "JPEG Extended, 8 bits, and 12 bits of grey", lossless=False),
    ShownSyntax("1.2.840.10008.1.2.4.57", "JPEG Lossless (any selection value)"),
    ShownSyntax("1.2.840.10008.1.2.4.70", "JPEG Lossless SV1"),
    ShownSyntax("1.2.840.10008.1.2.4.80", "JPEG-LS lossless"),
    ShownSyntax("1.2.840.10008.1.2.4.81", "JPEG-LS near-lossless", lossless=False),
    ShownSyntax("1.2.840.10008.1.2.4.90", "JPEG 2000 lossless"),
    ShownSyntax("1.2.840.10008.1.2.4.91", "JPEG 2000", lossless=False),
    ShownSyntax("1.2.840.10008.1.2.4.201", "HTJ2K lossless"),
    ShownSyntax("1.2.840.10008.1.2.4.202", "HTJ2K lossless RPCL"),
    ShownSyntax("1.2.840.10008.1.2.4.203", "HTJ2K", lossless=False),
    ShownSyntax("1.2.840.10008.1.2.5", "RLE Lossless"),
)
COMPRESSED: Final = frozenset(one.uid for one in SHOWN if one.compressed)
UNCOMPRESSED: Final = frozenset(one.uid for one in SHOWN if not one.compressed)
