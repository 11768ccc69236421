"""The frames and stacks of the copies of a case: one definition of what is shown, where it lies and what it means.

Every frame of every copy that has pictures is in exactly one stack: shown equals received. A stack that is a regular
volume has an `affine`; one that is not says `why` not and is shown frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter

Number = Annotated[float, Field(allow_inf_nan=False)]
Vector = tuple[Number, Number, Number]
Affine = tuple[tuple[Number, Number, Number, Number], ...]
"""3 rows of 4: voxel (column, row, slice), counted from 0, to mm in the patient system of DICOM (LPS)."""


@dataclass(frozen=True)
class FrameIndex:
    """One picture. None: its header does not say, or says what nobody can use."""

    object: int
    """Which of `StudyIndex.objects`."""
    frame: int
    """From 0, as pixels are read; `frame + 1` is what DICOM calls it (ReferencedFrameNumber)."""
    rows: int
    columns: int
    position: Vector | None
    """The middle of its first voxel, mm."""
    orientation: tuple[Number, Number, Number, Number, Number, Number] | None
    """Unit vectors along a row, and down a column."""
    spacing: tuple[Number, Number] | None
    """Between rows, then between columns, mm (PixelSpacing, PS3.3 10.7.1.3)."""
    slope: Number | None
    intercept: Number | None
    """Of the rescaling (PS3.3 C.11.1): 1 and 0 where there is none, None where what the header says is no number."""
    b_value: Number | None
    """s/mm2."""
    echo_time: Number | None
    """ms."""
    time: int | None
    """TemporalPositionIndex or its equal, from 1."""
    direction: Vector | None
    """Of the diffusion gradient."""
    part: str
    """M, P, R, I: magnitude, phase, real, imaginary; empty where it is not said."""
    offset: int | None
    """Of its first byte in the file, where its pixels are stored uncompressed and whole; None otherwise."""
    length: int
    """Bytes of its pixels as stored; 0 without an offset."""
    thickness: Number | None = None
    """SliceThickness, mm; an index that was stored before it was kept has none."""


@dataclass(frozen=True)
class ObjectIndex:
    """One copy."""

    blob: str
    sop_class_uid: str
    sop_instance_uid: str
    """Pseudonymous, as every UID here."""
    instance_number: Number
    series: int
    """Which of `StudyIndex.series`."""
    photometric: str
    bits_stored: int
    signed: bool


@dataclass(frozen=True)
class SeriesIndex:
    """One series of the copies."""

    series_instance_uid: str
    series_number: int
    description: str
    modality: str
    frame_of_reference: str
    """FrameOfReferenceUID; empty: none."""
    objects: int
    frames: int


@dataclass(frozen=True)
class Stack:
    """Frames of one series that belong together, along their normal: from the feet, the right or the front on."""

    key: str
    """Its name in addresses, stable for the same copies: letters, digits and hyphens."""
    series: int
    frames: tuple[int, ...]
    """Which of `StudyIndex.frames`, in order."""
    affine: Affine | None
    """Of the volume that its frames make; None where they make none."""
    why: str
    """Why it is no volume, in words for the page; empty where it is one."""
    shape: tuple[int, int, int]
    """Columns, rows, slices."""
    b_value: Number | None
    echo_time: Number | None
    part: str
    thickness: Number | None
    """SliceThickness, mm."""
    plane: str
    """axial, coronal, sagittal, oblique; empty where it is not known."""


@dataclass(frozen=True)
class StudyIndex:
    """All of a case; `version` is that of its copies, and changes with them."""

    version: str
    objects: tuple[ObjectIndex, ...]
    series: tuple[SeriesIndex, ...]
    frames: tuple[FrameIndex, ...]
    stacks: tuple[Stack, ...]

    def to_json(self) -> bytes:
        """As text, for `from_json`."""
        return _INDEX.dump_json(self)

    @classmethod
    def from_json(cls, stored: bytes) -> StudyIndex:
        """What `to_json` wrote; raises ValueError for anything else."""
        return _INDEX.validate_json(stored)


_INDEX = TypeAdapter(StudyIndex)
