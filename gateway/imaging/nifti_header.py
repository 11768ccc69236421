"""The 352 bytes before the voxels of a NIfTI-1 file: what they are, and where they lie in the patient.

Written here, and not by a library, because the web role moves a prior by writing them anew, and it loads none. NIfTI
counts millimetres to the right and to the front, DICOM to the left and to the back: that turn is made here alone.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Final

from gateway.imaging.study_index import Affine

LENGTH: Final = 352
"""Bytes of the header and of the four that say that no extension follows."""
MOST: Final = 32_767
"""Voxels along one side."""
DTYPES: Final = {"<i2": (4, 16), "<u2": (512, 16), "<f4": (16, 32), "|u1": (2, 8)}
"""Type of a voxel -> its code and its bits (nifti1.h)."""
_LAYOUT: Final = struct.Struct("<i10s18sihBB8h3f4h8f3fhBB4f2i80s24s2h6f12f16s4s4s")
assert _LAYOUT.size == LENGTH
_MM_AND_SECONDS: Final = 2 | 8
_SCANNER: Final = 1
"""sform_code: coordinates of the scanner."""
_MOVED: Final = 2
"""sform_code: laid over another study."""
_STILL_A_TURN: Final = 1e-4
_NOTHING_LEFT: Final = 1e-7
"""What nifti1_io.c takes for no rest at all."""
_STILL_EXACT: Final = 1e-5
"""Of a quaternion: a few thousandths of a mm at the end of a head."""


@dataclass(frozen=True)
class VolumeHeader:
    """What a volume is: its sides (columns, rows, slices), place (LPS, mm), type and scale."""

    shape: tuple[int, int, int]
    affine: Affine
    dtype: str
    """One of DTYPES."""
    slope: float = 1.0
    intercept: float = 0.0
    is_moved: bool = False
    """Whether it was laid over another study."""

    @property
    def size(self) -> int:
        """Bytes of the voxels."""
        columns, rows, slices = self.shape
        return columns * rows * slices * DTYPES[self.dtype][1] // 8

    def moved(self, rigid: Affine) -> VolumeHeader:
        """The same voxels elsewhere: `rigid` maps a point of the patient (LPS, mm) to where it is shown."""
        return VolumeHeader(
            self.shape, _after(rigid, self.affine), self.dtype, self.slope, self.intercept, is_moved=True
        )


def header_bytes(volume: VolumeHeader) -> bytes:
    """The header; raises ValueError for sides or numbers that it cannot hold."""
    if not all(1 <= side <= MOST for side in volume.shape):
        raise ValueError(f"A volume of {volume.shape} voxels cannot be written.")
    numbers = (volume.slope, volume.intercept, *(each for row in volume.affine for each in row))
    if not all(math.isfinite(number) for number in numbers) or volume.slope == 0:
        raise ValueError("A volume has a place and a scale.")
    code, bits = DTYPES[volume.dtype]
    ras = _ras(volume.affine)
    steps = [math.hypot(*(row[axis] for row in ras)) for axis in range(3)]
    quaternion = _quaternion(ras, steps)
    at = tuple(row[3] for row in ras)
    return _LAYOUT.pack(
        348, b"", b"", 0, 0, ord("r"), 0,
        3, *volume.shape, 1, 1, 1, 1,
        0.0, 0.0, 0.0, 0, code, bits, 0,
        quaternion[0] if quaternion else 1.0, *steps, 0.0, 0.0, 0.0, 0.0,
        float(LENGTH), volume.slope, volume.intercept, 0, 0, _MM_AND_SECONDS,
        0.0, 0.0, 0.0, 0.0, 0, 0,
        b"", b"",
        _SCANNER if quaternion and not volume.is_moved else 0, _MOVED if volume.is_moved else _SCANNER,
        *(quaternion[1:] if quaternion else (0.0, 0.0, 0.0)), *at,
        *(each for row in ras for each in row),
        b"", b"n+1\0", b"\0\0\0\0",
    )  # fmt: skip


def _ras(affine: Affine) -> Affine:
    x, y, z = affine
    return (
        (-x[0], -x[1], -x[2], -x[3]),
        (-y[0], -y[1], -y[2], -y[3]),
        (z[0], z[1], z[2], z[3]),
    )


def _after(rigid: Affine, affine: Affine) -> Affine:
    """`affine`, and then `rigid`."""
    rows = [
        tuple(
            sum(row[k] * affine[k][column] for k in range(3)) + (row[3] if column == 3 else 0.0)
            for column in range(4)
        )
        for row in rigid
    ]
    return tuple((row[0], row[1], row[2], row[3]) for row in rows)


def _quaternion(ras: Affine, steps: list[float]) -> tuple[float, float, float, float] | None:
    """qfac, b, c and d (nifti1.h, method 2); None where it cannot say it, and only the affine does."""
    if not all(steps):
        return None
    turn = [[row[axis] / steps[axis] for axis in range(3)] for row in ras]
    axes = list(zip(*turn, strict=True))
    if any(
        abs(sum(p * q for p, q in zip(axes[i], axes[j], strict=True))) > _STILL_A_TURN
        for i, j in ((0, 1), (0, 2), (1, 2))
    ):
        return None
    (a, b, c), (d, e, f), (g, h, i) = turn
    qfac = 1.0 if a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) > 0 else -1.0
    c, f, i = qfac * c, qfac * f, qfac * i
    # The largest of the four parts is found first: the others are divided by it.
    squares = (1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i)
    largest = max(range(4), key=lambda part: squares[part])
    root = math.sqrt(max(squares[largest], 0.0)) / 2
    four = (
        (root, (h - f) / (4 * root), (c - g) / (4 * root), (d - b) / (4 * root)),
        ((h - f) / (4 * root), root, (b + d) / (4 * root), (c + g) / (4 * root)),
        ((c - g) / (4 * root), (b + d) / (4 * root), root, (f + h) / (4 * root)),
        ((d - b) / (4 * root), (c + g) / (4 * root), (f + h) / (4 * root), root),
    )[largest]
    sign = -1.0 if four[0] < 0 else 1.0
    said = struct.unpack("<3f", struct.pack("<3f", *(sign * part for part in four[1:])))
    rest = 1 - sum(part * part for part in said)
    lost = abs((math.sqrt(rest) if rest > _NOTHING_LEFT else 0.0) - abs(four[0]))
    # Near a half turn the part that is not written is worked out of what 32 bits have rounded away.
    return (qfac, *said) if lost < _STILL_EXACT else None
