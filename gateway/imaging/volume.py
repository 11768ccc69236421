"""The voxels of one regular stack, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.study_index import Affine

if TYPE_CHECKING:
    import SimpleITK


@dataclass(frozen=True)
class Volume:
    """Rescaled values; `array` is (slices, rows, columns), `affine` takes (column, row, slice) to mm (LPS)."""

    array: NDArray[np.float32]
    affine: Affine


def image_of(volume: Volume) -> SimpleITK.Image:
    """The volume as an image of SimpleITK in mm (LPS): only the processes that work on volumes have it."""
    import SimpleITK

    affine = np.asarray(volume.affine, np.float64)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.array, np.float32))
    spacing = np.linalg.norm(affine[:, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine[:, :3] / spacing).ravel().tolist())
    image.SetOrigin(affine[:, 3].tolist())
    return image


def from_nifti(data: bytes) -> Volume:
    """The volume of a NIfTI-1 file, in the axes of DICOM; raises ValueError for what is none."""
    import nibabel  # only the processes that work on volumes have it

    try:
        image = nibabel.Nifti1Image.from_bytes(data)
        values = np.asarray(image.dataobj, np.float32)
        ras = np.asarray(image.affine, np.float64)
    except _errors() as error:
        raise ValueError(f"It is no volume ({type(error).__name__}).") from None
    if values.ndim != 3 or not np.isfinite(ras).all():
        raise ValueError("It is no volume of three sides.")
    rows = [tuple(float(each) for each in row) for row in np.diag([-1.0, -1.0, 1.0]) @ ras[:3]]
    affine = tuple((row[0], row[1], row[2], row[3]) for row in rows)
    return Volume(np.ascontiguousarray(values.transpose(2, 1, 0)), affine)


def _errors() -> tuple[type[Exception], ...]:
    """What the library raises for other bytes."""
    from nibabel.filebasedimages import ImageFileError
    from nibabel.spatialimages import HeaderDataError
    from nibabel.wrapstruct import WrapStructError

    return (ImageFileError, HeaderDataError, WrapStructError, ValueError, OSError, EOFError, OverflowError)
