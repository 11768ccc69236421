"""One received SOP instance: exactly the bytes that came, and who sent them.

The data set is never decoded or re-encoded here: what is kept is what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import (
    IMPLEMENTATION_CLASS,
    IMPLEMENTATION_VERSION,
    META_VERSION,
    PRIVATE_CREATOR,
    PRIVATE_INFORMATION,
    RECEIVING_TITLE,
    SENDING_TITLE,
    SOP_CLASS,
    SOP_INSTANCE,
    TRANSFER_SYNTAX,
    encoded_beginning,
    file_meta,
)
from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.encoding.walk import walk

ReceivedBy = Literal["c-store", "stow-rs", "upload"]

# Made from a random UUID once (PS3.5 B.2); identifies this implementation in files and associations.
IMPLEMENTATION_CLASS_UID = "2.25.208153217216427304287430229418307426297"
IMPLEMENTATION_VERSION_NAME = "DICOM_NODES_1"

_CLASS_UID, _INSTANCE_UID = 0x00080016, 0x00080018


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
        titles = ((SENDING_TITLE, self.calling_ae_title), (RECEIVING_TITLE, self.called_ae_title))
        meta = [
            (META_VERSION, "OB", b"\x00\x01"),
            (SOP_CLASS, "UI", self.sop_class_uid.encode("ascii")),
            (SOP_INSTANCE, "UI", self.sop_instance_uid.encode("ascii")),
            (TRANSFER_SYNTAX, "UI", self.transfer_syntax_uid.encode("ascii")),
            (IMPLEMENTATION_CLASS, "UI", implementation_class_uid.encode("ascii")),
            (IMPLEMENTATION_VERSION, "SH", implementation_version_name.encode("ascii")),
            *((tag, "AE", title.encode("ascii", "replace")) for tag, title in titles if title),
        ]
        if private is not None:
            creator, information = private
            meta += [
                (PRIVATE_CREATOR, "UI", creator.encode("ascii")),
                (PRIVATE_INFORMATION, "OB", information),
            ]
        return encoded_beginning(meta) + self.dataset


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
    meta = file_meta(part10)
    syntax = meta.uid(TRANSFER_SYNTAX)
    if not is_uid(syntax):
        raise NotDicom(f"The file names no usable transfer syntax ({syntax!r}).")
    dataset = part10[meta.end :]
    found = walk(dataset, syntax, (_CLASS_UID, _INSTANCE_UID))
    sop_class = found.get(_CLASS_UID) or meta.uid(SOP_CLASS)
    sop_instance = found.get(_INSTANCE_UID) or meta.uid(SOP_INSTANCE)
    for name, uid in (("SOP Class UID", sop_class), ("SOP Instance UID", sop_instance)):
        if not is_uid(uid):
            raise NotDicom(f"The file has no usable {name} ({uid[:70]!r}).")
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
