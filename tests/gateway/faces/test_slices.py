"""Where voxels lie: the Standard's equation, frame by frame, and what has no such place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from gateway.faces.slices import frame_of_reference, slices_of
from gateway.privacy.errors import Held, HeldReason
from support.objects.heads import FRAME, SAGITTAL, head_series


@pytest.fixture
def image() -> Dataset:
    """One sagittal image of a head."""
    return head_series(SAGITTAL, only=slice(20, 21))[0]


def enhanced(ds: Dataset, frames: int = 3) -> Dataset:
    """The image as an object of many frames, 5 mm apart; what is the same is shared."""
    new = Dataset()
    new.Rows, new.Columns, new.NumberOfFrames = ds.Rows, ds.Columns, frames
    shared, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = ds.ImageOrientationPatient
    measures.PixelSpacing = ds.PixelSpacing
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [measures]
    new.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for number in range(frames):
        x, y, z = ds.ImagePositionPatient
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [x + 5 * number, y, z]
        group.PlanePositionSequence = [position]
        groups.append(group)
    new.PerFrameFunctionalGroupsSequence = groups
    return new


def test_a_voxel_lies_where_the_equation_of_the_standard_puts_it(image: Dataset) -> None:
    """PS3.3 C.7.6.2.1.1: position, plus column index times row direction, plus row index times column direction."""
    image.PixelSpacing = [3.0, 2.0]  # between rows, between columns
    (where,) = slices_of(image)
    cosines = np.array(image.ImageOrientationPatient, float)
    for row, column in ((0, 0), (7, 3), (63, 63)):
        place = np.array(image.ImagePositionPatient, float) + cosines[:3] * 2 * column + cosines[3:] * 3 * row
        seen = [where.along(axis)[row, column] for axis in np.eye(3).tolist()]
        assert seen == pytest.approx(place.tolist())


def test_the_frames_of_an_enhanced_image_lie_one_by_one(image: Dataset) -> None:
    """Position comes from each frame, orientation and spacing from what is shared."""
    (single,) = slices_of(image)
    frames = slices_of(enhanced(image))
    assert frames[0] == single
    assert [frame.corner[0] - single.corner[0] for frame in frames] == [0, 5, 10]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, "a mosaic"),
        ({"ImageType": ["DERIVED", "PRIMARY", "PROJECTION IMAGE"]}, "a projection"),
        *(
            ({"ImageType": ["DERIVED", "PRIMARY", value]}, says)
            for value, says in {
                "CSA MIP": "a projection",
                "MIP THIN": "a projection",
                "MAXIMUM": "a projection",
                "CSA VRT": "a rendering",
                "SSD": "a rendering",
                "VOLREN": "a rendering",
                "CSA 3D EDITOR": "a rendering",
                "THICK SLAB": "a thick reformation",
                "CPR": "a curved reformation",
            }.items()
        ),
        ({"ImagePositionPatient": None}, "missing or no numbers"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "missing or no numbers"),
        ({"PixelSpacing": [0, 1]}, "missing or no numbers"),
        ({"PixelSpacing": [500, 500]}, "missing or no numbers"),
        ({"NumberOfFrames": 2}, "do not say where they lie"),
    ],
)
def test_what_is_no_slice_in_the_patient_is_held_with_its_reason(
    image: Dataset, changes: dict[str, Any], says: str
) -> None:
    """Mosaics, projections and images without a place may show a face where no plane can find it."""
    for keyword, value in changes.items():
        setattr(image, keyword, value)
    with pytest.raises(Held) as held:
        slices_of(image)
    assert says in held.value.problem
    assert held.value.reason is HeldReason.FACE
    assert held.value.releasable


def test_a_projection_is_known_by_its_frame_type_too(image: Dataset) -> None:
    """An enhanced image says per frame what it is."""
    ds = enhanced(image)
    kind = Dataset()
    kind.FrameType = ["DERIVED", "PRIMARY", "PROJECTION IMAGE", "NONE"]
    ds.PerFrameFunctionalGroupsSequence[1].MRImageFrameTypeSequence = [kind]
    with pytest.raises(Held, match="projection"):
        slices_of(ds)


def test_an_object_without_a_frame_of_reference_is_held(image: Dataset) -> None:
    """Without it, coordinates are nobody's."""
    assert frame_of_reference(image) == FRAME
    del image.FrameOfReferenceUID
    with pytest.raises(Held, match="no frame of reference"):
        frame_of_reference(image)
