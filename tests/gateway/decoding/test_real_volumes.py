"""Volumes of real MR files of three makers: voxel by voxel and place by place what pydicom reads of each file."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import highdicom
import nibabel
import numpy as np
import pytest
import SimpleITK
from pydicom import Dataset, dcmread

from gateway.decoding import codecs, files, stored_frames
from gateway.imaging.nifti_header import header_bytes
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import FrameIndex, Stack, StudyIndex
from gateway.imaging.volume_plan import pieces, planned

REAL_FILES = Path(__file__).resolve().parents[4] / "shared" / "mr-data"

pytestmark = pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the real files are not here")


def real_paths() -> list[Path]:
    """Every real file."""
    return [path for path in sorted(REAL_FILES.rglob("*")) if path.is_file() and path.suffix != ".json"]


@cache
def studies() -> dict[str, StudyIndex]:
    """An index of each series."""
    paths = real_paths()
    by_series: dict[str, list[Any]] = defaultdict(list)
    for path, header in zip(paths, files.headers(paths), strict=True):
        if header is not None and header.frames:
            by_series[header.series].append((str(path), header))
    return {uid: study_index("v", objects) for uid, objects in by_series.items()}


def said(ds: Dataset, frame: FrameIndex) -> tuple[Any, float, float]:
    """Position, slope and intercept of a frame, as its own header says them; read without the code that is tested."""
    each = ds.get("PerFrameFunctionalGroupsSequence")
    if not each:
        return ds.ImagePositionPatient, float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    groups = [each[frame.frame], *ds.get("SharedFunctionalGroupsSequence", ())]

    def first(sequence: str) -> Dataset:
        return next((group[sequence][0] for group in groups if sequence in group), Dataset())

    scale = first("PixelValueTransformationSequence") or ds
    position = first("PlanePositionSequence").get("ImagePositionPatient") or ds.ImagePositionPatient
    return position, float(scale.get("RescaleSlope", 1)), float(scale.get("RescaleIntercept", 0))


def compared(index: StudyIndex, stack: Stack) -> bool:
    """Whether the stack makes a volume; it is what pydicom reads, or the test fails."""
    volume = planned(index, stack)
    if isinstance(volume, str):
        return False
    values = b"".join(
        stored_frames.values_of(Path(index.objects[of].blob), index.objects[of], frames, volume.dtype)
        for of, frames in pieces(index, stack, 1 << 20)
    )
    image = nibabel.Nifti1Image.from_bytes(header_bytes(volume) + values)
    read, affine = image.get_fdata(), image.affine
    for number, place in enumerate(stack.frames):
        frame = index.frames[place]
        name = index.objects[frame.object].blob
        ds = dcmread(name)
        pixels = ds.pixel_array if ds.pixel_array.ndim == 2 else ds.pixel_array[frame.frame]
        position, slope, intercept = said(ds, frame)
        wanted = pixels.astype(float) * slope + intercept
        # NIfTI has 32 bits for a slope: what they lose is a millionth of the largest value.
        assert np.allclose(read[:, :, number].T, wanted, rtol=0, atol=1e-6 * abs(wanted).max()), name
        lies = (affine @ [0, 0, number, 1])[:3] * [-1, -1, 1]
        step = float(np.linalg.norm(affine[:3, 2]))
        assert np.allclose(lies, [float(part) for part in position], atol=max(0.05, 0.01 * step)), name
    return True


def test_volumes_of_real_files_hold_what_their_files_hold() -> None:
    """Classic and Enhanced, compressed, signed, interleaved: at least forty volumes."""
    codecs.register()
    made = [compared(index, stack) for index in studies().values() for stack in index.stacks]
    assert sum(made) >= 40


def test_every_picture_of_every_real_file_is_shown_once() -> None:
    """As many as pydicom counts in the files: in one stack each, and no two stacks have the same."""
    received: Counter[str] = Counter()
    for path in real_paths():
        ds = dcmread(path, force=True)
        if "PixelData" in ds:
            received[str(path)] += int(ds.get("NumberOfFrames") or 1)
    shown: Counter[str] = Counter()
    for index in studies().values():
        places = [place for stack in index.stacks for place in stack.frames]
        assert sorted(places) == list(range(len(index.frames)))
        shown.update(index.objects[index.frames[place].object].blob for place in places)
    assert sum(received.values()) >= 500
    assert shown == received


def test_volumes_lie_where_other_programs_say() -> None:
    """SimpleITK reads the files of a classic one in our order, highdicom a volume out of an Enhanced one."""
    seen: Counter[str] = Counter()
    for index in studies().values():
        for stack in index.stacks:
            if stack.affine is None or len(stack.frames) < 2:
                continue
            ours = np.asarray(stack.affine)
            names = [index.objects[index.frames[place].object].blob for place in stack.frames]
            theirs = of_simpleitk(names) if len(set(names)) == len(names) else of_highdicom(names[0], stack)
            if theirs is not None:
                seen["classic" if len(set(names)) == len(names) else "Enhanced"] += 1
                assert np.allclose(ours, theirs, atol=0.02), names[0]
    assert seen["classic"] >= 20
    assert seen["Enhanced"] >= 1


def of_simpleitk(names: list[str]) -> Any:
    """The affine that SimpleITK makes of these files in this order."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(names)
    image = reader.Execute()
    direction = np.array(image.GetDirection()).reshape(3, 3)
    return np.column_stack([direction * image.GetSpacing(), image.GetOrigin()])


def of_highdicom(name: str, stack: Stack) -> Any:
    """The affine of the volume that highdicom finds in an object; None where it finds none."""
    try:
        volume = highdicom.imread(name).get_volume_geometry()
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    if volume is None or volume.spatial_shape[0] != len(stack.frames):
        return None
    slices_first = volume.affine[:3]  # its axes are slices, rows, columns
    theirs = np.column_stack([slices_first[:, 2], slices_first[:, 1], slices_first[:, 0], slices_first[:, 3]])
    if theirs[:, 2] @ np.asarray(stack.affine)[:, 2] < 0:  # it begins at the other end
        theirs[:, 3] += (len(stack.frames) - 1) * theirs[:, 2]
        theirs[:, 2] *= -1
    return theirs
