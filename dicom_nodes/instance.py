"""One received SOP instance: exactly the bytes that came, and who sent them.

The data set is never decoded or re-encoded here: what is kept is what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from typing import IO, Final, Literal, NamedTuple, TypedDict, Unpack

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
    bare_syntax,
    beginning,
    encoded_beginning,
    has_preamble,
)
from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.encoding.walk import Walk

ReceivedBy = Literal["c-store", "stow-rs", "upload"]

# Made from a random UUID once (PS3.5 B.2); identifies this implementation in files and associations.
IMPLEMENTATION_CLASS_UID = "2.25.208153217216427304287430229418307426297"
IMPLEMENTATION_VERSION_NAME = "DICOM_NODES_1"

_CLASS_UID, _INSTANCE_UID, _STUDY_UID = 0x00080016, 0x00080018, 0x0020000D
_LONGEST_META: Final = 1 << 20
"""Bytes in which the file meta information must end: real ones have a few hundred."""
_PIECE: Final = 1 << 20


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


class Origin(TypedDict, total=False):
    """Who sent an object and how: attributes of `ReceivedInstance`."""

    calling_ae_title: str
    called_ae_title: str
    peer_address: str
    association_id: str
    node: str
    received_by: ReceivedBy


class Opened(NamedTuple):
    """An object in a stream, which stands at the first byte of its data set."""

    announced: ReceivedInstance
    study_instance_uid: str


def open_instance(stream: IO[bytes], *, transfer_syntax_uid: str = "", **origin: Unpack[Origin]) -> Opened:
    """Read an object that came by STOW-RS or upload to its end, piece by piece; nothing of it is held in memory.

    A file without preamble or file meta information is taken, too: its encoding shows, and `transfer_syntax_uid` is
    what the message around it says. Raises NotDicom for garbage, a truncated file, or one without a usable SOP Class
    or Instance UID.
    """
    head = stream.read(_LONGEST_META)
    meta = beginning(head)
    syntax = meta.uid(TRANSFER_SYNTAX)
    has_no_meta = not meta.elements and not has_preamble(head)
    if has_no_meta:
        syntax = transfer_syntax_uid or bare_syntax(head)
    if not is_uid(syntax):
        raise NotDicom(f"The file names no usable transfer syntax ({syntax[:70]!r}).")
    walk = Walk(syntax, (_CLASS_UID, _INSTANCE_UID, _STUDY_UID))
    walk.feed(memoryview(head)[meta.end :])
    while piece := stream.read(_PIECE):
        walk.feed(memoryview(piece))
    values = walk.finish()
    if has_no_meta and not transfer_syntax_uid and walk.is_encapsulated:
        raise NotDicom(
            "The file has no file meta information, so that nothing says how its pixel data are compressed.",
            "Export it again as a DICOM file (Part 10), or send it by DICOM.",
        )
    sop_class = values.get(_CLASS_UID) or meta.uid(SOP_CLASS)
    sop_instance = values.get(_INSTANCE_UID) or meta.uid(SOP_INSTANCE)
    for name, uid in (("SOP Class UID", sop_class), ("SOP Instance UID", sop_instance)):
        if not is_uid(uid):
            raise NotDicom(f"The file has no usable {name} ({uid[:70]!r}).")
    stream.seek(meta.end)
    announced = ReceivedInstance(
        sop_class_uid=sop_class,
        sop_instance_uid=sop_instance,
        transfer_syntax_uid=syntax,
        dataset=b"",
        **origin,
    )
    return Opened(announced, values.get(_STUDY_UID, ""))


def read_instance(part10: bytes, **origin: Unpack[Origin]) -> ReceivedInstance:
    """The same of a whole file in memory."""
    stream = BytesIO(part10)
    opened = open_instance(stream, **origin)
    return replace(opened.announced, dataset=stream.read())
