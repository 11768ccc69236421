"""One STOW-RS request while it comes in: each part goes to the disk and is kept before the next one is read.

Everything here runs in worker threads. A part that was cut off is never kept, even where it happens to read well: what
is missing might have been attributes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from tempfile import SpooledTemporaryFile
from typing import Final, Self

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.instance import Origin, ReceivedInstance, open_instance
from dicom_nodes.web.multipart_reader import MultipartError, MultipartReader, PartEnd
from gateway.web.dicomweb.store_response import StoreResponse
from gateway.web.dicomweb.store_sender import Sender
from gateway.web.foundation.bodies import BrokenCoding, Unpacker
from gateway.web.foundation.context import WebContext
from gateway.web.foundation.problems import BadRequest, Unsupported
from gateway.web.foundation.upload_places import UploadPlace
from gateway.web.unpacking.archives import LARGEST_OBJECT, TOO_LARGE

CANNOT_UNDERSTAND: Final = 0xC000
PROCESSING_FAILURE: Final = 0x0110
_DICOM: Final = "application/dicom"
_NO_TRANSFER_ENCODING: Final = ("", "binary", "8bit", "7bit")
_REPEAT: Final = "Send the whole request again: what is stored already is recognised and not stored twice."


@dataclass(frozen=True)
class Body:
    """What the Content-Type says: the parts' `boundary`, empty where the body is one object; its transfer syntax."""

    boundary: str
    transfer_syntax_uid: str


def body_of(content_type: str) -> Body:
    """Read a Content-Type (PS3.18 8.7.3); raises Unsupported or BadRequest."""
    parsed = _media_type(content_type)
    if parsed.get_content_type() == _DICOM:
        return Body("", _syntax(parsed))
    root = _media_type(str(parsed.get_param("type") or _DICOM))
    if parsed.get_content_type() != "multipart/related" or root.get_content_type() != _DICOM:
        raise Unsupported(
            "Only application/dicom is stored, alone or as multipart/related.",
            "Send DICOM files as the parts.",
        )
    boundary = parsed.get_boundary()
    if not boundary:
        raise BadRequest("The Content-Type names no boundary.", "Add boundary=… to it.")
    return Body(boundary, _syntax(root) or _syntax(parsed))


def _media_type(text: str) -> Message:
    parsed = Message()
    parsed["content-type"] = text
    return parsed


def _syntax(parsed: Message) -> str:
    """The parameter transfer-syntax; "*" says nothing (PS3.18 8.7.3.5.2)."""
    return str(parsed.get_param("transfer-syntax") or "").strip().strip("*")


class StoreRequest:
    """Keeps the objects of one request; `answers` tells what became of each."""

    def __init__(
        self,
        context: WebContext,
        sender: Sender,
        body: Body,
        content_encoding: str,
        study_instance_uid: str,
        place: UploadPlace,
    ) -> None:
        self.answers = StoreResponse()
        self._context = context
        self._place = place
        self._study_instance_uid = study_instance_uid
        self._sender = sender
        self._origin = Origin(
            calling_ae_title=sender.called,
            called_ae_title=context.settings.dicom.ae_title,
            peer_address=sender.address,
            association_id=f"stow-{secrets.token_hex(8)}",
            node=sender.node,
            received_by="stow-rs",
        )
        self._body = body
        self._unpacker = Unpacker(context, content_encoding)
        self._reader = MultipartReader(body.boundary) if body.boundary else None
        self._part: SpooledTemporaryFile[bytes] | None = None
        self._is_too_large = False
        self._headers = Message()
        self._broken = ""
        if self._reader is None:
            self._begin(_media_type(""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def feed(self, data: bytes) -> None:
        """The next bytes of the body. Raises TooLarge; what is wrong with the body is told by `finish`."""
        if not self._broken:
            self._read(self._unpacker.feed(data))

    def finish(self) -> StoreResponse:
        """The body has ended: what became of everything. Raises BadRequest when there was nothing."""
        if not self._broken:
            self._read(self._unpacker.finish())
        if self._reader is None and not self._broken:
            if self._part is not None and self._part.tell():
                self._keep(self._part)
        elif self._reader is not None and not self._reader.is_closed:
            self._broken = self._broken or "The request ends before its closing boundary"
            if self._reader.is_in_part:
                self._refuse(
                    "", "", CANNOT_UNDERSTAND, f"{self._broken}: its last part is not stored.", _REPEAT
                )
        elif self._broken:
            self._refuse("", "", CANNOT_UNDERSTAND, f"{self._broken}.", _REPEAT)
        self._end()
        if not self.answers:
            if self._broken:
                raise BadRequest(
                    f"{self._broken}; it holds no whole part.",
                    "Check the boundary and that all of it is sent.",
                )
            raise BadRequest("The request holds no part.", "Send at least one application/dicom part.")
        if self._broken:
            self.answers.warning = f"{self._broken}: what is stored is listed"
        return self.answers

    def _read(self, content: Iterator[bytes]) -> None:
        try:
            for piece in content:
                if self._reader is None:
                    self._write(piece)
                else:
                    self._read_parts(self._reader, piece)
        except BrokenCoding:
            self._broken = "The body is not what its Content-Encoding says, or it ends too early"
        except MultipartError as error:
            self._broken = f"The multipart body cannot be read ({error})"

    def _read_parts(self, reader: MultipartReader, piece: bytes) -> None:
        for event in reader.feed(piece):
            if isinstance(event, Message):
                self._begin(event)
            elif isinstance(event, PartEnd):
                assert self._part is not None
                self._keep(self._part)
                self._end()
            else:
                self._write(event)

    def _write(self, piece: bytes) -> None:
        """The next bytes of the part; those of one that is too large are read and forgotten."""
        assert self._part is not None
        if self._is_too_large:
            return
        if self._part.tell() + len(piece) > LARGEST_OBJECT:
            self._part.close()
            self._part, self._is_too_large = self._place.temporary_file(), True
            return
        self._part.write(piece)

    def _begin(self, headers: Message) -> None:
        self._headers = headers
        self._part, self._is_too_large = self._place.temporary_file(), False

    def _end(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.close()

    def _keep(self, part: SpooledTemporaryFile[bytes]) -> None:
        if self._is_too_large:
            self._refuse("", "", CANNOT_UNDERSTAND, *TOO_LARGE)
            return
        coding = str(self._headers.get("content-transfer-encoding") or "").strip().lower()
        if coding not in _NO_TRANSFER_ENCODING:
            problem = "A part is encoded for mail (Content-Transfer-Encoding)."
            self._refuse("", "", CANNOT_UNDERSTAND, problem, "Send the bytes of the object as they are.")
            return
        part.seek(0)
        syntax = _syntax(self._headers) or self._body.transfer_syntax_uid
        try:
            opened = open_instance(part, transfer_syntax_uid=syntax, **self._origin)
        except NotDicom as error:
            self._refuse("", "", CANNOT_UNDERSTAND, f"A part cannot be read: {error.problem}", error.fix)
            return
        announced = opened.announced
        named = announced.sop_class_uid, announced.sop_instance_uid
        if self._study_instance_uid not in ("", opened.study_instance_uid):
            problem = "A part belongs to another study than the one in the address."
            self._refuse(
                *named, PROCESSING_FAILURE, problem, "Use POST /dicom-web/studies for several studies."
            )
            return
        sender = self._sender
        result = self._context.intake.keep_stream(announced, part, sender.account, sender.site, sender.roles)
        self.answers.add(*named, result.status)

    def _refuse(self, sop_class: str, sop_instance: str, status: int, problem: str, fix: str) -> None:
        self.answers.add(sop_class, sop_instance, status)
        announced = ReceivedInstance(sop_class, sop_instance, "", b"", **self._origin)
        self._context.intake.refused(announced, status, problem, fix)
