"""Heads with a face, drawn from ellipsoids, so that where the brain and the face are is known exactly.

Coordinates are mm in the patient system. The brain is grey, with fluid and a dark skull around it, skin outside; in
front and below are eyes, nose and chin.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import EnhancedMRImageStorage, generate_uid

from gateway.demo.phantom import phantom_study
from gateway.faces.brain import Brain
from gateway.faces.child import HEAD_STEP_MM, depths_of
from gateway.faces.cut import Faces, HeadPlanes
from gateway.faces.head import Head, shades_of
from gateway.faces.slices import Slice

FRAME = "2.25.7000"
NOSE_TIP = (0.0, -122.0, -48.0)
CHIN = (0.0, -92.0, -88.0)
CROWN = (0.0, 0.0, 76.0)
_BRAIN = (67.0, 84.0, 62.0)
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
SAGITTAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0))
CORONAL = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0))


def signal(x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.uint16]:
    """The head's signal at these places."""
    brain = _inside(x, y, z, (0, 0, 0), _BRAIN)
    head = np.full(np.broadcast(x, y, z).shape, 0.0)
    head[_inside(x, y, z, (0, -78, -62), (48, 34, 50))] = 700
    head[_inside(x, y, z, (0, -108, -46), (10, 14, 16))] = 760
    head[_inside(x, y, z, (0, 0, 0), (78, 96, 74))] = 650
    head[_inside(x, y, z, (0, 0, 0), (75, 92, 71))] = 30
    for side in (-32, 32):
        head[_inside(x, y, z, (side, -84, -36), (12, 12, 12))] = 150
    head[_inside(x, y, z, (0, 0, 0), (70, 87, 65))] = 180
    texture = 40 * np.sin(x / 5) * np.sin(y / 6) * np.sin(z / 7)
    head = np.where(brain, 520 + texture, head)
    noise = 6 * np.abs(np.sin(12.9898 * x + 78.233 * y + 37.719 * z))
    return (head + noise).astype(np.uint16)


def _inside(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    middle: Sequence[float],
    radii: Sequence[float],
) -> NDArray[np.bool_]:
    parts = zip((x, y, z), middle, radii, strict=True)
    return np.asarray(sum(((a - m) / r) ** 2 for a, m, r in parts) <= 1)


UPRIGHT: NDArray[np.float64] = np.eye(3)


def turned(axis: str, degrees: float) -> NDArray[np.float64]:
    """A rotation about x (the chin goes down first), y or z (right-handed), for `lies`."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.eye(3)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    return turn


def mirrored(*axes: str) -> NDArray[np.float64]:
    """These axes the other way round, for `lies`."""
    return np.diag([-1.0 if axis in axes else 1.0 for axis in "xyz"])


def _unturned(
    x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64], lies: NDArray[np.float64]
) -> Sequence[NDArray[np.float64]]:
    """Where in an upright head the places of one are that `lies` otherwise than its coordinates say."""
    return [lies[0, one] * x + lies[1, one] * y + lies[2, one] * z for one in range(3)]


def true_brain(step: float = 2.0, lies: NDArray[np.float64] = UPRIGHT) -> Brain:
    """The brain as it was drawn, as a mask."""
    corner = (-90.0, -110.0, -90.0) if lies is UPRIGHT else (-110.0, -110.0, -110.0)
    axes = [start + step * np.arange(round(-2 * start / step) + 1) for start in corner]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    a, b, c = _unturned(x, y, z, lies)
    return Brain(_inside(a, b, c, (0, 0, 0), _BRAIN), corner, step)


def true_head(lies: NDArray[np.float64] = UPRIGHT) -> Head:
    """The head as it was drawn, as the process would see it."""
    corner = (-150.0, -150.0, -150.0)
    axis = corner[0] + HEAD_STEP_MM * np.arange(76)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    a, b, c = _unturned(x, y, z, lies)
    seen = signal(a, b, c).astype(np.float64)
    depths = depths_of(seen, _inside(a, b, c, (0, 0, 0), _BRAIN))
    return Head(depths, shades_of(seen), corner, HEAD_STEP_MM)


def drawn_face(where: Slice) -> NDArray[np.bool_]:
    """Which voxels of a slice of an upright head are its face, nose and eyes: outside of the skull's skin."""
    x, y, z = (where.along(axis) for axis in np.eye(3).tolist())
    face = _inside(x, y, z, (0, -78, -62), (48, 34, 50)) | _inside(x, y, z, (0, -108, -46), (10, 14, 16))
    return face & ~_inside(x, y, z, (0, 0, 0), (78, 96, 74)) & (signal(x, y, z) > 30)


def multi_frame(images: Sequence[Dataset]) -> Dataset:
    """The images of a series as frames of one object; positions stand in the functional groups."""
    ds = received(images[0])
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    groups = []
    for one in images:
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = one.ImagePositionPatient
        group.PlanePositionSequence = [position]
        groups.append(group)
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient, measures.PixelSpacing = ds.ImageOrientationPatient, ds.PixelSpacing
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    ds.NumberOfFrames = len(images)
    ds.PerFrameFunctionalGroupsSequence, ds.SharedFunctionalGroupsSequence = groups, [shared]
    ds.PixelData = b"".join(one.PixelData for one in images)
    return ds


def true_faces(frame: str = FRAME) -> Faces:
    """The planes beside the brain as it was drawn."""
    return Faces({frame: HeadPlanes.of(true_brain())}, {})


def head_series(
    plane: tuple[tuple[float, float, float], tuple[float, float, float]] = AXIAL,
    *,
    number: int = 5,
    step: float = 4.0,
    gap: float = 6.0,
    frame: str = FRAME,
    only: slice = slice(None),
    lies: NDArray[np.float64] = UPRIGHT,
) -> list[Dataset]:
    """One series of MR images through the whole head, from right, front or below; `only` some of its slices.

    `lies`: how the head lies in truth, where its coordinates say that it lies upright.
    """
    header = _header()
    row, column = (np.array(vector) for vector in plane)
    normal = np.cross(row, column)
    side = 64
    series = generate_uid(entropy_srcs=["series", str(number), frame])
    places = np.arange(-126, 126, gap)
    made = []
    for position, place in list(enumerate(places, start=1))[only]:
        corner = normal * place - (row + column) * step * (side - 1) / 2
        at = (
            corner
            + np.arange(side)[:, None, None] * column * step
            + np.arange(side)[None, :, None] * row * step
        )
        ds = deepcopy(header)
        ds.SeriesInstanceUID, ds.SeriesNumber, ds.FrameOfReferenceUID = series, number, frame
        ds.SOPInstanceUID = generate_uid(entropy_srcs=[series, str(position)])
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.InstanceNumber = position
        ds.ImagePositionPatient = [round(float(part), 4) for part in corner]
        ds.ImageOrientationPatient = [*plane[0], *plane[1]]
        ds.PixelSpacing = [step, step]
        ds.SliceThickness = gap
        ds.Rows = ds.Columns = side
        ds.AcquisitionMatrix = [0, side, side, 0]
        pixels = signal(*_unturned(at[..., 0], at[..., 1], at[..., 2], lies))
        ds.SmallestImagePixelValue, ds.LargestImagePixelValue = int(pixels.min()), int(pixels.max())
        ds.PixelData = pixels.astype("<u2").tobytes()
        made.append(ds)
    return made


@cache
def _header() -> Dataset:
    """A T1 without contrast agent."""
    study = phantom_study(date(2026, 11, 20), small=True)
    return next(one for one in study if one.SeriesDescription.startswith("t1"))


def file_of(ds: Dataset) -> bytes:
    """A Part 10 file."""
    out = BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def received(ds: Dataset) -> Dataset:
    """As it would be read after it was received."""
    return dcmread(BytesIO(file_of(ds)))
