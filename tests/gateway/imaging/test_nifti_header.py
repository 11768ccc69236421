"""The header of a volume: two libraries read from it the place, scale and type that were written."""

from __future__ import annotations

import math
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.imaging.nifti_header import LENGTH, VolumeHeader, header_bytes
from gateway.imaging.study_index import Affine

angles = st.floats(-math.pi, math.pi)
steps = st.floats(0.2, 12.0)
mm = st.floats(-400.0, 400.0)
STRAIGHT: Affine = ((1.0, 0.0, 0.0, -10.0), (0.0, 1.0, 0.0, 20.0), (0.0, 0.0, 3.0, 4.0))


def turned(a: float, b: float, c: float) -> np.ndarray:
    """A turn about three axes."""
    x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return np.asarray(x @ y @ z)


def affine_of(matrix: np.ndarray) -> Affine:
    """3 rows of 4."""
    rows = [tuple(float(each) for each in row) for row in matrix[:3]]
    return tuple((row[0], row[1], row[2], row[3]) for row in rows)


@st.composite
def places(draw: st.DrawFn) -> Affine:
    """Where a stack lies: turned and mirrored in any way."""
    sizes = [draw(steps), draw(steps), draw(steps) * draw(st.sampled_from((1, -1)))]
    whole = np.zeros((3, 4))
    whole[:, :3] = turned(draw(angles), draw(angles), draw(angles)) @ np.diag(sizes)
    whole[:, 3] = [draw(mm), draw(mm), draw(mm)]
    return affine_of(whole)


@settings(max_examples=150, deadline=None)
@given(place=places())
def test_both_forms_say_where_the_voxels_lie(place: Affine) -> None:
    """Left and back of DICOM are minus right and minus front; a quaternion says what the rows say, or nothing."""
    data = header_bytes(VolumeHeader((2, 3, 4), place, "<i2"))
    image = nibabel.Nifti1Image.from_bytes(data + bytes(48))
    wanted = np.diag([-1.0, -1.0, 1.0]) @ np.array(place)
    assert np.allclose(image.get_sform(coded=True)[0][:3], wanted, atol=2e-4)
    quaternion, code = image.get_qform(coded=True)
    assert code in (0, 1)
    assert code == 0 or np.allclose(quaternion[:3], wanted, atol=2e-3)


@pytest.mark.parametrize("mirrored", [1.0, -1.0])
def test_usual_places_have_a_quaternion_too(mirrored: float) -> None:
    """Axial, sagittal and coronal: programs that read nothing else lay them right."""
    for rows, columns in (((1, 0, 0), (0, 1, 0)), ((0, 1, 0), (0, 0, -1)), ((1, 0, 0), (0, 0, -1))):
        whole = np.column_stack([rows, columns, mirrored * np.cross(rows, columns), (9.0, 8.0, 7.0)])
        image = nibabel.Nifti1Image.from_bytes(
            header_bytes(VolumeHeader((2, 2, 2), affine_of(whole), "<i2")) + bytes(16)
        )
        assert np.allclose(image.get_qform(coded=True)[0][:3], np.diag([-1, -1, 1]) @ whole, atol=1e-6)
        assert image.header["qform_code"] == 1


def test_a_library_of_registration_reads_the_same(tmp_path: Path) -> None:
    """SimpleITK, which turns NIfTI back into millimetres of DICOM."""
    whole = np.zeros((3, 4))
    whole[:, :3] = turned(0.3, -0.2, 2.5) @ np.diag([0.9, 0.9, 1.4])
    whole[:, 3] = [40.0, -70.0, 12.5]
    place = affine_of(whole)
    values = np.arange(24, dtype="<i2").reshape(4, 3, 2)
    path = tmp_path / "a.nii"
    path.write_bytes(header_bytes(VolumeHeader((2, 3, 4), place, "<i2", 0.5, -3.0)) + values.tobytes())
    image = SimpleITK.ReadImage(str(path))
    assert np.allclose(SimpleITK.GetArrayFromImage(image), values * 0.5 - 3.0)
    for voxel in ((0, 0, 0), (1, 2, 3), (1, 0, 2)):
        point = image.TransformIndexToPhysicalPoint(voxel)
        assert np.allclose(point, whole @ np.array([*voxel, 1.0]), atol=1e-3)


@pytest.mark.parametrize(("dtype", "bits"), [("<i2", 16), ("<u2", 16), ("<f4", 32)])
def test_type_scale_and_unit_are_read_as_written(dtype: str, bits: int) -> None:
    """Values above 32,767 stay what they are."""
    values = np.array([0, 7, 30_000, 65_535 if dtype == "<u2" else 32_767], dtype)
    header = header_bytes(VolumeHeader((2, 2, 1), STRAIGHT, dtype, 2.5, -7.0))
    image = nibabel.Nifti1Image.from_bytes(header + values.tobytes())
    assert len(header) == LENGTH
    assert image.get_data_dtype() == np.dtype(dtype)
    assert image.header["bitpix"] == bits
    assert image.header.get_xyzt_units()[0] == "mm"
    assert np.allclose(image.get_fdata().ravel("F"), values.astype(float) * 2.5 - 7.0)


def test_a_sheared_place_is_said_by_the_affine_alone() -> None:
    """No quaternion holds a shear; its code says that it counts for nothing."""
    place: Affine = ((1.0, 0.3, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
    image = nibabel.Nifti1Image.from_bytes(header_bytes(VolumeHeader((1, 1, 1), place, "<i2")) + bytes(2))
    assert image.header["qform_code"] == 0
    assert image.affine[0, 1] == pytest.approx(-0.3)


def test_a_moved_volume_lies_where_the_transform_puts_it() -> None:
    """Only its header is another one, and says that it is laid over another study."""
    rigid = np.zeros((3, 4))
    rigid[:, :3] = turned(0.1, 0.2, -0.05)
    rigid[:, 3] = [4.0, -3.0, 2.5]
    volume = VolumeHeader((4, 4, 4), STRAIGHT, "<i2", 2.0, 1.0)
    moved = volume.moved(affine_of(rigid))
    image = nibabel.Nifti1Image.from_bytes(header_bytes(moved) + bytes(128))
    point = np.array(STRAIGHT) @ np.array([1.0, 2.0, 3.0, 1.0])
    shown = rigid @ np.array([*point, 1.0])
    assert np.allclose(image.affine[:3] @ [1, 2, 3, 1], np.diag([-1, -1, 1]) @ shown, atol=1e-4)
    assert (image.header["sform_code"], image.header["qform_code"]) == (2, 0)
    assert (moved.size, moved.slope, moved.intercept) == (volume.size, 2.0, 1.0)


@pytest.mark.parametrize(
    "volume",
    [
        VolumeHeader((0, 1, 1), STRAIGHT, "<i2"),
        VolumeHeader((1, 1, 32_768), STRAIGHT, "<i2"),
        VolumeHeader((1, 1, 1), STRAIGHT, "<i2", 0.0),
        VolumeHeader((1, 1, 1), STRAIGHT, "<i2", 1.0, math.nan),
        VolumeHeader((1, 1, 1), ((math.inf, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0)), "<i2"),
    ],
)
def test_what_a_header_cannot_say_is_not_written(volume: VolumeHeader) -> None:
    """NIfTI reads a slope of 0 as none: the values would be other ones."""
    with pytest.raises(ValueError, match="volume"):
        header_bytes(volume)
