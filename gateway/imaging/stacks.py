"""From the frames of a case to its stacks: what belongs together, in which order, and whether it is a volume.

Frames of a series are together while they agree in plane, size, b-value, direction of diffusion, echo time, time, and
part of the complex image, and lie in one frame of reference. Where a place still comes more than once, its first
frames are one stack, its second ones the next. What makes no regular volume stays a list of frames that says why:
nothing is left out, nothing is made up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.frames import ObjectHeader
from gateway.imaging.study_index import Affine, FrameIndex, ObjectIndex, SeriesIndex, Stack, StudyIndex

DISTINCT_COSINE: Final = 0.7
"""Rows or columns with a smaller cosine between them are of other planes: over 45 degrees, or mirrored."""
PARALLEL_COSINE: Final = 0.999999
"""Of the rows, and of the columns, of slices of one volume: a twelfth of a degree, what rounding leaves."""
STEP_MM, STEP_PART = 0.05, 0.01
"""How far a slice of a volume may be from its place: so many mm, or this part of the step."""
SAME_PLACE_MM: Final = 0.01
_OBLIQUE: Final = 0.8
_PLANES: Final = ("sagittal", "coronal", "axial")
UNREADABLE: Final = "its header cannot be read"


def study_index(version: str, objects: Iterable[tuple[str, ObjectHeader | None]]) -> StudyIndex:
    """The index of a case from the headers of its copies, each with the key of its bytes; None cannot be read.

    The order in which the copies come does not matter.
    """
    listed = sorted(
        ((blob, header or _unreadable(blob)) for blob, header in objects),
        key=_stored_order,
    )
    by_series: dict[str, list[tuple[str, ObjectHeader]]] = defaultdict(list)
    for blob, header in listed:
        if header.frames:
            by_series[header.series].append((blob, header))
    all_objects: list[ObjectIndex] = []
    all_frames: list[FrameIndex] = []
    series: list[SeriesIndex] = []
    stacks: list[Stack] = []
    for place, (uid, members) in enumerate(by_series.items()):
        headers: dict[int, ObjectHeader] = {}
        numbered: list[tuple[int, FrameIndex]] = []
        for blob, header in members:
            headers[len(all_objects)] = header
            for frame in header.frames:
                own = replace(frame, object=len(all_objects))
                numbered.append((len(all_frames), own))
                all_frames.append(own)
            all_objects.append(_object(blob, header, place))
        first = members[0][1]
        series.append(
            SeriesIndex(
                uid,
                first.series_number,
                first.description,
                first.modality,
                _system([header for _, header in members]),
                len(members),
                len(numbered),
            )
        )
        stacks += _stacks(place, numbered, headers)
    return StudyIndex(version, tuple(all_objects), tuple(series), tuple(all_frames), tuple(stacks))


def _stored_order(entry: tuple[str, ObjectHeader]) -> tuple[float, str, float, str, str]:
    blob, header = entry
    return header.series_number, header.series, header.instance_number, header.sop_instance_uid, blob


def _system(headers: Sequence[ObjectHeader]) -> str:
    """The frame of reference of a series; none where its objects have several: nothing may be carried over by it."""
    systems = {header.frame_of_reference for header in headers}
    return systems.pop() if len(systems) == 1 else ""


def _object(blob: str, header: ObjectHeader, series: int) -> ObjectIndex:
    return ObjectIndex(
        blob,
        header.sop_class_uid,
        header.sop_instance_uid,
        header.instance_number,
        series,
        header.photometric,
        header.bits_stored,
        header.signed,
    )


def _unreadable(blob: str) -> ObjectHeader:
    """One picture of which nothing is known, so that it is counted and its place says so."""
    frame = FrameIndex(0, 0, 0, 0, None, None, None, 1.0, 0.0, None, None, None, None, "", None, 0)
    return ObjectHeader("", 2**31 - 1, "", "", "", "", blob, 0.0, "", 0, False, False, None, (frame,))


Numbered = tuple[int, FrameIndex]
"""A frame with its place in `StudyIndex.frames`."""


def _stacks(series: int, frames: Sequence[Numbered], headers: dict[int, ObjectHeader]) -> list[Stack]:
    groups: dict[Hashable, list[Numbered]] = defaultdict(list)
    planes: list[FrameIndex] = []
    for number, frame in frames:
        system = headers[frame.object].frame_of_reference
        groups[system, _belongs(frame, _plane_of(frame, planes))].append((number, frame))
    ordered = sorted(groups.values(), key=lambda group: (_rank(group[0][1]), group[0][0]))
    split = [part for group in ordered for part in _by_turn(group)]
    return [_stack(f"s{series}-{number}", series, part, headers) for number, part in enumerate(split)]


def _plane_of(frame: FrameIndex, planes: list[FrameIndex]) -> int:
    """Which of the planes seen so far a frame is of, a new one if none; -1 without an orientation."""
    if frame.orientation is None:
        return -1
    rows, columns = _axes(frame)
    for number, other in enumerate(planes):
        other_rows, other_columns = _axes(other)
        if rows @ other_rows >= DISTINCT_COSINE and columns @ other_columns >= DISTINCT_COSINE:
            return number
    planes.append(frame)
    return len(planes) - 1


def _belongs(frame: FrameIndex, plane: int) -> Hashable:
    spacing = frame.spacing and tuple(round(each, 3) for each in frame.spacing)
    direction = frame.direction and tuple(round(each, 3) for each in frame.direction)
    thickness = frame.thickness and round(frame.thickness, 2)
    size = (frame.rows, frame.columns, spacing, thickness)
    return (plane, size, frame.b_value, direction, frame.echo_time, frame.time, frame.part)


def _rank(frame: FrameIndex) -> tuple[float, float, float, str]:
    return (frame.b_value or 0.0, frame.echo_time or 0.0, frame.time or 0, frame.part)


def _by_turn(group: Sequence[Numbered]) -> list[list[Numbered]]:
    """The group, or where places come again: first times, second times and so on, as they were stored.

    So where every place comes equally often, and where the last of several whole rounds was broken off. Elsewhere
    nobody knows which of two frames belongs to which round.
    """
    places = _places([frame for _, frame in group])
    turns = Counter(places)
    if len(turns) < 2 or len(turns) == len(places):
        return [list(group)]
    is_even = len(set(turns.values())) == 1
    if not is_even and any(place != places[at % len(turns)] for at, place in enumerate(places)):
        return [list(group)]
    seen: Counter[int] = Counter()
    parts: dict[int, list[Numbered]] = defaultdict(list)
    for place, entry in zip(places, group, strict=True):
        parts[seen[place]].append(entry)
        seen[place] += 1
    return list(parts.values())


def _places(frames: Sequence[FrameIndex]) -> list[int]:
    """For each frame the number of its place along the normal; one and the same, where a place is not known."""
    if any(frame.position is None or frame.orientation is None for frame in frames):
        return [0] * len(frames)
    heights = np.asarray([frame.position for frame in frames], np.float64) @ _upwards(frames[0])
    order = np.argsort(heights, kind="stable")
    numbers = np.concatenate([[0], np.cumsum(np.diff(heights[order]) >= SAME_PLACE_MM)])
    places = np.empty(len(frames), np.int64)
    places[order] = numbers
    return [int(place) for place in places]


def _stack(key: str, series: int, group: Sequence[Numbered], headers: dict[int, ObjectHeader]) -> Stack:
    first = group[0][1]
    is_mosaic = headers[first.object].is_mosaic
    plane = _plane_name(first)
    ordered = _ordered(group)
    why, affine = _volume([frame for _, frame in ordered], headers)
    return Stack(
        key=key,
        series=series,
        frames=tuple(number for number, _ in ordered),
        affine=affine,
        why=why,
        shape=(first.columns, first.rows, len(group)),
        b_value=first.b_value,
        echo_time=first.echo_time,
        part=first.part,
        thickness=first.thickness,
        plane="" if is_mosaic else plane,
    )


def _ordered(group: Sequence[Numbered]) -> list[Numbered]:
    """Along the normal where every frame has its place, else as they were stored."""
    if any(frame.position is None or frame.orientation is None for _, frame in group):
        return list(group)
    along = _upwards(group[0][1])
    return sorted(group, key=lambda each: (round(float(along @ np.asarray(each[1].position)), 3), each[0]))


def _volume(frames: Sequence[FrameIndex], headers: dict[int, ObjectHeader]) -> tuple[str, Affine | None]:
    """Why the frames are no volume, or their affine."""
    first = frames[0]
    header = headers[first.object]
    if not first.rows or not first.columns:
        return UNREADABLE, None
    if header.is_mosaic:
        return "a mosaic of slices", None
    if any(not headers[frame.object].photometric.startswith("MONOCHROME") for frame in frames):
        return "colour", None
    if any(frame.slope is None or frame.intercept is None for frame in frames):
        return "its rescaling is no number", None
    if any(frame.position is None for frame in frames):
        return "no position in its headers", None
    if first.orientation is None:
        return "no orientation in its headers", None
    if first.spacing is None:
        return "no size of its pixels in its headers", None
    rows, columns = _axes(first)
    if any(min(_axes(frame)[0] @ rows, _axes(frame)[1] @ columns) < PARALLEL_COSINE for frame in frames):
        return "its slices are turned against each other", None
    step = _step(frames, header)
    if isinstance(step, str):
        return step, None
    between_rows, between_columns = first.spacing
    matrix = np.column_stack(
        [rows * between_columns, columns * between_rows, step, np.asarray(first.position)]
    )
    return "", tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in matrix)


def _step(frames: Sequence[FrameIndex], header: ObjectHeader) -> NDArray[np.float64] | str:
    """From one slice to the next in mm, or why there is no such step."""
    along = _upwards(frames[0])
    if len(frames) == 1:
        length = header.gap or frames[0].thickness
        return along * length if length else "a single slice without a thickness"
    places = np.asarray([frame.position for frame in frames], np.float64)
    heights = places @ along
    steps = np.diff(heights)
    if (steps < SAME_PLACE_MM).any():
        return "places come more than once, and not equally often"
    step: NDArray[np.float64] = (places[-1] - places[0]) / (len(frames) - 1)
    usual = float(np.median(steps))
    tolerance = max(STEP_MM, STEP_PART * usual)
    if (gaps := np.flatnonzero(np.abs(steps - usual) > tolerance)).size:
        at = int(gaps[0])
        return f"slices are missing or uneven between image {at + 1} and {at + 2}"
    expected = places[0] + np.arange(len(frames))[:, None] * step
    if float(np.linalg.norm(places - expected, axis=1).max()) > tolerance:
        return "its slices are not on one line"
    if float(np.linalg.norm(step - along * (step @ along))) > STEP_PART * float(np.linalg.norm(step)):
        return "its slices are shifted against each other"
    return step


def _axes(frame: FrameIndex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors along a row and down a column."""
    cosines = np.asarray(frame.orientation, np.float64)
    return cosines[:3], cosines[3:]


def _upwards(frame: FrameIndex) -> NDArray[np.float64]:
    """The normal, on the side that is up, left or back."""
    normal: NDArray[np.float64] = np.cross(*_axes(frame))
    return normal if normal[int(np.argmax(np.abs(normal)))] > 0 else -normal


def _plane_name(frame: FrameIndex) -> str:
    if frame.orientation is None:
        return ""
    normal = np.abs(np.cross(*_axes(frame)))
    axis = int(np.argmax(normal))
    return _PLANES[axis] if normal[axis] >= _OBLIQUE else "oblique"
