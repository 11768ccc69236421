"""Uploads by a coordinator: files, folders and archives, each instance through the one intake, with progress.

The study's own page tells how far it has come and who gets the report: the archive of its site, where there is one. The
report can be fetched there as SR and PDF, too, with the original identity: for its own site only, each download in the
audit trail.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from dicom_nodes.data_sets import data_set_of
from gateway.errors import NotThere
from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import case_rows, study_rows
from gateway.records.views.case_rows import CasePage
from gateway.records.views.study_rows import StudyRow
from gateway.reporting.hospital_context import CONTACTS, ITEMS, Refused
from gateway.web.foundation.access import MOST_FILES, may
from gateway.web.foundation.bodies import pieces
from gateway.web.foundation.case_access import CaseId, visible_study
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.problems import BadRequest
from gateway.web.foundation.redaction import without_uids
from gateway.web.foundation.report_recipient import ReportRecipient, recipient_for, recipient_of
from gateway.web.foundation.rights import Right
from gateway.web.foundation.telling import tell
from gateway.web.foundation.templates import render
from gateway.web.foundation.upload_places import UploadPlace, upload_places
from gateway.web.foundation.uploaded_files import (
    Uploader,
    UploadResult,
    keep_file,
    summary_of,
    uploader_of,
)
from gateway.web.pages.explanation import letter_to_sender, shown_explanations
from gateway.web.unpacking.archives import is_clutter

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api", tags=["uploads"])

Sender = Annotated[Viewer, Depends(may(Right.SEND))]

READY = (CaseState.COMPOSED, CaseState.RETURNED, CaseState.CONFIRMED)
DOWNLOADS = {"sr": ("enhanced", "application/dicom", "dcm"), "pdf": ("pdf", "application/pdf", "pdf")}
"""What is offered: name in the address, form made by compose, media type, file extension."""


# ---------------------------------------------------------------- sending


@router.get("/upload")
def upload_page(request: Request, context: Context, viewer: Sender) -> Response:
    """The form, and the uploads of this site so far."""
    return _upload_page(request, context, viewer, None)


def _upload_page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    summary: dict[str, Any] | None,
    typed: Mapping[str, str] | None = None,
    untold: Sequence[Refused] = (),
) -> Response:
    with context.database.read() as session:
        earlier = [study for study in study_rows.studies(session, viewer) if not study.sender]
    return render(
        request,
        "upload.html",
        viewer,
        summary=summary,
        untold=untold,
        items=ITEMS,
        values=typed if untold else {},
        earlier=earlier,
        goes_to=recipient_for(context, viewer.site, "") if viewer.site else None,
        limit_mb=context.settings.web.max_upload_mb,
    )


@router.post("/upload")
async def upload_form(request: Request, context: Context, viewer: Sender) -> Response:
    """The form without scripts: every file is kept, then the page tells what became of each."""
    who = uploader_of(request, viewer)
    results: list[UploadResult] = []
    typed: dict[str, str] = {}
    with upload_places(request).upload(viewer.login) as place:
        place.take(_announced(request, context))
        async with request.form(max_files=MOST_FILES) as form:
            typed = {
                name: value.strip()
                for name in (*(item.name for item in ITEMS), CONTACTS)
                if isinstance(value := form.get(name), str) and value.strip()
            }
            for upload in form.getlist("files"):
                if isinstance(upload, UploadFile) and upload.filename and not is_clutter(upload.filename):
                    results += [
                        one
                        async for one in iterate_in_threadpool(
                            keep_file(context, who, place, upload.filename, upload.file)
                        )
                    ]
    summary = summary_of(results)
    untold = await run_in_threadpool(_tell, context, viewer, summary["studies"], typed)
    return await run_in_threadpool(_upload_page, request, context, viewer, summary, typed, untold)


def _tell(
    context: WebContext, viewer: Viewer, studies: Sequence[int], typed: Mapping[str, str]
) -> Sequence[Refused]:
    """What was typed beside the files, kept for the one study they are of; or why it was not."""
    if not typed or not studies:
        return ()
    if len(studies) > 1:
        problem = f"The files are of {len(studies)} studies."
        return (Refused("", problem, "Write it on the page of each study."),)
    return tell(context, viewer, studies[0], typed)


def _announced(request: Request, context: WebContext) -> int:
    """Bytes of a form, which goes to the disk as a whole."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isdecimal() else context.settings.web.max_upload_mb * 1_000_000


@api.post("/uploads")
async def upload_one(request: Request, context: Context, viewer: Sender, name: str = "") -> Response:
    """One file, DICOM or an archive, as the body. Answers a line of JSON per object as it is kept, then a last one.

    `name` is only given back. The last line has `done: true`, the number kept and the studies.
    """
    who = uploader_of(request, viewer)
    with ExitStack() as held:
        place = held.enter_context(upload_places(request).upload(viewer.login))
        stream = held.enter_context(place.temporary_file())
        try:
            async for piece in pieces(request):
                await run_in_threadpool(stream.write, piece)
        except ClientDisconnect:
            raise BadRequest("The upload broke off.", "Send the file again.") from None
        stream.seek(0)
        return _Lines(_lines(context, who, place, name, stream), held.pop_all())


class _Lines(StreamingResponse):
    """An answer that lets go of what it needs when it is over, also where nobody waits for it any more."""

    def __init__(self, lines: Generator[bytes, None, None], held: ExitStack) -> None:
        super().__init__(lines, media_type="application/x-ndjson")
        self._upload, self._held = lines, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._upload.close()
            self._held.close()


def _lines(
    context: WebContext, who: Uploader, place: UploadPlace, name: str, stream: IO[bytes]
) -> Generator[bytes, None, None]:
    results: list[UploadResult] = []
    for one in keep_file(context, who, place, name, stream):
        results.append(one)
        yield json.dumps(without_uids(asdict(one))).encode() + b"\n"
    summary = summary_of(results)
    yield json.dumps({"done": True, "kept": summary["kept"], "studies": summary["studies"]}).encode() + b"\n"


# ---------------------------------------------------------------- what became of it


@dataclass(frozen=True)
class UploadedCase:
    """One case of an uploaded study as its page shows it; `ready`: its report waits to be fetched."""

    page: CasePage
    ready: bool
    letter: str
    goes_to: ReportRecipient


def _row_and_cases(context: WebContext, viewer: Viewer, study_id: int) -> tuple[StudyRow, list[UploadedCase]]:
    row = visible_study(context, viewer, study_id)
    waits = not row.sender and row.forgotten_at is None
    with context.database.read() as session:
        pages = [case_rows.case_page(session, viewer, case_id) for case_id in row.case_ids]
        # A case can also end with a report of the reading site's own: then nothing was composed.
        return row, [
            UploadedCase(
                page,
                waits and page.row.state in READY and bool(case_rows.case(session, page.row.id).composed),
                letter_to_sender(page.verdict, page.overrule),
                recipient_of(context, page),
            )
            for page in pages
            if page is not None
        ]


@router.get("/upload/{study_id}")
def uploaded_page(request: Request, context: Context, viewer: Sender, study_id: CaseId) -> Response:
    """How far an uploaded study has come with each of its readers, and each report once there is one."""
    row, cases = _row_and_cases(context, viewer, study_id)
    reasons = shown_explanations(row.explanation, viewer)
    return render(
        request,
        "uploaded.html",
        viewer,
        study=row,
        cases=cases,
        reasons=reasons,
        goes_to=recipient_for(context, row.site, row.sender),
    )


@router.get("/upload/{study_id}/report.{form}")
def download(
    context: Context, viewer: Sender, study_id: CaseId, form: str, case: int | None = None
) -> Response:
    """The report of an uploaded study with its original identity, as DICOM SR or as PDF; `case`: which of several."""
    _, cases = _row_and_cases(context, viewer, study_id)
    ready = [one.page for one in cases if one.ready and case in (None, one.page.row.id)]
    if not ready or form not in DOWNLOADS:
        raise NotThere(
            "There is no such report for this study.", "The study's page tells how far it has come."
        )
    page = ready[0]
    made, media_type, extension = DOWNLOADS[form]
    case_id = page.row.id
    with context.database.read() as session:
        blob = (case_rows.case(session, case_id).composed.get(made) or {}).get("blob")
    if not blob:
        raise NotThere("The report was not made in this form.", "Take the other form.")
    data = context.blobs.get(blob)
    if extension == "pdf":
        data = _document(data)
    ledger.note_report_download(context.database, case_id, form, viewer.login)
    headers = {"Content-Disposition": f'attachment; filename="report-case-{case_id}.{extension}"'}
    return Response(data, media_type=media_type, headers=headers)


def _document(file: bytes) -> bytes:
    """The PDF in an Encapsulated PDF object (PS3.3 A.45.1), without its padding byte."""
    dataset = data_set_of(file)
    document: bytes = dataset.EncapsulatedDocument
    length = dataset.get("EncapsulatedDocumentLength")
    return document[: int(length)] if length else document
