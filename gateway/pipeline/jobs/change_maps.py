"""What became bright since the prior study: one map at a time, after both were aligned, in a process that may die."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from gateway import logs
from gateway.decoding.changes import Changes, changes_between
from gateway.decoding.errors import CannotDecode, TooBusy
from gateway.imaging.gzip_parts import PartsWriter
from gateway.imaging.layouts import best_of, candidates, kinds_by_number
from gateway.imaging.nifti_header import VolumeHeader, header_bytes
from gateway.imaging.study_index import Stack, StudyIndex
from gateway.pipeline.context import StepContext
from gateway.records import ledger
from gateway.records.ledger import ChangeClaim, Pair
from gateway.records.views import alignment_rows, case_rows, picture_rows
from gateway.records.views.alignment_rows import AlignedPair

log = logs.get(__name__)

LEASE: Final = timedelta(minutes=10)
_PIECE: Final = 1 << 21
_PAIRS: Final = 20
NO_ROOM: Final = "the disk is nearly full: have the pictures made again when there is room"


def make_one(context: StepContext) -> bool:
    """Make the map of the most urgent case that wants one; False: there is none."""
    with context.database.read() as session:
        pairs = alignment_rows.unmapped_pairs(session, _PAIRS)
    if pairs:
        ledger.want_changes(context.database, [_wanted(context, pair) for pair in pairs])
    claim = ledger.claim_change_map(context.database, LEASE)
    if claim is None:
        return False
    pair = claim.pair
    try:
        made, voxels = _made(context, claim) if _has_room(context) else (Changes(NO_ROOM), b"")
        if not made.why:
            _store(context, claim, made, voxels)
    except FileNotFoundError:  # forgotten, or of copies that are others now
        made = Changes("the volumes of these studies are no longer kept")
    except (TooBusy, OSError) as error:  # it is tried again when the lease ends, a few times
        log.warning("a map of change is put off", case=pair.case_id, why=type(error).__name__)
        return True
    except CannotDecode as error:
        made = Changes(error.problem.rstrip("."))
    if made.why:
        log.info("a case has no map of change", case=pair.case_id, prior=pair.prior_case_id, why=made.why)
    result = asdict(made) if made.why else {**asdict(made), "slices_mm": _slices_mm(context, pair)}
    kept = ledger.keep_change_map(context.database, claim, result, made.why)
    if not kept:
        _delete_forgotten(context, pair.case_id)
    return True


def _has_room(context: StepContext) -> bool:
    """Whether the disk has more than what is kept for studies that arrive."""
    settings = context.settings
    return context.blobs.free_mb() >= settings.storage.min_free_mb + settings.pictures.keep_free_mb


def _wanted(context: StepContext, of: AlignedPair) -> Pair:
    """The pair with the stacks that are compared; none where one of the two has no volume."""
    own, theirs = _flair(context, of.case_id), _flair(context, of.prior_case_id)
    return Pair(of.case_id, of.prior_case_id, of.version, of.prior_version, own, theirs, of.transform)


def _flair(context: StepContext, case_id: int) -> str:
    """The FLAIR volume that a layout would show."""
    with context.database.read() as session:
        case, series = picture_rows.copies_of(session, case_id), case_rows.case(session, case_id).series
    if case.pictures is None or not case.pictures.index_blob:
        return ""
    try:
        index = StudyIndex.from_json(context.blobs.get(case.pictures.index_blob))
    except FileNotFoundError:
        return ""
    made = {key for key, why in case.pictures.volumes.items() if not why}
    stacks = [each for each in candidates(index, kinds_by_number(series)) if each.key in made]
    best = best_of("flair", stacks)
    return "" if best is None else best.key


def _made(context: StepContext, claim: ChangeClaim) -> tuple[Changes, bytes]:
    """The map; raises CannotDecode, TooBusy and FileNotFoundError."""
    pair, blobs = claim.pair, context.blobs
    current = _stack(context, pair.case_id, pair.version, pair.stack)
    prior = _stack(context, pair.prior_case_id, pair.prior_version, pair.prior_stack)
    paths = (
        blobs.path(picture_rows.volume_key(pair.case_id, pair.version, pair.stack)),
        blobs.path(picture_rows.volume_key(pair.prior_case_id, pair.prior_version, pair.prior_stack)),
    )
    for path in paths:
        if not path.exists():
            raise FileNotFoundError
    return changes_between(*paths, pair.transform, _voxels(current) + _voxels(prior))


def _stack(context: StepContext, case_id: int, version: str, key: str) -> Stack:
    index = StudyIndex.from_json(context.blobs.get(picture_rows.index_key(case_id, version)))
    found = next((stack for stack in index.stacks if stack.key == key), None)
    if found is None:
        raise FileNotFoundError
    return found


def _slices_mm(context: StepContext, pair: Pair) -> list[float]:
    """The coarsest step of the case's volume and of the prior's: which figures of the evaluation hold for them."""
    of = (pair.case_id, pair.version, pair.stack), (pair.prior_case_id, pair.prior_version, pair.prior_stack)
    try:
        affines = [_stack(context, *each).affine for each in of]
    except FileNotFoundError:  # gone since the map was made: nothing is said of them
        return []
    return [
        round(max(math.hypot(*(row[axis] for row in affine)) for axis in range(3)), 2)
        for affine in affines
        if affine is not None
    ]


def _voxels(stack: Stack) -> int:
    columns, rows, slices = stack.shape
    return columns * rows * slices


def _store(context: StepContext, claim: ChangeClaim, made: Changes, voxels: bytes) -> None:
    """Beside the volumes of the case, and packed as they are."""
    pair = claim.pair
    name = picture_rows.change_name(pair.prior_case_id)
    writer = PartsWriter(header_bytes(VolumeHeader(made.shape, made.affine, "|u1")))
    with context.blobs.batch() as batch:
        file = batch.written(picture_rows.folder_of(pair.case_id, pair.version), _packed(writer, voxels))
        batch.put(picture_rows.volume_key(pair.case_id, pair.version, name), file)
        parts = json.dumps(writer.parts.to_json(), separators=(",", ":")).encode()
        batch.put(picture_rows.parts_key(pair.case_id, pair.version, name), parts)


def _packed(writer: PartsWriter, voxels: bytes) -> Iterator[bytes]:
    yield writer.begin()
    for at in range(0, len(voxels), _PIECE):
        yield writer.piece(voxels[at : at + _PIECE])
    yield writer.end()


def _delete_forgotten(context: StepContext, case_id: int) -> None:
    """Away with what was written while the patient was forgotten."""
    with context.database.read() as session:
        if picture_rows.copies_of(session, case_id).copies:
            return
    for key in list(context.blobs.keys(picture_rows.folder_of(case_id))):
        context.blobs.delete(key)
