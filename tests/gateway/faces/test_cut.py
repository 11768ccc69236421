"""One object without its face: what goes, what stays bit for bit, and what the proof finds."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from gateway.decoding.pixels import decode
from gateway.faces.cut import Faces, derived, proven, without_face
from gateway.faces.slices import slices_of
from gateway.privacy.errors import Held, HeldReason
from support.objects.encoded_pixels import file_in
from support.objects.heads import (
    AXIAL,
    FRAME,
    SAGITTAL,
    file_of,
    head_series,
    multi_frame,
    received,
    true_faces,
)

FACES = true_faces()
PLANES = FACES.planes[FRAME]


@pytest.fixture
def image() -> Dataset:
    """A sagittal image through nose and brain."""
    return received(head_series(SAGITTAL, only=slice(21, 22))[0])


def cut(ds: Dataset) -> Dataset:
    """The object without its face, read again, with what a copy says then."""
    file = without_face(ds, FACES)
    assert file is not None
    return marked(dcmread(BytesIO(file)))


def marked(ds: Dataset) -> Dataset:
    """As the preparation marks it."""
    ds.RecognizableVisualFeatures = "NO"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "113102", "DCM"
    ds.DeidentificationMethodCodeSequence = [code]
    return ds


def regions(ds: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Face and brain of a single image."""
    (where,) = slices_of(ds)
    return PLANES.shear.face(where), PLANES.brain.within(where)


def test_the_face_is_dark_and_every_other_voxel_is_what_it_was(image: Dataset) -> None:
    """A third of the picture may go, but not one voxel of the brain."""
    before, after = image.pixel_array.copy(), cut(image).pixel_array
    face, brain = regions(image)
    assert before[face].max() > 600, "there was a face"
    assert (after[face] == before.min()).all()
    assert np.array_equal(after[~face], before[~face])
    assert brain.sum() > 300
    assert np.array_equal(after[brain], before[brain])


def test_the_original_is_not_changed_and_the_header_neither(image: Dataset) -> None:
    """All but the pixels, and the largest value that went with the face, is the same."""
    file = file_of(image)
    new = cut(image)
    assert file_of(image) == file
    for element in image:
        if element.keyword not in (
            "PixelData",
            "LargestImagePixelValue",
            "DeidentificationMethodCodeSequence",
            "ImageType",
        ):
            assert new[element.tag] == element
    assert new.LargestImagePixelValue == new.pixel_array.max()


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
def test_uncompressed_objects_are_cut_in_their_syntax_but_never_deflated(image: Dataset, syntax: str) -> None:
    """A deflated object becomes Explicit VR Little Endian, as every copy does."""
    image.file_meta.TransferSyntaxUID = syntax
    image.set_original_encoding(syntax == ImplicitVRLittleEndian, True)
    original = received(image)
    new = cut(original)
    kept = ExplicitVRLittleEndian if syntax == DeflatedExplicitVRLittleEndian else syntax
    assert new.file_meta.TransferSyntaxUID == kept
    proven(original, new, FACES)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_objects_are_decoded_and_leave_uncompressed(image: Dataset, syntax: str) -> None:
    """The values outside the face are those that decoding gives."""
    original = dcmread(BytesIO(file_in(syntax, image)))
    new = cut(original)
    assert new.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    face, _ = regions(new)
    assert np.array_equal(new.pixel_array[~face], decode(original)[~face])
    proven(original, new, FACES)


def test_a_copy_of_one_frame_says_that_it_is_derived_and_how(image: Dataset) -> None:
    """Value 1 of ImageType, and a code after those that are there; the other values are the series' own."""
    before = list(image.ImageType)
    smoothed = Dataset()
    smoothed.CodeValue, smoothed.CodingSchemeDesignator, smoothed.CodeMeaning = "113085", "DCM", "Resampling"
    image.DerivationCodeSequence = [smoothed]
    new = cut(received(image))
    assert list(new.ImageType) == ["DERIVED", *before[1:]]
    assert [item.CodeValue for item in new.DerivationCodeSequence] == ["113085", "113047"]
    assert [item.CodeValue for item in image.DerivationCodeSequence] == ["113085"]


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless, JPEG2000Lossless]
)
def test_an_object_in_which_nothing_goes_is_marked_as_its_series(syntax: str) -> None:
    """Or a series would be of two kinds; its pixels stay as they are encoded."""
    (high,) = head_series(AXIAL, only=slice(32, 33))
    high.set_original_encoding(syntax == ImplicitVRLittleEndian, True)
    if syntax == ImplicitVRLittleEndian:
        high.file_meta.TransferSyntaxUID = UID(syntax)
    original = dcmread(BytesIO(file_in(syntax, high))) if UID(syntax).is_compressed else received(high)
    file = derived(original)
    assert file is not None
    new = dcmread(BytesIO(file))
    assert new.ImageType[0] == "DERIVED"
    assert new.DerivationCodeSequence[0].CodeValue == "113047"
    assert (new.PixelData, new.file_meta.TransferSyntaxUID) == (original.PixelData, syntax)
    proven(original, marked(new), FACES)


def test_an_object_of_many_frames_stays_what_it_was() -> None:
    """Derived frames may not say how they were acquired."""
    ds = multi_frame(head_series(SAGITTAL, only=slice(18, 24)))
    assert derived(ds) is None
    assert cut(ds).ImageType == ds.ImageType


def test_a_picture_without_a_voxel_of_the_face_is_left_as_it_is() -> None:
    """High axial slices are not written anew, whatever their encoding."""
    (high,) = head_series(AXIAL, only=slice(32, 33))
    assert without_face(high, FACES) is None
    proven(high, marked(received(high)), FACES)


def test_where_dark_is_the_largest_value_the_face_gets_it(image: Dataset) -> None:
    """MONOCHROME1 shows the largest value darkest."""
    image.PhotometricInterpretation = "MONOCHROME1"
    new = cut(image)
    face, _ = regions(image)
    assert (new.pixel_array[face] == image.pixel_array.max()).all()
    proven(image, new, FACES)


def test_every_frame_of_a_multi_frame_object_is_cut_where_it_lies() -> None:
    """Positions come from the functional groups."""
    ds = multi_frame(head_series(SAGITTAL, only=slice(18, 24)))
    new = cut(ds)
    proven(ds, new, FACES)
    for frame, where in enumerate(slices_of(ds)):
        face = PLANES.shear.face(where)
        assert (new.pixel_array[frame][face] == new.pixel_array.min()).all()


def in_colour(ds: Dataset) -> None:
    """RGB."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 3, "RGB"


def in_bits(ds: Dataset) -> None:
    """One bit a pixel."""
    ds.BitsAllocated = 1


def without_pixels(ds: Dataset) -> None:
    """No picture."""
    del ds.PixelData


def with_too_few(ds: Dataset) -> None:
    """Cut short."""
    ds.PixelData = ds.PixelData[:100]


def elsewhere(ds: Dataset) -> None:
    """Of a frame of reference in which no head was seen."""
    ds.FrameOfReferenceUID = "2.25.9"


def big_endian(ds: Dataset) -> None:
    """The retired encoding."""
    ds.file_meta.TransferSyntaxUID = ExplicitVRBigEndian


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (in_colour, "colours"),
        (in_bits, "whole numbers"),
        (without_pixels, "whole numbers"),
        (with_too_few, "cannot be decoded"),
        (elsewhere, "no series of its frame of reference shows a whole head"),
        (big_endian, "big endian"),
    ],
)
def test_what_cannot_be_cut_is_held(image: Dataset, change: Callable[[Dataset], None], says: str) -> None:
    """Each with the reason and with what a person can do."""
    change(image)
    with pytest.raises(Held, match=says) as held:
        without_face(image, FACES)
    assert held.value.reason is HeldReason.FACE
    assert "release it" in held.value.fix


def test_the_reason_why_there_is_no_brain_is_told(image: Dataset) -> None:
    """What was tried and failed in this frame of reference."""
    with pytest.raises(Held, match="because what was taken for the brain has 12 ml"):
        without_face(image, Faces({}, {FRAME: "what was taken for the brain has 12 ml"}))


def one_voxel(region: str) -> Callable[[Dataset], None]:
    """Change a single voxel of a region by one."""

    def change(ds: Dataset) -> None:
        face, brain = regions(ds)
        where = {"brain": brain, "face": face, "skull": ~face & ~brain}[region]
        values = ds.pixel_array.copy()
        values[tuple(np.argwhere(where)[-1])] += 1
        ds.PixelData = values.tobytes()

    return change


def unsaid(ds: Dataset) -> None:
    """RecognizableVisualFeatures is missing."""
    del ds.RecognizableVisualFeatures


def without_the_code(ds: Dataset) -> None:
    """The option's code is missing."""
    ds.DeidentificationMethodCodeSequence[0].CodeValue = "113100"


def moved(ds: Dataset) -> None:
    """Another position."""
    ds.ImagePositionPatient = [0, 0, 0]


def signed(ds: Dataset) -> None:
    """The same bits, read as other numbers."""
    ds.PixelRepresentation = 1


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (one_voxel("brain"), "the brain would not be whole"),
        (one_voxel("skull"), "something besides the face"),
        (one_voxel("face"), "not all of it is gone"),
        (unsaid, "does not say"),
        (without_the_code, "does not say"),
        (moved, "does not lie where"),
        (signed, "another kind"),
    ],
)
def test_the_proof_finds_a_single_voxel_and_a_missing_word(
    image: Dataset, spoil: Callable[[Dataset], None], says: str
) -> None:
    """A good copy passes; one that differs anywhere is held."""
    copy = cut(image)
    proven(image, copy, FACES)
    spoil(copy)
    with pytest.raises(Held, match=says):
        proven(image, copy, FACES)


def test_planes_that_cut_into_the_brain_are_found_by_its_mask(image: Dataset) -> None:
    """The proof does not believe the planes."""
    shear = type(PLANES.shear)(tuple((y, z, furthest - 15) for y, z, furthest in PLANES.shear.planes))
    wrong = Faces({FRAME: type(PLANES)(PLANES.brain, shear)}, {})
    file = without_face(image, wrong)
    assert file is not None
    with pytest.raises(Held, match="the brain would not be whole"):
        proven(image, marked(dcmread(BytesIO(file))), wrong)
