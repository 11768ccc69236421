"""One frame of a stack as its values are stored, for a browser that draws it by itself while there is no volume."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.decoding import stored_frames
from gateway.errors import NotThere
from gateway.imaging.volume_plan import GREY, scale_of
from gateway.web.foundation.case_access import CaseId
from gateway.web.foundation.context import Context
from gateway.web.foundation.images import pictured
from gateway.web.pages.images.volume import MEDIA_TYPE, RELOAD, stack_seen
from gateway.web.pages.queue import Looker, etag_of, is_known

router = APIRouter(include_in_schema=False)


@router.get("/cases/{case_id}/frames/{stack}/{number}.bin")
def frame(
    request: Request,
    context: Context,
    viewer: Looker,
    case_id: CaseId,
    stack: str,
    number: int,
    v: str = "",
) -> Response:
    """The stored values of one frame, counted from 0 along its stack: 16 bits each, the low byte first.

    `X-Rows`, `X-Columns`, `X-Slope`, `X-Intercept`, `X-Signed` (1 or 0) and `X-Photometric` say what they mean.
    """
    case, index, one = stack_seen(request, context, viewer, case_id, stack, v)
    if not 0 <= number < len(one.frames):
        raise NotThere("There is no such frame.", RELOAD)
    shown = index.frames[one.frames[number]]
    source = index.objects[shown.object]
    if source.photometric not in GREY:
        raise NotThere("This picture has colours.", "It is there as PNG.")
    scale = scale_of(shown)
    if scale is None:
        raise NotThere("Its rescaling is no number.", "Look at it at the workstation.")
    etag = etag_of(f"{case.version} {stack} {number}".encode())
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    with pictured():
        values = stored_frames.values_of(
            context.blobs.path(source.blob), source, [shown], stored_frames.stored_type(source)
        )
    headers |= {
        "X-Rows": str(shown.rows),
        "X-Columns": str(shown.columns),
        "X-Slope": str(scale[0]),
        "X-Intercept": str(scale[1]),
        "X-Signed": str(int(source.signed)),
        "X-Photometric": source.photometric,
    }
    return Response(values, media_type=MEDIA_TYPE, headers=headers)
