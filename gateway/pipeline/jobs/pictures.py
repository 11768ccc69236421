"""What a case's copies are looked at by: their index first, then a volume of each regular stack, piece by piece.

Every piece is claimed, made beside the cases' own work, stored under a name derived from the copies, and recorded; a
worker that is killed anywhere leaves nothing but a piece that is made again. Pixels are read in a process that may die;
a stack that it cannot read has no volume and says why, and the page shows its frames.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from gateway import logs
from gateway.decoding import files, stored_frames
from gateway.decoding.children import BEHIND
from gateway.decoding.errors import CannotDecode, TooBusy
from gateway.imaging.gzip_parts import PartsWriter
from gateway.imaging.nifti_header import VolumeHeader, header_bytes
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import Stack, StudyIndex
from gateway.imaging.volume_plan import pieces, planned
from gateway.pipeline.context import StepContext
from gateway.records import ledger
from gateway.records.blobs import Batch
from gateway.records.ledger import PicturesClaim
from gateway.records.views import picture_rows
from gateway.records.views.picture_rows import CopiesOf

log = logs.get(__name__)

LEASE: Final = timedelta(minutes=10)
"""One piece takes seconds; the largest volume of compressed frames, on a busy machine, minutes."""
LOOK_AGAIN: Final = timedelta(minutes=10)
PIECE: Final = 1 << 21
"""Voxels that are in memory at a time, unless one frame has more."""


class _NoRoom(Exception):
    """The disk is kept for what is received."""


def make_one(context: StepContext) -> bool:
    """Make one piece of the most urgent case that wants one; False: there is none."""
    claim = ledger.claim_pictures(context.database, LEASE)
    if claim is None:
        return False
    with context.database.read() as session:
        case = picture_rows.copies_of(session, claim.case_id)
    try:
        _make(context, claim, case)
    except _NoRoom:
        _put_off(
            context, claim, "The disk is nearly full: no volumes are made, so that studies are received."
        )
    except TooBusy as error:
        _put_off(context, claim, error.problem)
    except CannotDecode as error:
        _put_off(context, claim, f"Its index cannot be made. {error.problem}", None)
    except OSError as error:
        _put_off(context, claim, f"Its pictures cannot be kept: {error.strerror or type(error).__name__}.")
    return True


def _put_off(
    context: StepContext, claim: PicturesClaim, problem: str, again: timedelta | None = LOOK_AGAIN
) -> None:
    log.warning("pictures are not made", case=claim.case_id, why=problem)
    ledger.put_off_pictures(context.database, claim, problem, again)


def _make(context: StepContext, claim: PicturesClaim, case: CopiesOf) -> None:
    if case.pictures is None or case.index_blob != picture_rows.index_key(claim.case_id, case.version):
        _delete_others(context, claim.case_id, case.version)
        index = _index(context, case)
        key = picture_rows.index_key(claim.case_id, case.version)
        context.blobs.put(key, index.to_json())
        ledger.keep_index(context.database, claim, case.version, key, is_last=not _to_make(index, {}))
        return
    index = StudyIndex.from_json(context.blobs.get(case.index_blob))
    stacks = _to_make(index, case.pictures.volumes)
    why = ""
    try:
        _volume(context, claim.case_id, index, stacks[0])
    except CannotDecode as error:
        why = error.problem
        log.warning("a stack has no volume", case=claim.case_id, stack=stacks[0].key, why=why)
    ledger.keep_volume(context.database, claim, stacks[0].key, why, is_last=len(stacks) == 1)


def _index(context: StepContext, case: CopiesOf) -> StudyIndex:
    """The index of the copies."""
    keys = [copy.blob for copy in case.copies]
    headers = files.headers([context.blobs.path(key) for key in keys], BEHIND)
    return study_index(case.version, zip(keys, headers, strict=True))


def _to_make(index: StudyIndex, made: Mapping[str, str]) -> list[Stack]:
    return [stack for stack in index.stacks if stack.affine is not None and stack.key not in made]


def _volume(context: StepContext, case_id: int, index: StudyIndex, stack: Stack) -> None:
    """Store the volume of a stack; raises CannotDecode where there is none, OSError, and _NoRoom."""
    volume = planned(index, stack)
    if isinstance(volume, str):
        raise CannotDecode(f"It is no volume: {volume}.", "Look at its frames.")
    settings = context.settings
    if volume.size > settings.pictures.largest_mb * 1_000_000:
        raise CannotDecode(
            f"Its volume would take {volume.size / 1e6:.0f} MB; {settings.pictures.largest_mb} are made.",
            "Look at its frames, or raise [pictures] largest_mb.",
        )
    left_mb = context.blobs.free_mb() - volume.size / 1e6
    if left_mb < settings.storage.min_free_mb + settings.pictures.keep_free_mb:
        raise _NoRoom
    folder = picture_rows.folder_of(case_id, index.version)
    writer = PartsWriter(header_bytes(volume))
    with context.blobs.batch() as batch:
        _write(batch, context, case_id, index, stack, volume, writer, folder)


def _write(
    batch: Batch,
    context: StepContext,
    case_id: int,
    index: StudyIndex,
    stack: Stack,
    volume: VolumeHeader,
    writer: PartsWriter,
    folder: str,
) -> None:
    def packed() -> Iterator[bytes]:
        yield writer.begin()
        waiting = bytearray()
        for of, frames in pieces(index, stack, PIECE):
            source = index.objects[of]
            waiting += stored_frames.values_of(
                context.blobs.path(source.blob), source, frames, volume.dtype, BEHIND
            )
            if len(waiting) >= PIECE:
                yield writer.piece(bytes(waiting))
                waiting.clear()
        if waiting:
            yield writer.piece(bytes(waiting))
        yield writer.end()

    file = batch.written(folder, packed())
    batch.put(picture_rows.volume_key(case_id, index.version, stack.key), file)
    parts = json.dumps(writer.parts.to_json(), separators=(",", ":")).encode()
    batch.put(picture_rows.parts_key(case_id, index.version, stack.key), parts)


def _delete_others(context: StepContext, case_id: int, version: str) -> None:
    """Away with what was made of other copies: nothing refers to it any more."""
    kept = picture_rows.folder_of(case_id, version) + "/"
    for key in list(context.blobs.keys(picture_rows.folder_of(case_id))):
        if not key.startswith(kept):
            context.blobs.delete(key)
