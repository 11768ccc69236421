"""The volume of a stack as NIfTI: as the worker packed it, a part of it, or laid over another study.

It is read from the disk a piece at a time and never held as a whole, whatever its size.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from gateway.errors import Conflict, NotThere
from gateway.imaging.gzip_parts import CHUNK, Parts, expanded, header_of, with_header
from gateway.imaging.layouts import candidates, kinds_by_number, own_system, system_of
from gateway.imaging.nifti_header import header_bytes
from gateway.imaging.study_index import Affine, Stack, StudyIndex
from gateway.imaging.volume_plan import planned
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.tables.pictures import ALIGNED
from gateway.records.views import alignment_rows, picture_rows
from gateway.records.views.picture_rows import CopiesOf
from gateway.web.foundation.case_access import CaseId, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.images import Pictures
from gateway.web.foundation.problems import BeingMade
from gateway.web.pages.gallery import copies_seen
from gateway.web.pages.images.byte_range import asked_range, takes_gzip
from gateway.web.pages.queue import Looker, etag_of, is_known

router = APIRouter(include_in_schema=False)

RETRY_AFTER_S: Final = 2.0
MEDIA_TYPE: Final = "application/octet-stream"
RELOAD: Final = "Load the case again: its images may have changed."
FRAMES: Final = "Look at its frames."


@dataclass(frozen=True)
class StoredVolume:
    """A volume on the disk."""

    path: Path
    parts: Parts


@router.get("/cases/{case_id}/volumes/{stack}.nii")
def volume(
    request: Request,
    context: Context,
    viewer: Looker,
    case_id: CaseId,
    stack: str,
    v: str = "",
    beside: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """The volume of a stack: NIfTI-1 with the stored values, their scale, and an affine in mm (RAS).

    503 while the worker has not made it; 404 with the reason where there is none. `v`: the version of the copies that
    the caller knows. `beside`: a later case of the patient, and the same voxels lie where its alignment puts them; 409
    where the two are not aligned.
    """
    case, index, one = stack_seen(request, context, viewer, case_id, stack, v)
    rigid = None if beside is None else laid_over(context, viewer, beside, case, index, one)
    stored = stored_volume(context, case, one)
    header = header_of(stored.path, stored.parts)
    name = f"{case.version} {stack}"
    if rigid is None:
        return served(request, stored, header, name)
    return served(request, stored, moved(index, one, rigid), f"{name} {rigid}", is_moved=True)


def laid_over(
    context: WebContext, viewer: Viewer, case_id: int, prior: CopiesOf, index: StudyIndex, stack: Stack
) -> Affine:
    """Where the alignment with a case puts the points of a stack of a prior (LPS, mm).

    Raises NotThere, and Conflict where they are not aligned: what was found for one frame of reference says nothing of
    another one.
    """
    copies_seen(context, viewer, case_id)
    with context.database.read() as session:
        known = alignment_rows.alignments(session, case_id).get(prior.case_id)
    if known is None or known.state != ALIGNED or known.transform is None:
        why = "nobody has aligned them yet" if known is None or not known.why else known.why
        raise Conflict(f"The two studies are not aligned: {why}.", "Scroll by hand.")
    made = {} if prior.pictures is None else prior.pictures.volumes
    series = open_case(context, viewer, prior.case_id).page.series
    volumes = [each for each in candidates(index, kinds_by_number(series)) if made.get(each.key) == ""]
    if own_system(index, stack) != system_of(index, volumes, known.kind):
        raise Conflict("This series has a frame of reference that was not aligned.", "Scroll by hand.")
    return known.transform


def moved(index: StudyIndex, stack: Stack, rigid: Affine) -> bytes:
    """The header of a stack's volume, moved."""
    volume = planned(index, stack)
    if isinstance(volume, str):
        raise NotThere(f"This stack is no volume: {volume}.", FRAMES)
    return header_bytes(volume.moved(rigid))


def stack_seen(
    request: Request, context: WebContext, viewer: Looker, case_id: int, stack: str, version: str
) -> tuple[CopiesOf, StudyIndex, Stack]:
    """A stack of a case this viewer may see; raises NotThere."""
    case = copies_seen(context, viewer, case_id)
    if version and version != case.version:
        raise NotThere("These images are not the case's any more.", RELOAD)
    pictures: Pictures = request.app.state.pictures
    index = pictures.index(case)
    named = next((each for each in index.stacks if each.key == stack), None)
    if named is None:
        raise NotThere("There is no such stack.", RELOAD)
    return case, index, named


def stored_volume(context: WebContext, case: CopiesOf, stack: Stack) -> StoredVolume:
    """Where the volume of a stack lies; raises NotThere with the reason where there is none, BeingMade."""
    if stack.affine is None:
        raise NotThere(f"This stack is no volume: {stack.why}.", FRAMES)
    made = case.pictures
    why = None if made is None else made.volumes.get(stack.key)
    if why:
        raise NotThere(why, FRAMES)
    problem = "" if made is None else made.problem
    if why is None and made is not None and made.is_over:
        raise NotThere(problem or "This stack has no volume.", FRAMES)
    path = context.blobs.path(picture_rows.volume_key(case.case_id, case.version, stack.key))
    try:
        if why is None or not path.exists():
            raise FileNotFoundError
        parts = context.blobs.get(picture_rows.parts_key(case.case_id, case.version, stack.key))
    except FileNotFoundError:
        if why is not None:  # it was made, and is gone: with a disk that was restored without it
            ledger.want_pictures(context.database, case.case_id, again=True)
        raise being_made(problem or "This volume is being made.") from None
    return StoredVolume(path, Parts.from_json(json.loads(parts)))


def being_made(problem: str) -> BeingMade:
    """What is said while the worker is at it."""
    return BeingMade(
        problem, "Look at the frames meanwhile, and ask again soon.", retry_after_s=RETRY_AFTER_S
    )


def served(
    request: Request, stored: StoredVolume, header: bytes, name: str, *, is_moved: bool = False
) -> Response:
    """A volume as it is asked for: known, as it lies, expanded, or a part of it."""
    parts = stored.parts
    ranged = "range" in request.headers
    packed = takes_gzip(request) and not ranged
    etag = etag_of(f"{name} {'gzip' if packed else ''}".encode())
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "Accept-Ranges": "bytes",
    }
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    if packed:
        length, pieces = (
            with_header(stored.path, parts, header)
            if is_moved
            else (stored.path.stat().st_size, _as_it_lies(stored.path))
        )
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(length)}
        return StreamingResponse(pieces, media_type=MEDIA_TYPE, headers=headers)
    wanted, status = asked_range(request, parts.size, etag), 200
    start, stop = 0, parts.size
    if wanted is not None:
        if wanted.is_empty:
            headers["Content-Range"] = f"bytes */{parts.size}"
            return Response(status_code=416, headers=headers)
        start, stop, status = wanted.start, wanted.stop, 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{parts.size}"
    headers["Content-Length"] = str(stop - start)
    pieces = expanded(stored.path, parts, header, start, stop)
    return StreamingResponse(pieces, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _as_it_lies(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while data := stream.read(CHUNK):
            yield data
