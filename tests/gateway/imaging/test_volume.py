"""A volume comes back from its file in the axes of DICOM."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from gateway.imaging.nifti_header import VolumeHeader, header_bytes
from gateway.imaging.volume import from_nifti

PLACE = ((0.9, 0.1, 0.0, -20.0), (-0.1, 0.8, 0.2, 30.0), (0.0, -0.1, 2.5, 5.0))


def test_values_are_rescaled_and_lie_where_they_lay() -> None:
    """Column, row, slice become slices, rows, columns; right and front become left and back."""
    stored = np.arange(2 * 3 * 4, dtype="<i2")
    made = from_nifti(header_bytes(VolumeHeader((2, 3, 4), PLACE, "<i2", 2.0, -1.0)) + stored.tobytes())
    assert np.array_equal(made.array, stored.reshape(4, 3, 2) * 2.0 - 1.0)
    assert np.allclose(made.affine, PLACE, atol=1e-5)


@pytest.mark.parametrize("data", [b"", b"no volume", bytes(400)])
def test_what_is_no_volume_is_refused(data: bytes) -> None:
    """By one error, whatever the library raises."""
    with pytest.raises(ValueError, match="volume"):
        from_nifti(data)


def test_a_film_is_no_volume() -> None:
    """Four sides are not three."""
    film = nibabel.Nifti1Image(np.zeros((2, 2, 2, 2), np.int16), np.eye(4))
    with pytest.raises(ValueError, match="three sides"):
        from_nifti(film.to_bytes())
