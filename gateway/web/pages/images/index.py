"""The index of a case's pictures for its viewer, over HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from gateway.imaging.layouts import kinds_by_number
from gateway.records.views import picture_rows
from gateway.records.views.picture_rows import PictureRow
from gateway.web.foundation.case_access import CaseId, open_case
from gateway.web.foundation.context import Context
from gateway.web.foundation.images import Pictures
from gateway.web.pages.gallery import copies_seen, viewer_series
from gateway.web.pages.images.listing import Named, Received, listed_stacks, totals
from gateway.web.pages.queue import Looker, etag_of, is_known

api = APIRouter(prefix="/api/cases", tags=["cases"])


@api.get("/{case_id}/images")
def images_json(request: Request, context: Context, viewer: Looker, case_id: CaseId) -> Response:
    """Every series, stack and frame of a case for its viewer, in millimetres of DICOM's patient system.

    UIDs are those of the de-identified copies. `slices`, `uids` and `b_values` are the pictures of a series as they are
    addressed one by one; `made` tells whether every volume that there will be is there.
    """
    page = open_case(context, viewer, case_id).page
    case = copies_seen(context, viewer, case_id)
    pictures: Pictures = request.app.state.pictures
    study, index = pictures.of_case(case), pictures.index(case)
    with context.database.read() as session:
        received = Received(
            picture_rows.received_objects(session, page.study_id),
            page.held,
            [copy.sop_class_uid for copy in picture_rows.copies_of(session, case_id).copies],
        )
    kinds = kinds_by_number(page.series)
    named = {
        shown.number: Named(shown.label, kinds.get(study.series[shown.number].series_number, "other"))
        for shown in viewer_series(study, page)
    }
    stacks = listed_stacks(index, case_id, case.pictures or _NONE, named)
    told: dict[str, Any] = {
        "version": study.version,
        "made": case.pictures is not None and case.pictures.is_over,
        "problem": "" if case.pictures is None else case.pictures.problem,
        "series": [
            {
                "number": shown.number,
                "series_number": shown.series_number,
                "label": named[shown.number].label,
                "kind": named[shown.number].kind,
                "description": shown.description,
                "frames": len(shown.slices),
                "stacks": [stack["key"] for stack in stacks if stack["series"] == shown.number],
                "slices": len(shown.slices),
                "uids": [each.sop_instance_uid for each in shown.slices],
                "b_values": [each.b_value for each in shown.slices],
            }
            for shown in study.series
            if shown.slices
        ],
        "stacks": stacks,
        "totals": totals(index, received),
    }
    answer = JSONResponse(told, headers={"Cache-Control": "private, no-cache"})
    answer.headers["ETag"] = etag = etag_of(bytes(answer.body))
    return (
        Response(status_code=304, headers={"ETag": etag, "Cache-Control": "private, no-cache"})
        if is_known(request, etag)
        else answer
    )


_NONE = PictureRow("", "", {}, is_over=False, problem="")
