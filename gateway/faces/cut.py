"""One object without its face, and the proof of it on the finished copy.

What goes is set to the darkest value that the object itself holds. Everything else is bit for bit what it was: `proven`
compares the copy that would leave with the original, and knows of the brain by its mask, not by the planes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from gateway.decoding.errors import CannotDecode
from gateway.decoding.pixels import decode
from gateway.faces.brain import Brain
from gateway.faces.shear import Shear
from gateway.faces.slices import Slice, frame_of_reference, not_cut, series_of, slices_of
from gateway.privacy.profile.table_e1_1 import METHOD_CODES

_AS_IT_IS: Final = frozenset({ImplicitVRLittleEndian, ExplicitVRLittleEndian})
_MASK: Final = ("113047", "DCM", "Pixel by pixel mask")
"""Of CID 7203, Image Derivation."""
_OPTION: Final = METHOD_CODES["clean_recognizable_visual_features"][0]


@dataclass(frozen=True)
class HeadPlanes:
    """The brain of one frame of reference and the planes beside it."""

    brain: Brain
    shear: Shear

    @classmethod
    def of(cls, brain: Brain) -> HeadPlanes:
        """The planes that leave this brain whole."""
        return cls(brain, Shear.beside(brain.points()))


@dataclass(frozen=True)
class Faces:
    """The planes by frame of reference, and why there are none for others; the texts read on after 'because'."""

    planes: Mapping[str, HeadPlanes]
    why_not: Mapping[str, str]
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Why a series is not cut by the planes of its frame of reference, by SeriesInstanceUID."""

    def of(self, ds: Dataset) -> HeadPlanes:
        """The planes for an object; raises Held."""
        where = frame_of_reference(ds)
        planes = self.planes.get(where)
        if planes is None:
            nothing = "no series of its frame of reference shows a whole head"
            raise not_cut(self.why_not.get(where, nothing))
        why = self.elsewhere.get(series_of(ds))
        if why is not None:
            raise not_cut(why)
        return planes


def without_face(original: Dataset, faces: Faces) -> bytes | None:
    """An object without its face as a Part 10 file; None where no voxel of it lies in the face. Raises Held.

    What is compressed becomes Explicit VR Little Endian; an uncompressed object stays in its transfer syntax.
    """
    planes = faces.of(original)
    slices = _checked(original)
    gone = [planes.shear.face(where) for where in slices]
    if not any(one.any() for one in gone):
        return None
    values = _frames(original, slices).copy()
    values[np.stack(gone)] = _darkest(original, values)
    return _written(original, values)


def derived(original: Dataset) -> bytes | None:
    """An object in which no voxel goes, marked as the others of its series are; None where nothing is to be marked.

    Its pixels stay as they are encoded.
    """
    if "PerFrameFunctionalGroupsSequence" in original:
        return None
    return _file(_copied(original))


def proven(original: Dataset, copy: Dataset, faces: Faces) -> None:
    """Raise Held unless `copy` is `original` voxel for voxel, but for a face that is gone, and says so."""
    planes = faces.of(original)
    slices = slices_of(copy)
    if slices != slices_of(original):
        raise not_cut("the copy does not lie where the original lies")
    before, after = _frames(original, slices), _frames(copy, slices)
    if before.shape != after.shape or before.dtype != after.dtype:
        raise not_cut("the pixels of the copy are of another kind than those of the original")
    dark = _darkest(original, before)
    for where, old, new in zip(slices, before, after, strict=True):
        face, brain = planes.shear.face(where), planes.brain.within(where)
        if not np.array_equal(old[brain], new[brain]):
            raise not_cut("the brain would not be whole")
        if not np.array_equal(old[~face], new[~face]):
            raise not_cut("something besides the face would be changed")
        if (new[face] != dark).any():
            raise not_cut("not all of it is gone in the copy")
    codes = {str(item.get("CodeValue")) for item in copy.get("DeidentificationMethodCodeSequence") or ()}
    if copy.get("RecognizableVisualFeatures") != "NO" or _OPTION not in codes:
        raise not_cut("the copy does not say that it is gone")


def _checked(ds: Dataset) -> Sequence[Slice]:
    """Where the frames of an object lie, if it is one whose pixels can be set; raises Held."""
    slices = slices_of(ds)
    if int(ds.get("SamplesPerPixel") or 1) != 1 or not str(
        ds.get("PhotometricInterpretation") or ""
    ).startswith("MONOCHROME"):
        raise not_cut("its pixels are colours")
    if "PixelData" not in ds or int(ds.get("BitsAllocated") or 0) not in (8, 16, 32):
        raise not_cut("its pixels are no whole numbers of 8, 16 or 32 bits")
    if not UID(_syntax(ds)).is_little_endian:
        raise not_cut("it is in the retired big endian encoding")
    return slices


def _frames(ds: Dataset, slices: Sequence[Slice]) -> NDArray[Any]:
    """The stored values (frames, rows, columns); raises Held."""
    try:
        values = decode(ds, stored=True)
    except CannotDecode as error:
        raise not_cut(f"its pixels cannot be decoded: {error.problem.rstrip('.')}") from None
    shape = (len(slices), slices[0].rows, slices[0].columns)
    if values.size != np.prod(shape):
        raise not_cut("it has not as many pixels as its header says")
    return values.reshape(shape)


def _darkest(ds: Dataset, values: NDArray[Any]) -> Any:
    return values.max() if ds.get("PhotometricInterpretation") == "MONOCHROME1" else values.min()


def _syntax(ds: Dataset) -> str:
    return str(ds.file_meta.TransferSyntaxUID)


def _written(original: Dataset, values: NDArray[Any]) -> bytes:
    """`original`, which is not changed, with these pixels."""
    new = _copied(original)
    if _syntax(original) not in _AS_IT_IS:
        new.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in new:
            delattr(new, keyword)
    data = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    new.add_new("PixelData", "OW", data + b"\0" * (len(data) % 2))
    for keyword, value in (
        ("SmallestImagePixelValue", values.min()),
        ("LargestImagePixelValue", values.max()),
    ):
        if keyword in new:
            new.add_new(keyword, new[keyword].VR, int(value))
    return _file(new)


def _copied(original: Dataset) -> Dataset:
    """All of `original`, and that it is derived, and how (PS3.3 C.7.6.1.1.2 and C.7.6.1).

    Not so an object of many frames: where its frames are derived, it may not say how they were acquired (C.8.13.4),
    and what a series is could be told no more.
    """
    new = Dataset(dict(original.items()))  # Dataset(original) would share its elements, and change with it
    new.file_meta = deepcopy(original.file_meta)
    new.set_original_encoding(original.original_encoding[0], True)
    if "PerFrameFunctionalGroupsSequence" in new:
        return new
    values = new.get("ImageType")
    if values and not isinstance(values, str):
        new.add_new("ImageType", "CS", ["DERIVED", *values[1:]])
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = _MASK
    before = deepcopy(list(new.get("DerivationCodeSequence") or ()))
    new.add_new("DerivationCodeSequence", "SQ", [*before, code])
    return new


def _file(new: Dataset) -> bytes:
    new.preamble = b"\0" * 128
    out = BytesIO()
    dcmwrite(out, new, enforce_file_format=False)
    return out.getvalue()
