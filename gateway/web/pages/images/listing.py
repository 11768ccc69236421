"""The index of a case's pictures as browsers read it: every series, stack and frame, and what is not shown and why.

Positions are millimetres in the patient system of DICOM (LPS). Shown equals received, or what is missing is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID

from gateway.imaging.study_index import Stack, StudyIndex
from gateway.imaging.volume_plan import noted
from gateway.records.views.held_object_rows import HeldRow
from gateway.records.views.picture_rows import PictureRow
from gateway.web.foundation.images import shown_places


@dataclass(frozen=True)
class Named:
    """What a series is called, and what it was recognised as."""

    label: str
    kind: str


@dataclass(frozen=True)
class Received:
    """What else came with the study."""

    objects: int
    """All that were received."""
    held: Sequence[HeldRow]
    """Those that a person has to decide about, or left out."""
    copied: Sequence[str]
    """SOP classes of the copies."""


def listed_stacks(
    index: StudyIndex, case_id: int, pictures: PictureRow, names: Mapping[int, Named]
) -> list[dict[str, Any]]:
    """Every stack with its frames; `volume` is where its volume is, or will be: null where there is none, and why."""
    pictured = _pictured(index)
    labels = stack_labels(index, {number: name.label for number, name in names.items()})
    return [
        {
            "key": stack.key,
            "series": stack.series,
            "label": labels[stack.key],
            "kind": names[stack.series].kind if stack.series in names else "other",
            "b_value": stack.b_value,
            "echo_time": stack.echo_time,
            "part": stack.part,
            "thickness": stack.thickness,
            "plane": stack.plane,
            "count": len(stack.frames),
            "shape": stack.shape,
            "affine": stack.affine,
            **_volume(index, stack, case_id, pictures),
            "series_uid": index.series[stack.series].series_instance_uid,
            "frame_of_reference": index.series[stack.series].frame_of_reference,
            "photometric": _photometric(index, stack),
            "frames": [_frame(index, place, pictured[place]) for place in stack.frames],
        }
        for stack in index.stacks
    ]


def _volume(index: StudyIndex, stack: Stack, case_id: int, pictures: PictureRow) -> dict[str, Any]:
    why = stack.why if stack.affine is None else pictures.volumes.get(stack.key)
    if stack.affine is not None and why is None and pictures.is_over:
        why = pictures.problem or "its volume was not made"
    there = stack.affine is not None and not why
    return {
        "why": why or "",
        "note": noted(index, stack) if there else "",
        "volume": f"/cases/{case_id}/volumes/{stack.key}.nii?v={index.version}" if there else None,
        "volume_made": there and why is not None,
    }


def _photometric(index: StudyIndex, stack: Stack) -> str:
    return index.objects[index.frames[stack.frames[0]].object].photometric if stack.frames else ""


def _pictured(index: StudyIndex) -> dict[int, tuple[int, int]]:
    """For each frame its series and number of the PNG route."""
    return {
        place: (series, number)
        for series, places in enumerate(shown_places(index))
        for number, place in enumerate(places)
    }


def _frame(index: StudyIndex, place: int, picture: tuple[int, int]) -> dict[str, Any]:
    frame = index.frames[place]
    return {
        "uid": index.objects[frame.object].sop_instance_uid,
        "frame": frame.frame + 1,
        "rows": frame.rows,
        "columns": frame.columns,
        "position": frame.position,
        "orientation": frame.orientation,
        "spacing": frame.spacing,
        "slope": frame.slope,
        "intercept": frame.intercept,
        "b_value": frame.b_value,
        "picture": picture,
    }


def stack_labels(index: StudyIndex, of_series: Mapping[int, str]) -> dict[str, str]:
    """What each stack is called: as its series, with that in which the stacks of the series differ."""
    labels: dict[str, str] = {}
    for number in range(len(index.series)):
        stacks = [stack for stack in index.stacks if stack.series == number]
        named = of_series.get(number, f"Series {number + 1}")
        tails = [_tail(stack, stacks) for stack in stacks]
        for at, (stack, tail) in enumerate(zip(stacks, tails, strict=True)):
            twins = f"{at + 1} of {len(stacks)}" if len(stacks) > 1 and tails.count(tail) > 1 else ""
            labels[stack.key] = " ".join(filter(None, (named, tail, twins)))
    return labels


def _tail(stack: Stack, beside: Sequence[Stack]) -> str:
    """In what it differs from the others of its series."""
    said = {
        "b_value": "" if stack.b_value is None else f"b {stack.b_value:g}",
        "echo_time": "" if stack.echo_time is None else f"TE {stack.echo_time:g} ms",
        "part": {"P": "phase", "R": "real", "I": "imaginary"}.get(stack.part, ""),
        "plane": stack.plane,
    }
    return " ".join(
        text for name, text in said.items() if text and len({getattr(each, name) for each in beside}) > 1
    )


def totals(index: StudyIndex, received: Received) -> dict[str, Any]:
    """How many series and images are shown, and how many came; `not_shown` names the rest with its reason."""
    series = {index.objects[frame.object].series for frame in index.frames}
    stays = [row for row in received.held if row.decision != "released"]
    numbers = {index.series[number].series_number for number in series}
    others = {row.series_number for row in stays if row.frames and row.series_number not in numbers}
    missing = received.objects - len(received.copied) - len(stays)
    return {
        "series": len(series),
        "images": len(index.frames),
        "received_series": len(series) + len(others),
        "received_images": len(index.frames) + sum(row.frames for row in stays),
        "not_shown": [
            *_counted((_what(row), _held_because(row)) for row in stays),
            *_counted(
                (_name(uid), "it has no pictures") for uid in _without_pictures(index, received.copied)
            ),
            *([_entry("object", "it came after the copies were made", missing)] if missing > 0 else []),
        ],
    }


def _without_pictures(index: StudyIndex, copied: Sequence[str]) -> list[str]:
    """SOP classes of the copies that show nothing."""
    pictured = {frame.object for frame in index.frames}
    left = Counter(copied)
    left.subtract(index.objects[place].sop_class_uid for place in pictured)
    return list(left.elements())


def _what(row: HeldRow) -> str:
    return row.what if row.series_number is None else f"{row.what} of series {row.series_number}"


def _held_because(row: HeldRow) -> str:
    return "a person left it out" if row.decision == "left out" else row.problem


def _counted(found: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [_entry(what, why, count) for (what, why), count in Counter(found).items()]


def _entry(what: str, why: str, count: int) -> dict[str, Any]:
    return {"what": what if count == 1 else f"{count} × {what}", "why": why}


def _name(uid: str) -> str:
    name = UID(uid).name if UID(uid).is_valid else uid
    return name if name != uid else "object of another kind"
