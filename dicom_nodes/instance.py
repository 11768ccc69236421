"""One received SOP instance: exactly the bytes that came, and who sent them.

The data set is never decoded or re-encoded here: what is kept is what was sent.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Literal

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import elements, file_meta, inflate

ReceivedBy = Literal["c-store", "stow-rs", "upload"]

# Made from a random UUID once (PS3.5 B.2); identifies this implementation in files and associations.
IMPLEMENTATION_CLASS_UID = "2.25.208153217216427304287430229418307426297"
IMPLEMENTATION_VERSION_NAME = "DICOM_NODES_1"

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_FIX = "Export the file again from its source; this copy is damaged or is not DICOM."
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018


@dataclass(frozen=True)
class ReceivedInstance:
    """`dataset` is encoded in `transfer_syntax_uid` exactly as received, without file meta information.

    An instance that is only announced has an empty `dataset`. `node` is the name of the sending node;
    `association_id` groups what came over one association (or one request, or one upload).
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes
    calling_ae_title: str = ""
    called_ae_title: str = ""
    peer_address: str = ""
    association_id: str = ""
    node: str = ""
    received_by: ReceivedBy = "upload"

    def part10(
        self,
        implementation_class_uid: str = IMPLEMENTATION_CLASS_UID,
        implementation_version_name: str = IMPLEMENTATION_VERSION_NAME,
        private: tuple[str, bytes] | None = None,
    ) -> bytes:
        """The instance as a file: preamble, file meta information, the data set untouched (PS3.10 7.1).

        `private` is Private Information: the UID of whoever made it, and the bytes.
        """
        meta = [
            _meta(0x0001, b"OB", b"\x00\x01"),
            _meta(0x0002, b"UI", self.sop_class_uid.encode("ascii")),
            _meta(0x0003, b"UI", self.sop_instance_uid.encode("ascii")),
            _meta(0x0010, b"UI", self.transfer_syntax_uid.encode("ascii")),
            _meta(0x0012, b"UI", implementation_class_uid.encode("ascii")),
            _meta(0x0013, b"SH", implementation_version_name.encode("ascii")),
        ]
        for number, title in ((0x0017, self.calling_ae_title), (0x0018, self.called_ae_title)):
            if title:
                meta.append(_meta(number, b"AE", title.encode("ascii", "replace")))
        if private is not None:
            creator, information = private
            meta.append(_meta(0x0100, b"UI", creator.encode("ascii")))
            meta.append(_meta(0x0102, b"OB", information))
        group = b"".join(meta)
        length = _meta(0x0000, b"UL", struct.pack("<L", len(group)))
        return b"".join((bytes(128), b"DICM", length, group, self.dataset))


def is_uid(text: str) -> bool:
    """Whether the text can be a UID: digits and dots, at most 64 characters (PS3.5 9.1).

    Leading zeros in a component are tolerated, because real devices send them. What matters here is that
    a UID from the network can never name a path.
    """
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def read_instance(
    part10: bytes,
    *,
    calling_ae_title: str = "",
    called_ae_title: str = "",
    peer_address: str = "",
    association_id: str = "",
    node: str = "",
    received_by: ReceivedBy = "upload",
) -> ReceivedInstance:
    """Read a Part 10 file that came by STOW-RS or upload.

    Raises NotDicom for garbage, a truncated file, or one without a usable SOP Class or Instance UID.
    """
    meta, offset = file_meta(part10)
    syntax = _uid_text(meta.get(0x00020010, b""))
    if not is_uid(syntax):
        raise NotDicom(f"The file names no usable transfer syntax ({syntax!r}).", _FIX)
    dataset = part10[offset:]
    found = dataset_uids(dataset, syntax)
    sop_class = found.get(_SOP_CLASS) or _uid_text(meta.get(0x00020002, b""))
    sop_instance = found.get(_SOP_INSTANCE) or _uid_text(meta.get(0x00020003, b""))
    for name, uid in (("SOP Class UID", sop_class), ("SOP Instance UID", sop_instance)):
        if not is_uid(uid):
            raise NotDicom(f"The file has no usable {name} ({uid[:70]!r}).", _FIX)
    return ReceivedInstance(
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        transfer_syntax_uid=syntax,
        dataset=dataset,
        calling_ae_title=calling_ae_title,
        called_ae_title=called_ae_title,
        peer_address=peer_address,
        association_id=association_id,
        node=node,
        received_by=received_by,
    )


def dataset_uids(dataset: bytes, transfer_syntax_uid: str) -> dict[int, str]:
    """Walk a whole data set; the SOP Class and Instance UID found in it, by tag. Raises NotDicom."""
    inflated: bytes | None = None
    found: dict[int, str] = {}
    count = 0
    for element in elements(dataset, transfer_syntax_uid):
        count += 1
        if element.tag in (_SOP_CLASS, _SOP_INSTANCE):
            if inflated is None:
                deflated = transfer_syntax_uid == "1.2.840.10008.1.2.1.99"
                inflated = inflate(dataset) if deflated else dataset
            found[element.tag] = _uid_text(inflated[element.start : element.start + element.length])
    if count == 0:
        raise NotDicom("The data set is empty.", _FIX)
    return found


def _uid_text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\0 ")


def _meta(number: int, vr: bytes, value: bytes) -> bytes:
    """One element of group 0002, explicit VR little endian."""
    if len(value) % 2:
        value += b" " if vr in (b"SH", b"AE") else b"\0"
    if vr == b"OB":
        return struct.pack("<HH2sHL", 0x0002, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 0x0002, number, vr, len(value)) + value
