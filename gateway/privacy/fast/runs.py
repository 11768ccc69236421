"""What becomes of neighbouring elements, put together, so that those that repeat are handled as one."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from functools import cache
from operator import itemgetter
from typing import Final

from dicom_nodes.encoding.elements import NotTaken
from dicom_nodes.encoding.headers import PIXEL_DATA
from gateway.privacy.deidentify.instance import FINISHED
from gateway.privacy.fast.memo import CODED, SHIFTING, CleanedElement, CleanedRun

# The elements that are asked for by their tags: SOP Class and Instance UID, StudyDate, Study Instance UID.
NAMED: Final = frozenset({0x00080016, 0x00080018, 0x00080020, 0x0020000D})
_APART: Final = sorted({*NAMED, *FINISHED, PIXEL_DATA})


@cache
def _between(tag: int) -> int:
    """Which gap between the elements that are written apart `tag` is in."""
    return bisect.bisect_right(_APART, tag)


def cleaned_run(all_cleaned: Iterable[tuple[int, CleanedElement]]) -> CleanedRun:
    """What becomes of neighbours: without what `InstanceDeidentifier.finish` writes, in chunks that fit between."""
    counts: list[str] = []
    uids: list[tuple[str, str]] = []
    digits: list[str] = []
    outs: list[tuple[int, bytes | memoryview]] = []
    for tag, (out, done, mapped, runs) in all_cleaned:
        counts += done
        if out is None and not mapped and not runs:
            continue
        uids += mapped
        digits += runs
        if out is not None:
            outs.append((tag, out))
    outs.sort(key=itemgetter(0))
    chunks: list[tuple[int, list[bytes | memoryview]]] = []
    between = -1
    for tag, out in outs:
        if tag in CODED:
            raise NotTaken
        if tag in FINISHED:
            continue
        if _between(tag) == between:
            chunks[-1][1].append(out)
        else:
            between = -1 if tag in NAMED else _between(tag)
            chunks.append((tag, [out]))
    return CleanedRun(
        tuple([(tag, all_[0] if len(all_) == 1 else b"".join(all_)) for tag, all_ in chunks]),
        tuple(counts),
        tuple(uids),
        SHIFTING if "*" in digits else tuple(digits),
    )
