"""Stored values of frames: of the size that the index says, or none, whatever a header or a process says."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.decoding import files, stored_frames
from gateway.decoding.children import DecodingProcesses
from gateway.decoding.errors import CannotDecode
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import FrameIndex, ObjectIndex
from support.objects.dicom_files import encoded
from support.pictures import enhanced, ramp, slices

LIAR = (
    "import sys, struct; sys.stdin.buffer.read(12);"
    "sys.stdout.buffer.write(struct.pack('<IQ', 2, {length}) + b'{{}}' + b'x' * 50)"
)


@pytest.fixture
def copy(tmp_path: Path) -> tuple[Path, ObjectIndex, tuple[FrameIndex, ...]]:
    """A file with three frames of scales of their own."""
    path = tmp_path / "a.dcm"
    path.write_bytes(encoded(enhanced(ramp((3, 5, 6), "int16"), [(1.0, 0.0), (2.0, 1.0), (0.5, -4.0)])))
    index = study_index("v", [("a", files.headers([path])[0])])
    return path, index.objects[0], tuple(index.frames[place] for place in index.stacks[0].frames)


def test_frames_come_one_after_another_in_the_asked_order(
    copy: tuple[Path, ObjectIndex, tuple[FrameIndex, ...]],
) -> None:
    """As they are stored, or each rescaled by its own scale."""
    path, source, frames = copy
    values = ramp((3, 5, 6), "int16")
    told = stored_frames.values_of(path, source, frames[::-1], "<i2")
    assert np.array_equal(np.frombuffer(told, "<i2").reshape(3, 5, 6), values[::-1])
    meant = np.frombuffer(stored_frames.values_of(path, source, frames, "<f4"), "<f4").reshape(3, 5, 6)
    for plane, stored, (slope, intercept) in zip(meant, values, [(1, 0), (2, 1), (0.5, -4)], strict=True):
        assert np.allclose(plane, stored.astype(float) * slope + intercept)


@pytest.mark.parametrize(("rows", "columns"), [(65_535, 65_535), (0, 6), (2**40, 2**40)])
def test_a_size_that_no_image_has_is_not_asked_for(
    copy: tuple[Path, ObjectIndex, tuple[FrameIndex, ...]], rows: int, columns: int
) -> None:
    """No number of a header decides how much memory is taken."""
    path, source, frames = copy
    with pytest.raises(CannotDecode, match="not read here"):
        stored_frames.values_of(path, source, [replace(frames[0], rows=rows, columns=columns)], "<i2")


@pytest.mark.parametrize("length", [50, 61, 2**50])
def test_a_process_that_answers_something_else_is_not_believed(
    copy: tuple[Path, ObjectIndex, tuple[FrameIndex, ...]], length: int
) -> None:
    """Fewer bytes, more, or a promise of all memory."""
    path, source, frames = copy
    processes = DecodingProcesses(program=(sys.executable, "-c", LIAR.format(length=length)))
    with pytest.raises(CannotDecode):
        stored_frames.values_of(path, source, frames[:1], "<i2", processes)
    processes.close()


def test_values_that_16_bits_do_not_hold_are_told(tmp_path: Path) -> None:
    """An index that says signed of unsigned values must not turn the bright ones dark."""
    path = tmp_path / "a.dcm"
    ds = slices(ramp((1, 5, 6), "uint16"))[0]
    ds.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    path.write_bytes(encoded(ds))
    index = study_index("v", [("a", files.headers([path])[0])])
    with pytest.raises(CannotDecode, match="16 bits"):
        stored_frames.values_of(path, index.objects[0], [index.frames[0]], "<i2")
