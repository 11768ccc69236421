"""What volume a stack makes: of which type, on which scale; or why none, though its frames make a regular one.

The stored values stay as they are wherever one scale says what they mean. Where frames have scales of their own, the
values are written as they are meant, in 32 bits, and the volume says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from gateway.imaging.nifti_header import MOST, VolumeHeader
from gateway.imaging.study_index import FrameIndex, Stack, StudyIndex

GREY: Final = ("MONOCHROME1", "MONOCHROME2")
IN_32_BITS: Final = "<f4"
OWN_SCALES: Final = "in 32 bits: its frames have scales of their own"
OWN_TYPES: Final = "in 32 bits: its frames have signed and unsigned values"


def planned(index: StudyIndex, stack: Stack) -> VolumeHeader | str:
    """What the volume of a stack is; a text: why there is none."""
    if stack.affine is None:
        return stack.why or "its frames make no volume"
    frames = [index.frames[place] for place in stack.frames]
    columns, rows, slices = stack.shape
    if len(frames) != slices or any((frame.rows, frame.columns) != (rows, columns) for frame in frames):
        return "its frames are not of one size"
    if max(stack.shape) > MOST:
        return f"it has more than {MOST} voxels along a side"
    objects = [index.objects[place] for place in dict.fromkeys(frame.object for frame in frames)]
    if any(each.photometric not in GREY for each in objects):
        return "colour"
    if len({each.photometric for each in objects}) > 1:
        return "some of its frames are stored as negatives"
    bits = max(each.bits_stored for each in objects)
    if not 1 <= min(each.bits_stored for each in objects) <= bits <= 16:
        return f"its values have {bits} bits"
    scales = {scale_of(frame) for frame in frames}
    if None in scales:
        return "its rescaling is no number"
    signs = {each.signed for each in objects}
    if len(scales) > 1 or (len(signs) > 1 and bits == 16):
        return VolumeHeader(stack.shape, stack.affine, IN_32_BITS)
    slope, intercept = scales.pop() or (1.0, 0.0)
    dtype = "<u2" if bits == 16 and signs == {False} else "<i2"
    return VolumeHeader(stack.shape, stack.affine, dtype, slope, intercept)


def scale_of(frame: FrameIndex) -> tuple[float, float] | None:
    """Slope and intercept of a frame; None where its values cannot be rescaled."""
    slope, intercept = frame.slope, frame.intercept
    if (
        slope is None
        or intercept is None
        or not slope
        or not math.isfinite(slope)
        or not math.isfinite(intercept)
    ):
        return None
    return slope, intercept


def noted(index: StudyIndex, stack: Stack) -> str:
    """What a volume says of its values, where they are not the stored ones; empty where they are."""
    volume = planned(index, stack)
    if isinstance(volume, str) or volume.dtype != IN_32_BITS:
        return ""
    frames = [index.frames[place] for place in stack.frames]
    return OWN_SCALES if len({(frame.slope, frame.intercept) for frame in frames}) > 1 else OWN_TYPES


def pieces(index: StudyIndex, stack: Stack, most: int) -> Iterator[tuple[int, list[FrameIndex]]]:
    """The frames of a stack in order, cut where the object changes and before `most` voxels: object, and these."""
    held: list[FrameIndex] = []
    for place in stack.frames:
        frame = index.frames[place]
        if held and (held[0].object != frame.object or (len(held) + 1) * frame.rows * frame.columns > most):
            yield held[0].object, held
            held = []
        held.append(frame)
    if held:
        yield held[0].object, held
