"""STOW-RS (PS3.18 10.5): other systems and scripts store instances over HTTP, by the same intake as C-STORE.

A program calls with a token of its own (Bearer), which is for a node or a site; or an account of role coordinator signs
in with HTTP Basic, and counts as the node whose entry in nodes.yaml names it. What a node stores is that node's: a
sender gets its report back, and what a reader stores belongs to the cases it reads. The rest counts as an upload.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from dicom_nodes.encoding.uids import is_uid
from gateway.records.accounts import Viewer
from gateway.records.credentials import ClientRow
from gateway.web.callers.bearer import called_by
from gateway.web.dicomweb.store_request import StoreRequest, body_of
from gateway.web.dicomweb.store_response import JSON, XML, media_type_for
from gateway.web.dicomweb.store_sender import sender_of
from gateway.web.foundation.bodies import pieces
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.problems import BadRequest, NotAcceptable
from gateway.web.foundation.rights import Right
from gateway.web.foundation.upload_places import upload_places

router = APIRouter(prefix="/dicom-web", tags=["dicomweb"])

Peer = Annotated[Viewer | ClientRow, Depends(called_by("stow", Right.SEND))]


@router.post("/studies")
async def store(request: Request, context: Context, peer: Peer, accept: str = "") -> Response:
    """Store an object, or the parts of a multipart/related request, of type application/dicom.

    The answer is DICOM JSON or XML, as the header Accept or the parameter `accept` has it.
    """
    return await _store(request, context, peer, "", accept)


@router.post("/studies/{study_instance_uid}")
async def store_in_study(
    request: Request, context: Context, peer: Peer, study_instance_uid: str, accept: str = ""
) -> Response:
    """The same, for instances of one study only."""
    if not is_uid(study_instance_uid):
        raise BadRequest("The study in the address is not a UID.", "Use POST /dicom-web/studies.")
    return await _store(request, context, peer, study_instance_uid, accept)


async def _store(
    request: Request, context: WebContext, peer: Viewer | ClientRow, study_instance_uid: str, accept: str
) -> Response:
    media_type = media_type_for(accept or request.headers.get("accept", ""))
    if media_type is None:
        raise NotAcceptable("The answer comes in no type that Accept names.", f"Accept {JSON} or {XML}.")
    body = body_of(request.headers.get("content-type", ""))
    coding = request.headers.get("content-encoding", "")
    sender = sender_of(request, context, peer)
    with (
        upload_places(request).upload(sender.node or sender.called) as place,
        StoreRequest(context, sender, body, coding, study_instance_uid, place) as parts,
    ):
        try:
            async for piece in pieces(request):
                await run_in_threadpool(parts.feed, piece)
        except ClientDisconnect:
            pass  # whoever may still hear it is told what a body that ends here means
        answers = await run_in_threadpool(parts.finish)
    return answers.response(media_type)
