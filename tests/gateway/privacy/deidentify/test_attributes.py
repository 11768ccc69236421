"""What becomes of each attribute at every depth: what nobody lists goes, and so does what identifies."""

from __future__ import annotations

import struct
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import MRImageStorage

from dicom_nodes.encoding import vrs
from gateway.privacy.deidentify.attributes import AttributeCleaner
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.identifiers.values import DEEPEST
from gateway.privacy.profile.iod import attributes_of
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.words.dates_and_dummies import NUMBER_VRS
from support.objects.hostile_mr import context

PROFILE = load_profile()
PLACES = attributes_of(MRImageStorage)
strangers = st.text(st.sampled_from("BCDFGHJKLMNPQRSTVWXYZ"), min_size=6, max_size=10).map(lambda t: "QZ" + t)


def cleaned(ds: Dataset, kind: str | None = None) -> Dataset:
    """The data set after its actions."""
    return AttributeCleaner(ds, context(), PROFILE, kind).dataset(ds, PLACES)


def with_values(**values: object) -> Dataset:
    """A data set with these elements."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("tag", [0x00100000, 0x50000010, 0x60003000, 0x60000022, 0x00091001])
def test_what_is_no_part_of_an_image_goes(tag: int) -> None:
    """Group lengths, curves, overlays and private elements that are on no safe list."""
    ds = Dataset()
    ds.add(DataElement(Tag(tag), "UN", b"Probe^Petra "))
    assert len(cleaned(ds)) == 0


def test_an_attribute_that_the_iod_does_not_define_goes() -> None:
    """At its own place it stays; at another place the same attribute has no business."""
    ds = with_values(Rows=16, ContentLabel="BRAIN", ReferencedImageSequence=Sequence([with_values(Rows=16)]))
    new = cleaned(ds)
    assert new.Rows == 16
    assert "ContentLabel" not in new
    assert not any("Rows" in item for item in new.get("ReferencedImageSequence", ()))


NUMBERS_OF_AN_IMAGE = sorted(
    tag
    for tag, place in PLACES.items()
    if place.type in ("1", "1C") and dictionary_VR(tag) in NUMBER_VRS - vrs.BULK_VRS
)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientWeight", "47.11923"),
        ("SAR", "19.630417"),
        ("EchoNumbers", "+4711923"),
        ("DiffusionBValue", 4711923.0),
        ("DiffusionBValue", 4711.923),
        ("DiffusionBValue", struct.unpack("<d", b"Zielinsk")[0]),
        ("DiffusionGradientOrientation", [0.5, struct.unpack("<d", b"Zielinsk")[0], 1.0]),
    ],
)
def test_a_number_that_says_who_the_patient_is_goes(keyword: str, value: object) -> None:
    """In digits with a point or a sign, or in the bytes of a binary number."""
    ds = with_values(PatientID="QX4711923", PatientBirthDate="19630417", **{keyword: value})
    assert keyword not in cleaned(ds)


@pytest.mark.parametrize("tag", NUMBERS_OF_AN_IMAGE)
def test_nothing_stands_in_for_a_number_that_an_image_needs(tag: int) -> None:
    """Another number would be a false fact, without it the object is none: so it is held, and nothing is quoted."""
    vr = dictionary_VR(tag).split()[0]
    value = {"DS": "4711.923", "IS": "4711923", "US": 4711}.get(vr, 4711923)
    ds = with_values(PatientID="QX4711923")
    ds.add_new(tag, vr, [value] * max(1, int(dictionary_VM(tag)[0])))
    new = None
    with suppress(Held):
        new = cleaned(ds)
    assert new is None or tag not in new or new[tag].value == ds[tag].value


def test_what_is_said_of_a_number_that_an_image_needs_does_not_quote_it() -> None:
    """And says which attribute it is, and what helps: another patient ID would not be the patient's."""
    with pytest.raises(Held) as held:
        cleaned(with_values(PatientID="QX4711923", WindowCenter="4711.923", WindowWidth="400"))
    assert held.value.reason is HeldReason.UNREADABLE
    assert held.value.problem.startswith("WindowCenter, which the object needs, ")
    assert "correct this attribute" in held.value.fix
    assert "4711" not in f"{held.value.problem} {held.value.fix}"
    assert "patient ID" not in held.value.fix


@pytest.mark.parametrize("keyword", ["Rows", "BitsAllocated", "PixelSpacing", "PhotometricInterpretation"])
def test_a_picture_is_held_rather_than_sent_without_what_describes_it(keyword: str) -> None:
    """A copy without rows shows nothing, and nobody would be told."""
    ds = Dataset()
    ds.add(DataElement(Tag(keyword), "LO", "12"))
    with pytest.raises(Held):
        cleaned(ds)


@pytest.mark.parametrize(
    ("kind", "stays"),
    [
        ("dwi", True),
        ("trace", True),
        ("adc", True),
        (None, True),
        ("t2", False),
        ("flair", False),
        ("other", False),
    ],
)
def test_a_b_value_stays_where_recognition_holds_the_series_for_diffusion(
    kind: str | None, stays: bool
) -> None:
    """A FLAIR that an archive gave the b-value of the series before is no diffusion for the reader of its copy."""
    new = cleaned(with_values(DiffusionBValue=1000.0), kind)
    assert new.get("DiffusionBValue") == (1000.0 if stays else None)


@pytest.mark.parametrize("keyword", ["WindowCenter", "ImagePositionPatient", "SliceLocation"])
def test_a_number_of_nobody_stays(keyword: str) -> None:
    """As it was written."""
    value = ["-471.1923", "2", "3"] if keyword == "ImagePositionPatient" else "4711.924"
    new = cleaned(with_values(PatientID="QX4711923", **{keyword: value}))
    assert new[keyword] == with_values(**{keyword: value})[keyword]


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom says that it is no TM value
@pytest.mark.parametrize("number", ["471192.3", "47:11:92.3", "240000", "106000", "101561"])
def test_a_number_that_is_no_time_of_day_goes_from_times(number: str) -> None:
    """Alone and behind a date: 471192.3 may be a patient's number."""
    assert number not in str(cleaned(with_values(AcquisitionTime=number)).get("AcquisitionTime"))
    told = "20260110" + number.replace(":", "")
    assert number.replace(":", "") not in str(cleaned(with_values(AcquisitionDateTime=told)))


def test_a_time_of_day_stays_to_the_leap_second() -> None:
    """Hours to 23, minutes to 59, seconds to 60 (PS3.5 6.2)."""
    assert cleaned(with_values(AcquisitionTime="235960.25")).AcquisitionTime == "235960.25"


def test_an_attribute_with_another_vr_than_the_standards_goes() -> None:
    """A text where a number belongs is somebody's text."""
    ds = Dataset()
    ds.add(DataElement(Tag(0x00180081), "LO", "Petra"))
    assert "EchoTime" not in cleaned(ds)


@given(strangers)
@settings(derandomize=True, max_examples=25)
def test_a_patients_name_is_in_no_text_or_code_that_stays(name: str) -> None:
    """The pseudonym stands where the name stood; text and coded strings are rid of it."""
    ds = with_values(
        PatientName=f"{name}^Petra",
        ImageType=["ORIGINAL", "PRIMARY", name],
        SeriesDescription=f"T2 {name} axial",
        ProtocolName=name,
    )
    new = cleaned(ds)
    assert new.PatientName == context().pseudonym
    assert list(new.ImageType)[:2] == ["ORIGINAL", "PRIMARY"]
    assert name not in str(new)
    assert new.SeriesDescription == "T2 axial"


def test_a_series_whose_description_says_nothing_is_called_by_its_kind() -> None:
    """A reader needs to know what the series is."""
    assert cleaned(with_values(SeriesDescription="Qzwrtpk"), "FLAIR").SeriesDescription == "FLAIR"


@given(st.dates(min_value=date(1950, 1, 1)))
@settings(derandomize=True, max_examples=30)
def test_all_dates_of_a_study_move_by_the_same_days(day: date) -> None:
    """Study, series and acquisition of one day stay on one day, which is another one; the birth date is not kept."""
    text = f"{day:%Y%m%d}"
    new = cleaned(with_values(StudyDate=text, SeriesDate=text, AcquisitionDate=text, PatientBirthDate=text))
    assert new.StudyDate == new.SeriesDate == new.AcquisitionDate != text
    assert not new.PatientBirthDate


def test_equal_uids_get_equal_replacements_at_every_depth() -> None:
    """References stay consistent, and `uids` says what replaced what; the Standard's own UIDs stay."""
    item = with_values(ReferencedSOPClassUID=MRImageStorage, ReferencedSOPInstanceUID="1.3.6.1")
    ds = with_values(
        SOPInstanceUID="1.3.6.1", SOPClassUID=MRImageStorage, ReferencedImageSequence=Sequence([item])
    )
    cleaner = AttributeCleaner(ds, context(), PROFILE, None)
    new = cleaner.dataset(ds, PLACES)
    assert new.ReferencedImageSequence[0].ReferencedSOPInstanceUID == new.SOPInstanceUID
    assert new.ReferencedImageSequence[0].ReferencedSOPClassUID == new.SOPClassUID == MRImageStorage
    assert cleaner.uids == {"1.3.6.1": new.SOPInstanceUID}


def test_sequences_without_end_are_held() -> None:
    """An object nested deeper than any image needs is held, not a crash of the process."""
    ds = Dataset()
    for _ in range(DEEPEST + 1):
        ds = with_values(ReferencedImageSequence=Sequence([ds]))
    cleaner = AttributeCleaner(ds, context(), PROFILE, None, ())

    with pytest.raises(Held) as held:
        cleaner.dataset(ds, PLACES)
    assert held.value.reason is HeldReason.UNREADABLE


def test_the_original_is_not_changed() -> None:
    """Cleaning gives a new data set; the one that came in is still needed to search for leaks."""
    ds = with_values(PatientName="Probe^Petra", ImageType=["ORIGINAL", "PETRA"], StudyDate="20260110")
    before = str(ds)
    cleaned(ds)
    assert str(ds) == before
