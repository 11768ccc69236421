"""Copies without faces: prepared like all others, marked, proven, and held where that cannot be."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag, Tag

from gateway.faces.cut import Faces
from gateway.faces.preparer import GONE, NOT_IN_IT, FacelessPreparer
from gateway.faces.slices import not_cut, slices_of
from gateway.pipeline.steps import originals
from gateway.privacy.deidentify.instance import PatientContext
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.fast.preparer import Preparer
from gateway.privacy.identifiers.values import IdentifyingValue, ValueKind
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.quiet_pydicom import silent_pydicom
from support.judges.validity import new_complaints
from support.objects.heads import AXIAL, FRAME, SAGITTAL, file_of, head_series, multi_frame, true_faces

PATIENT = PatientContext("PML-TEST", -100, PseudonymKey(b"k" * 32, "test").of("north"))
FACES = true_faces()


def preparers(
    faces: Faces = FACES, values: tuple[IdentifyingValue, ...] = ()
) -> tuple[Preparer, FacelessPreparer]:
    """One that keeps faces, and one that takes them out."""
    keeping = Preparer(load_profile(), PATIENT, values, originals.parsed)
    return keeping, FacelessPreparer(keeping, faces, originals.parsed)


def kind(_header: Dataset) -> str:
    """T1."""
    return "t1"


@pytest.fixture
def image() -> Dataset:
    """A sagittal image through nose and brain."""
    return head_series(SAGITTAL, only=slice(21, 22))[0]


def test_a_copy_without_a_face_differs_in_pixels_and_marks_only(image: Dataset) -> None:
    """The option's code and RecognizableVisualFeatures NO are added; all other attributes are as ever."""
    keeping, faceless = preparers()
    kept, done = keeping.prepare(file_of(image), kind), faceless.prepare(file_of(image), kind)
    old, new = dcmread(BytesIO(kept.file)), dcmread(BytesIO(done.file))
    changed = {element.keyword for element in new if element.tag not in old or old[element.tag] != element}
    assert changed == {
        "PixelData",
        "LargestImagePixelValue",
        "RecognizableVisualFeatures",
        "DeidentificationMethodCodeSequence",
        "ImageType",
        "DerivationCodeSequence",
    }
    assert new.RecognizableVisualFeatures == "NO"
    assert [item.CodeValue for item in new.DeidentificationMethodCodeSequence] == [
        *(item.CodeValue for item in old.DeidentificationMethodCodeSequence),
        "113102",
    ]
    assert done.actions[GONE] == 1
    assert done.actions["DerivationCodeSequence: items checked"] == 1
    assert kept.actions.keys() < done.actions.keys()
    assert new.DerivationCodeSequence[0].CodeMeaning == "Pixel by pixel mask"
    (where,) = slices_of(new)
    face = FACES.planes[FRAME].shear.face(where)
    assert np.array_equal(new.pixel_array[~face], image.pixel_array[~face])
    assert (new.pixel_array[face] == image.pixel_array.min()).all()


@pytest.mark.dicom3tools
@pytest.mark.parametrize("frames", [1, 6])
def test_a_copy_without_a_face_is_as_valid_as_its_original(
    image: Dataset, frames: int, tmp_path: Path
) -> None:
    """Of one frame and of many."""
    if frames > 1:
        image = multi_frame(head_series(SAGITTAL, only=slice(18, 18 + frames)))
    original, copy = tmp_path / "original.dcm", tmp_path / "copy.dcm"
    original.write_bytes(file_of(image))
    copy.write_bytes(preparers()[1].prepare(file_of(image), kind).file)
    assert new_complaints(original, copy) == set()


def test_a_copy_with_its_face_claims_nothing(image: Dataset) -> None:
    """Without the option neither code nor attribute is there."""
    keeping, _ = preparers()
    copy = dcmread(BytesIO(keeping.prepare(file_of(image), kind).file))
    assert "RecognizableVisualFeatures" not in copy
    assert "113102" not in {item.CodeValue for item in copy.DeidentificationMethodCodeSequence}


def test_a_picture_beside_the_face_keeps_its_pixels_and_may_say_so() -> None:
    """A high axial slice shows no face: its bytes stay, its marks are those of the option."""
    _, faceless = preparers()
    (high,) = head_series(AXIAL, only=slice(32, 33))
    done = faceless.prepare(file_of(high), kind)
    copy = dcmread(BytesIO(done.file))
    assert copy.PixelData == high.PixelData
    assert copy.RecognizableVisualFeatures == "NO"
    assert done.actions[NOT_IN_IT] == 1


def test_what_has_no_brain_is_held_until_a_person_releases_it_with_its_face(image: Dataset) -> None:
    """The released copy is the one that keeps faces, byte for byte, without the claim."""
    keeping, faceless = preparers(Faces({}, {}))
    with pytest.raises(Held) as held:
        faceless.prepare(file_of(image), kind)
    assert (held.value.reason, held.value.releasable) == (HeldReason.FACE, True)
    released = faceless.prepare(file_of(image), kind, released=True, with_face=True)
    assert released.file == keeping.prepare(file_of(image), kind).file


def test_who_releases_an_object_hears_of_all_that_stops_it(image: Dataset) -> None:
    """Text in the pixels and a face that cannot go are said together; what nobody can release is said alone."""
    _, faceless = preparers(Faces({}, {}))
    image.BurnedInAnnotation = "YES"
    with pytest.raises(Held, match=r"burned into the pixels\. Its face cannot be taken out") as held:
        faceless.prepare(file_of(image), kind)
    assert held.value.releasable
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
    with pytest.raises(Held) as held:
        faceless.prepare(file_of(image), kind)
    assert (held.value.reason, held.value.releasable) == (HeldReason.SOP_CLASS, False)


def test_a_released_object_whose_face_can_go_goes_without_it(image: Dataset) -> None:
    """Whoever released it for its text has not asked for the face."""
    _, faceless = preparers()
    image.BurnedInAnnotation = "YES"
    with pytest.raises(Held, match="burned into"):
        faceless.prepare(file_of(image), kind)
    assert faceless.prepare(file_of(image), kind, released=True).actions[GONE] == 1


def test_what_cannot_be_proven_can_still_be_released(image: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof that fails is a question to a person, never a dead end; the released copy is the one with the face."""
    keeping, faceless = preparers()

    def fails(*_: object) -> None:
        raise not_cut("the brain would not be whole")

    monkeypatch.setattr("gateway.faces.preparer.proven", fails)
    with pytest.raises(Held, match="would not be whole"):
        faceless.prepare(file_of(image), kind)
    released = faceless.prepare(file_of(image), kind, released=True, with_face=True)
    assert released.file == keeping.prepare(file_of(image), kind).file


@pytest.mark.parametrize(
    "spoil",
    [
        {"Rows": b"\1"},
        {"PixelSpacing": b"one\\two"},
        {"BitsAllocated": b"\x10\0\x10\0"},
        {"NumberOfFrames": b"-3"},
        {"FrameOfReferenceUID": b"..."},
    ],
    ids=lambda spoil: next(iter(spoil)),
)
def test_broken_values_hold_the_object_and_nothing_else(image: Dataset, spoil: dict[str, bytes]) -> None:
    """Whatever the header says, the answer is a copy or a reason."""
    _, faceless = preparers()
    ((keyword, value),) = spoil.items()
    tag, vr = image[keyword].tag if keyword in image else Tag(keyword), dictionary_VR(keyword)
    image[tag] = RawDataElement(BaseTag(tag), vr, len(value), value + b" " * (len(value) % 2), 0, False, True)
    with silent_pydicom():
        file = file_of(image)
    with pytest.raises(Held):
        faceless.prepare(file, kind)


def test_a_transfer_syntax_that_nobody_knows_is_unreadable(image: Dataset) -> None:
    """As it is without this option."""
    _, faceless = preparers()
    file = file_of(image).replace(b"1.2.840.10008.1.2.1\0", b"1.2.3.4.10008.1.2.1\0")
    with pytest.raises(Held) as held:
        faceless.prepare(file, kind)
    assert held.value.reason is HeldReason.UNREADABLE


def test_a_leak_is_told_as_ever(image: Dataset) -> None:
    """The leak search reads the copy without a face: a name among the pixels that stay is one."""
    _, faceless = preparers(values=(IdentifyingValue("PatientName", "Zwetschgenbaum", ValueKind.NAME),))
    image.PixelData = b"Zwetschgenbaum" + image.PixelData[14:]
    assert faceless.prepare(file_of(image), kind).leaks


def test_a_release_for_text_lets_no_face_out() -> None:
    """When no brain is found this time, whoever released it for its text has not been told of the face."""
    image = head_series(SAGITTAL, only=slice(21, 22))[0]
    image.BurnedInAnnotation = "YES"
    _, faceless = preparers(Faces({}, {FRAME: "looking for the brain took longer than 600 s"}))
    with pytest.raises(Held) as held:
        faceless.prepare(file_of(image), kind, released=True)
    assert held.value.releasable
    done = faceless.prepare(file_of(image), kind, released=True, with_face=True)
    assert "RecognizableVisualFeatures" not in dcmread(BytesIO(done.file))
