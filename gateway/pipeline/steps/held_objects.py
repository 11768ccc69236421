"""What stays here, and whether the case may go on without it.

Reports, presentation states, documents, raw data and screen captures stay behind and are listed. An image of a series
that the protocol verdict relies on, and anything that cannot be read or still names the patient, stops the case until a
person has decided: a study is never incomplete in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID

from gateway.decoding.description import listed_frames
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.leak_search.search import Leak
from gateway.records.step_record import NewHeldObject
from gateway.records.tables.studies import Instance

LEAK = "leak"
ALWAYS_STOP = frozenset({HeldReason.UNREADABLE, HeldReason.INCOMPLETE})
MOST_PLACES = 10


def relied_on(headers: Iterable[Dataset], verdict: Mapping[str, Any]) -> frozenset[str]:
    """UIDs of the series of MR images that meet a requirement of the protocol."""
    numbers = {str(one["by_series"]) for one in verdict.get("requirements", ()) if one.get("by_series")}
    return frozenset(
        str(header.get("SeriesInstanceUID", ""))
        for header in headers
        if header.get("Modality") == "MR" and str(series_number(header)) in numbers
    )


def series_number(header: Dataset | None) -> int | None:
    """SeriesNumber, or None when it is missing or no number."""
    try:
        return int(header.SeriesNumber) if header is not None else None
    except (AttributeError, TypeError, ValueError):
        return None


def held_object(
    instance: Instance, header: Dataset | None, kind: str, why: Held, needed: frozenset[str]
) -> NewHeldObject:
    """An object that the profile, or its own damage, keeps here; `header` None: it cannot be read."""
    frames = listed_frames(header)
    what = class_name(instance.sop_class_uid)
    is_needed = instance.series_instance_uid in needed and frames > 0
    return NewHeldObject(
        instance_id=instance.saved_id,
        series_number=series_number(header),
        kind=kind,
        what=what,
        frames=frames,
        reason=str(why.reason),
        problem=why.problem.replace(instance.sop_class_uid, what),
        fix=why.fix,
        releasable=why.releasable and frames > 0,  # nobody can vouch for a picture that cannot be shown
        stops_case=header is None or why.reason in ALWAYS_STOP or is_needed,
    )


def leaking_object(
    instance: Instance, header: Dataset | None, kind: str, leaks: Sequence[Leak]
) -> NewHeldObject:
    """An object whose copy still holds identifying values: attribute and offset, never the value."""
    where = list(dict.fromkeys(f"{leak.attribute} at byte {leak.offset}" for leak in leaks))
    more = f" and {len(where) - MOST_PLACES} more" if len(where) > MOST_PLACES else ""
    return NewHeldObject(
        instance_id=instance.saved_id,
        series_number=series_number(header),
        kind=kind,
        what=class_name(instance.sop_class_uid),
        frames=listed_frames(header),
        reason=LEAK,
        problem=f"The copy of instance {instance.id} still holds identifying values:"
        f" {', '.join(where[:MOST_PLACES])}{more}.",
        fix="Report this to the maintainers with the attribute names; never force it out.",
        releasable=False,
        stops_case=True,
    )


def question(stops: Sequence[NewHeldObject]) -> tuple[str, str]:
    """Problem and fix of a case that waits for decisions, objects of one kind in one sentence."""
    groups = Counter((fact.series_number, fact.kind, fact.problem) for fact in stops)
    sentences = []
    for (number, kind, problem), count in groups.items():
        series = (
            "an unknown series" if number is None else f"series {number}" + (f" ({kind})" if kind else "")
        )
        objects = "1 image of" if count == 1 else f"{count} images of"
        sentences.append(f"{objects} {series} {'is' if count == 1 else 'are'} held: {problem}")
    ways = "Release them or leave them out" if any(one.releasable for one in stops) else "Leave them out"
    fix = f"Nothing was sent. {ways} on the case page (lead or admin)"
    if any(one.reason == LEAK for one in stops):
        return " ".join(sentences), f"{fix}, and report the attribute names to the maintainers."
    return " ".join(sentences), f"{fix}, or ask the sender for clean objects."


def class_name(sop_class_uid: str) -> str:
    """What kind of object this is; a private class is not named, its UID tells the device."""
    uid = UID(sop_class_uid)
    return uid.name if uid.name != uid and not uid.is_private else "private SOP class"
