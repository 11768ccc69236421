"""Volumes of real MR files of three makers: voxel by voxel and place by place what pydicom reads of each file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from pydicom import Dataset, dcmread

from gateway.decoding import codecs, files, stored_frames
from gateway.imaging.nifti_header import header_bytes
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import FrameIndex, Stack, StudyIndex
from gateway.imaging.volume_plan import pieces, planned

REAL_FILES = Path(__file__).resolve().parents[4] / "shared" / "mr-data"

pytestmark = pytest.mark.skipif(not REAL_FILES.is_dir(), reason="the real files are not here")


def studies() -> dict[str, StudyIndex]:
    """An index of each series."""
    paths = [path for path in sorted(REAL_FILES.rglob("*")) if path.is_file() and path.suffix != ".json"]
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
