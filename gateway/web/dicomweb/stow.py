"""STOW-RS (PS3.18 10.5): other systems and scripts store instances over HTTP, by the same intake as C-STORE.

An account of role coordinator signs in with HTTP Basic. When nodes.yaml has a sender or reader of the account's name,
what it stores counts as that node's: a sender gets its report back, and what a reader stores belongs to the cases it
reads. Otherwise it counts as the account's upload.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from email.message import Message
from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydicom import Dataset, dcmread
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser
from starlette.concurrency import run_in_threadpool

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.errors import NodeError
from dicom_nodes.instance import read_instance
from dicom_nodes.node import STORING, Role
from gateway.intake import OUT_OF_RESOURCES, SENDER, SUCCESS
from gateway.records.accounts import Viewer
from gateway.web.foundation.access import may
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.problems import BadRequest, Unsupported
from gateway.web.foundation.rights import Right
from gateway.web.foundation.uploaded_files import Uploader, uploader_of

router = APIRouter(prefix="/dicom-web", tags=["dicomweb"])

Peer = Annotated[Viewer, Depends(may(Right.SEND, basic=True))]

CANNOT_UNDERSTAND = 0xC000
PROCESSING_FAILURE = 0x0110
JSON = "application/dicom+json"


class StoreResponse:
    """The Store Instances Response Module (PS3.18 Annex I.2) of one request."""

    def __init__(self) -> None:
        self.stored: list[Dataset] = []
        self.failed: list[Dataset] = []

    def add(self, sop_class_uid: str, sop_instance_uid: str, status: int) -> None:
        """Tell what became of one instance."""
        item = Dataset()
        if sop_instance_uid:
            item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
        if status == SUCCESS:
            self.stored.append(item)
        else:
            item.FailureReason = status
            self.failed.append(item)

    def response(self) -> Response:
        """200 all stored, 202 some, 409 none, 503 none because there is no room (PS3.18 Table 10.5.3-1)."""
        body = Dataset()
        if self.stored:
            body.ReferencedSOPSequence = self.stored
        if self.failed:
            body.FailedSOPSequence = self.failed
        full = bool(self.failed) and all(item.FailureReason == OUT_OF_RESOURCES for item in self.failed)
        status = 200 if not self.failed else 202 if self.stored else 503 if full else 409
        return Response(
            body.to_json(),
            status_code=status,
            media_type=JSON,
            headers={"Retry-After": "60"} if status == 503 else None,
        )


@router.post("/studies")
async def store(request: Request, context: Context, peer: Peer) -> Response:
    """Store the parts of a multipart/related request of type application/dicom."""
    return await _store(request, context, peer, "")


@router.post("/studies/{study_instance_uid}")
async def store_in_study(request: Request, context: Context, peer: Peer, study_instance_uid: str) -> Response:
    """The same, for instances of one study only."""
    if not is_uid(study_instance_uid):
        raise BadRequest("The study in the address is not a UID.", "Use POST /dicom-web/studies.")
    return await _store(request, context, peer, study_instance_uid)


async def _store(request: Request, context: WebContext, peer: Viewer, study_instance_uid: str) -> Response:
    boundary = boundary_of(request.headers.get("content-type", ""))
    who = uploader_of(request, peer)
    answers, parts = StoreResponse(), 0
    async for part in parts_of(request, boundary):
        parts += 1
        answers.add(*await run_in_threadpool(_keep, context, peer, who, part, study_instance_uid))
    if parts == 0:
        raise BadRequest("The request holds no part.", "Send at least one application/dicom part.")
    return answers.response()


def _keep(
    context: WebContext, peer: Viewer, who: Uploader, part: bytes, study_instance_uid: str
) -> tuple[str, str, int]:
    node, site, account, roles = _sender(context, peer, who)
    try:
        received = read_instance(
            part,
            calling_ae_title=peer.login[:16],
            called_ae_title=context.settings.dicom.ae_title,
            peer_address=who.address,
            association_id=f"stow-{secrets.token_hex(8)}",
            node=node,
            received_by="stow-rs",
        )
    except NotDicom:
        return "", "", CANNOT_UNDERSTAND
    if study_instance_uid and not _belongs(received.part10(), study_instance_uid):
        return received.sop_class_uid, received.sop_instance_uid, PROCESSING_FAILURE
    result = context.intake.keep(received, uploaded_by=account, site=site, roles=roles)
    return received.sop_class_uid, received.sop_instance_uid, result.status


def _sender(context: WebContext, peer: Viewer, who: Uploader) -> tuple[str, str, int | None, frozenset[Role]]:
    """Node, site, account and roles that an instance of this peer is kept under."""
    upload = "", who.site, who.account_id, SENDER
    try:
        node = context.directory().get(peer.login)
    except NodeError:
        return upload
    return (node.name, node.site, None, node.roles) if STORING & node.roles else upload


def _belongs(file: bytes, study_instance_uid: str) -> bool:
    header = dcmread(BytesIO(file), stop_before_pixels=True, specific_tags=["StudyInstanceUID"])
    return str(header.get("StudyInstanceUID", "")) == study_instance_uid


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart/related request of DICOM parts; raises Unsupported or BadRequest."""
    parsed = Message()
    parsed["content-type"] = content_type
    kind = parsed.get_param("type")
    if parsed.get_content_type() != "multipart/related" or (
        kind and str(kind).lower() != "application/dicom"
    ):
        raise Unsupported(
            "Only multipart/related of type application/dicom is stored.", "Send DICOM files as the parts."
        )
    boundary = parsed.get_boundary()
    if not boundary:
        raise BadRequest("The Content-Type names no boundary.", "Add boundary=… to it.")
    return boundary


async def parts_of(request: Request, boundary: str) -> AsyncIterator[bytes]:
    """The body of each part, one in memory at a time, while the request still comes in.

    Raises BadRequest when the closing boundary (RFC 2046 5.1.1) does not come: the last part may be cut short then.
    """
    done: list[bytes] = []
    part = bytearray()
    closed = False

    def data(chunk: bytes, start: int, end: int) -> None:
        part.extend(chunk[start:end])

    def end() -> None:
        done.append(bytes(part))
        part.clear()

    def close() -> None:
        nonlocal closed
        closed = True

    parser = MultipartParser(boundary, {"on_part_data": data, "on_part_end": end, "on_end": close})
    try:
        async for chunk in request.stream():
            if chunk:
                parser.write(chunk)
            for each in done:
                yield each
            done.clear()
    except MultipartParseError as error:
        raise _unreadable() from error
    if not closed:  # the parser's own `finalize` does not look
        raise _unreadable()


def _unreadable() -> BadRequest:
    return BadRequest(
        "The multipart body cannot be read.", "Check the boundary and that the body is complete."
    )
