"""How surely faces go: drawn heads that lie as they say, and drawn heads that do not.

The brain is the one that was drawn: how well `brainextractor` finds one is a matter of the soak tests and of public
heads (reference/privacy). An answer is right when every object of an honest series has lost its face and not one voxel
of the brain, and when every object of a series that lies is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from structlog.testing import capture_logs

from gateway.faces.cut import Faces, without_face
from gateway.faces.slices import slices_of
from gateway.faces.study import faces_of
from gateway.privacy.errors import Held
from score.tally import Score
from support.objects.heads import (
    AXIAL,
    CORONAL,
    SAGITTAL,
    UPRIGHT,
    drawn_face,
    head_series,
    mirrored,
    multi_frame,
    true_brain,
    true_head,
    turned,
)

HEADINGS = ("head", "objects", "brain voxels changed", "face removed", "held")
LIES = {
    "feet first": mirrored("z"),
    "prone": mirrored("x", "y"),
    "nose on the other side": mirrored("y"),
    "on its side": turned("z", 90),
    "tilted back by 40 degrees": turned("x", -40),
    "tilted forwards by 40 degrees": turned("x", 40),
    "face to the feet": turned("x", 90),
}
_PLANES = {"axial": AXIAL, "coronal": CORONAL, "sagittal": SAGITTAL}


@dataclass(frozen=True)
class _Counted:
    """One line: objects, brain voxels that changed, the part of the face that is gone in what may leave, held."""

    objects: int
    changed: int
    removed: float | None
    held: int


def score() -> Score:
    """The table, and each line that is not as it should be."""
    honest = {f"upright, {name}": head_series(plane, number=2) for name, plane in _PLANES.items()}
    honest["upright, many frames, sagittal"] = [multi_frame(head_series(SAGITTAL, number=4))]
    honest["upright, thick slices"] = head_series(AXIAL, number=5, gap=18)
    reference = head_series(AXIAL, number=1, gap=7)
    study = [*reference, *(ds for series in honest.values() for ds in series)]
    for number, lies in enumerate(LIES.values(), start=10):
        study += head_series(SAGITTAL, number=number, gap=18, lies=lies)
    with capture_logs():
        return _score(honest, study)


def _score(honest: dict[str, list[Dataset]], study: list[Dataset]) -> Score:
    faces = _faces(study, UPRIGHT)
    lines = {name: _counted(series, faces) for name, series in honest.items()}
    for number, (name, lies) in enumerate(LIES.items(), start=10):
        alone = head_series(AXIAL, number=1, gap=7, lies=lies)
        lines[f"{name}, the only series"] = _counted(alone, _faces(alone, lies))
        beside = [ds for ds in study if ds.SeriesNumber == number]
        lines[f"{name}, beside an upright one"] = _counted(beside, faces)
    return Score("Faces", HEADINGS, tuple(_row(*line) for line in lines.items()), tuple(_failed(lines)))


def _faces(study: Sequence[Dataset], lies: NDArray[np.float64]) -> Faces:
    """What takes faces out of a study; only its first series is looked at, and its brain is the drawn one."""
    return faces_of(
        enumerate(study),
        lambda header: "t1" if header.SeriesNumber == 1 else None,
        study.__getitem__,
        lambda _volume: (true_brain(lies=lies), true_head(lies)),
    )


def _counted(series: Sequence[Dataset], faces: Faces) -> _Counted:
    brain = true_brain()
    changed = held = face = gone = 0
    for ds in series:
        try:
            cut = without_face(ds, faces)
        except Held:
            held += 1
            continue
        after = ds if cut is None else dcmread(BytesIO(cut))
        shape = (-1, int(ds.Rows), int(ds.Columns))
        for where, old, new in zip(
            slices_of(ds), ds.pixel_array.reshape(shape), after.pixel_array.reshape(shape), strict=True
        ):
            inside, drawn = brain.within(where), drawn_face(where)
            changed += int((old != new)[inside].sum())
            face += int(drawn.sum())
            gone += int((drawn & (new < 30)).sum())
    return _Counted(len(series), changed, gone / face if face else None, held)


def _row(name: str, counted: _Counted) -> tuple[object, ...]:
    removed = "" if counted.removed is None else f"{counted.removed:.1%}"
    return name, counted.objects, counted.changed, removed, f"{counted.held / counted.objects:.0%}"


def _failed(lines: dict[str, _Counted]) -> list[str]:
    failed = []
    for name, counted in lines.items():
        should = 0 if name.startswith("upright") else counted.objects
        if counted.held != should:
            failed.append(f"{name}: {counted.held} of {counted.objects} held, should be {should}")
        if counted.changed:
            failed.append(f"{name}: {counted.changed} voxels of the brain changed")
        if counted.removed is not None and counted.removed < 0.95:
            failed.append(f"{name}: {counted.removed:.1%} of the face removed")
    return failed
