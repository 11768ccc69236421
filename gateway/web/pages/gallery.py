"""The pictures of a case for plain pages: its series and slices, and one slice as PNG."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.errors import NotThere
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import picture_rows
from gateway.records.views.case_rows import CasePage
from gateway.records.views.picture_rows import CopiesOf
from gateway.web.foundation.case_access import CaseId
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.images import Pictures, StudyOfImages
from gateway.web.foundation.templates import words
from gateway.web.pages.explanation import shown_series
from gateway.web.pages.queue import Looker, etag_of, is_known

router = APIRouter(include_in_schema=False)

THUMBNAIL = 96
"""Pixels across a thumbnail."""


def images_of(request: Request, context: WebContext, viewer: Viewer, case_id: int) -> StudyOfImages:
    """The slices of a case this viewer may see."""
    pictures: Pictures = request.app.state.pictures
    return pictures.of_case(copies_seen(context, viewer, case_id))


def copies_seen(context: WebContext, viewer: Viewer, case_id: int) -> CopiesOf:
    """The copies of a case this viewer may see; those of an older version of the gateway are indexed from then on.

    Raises NotThere, also for another site's.
    """
    with context.database.read() as session:
        case = picture_rows.shown_copies(session, viewer, case_id)
        if case is not None and case.index_blob and not _is_there(context, case):
            case = replace(picture_rows.copies_of(session, case_id), pictures=None)
    if case is None:
        raise NotThere(f"There is no case {case_id}.", "The queue shows every case you may see.")
    if case.pictures is None and case.copies:
        ledger.want_pictures(context.database, case_id, again=True)
    return case


def _is_there(context: WebContext, case: CopiesOf) -> bool:
    """Whether the stored index is on the disk, as this version of the gateway writes it."""
    key = case.index_blob
    return key == picture_rows.index_key(case.case_id, case.version) and context.blobs.path(key).exists()


@dataclass(frozen=True)
class ShownSeries:
    """A series for the viewer: `label` says what it is, `description` what the copies say."""

    number: int
    label: str
    description: str
    slices: int
    begins: int
    """The slice shown first, from 0."""


def viewer_series(study: StudyOfImages, page: CasePage) -> list[ShownSeries]:
    """The series that have pictures; named by what they were recognised as, found by the series number."""
    kinds = {series["series_number"]: series["kind"] for series in shown_series(page.series)}
    return [
        ShownSeries(
            series.number,
            words(kinds[series.series_number])
            if kinds.get(series.series_number, "other") != "other"
            else series.description or f"Series {series.number + 1}",
            series.description,
            len(series.slices),
            series.begins,
        )
        for series in study.series
        if series.slices
    ]


@router.get("/cases/{case_id}/images/{series}/{number}.png")
def picture(
    request: Request,
    context: Context,
    viewer: Looker,
    case_id: CaseId,
    series: int,
    number: int,
    window: str = "auto",
    small: bool = False,
) -> Response:
    """One slice of a de-identified copy.

    Browsers keep it and ask again each time: whoever sits there next has no right to it without signing in.
    """
    study = images_of(request, context, viewer, case_id)
    etag = etag_of(f"{study.version} {series} {number} {window} {small}".encode())
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    pictures: Pictures = request.app.state.pictures
    made = pictures.png(study, series, number, window, THUMBNAIL if small else None)
    return Response(made, media_type="image/png", headers=headers)
