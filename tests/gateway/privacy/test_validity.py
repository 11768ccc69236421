"""A copy is as valid as its original: dciodvfy has nothing against it that it has not against the original."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.profile.profile import load_profile
from support.judges.validity import new_complaints
from support.objects.dicom_files import encoded
from support.objects.hostile_mr import context

PROFILE = load_profile()
BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
FILES = sorted(
    path for path in BUNDLED.glob("MR*.dcm") if path.name != "MR_truncated.dcm"
)  # that one is held
pytestmark = [
    pytest.mark.dicom3tools,
    pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # pydicom about values of these files
]


def copy_of(ds: Dataset, folder: Path, kind: str = "t2") -> Path:
    """The de-identified copy as a file."""
    path = folder / "copy.dcm"
    path.write_bytes(encode(deidentify(ds, context(), PROFILE, kind).dataset))
    return path


def entry(**values: str) -> Dataset:
    """A coded entry."""
    ds = Dataset()
    for keyword, value in {"CodingSchemeDesignator": "99LOCAL", "CodeMeaning": "Head", **values}.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_copy_has_no_new_errors_and_no_new_warnings(path: Path, tmp_path: Path) -> None:
    """The files that come with pydicom, in every transfer syntax."""
    assert new_complaints(path, copy_of(dcmread(path), tmp_path)) == set()


@pytest.mark.parametrize(
    "values",
    [
        {"BodyPartExamined": "KNIE", "Laterality": None},
        {"BodyPartExamined": "LEG", "Laterality": "L"},
        {"BodyPartExamined": "Probe Petra"},
        {"BodyPartExamined": None},
        {"DiffusionBValue": 1000.0},
        {"SAR": "4711.923", "PatientID": "4711923"},
        {"ImageType": ["ORIGINAL", "PRIMARY", "PETRA"]},
        {"ContrastBolusAgent": "Gadovist -", "ContrastBolusVolume": "7.5"},
        {"ProcedureCodeSequence": Sequence([entry(CodeValue="4711")])},
        {"ProcedureCodeSequence": Sequence([entry(LongCodeValue="a code of the hospital of Petra")])},
        {"ProcedureCodeSequence": Sequence([entry(URNCodeValue="urn:oid:1.2.276.0.76.4711")])},
        {"ProcedureCodeSequence": Sequence([entry(CodeValue="4711", ContextIdentifier="4031")])},
        {"PatientAge": "095Y", "PatientSize": "1.7"},
        {
            "LossyImageCompression": "01",
            "LossyImageCompressionRatio": "12",
            "LossyImageCompressionMethod": "ISO_10918_1",
        },
        {"BurnedInAnnotation": "NO", "RecognizableVisualFeatures": "YES"},
    ],
    ids=lambda values: " ".join(values),
)
def test_attributes_that_depend_on_others_follow_them(values: dict[str, object], tmp_path: Path) -> None:
    """What is required, or may not be there, where another attribute changed or went (PS3.5 7.4)."""
    ds = dcmread(BUNDLED / "MR_small.dcm")
    for keyword, value in values.items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
    original = tmp_path / "original.dcm"
    original.write_bytes(encoded(ds))
    assert new_complaints(original, copy_of(ds, tmp_path)) == set()
