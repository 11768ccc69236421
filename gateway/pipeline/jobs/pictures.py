"""What a case's copies are looked at by: their index first, then a volume of each regular stack, piece by piece.

Every piece is claimed, made beside the cases' own work, stored under a name derived from the copies, and recorded; a
worker that is killed anywhere leaves nothing but a piece that is made again. Pixels are read in a process that may die;
a stack that it cannot read has no volume and says why, and the page shows its frames.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from gateway import logs
from gateway.decoding import files, stored_frames
from gateway.decoding.children import BEHIND
from gateway.decoding.errors import CannotDecode, TooBusy
from gateway.imaging.frames import ObjectHeader
from gateway.imaging.gzip_parts import PartsWriter
from gateway.imaging.nifti_header import header_bytes
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import Stack, StudyIndex
from gateway.imaging.volume_plan import pieces, planned
from gateway.pipeline.context import StepContext
from gateway.records import ledger
from gateway.records.ledger import PicturesClaim
from gateway.records.views import picture_rows
from gateway.records.views.picture_rows import CopiesOf

log = logs.get(__name__)

LOOK_AGAIN: Final = timedelta(minutes=10)
PIECE: Final = 1 << 21
"""Voxels that are in memory at a time, unless one frame has more."""
COPIES: Final = 500
"""Whose headers are read before the lease is prolonged."""


class _NoRoom(Exception):
    """The disk is kept for what is received."""


class _Lost(Exception):
    """The copies are other ones now, or gone with their patient."""


def make_one(context: StepContext) -> bool:
    """Make one piece of the most urgent case that wants one; False: there is none."""
    claim = ledger.claim_pictures(context.database, _lease(context))
    if claim is None:
        return False
    with context.database.read() as session:
        case = picture_rows.copies_of(session, claim.case_id)
    try:
        _make(context, claim, case)
    except _Lost:
        _delete_forgotten(context, claim.case_id)
    except _NoRoom:
        _make_room(context, claim)
    except TooBusy as error:
        _put_off(context, claim, error.problem)
    except OSError as error:
        _put_off(context, claim, f"Its pictures cannot be kept: {error.strerror or type(error).__name__}.")
    return True


def _lease(context: StepContext) -> timedelta:
    return timedelta(seconds=context.settings.engine.lease)


def _make_room(context: StepContext, claim: PicturesClaim) -> None:
    """The pictures of the case that is over for the longest time give way; where there is none, nothing is made."""
    with context.database.read() as session:
        oldest = picture_rows.oldest_of_cases_over(session, claim.case_id)
    if oldest is None:
        _put_off(
            context, claim, "The disk is nearly full: no volumes are made, so that studies are received."
        )
        return
    _delete_all(context, oldest)  # before the row: what has no files is made again when somebody looks
    ledger.drop_pictures(context.database, oldest)
    log.info("pictures of a case that is over gave way to others", case=oldest)
    ledger.put_off_pictures(context.database, claim, "", timedelta(0))


def _put_off(context: StepContext, claim: PicturesClaim, problem: str) -> None:
    log.warning("pictures are not made", case=claim.case_id, why=problem)
    ledger.put_off_pictures(context.database, claim, problem, LOOK_AGAIN)


def _make(context: StepContext, claim: PicturesClaim, case: CopiesOf) -> None:
    """The next piece, kept; raises _Lost, _NoRoom, TooBusy, OSError."""
    database, key = context.database, picture_rows.index_key(claim.case_id, case.version)
    if case.pictures is None or case.index_blob != key:
        _delete_others(context, claim.case_id, case.version)
        index = _index(context, claim, case)
        context.blobs.put(key, index.to_json())
        _kept(ledger.keep_index(database, claim, case.version, key, is_last=not _to_make(index, {})))
        return
    index = StudyIndex.from_json(context.blobs.get(key))
    stacks = _to_make(index, case.pictures.volumes)
    if not stacks:
        _kept(ledger.keep_index(database, claim, case.version, key, is_last=True))
        return
    why = ""
    try:
        _volume(context, claim, index, stacks[0])
    except TooBusy:
        raise
    except CannotDecode as error:
        why = error.problem
        log.warning("a stack has no volume", case=claim.case_id, stack=stacks[0].key, why=why)
    _kept(ledger.keep_volume(database, claim, stacks[0].key, why, is_last=len(stacks) == 1))


def _kept(is_ours: bool) -> None:
    if not is_ours:
        raise _Lost


def _index(context: StepContext, claim: PicturesClaim, case: CopiesOf) -> StudyIndex:
    """The index of the copies."""
    keys = [copy.blob for copy in case.copies]
    headers: list[ObjectHeader | None] = []
    for at in range(0, len(keys), COPIES):
        _kept(ledger.renew_pictures(context.database, claim, _lease(context)))
        headers += files.headers([context.blobs.path(key) for key in keys[at : at + COPIES]], BEHIND)
    return study_index(case.version, zip(keys, headers, strict=True))


def _to_make(index: StudyIndex, made: Mapping[str, str]) -> list[Stack]:
    return [stack for stack in index.stacks if stack.affine is not None and stack.key not in made]


def _volume(context: StepContext, claim: PicturesClaim, index: StudyIndex, stack: Stack) -> None:
    """Store the volume of a stack; raises CannotDecode where there is none, OSError, _NoRoom and _Lost."""
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
    writer = PartsWriter(header_bytes(volume))
    of = claim.case_id, index.version
    with context.blobs.batch() as batch:
        packed = _packed(context, claim, index, stack, volume.dtype, writer)
        file = batch.written(picture_rows.folder_of(*of), packed)
        batch.put(picture_rows.volume_key(*of, stack.key), file)
        parts = json.dumps(writer.parts.to_json(), separators=(",", ":")).encode()
        batch.put(picture_rows.parts_key(*of, stack.key), parts)


def _packed(
    context: StepContext,
    claim: PicturesClaim,
    index: StudyIndex,
    stack: Stack,
    dtype: str,
    writer: PartsWriter,
) -> Iterator[bytes]:
    """The file of a volume, a piece at a time; raises CannotDecode and _Lost."""
    yield writer.begin()
    waiting = bytearray()
    renewed = time.monotonic()
    for of, frames in pieces(index, stack, PIECE):
        if time.monotonic() - renewed > _lease(context).total_seconds() / 3:
            _kept(ledger.renew_pictures(context.database, claim, _lease(context)))
            renewed = time.monotonic()
        source = index.objects[of]
        path = context.blobs.path(source.blob)
        waiting += stored_frames.values_of(path, source, frames, dtype, BEHIND)
        if len(waiting) >= PIECE:
            yield writer.piece(bytes(waiting))
            waiting.clear()
    if waiting:
        yield writer.piece(bytes(waiting))
    yield writer.end()


def _delete_forgotten(context: StepContext, case_id: int) -> None:
    """Away with what was written while the patient was forgotten."""
    with context.database.read() as session:
        if picture_rows.copies_of(session, case_id).copies:
            return
    _delete_all(context, case_id)


def _delete_all(context: StepContext, case_id: int) -> None:
    for key in list(context.blobs.keys(picture_rows.folder_of(case_id))):
        context.blobs.delete(key)


def _delete_others(context: StepContext, case_id: int, version: str) -> None:
    """Away with what was made of other copies: nothing refers to it any more."""
    kept = picture_rows.folder_of(case_id, version) + "/"
    for key in list(context.blobs.keys(picture_rows.folder_of(case_id))):
        if not key.startswith(kept):
            context.blobs.delete(key)
