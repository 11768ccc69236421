"""The pictures that a report names, as they are printed: from the copies that were read, by the decoding processes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gateway.decoding import files, stored_frames
from gateway.decoding.errors import CannotDecode, TooBusy
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import StudyIndex
from gateway.imaging.volume_plan import GREY, scale_of
from gateway.pipeline.context import StepContext
from gateway.records.views import picture_rows
from gateway.records.views.picture_rows import CopiesOf
from gateway.reporting import marked_pictures
from gateway.reporting.lesions.identity import numbered
from gateway.reporting.lesions.marks import Mark, MarkKind, key_image
from gateway.reporting.marked_pictures import Drawing, MarkedPicture
from gateway.reporting.report import Report

MOST: Final = 12
"""Pictures of one report: two pages. The others are named in its text."""
MOST_PIXELS: Final = 4096 * 4096
FONT: Final = Path(marked_pictures.__file__).parent / "fonts" / "DejaVuSans-Bold.ttf"
NOT_HERE: Final = "not kept here: see the image in the archive"
NOT_DRAWN: Final = "cannot be drawn: see the image in the archive"


@dataclass(frozen=True)
class _Wanted:
    """One picture of a lesion with what is drawn on it; a frame that was not told is None."""

    lesion: int
    uid: str
    frame: int | None
    words: tuple[str, ...]
    drawings: tuple[Drawing, ...]


def pictures_of(context: StepContext, case_id: int, report: Report) -> tuple[MarkedPicture, ...]:
    """Marked pictures first, then key images, at most `MOST`; one that cannot be drawn says so. Raises TooBusy."""
    wanted = list(_wanted(report))[:MOST]
    if not wanted:
        return ()
    with context.database.read() as session:
        case = picture_rows.copies_of(session, case_id)
    index = _index(context, case)
    return tuple(_picture(context, index, one) for one in wanted)


def _wanted(report: Report) -> Iterator[_Wanted]:
    named: set[tuple[str, int | None]] = set()
    for number, lesion in numbered(report.lesions):
        marked: dict[tuple[str, int | None], list[Mark]] = {}
        for mark in lesion.marks:
            marked.setdefault((mark.uid, mark.frame), []).append(mark)
        for (uid, frame), marks in marked.items():
            named.add((uid, frame))
            drawings = tuple(drawing for mark in marks for drawing in _drawings(mark))
            yield _Wanted(number, uid, frame, tuple(mark.told for mark in marks), drawings)
    for number, lesion in numbered(report.lesions):
        for shown in lesion.key_images:
            if key_image(shown) not in named:
                named.add(key_image(shown))
                yield _Wanted(number, *key_image(shown), ("Key image",), ())


def _drawings(mark: Mark) -> Iterator[Drawing]:
    if mark.kind is not MarkKind.REGION:
        yield Drawing(mark.points)
    for outline in mark.outlines:
        if (outline.uid, outline.frame) == (mark.uid, mark.frame):
            yield Drawing(outline.points)


def _index(context: StepContext, case: CopiesOf) -> StudyIndex:
    if case.index_blob and context.blobs.path(case.index_blob).exists():
        return StudyIndex.from_json(context.blobs.get(case.index_blob))
    headers = files.headers([context.blobs.path(copy.blob) for copy in case.copies])
    return study_index(case.version, zip((copy.blob for copy in case.copies), headers, strict=True))


def _picture(context: StepContext, index: StudyIndex, wanted: _Wanted) -> MarkedPicture:
    of = f"Lesion {wanted.lesion}: {'; '.join(wanted.words)}"
    uids = [index.objects[frame.object].sop_instance_uid for frame in index.frames]
    places = [
        at
        for at, frame in enumerate(index.frames)
        if uids[at] == wanted.uid and wanted.frame in (None, frame.frame + 1)
    ]
    if not places:
        return MarkedPicture(f"{of}, {NOT_HERE}")
    if len(places) > 1:
        return MarkedPicture(f"{of}, one of {len(places)} images, which one was not told")
    [at] = places
    frame, source = index.frames[at], index.objects[index.frames[at].object]
    stack = next(stack for stack in index.stacks if at in stack.frames)
    series = index.series[source.series]
    where = f"series {series.series_number}, image {stack.frames.index(at) + 1} of {len(stack.frames)}"
    caption = f"{of}. {where[0].upper()}{where[1:]}" + (f", frame {wanted.frame}" if wanted.frame else "")
    drawable = source.photometric in GREY and scale_of(frame) is not None
    if not drawable or not 0 < frame.rows * frame.columns <= MOST_PIXELS:
        return MarkedPicture(f"{caption}, {NOT_DRAWN}")
    try:
        path = context.blobs.path(source.blob)
        told = np.frombuffer(stored_frames.values_of(path, source, [frame], "<f4"), "<f4")
    except TooBusy:
        raise
    except CannotDecode:
        return MarkedPicture(f"{caption}, {NOT_DRAWN}")
    return marked_pictures.marked_picture(
        frame,
        told.reshape(frame.rows, frame.columns),
        wanted.drawings,
        caption,
        FONT,
        negative=source.photometric == "MONOCHROME1",
    )
