"""Priors laid over the cases that wait for their readers, before they are opened: in a process that may die.

Nothing waits for it. Which pairs there are is seen in the records; each is claimed, laid over, and kept with its
residual or with the reason why not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from gateway import logs
from gateway.decoding.messages import environment
from gateway.imaging.alignment.limits import LIMIT_MM
from gateway.imaging.layouts import best_of, candidates, kinds_by_number
from gateway.imaging.study_index import StudyIndex
from gateway.pipeline.context import StepContext
from gateway.records import ledger
from gateway.records.ledger import AlignmentOutcome, Wanted
from gateway.records.tables.pictures import ALIGNED, FAILED, REFUSED
from gateway.records.views import alignment_rows, case_rows, picture_rows
from gateway.records.views.alignment_rows import UnalignedPair
from gateway.records.views.picture_rows import CopiesOf

log = logs.get(__name__)

KINDS: Final = ("flair", "t2", "t1")
"""By which studies are laid over one another, the best first."""
_PAIRS: Final = 20
_SECONDS: Final = 300
_LEASE: Final = timedelta(seconds=_SECONDS + 60)
_PROGRAM: Final = (sys.executable, "-P", "-m", "gateway.imaging.alignment.program")


def align_one(context: StepContext) -> bool:
    """Lay one prior over its case; False: there is none to do."""
    with context.database.read() as session:
        pairs = alignment_rows.unaligned_pairs(session, _PAIRS)
    if pairs:
        ledger.want_alignments(context.database, [_wanted(pair) for pair in pairs])
    claim = ledger.claim_alignment(context.database, _LEASE)
    if claim is None:
        return False
    outcome = _aligned(context, claim.wanted)
    log.info("a prior was laid over", case=claim.wanted.case_id, state=outcome.state, why=outcome.why)
    ledger.keep_alignment(context.database, claim, outcome)
    return True


def _wanted(pair: UnalignedPair) -> Wanted:
    both = _kinds(pair.series) & _kinds(pair.prior_series)
    kind = next((kind for kind in KINDS if kind in both), "")
    return Wanted(pair.case_id, pair.prior_case_id, pair.version, pair.prior_version, kind)


def _kinds(series: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(one.get("kind", "")) for one in series}


def _aligned(context: StepContext, wanted: Wanted) -> AlignmentOutcome:
    with context.database.read() as session:
        cases = [picture_rows.copies_of(session, number) for number in (wanted.case_id, wanted.prior_case_id)]
        series = [case_rows.case(session, number).series for number in (wanted.case_id, wanted.prior_case_id)]
    kinds = [kinds_by_number(each) for each in series]
    if [case.version for case in cases] != [wanted.version, wanted.prior_version]:
        return AlignmentOutcome(FAILED, why="the images are other ones by now")
    try:
        files = [_volume(context, case, own, wanted.kind) for case, own in zip(cases, kinds, strict=True)]
    except OSError as error:
        return AlignmentOutcome(FAILED, why=f"its volumes cannot be read ({type(error).__name__})")
    if None in files:
        return AlignmentOutcome(REFUSED, why=f"one of the two studies has no volume of its {wanted.kind}")
    return _asked([str(file) for file in files])


def _volume(context: StepContext, case: CopiesOf, kinds: Mapping[int, str], kind: str) -> str | None:
    """The file of the volume to do it by; None where there is none."""
    if case.pictures is None:
        return None
    index = StudyIndex.from_json(context.blobs.get(case.pictures.index_blob))
    made = {key for key, why in case.pictures.volumes.items() if not why}
    stack = best_of(kind, [each for each in candidates(index, kinds) if each.key in made])
    if stack is None:
        return None
    return str(context.blobs.path(picture_rows.volume_key(case.case_id, case.version, stack.key)))


def _asked(files: list[str]) -> AlignmentOutcome:
    """What the process answers; its death is an answer, too."""
    try:
        done = subprocess.run(
            [*_PROGRAM, *files, str(LIMIT_MM)],
            capture_output=True,
            env=environment() | {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"},
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
        said = json.loads(done.stdout)
        transform = [float(each) for row in said["transform"] or () for each in row]
        residual = None if said["residual_mm"] is None else float(said["residual_mm"])
        why = str(said["why"])[:300]
        if len(transform) not in (0, 12) or bool(transform) == bool(why):
            raise ValueError
    except subprocess.TimeoutExpired:
        return AlignmentOutcome(FAILED, limit_mm=LIMIT_MM, why=f"it took longer than {_SECONDS} s")
    except (OSError, ValueError, KeyError, TypeError) as error:
        return AlignmentOutcome(
            FAILED, limit_mm=LIMIT_MM, why=f"the process ended without an answer ({type(error).__name__})"
        )
    return AlignmentOutcome(ALIGNED if transform else REFUSED, transform, residual, LIMIT_MM, why)
