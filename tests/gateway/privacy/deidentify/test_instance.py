"""De-identification: nothing identifying survives, what a reader needs does, and equal input gives equal bytes."""

from __future__ import annotations

import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.profile.profile import Profile, load_profile
from gateway.privacy.schemes import Scheme
from support.objects.hostile_mr import Person, context, hostile_mr, reread
from support.objects.quiet_pydicom import pydicom_is_quiet

__all__ = ["pydicom_is_quiet"]

PROFILE = load_profile()
letters = st.text(st.sampled_from("bcdfgjklmnpqrstvwxyzaeiouäöüßéñł"), min_size=7, max_size=14)
numbers = st.integers(10**7, 10**11).map(str)
dates = st.dates(date(1925, 1, 1), date(2025, 12, 31)).map(lambda d: f"{d:%Y%m%d}")
people = st.builds(
    Person,
    family=letters.map(lambda t: "Qz" + t),
    given=letters.map(lambda t: "Xj" + t),
    patient_id=numbers.map(lambda n: "P" + n),
    accession=numbers.map(lambda n: "R" + n),
    birth_date=dates,
    study_date=dates,
    serial=numbers,
    institution=letters.map(lambda t: f"Haus {t} Süd"),
    physician=letters.map(lambda t: f"Yq{t}^Kx{t}"),
    uid_root=numbers.map(lambda n: f"1.2.276.0.7230010.3.{n}"),
)


def cleaned(ds: Dataset, person: Person | None = None, kind: str | None = None) -> Dataset:
    """The de-identified dataset, read back from its encoded form."""
    return reread(deidentify(ds, context(person), PROFILE, kind).dataset)


@given(people, st.integers(0, 4))
@settings(derandomize=True, max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_identifier_survives_anywhere_at_any_depth(person: Person, depth: int) -> None:
    """Whatever the patient is called, none of it is in the encoded file in any character set."""
    original = reread(hostile_mr(person, depth=depth))
    encoded = encode(deidentify(original, context(person), PROFILE).dataset)
    shift = context(person).date_shift_days
    assert find_leaks(encoded, identifying_values([original], shift)) == []
    for identifier in person.identifiers:
        if identifier in (person.birth_date, person.study_date):
            continue  # a shifted date may happen to equal the other one; judged by the leak search above
        for charset in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
            assert identifier.encode(charset, "ignore") not in encoded


@given(people, st.integers(-2000, 2000))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_intervals_between_studies_stay_the_same(person: Person, days: int) -> None:
    """Two studies of one patient keep their distance in days, and times of day are not touched."""
    first = date(2015, 6, 1)
    second = first + timedelta(days=days)
    new = []
    for day in (first, second):
        ds = hostile_mr(person, depth=0)
        ds.StudyDate = ds.AcquisitionDate = f"{day:%Y%m%d}"
        out = deidentify(ds, context(person), PROFILE).dataset
        assert out.StudyDate == out.AcquisitionDate
        assert out.StudyTime == "101530.250000"
        new.append(date(int(out.StudyDate[:4]), int(out.StudyDate[4:6]), int(out.StudyDate[6:])))
    assert new[1] - new[0] == second - first


def test_the_same_object_gives_the_same_bytes_and_is_not_changed() -> None:
    """Byte-deterministic, and the original is exactly what it was."""
    original = reread(hostile_mr())
    before = reread(hostile_mr())
    first = encode(deidentify(original, context(), PROFILE).dataset)
    assert original == before
    assert original.preamble == before.preamble
    assert original.file_meta == before.file_meta
    assert encode(deidentify(reread(hostile_mr()), context(), PROFILE).dataset) == first


def test_what_a_reader_needs_is_still_there() -> None:
    """Geometry, window, timing, pixels, sex, age, b-value, contrast and cleaned descriptions survive."""
    original = hostile_mr()
    new = cleaned(original, kind="dwi")
    for keyword in (
        "PixelData",
        "PixelSpacing",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "WindowCenter",
        "EchoTime",
        "PatientSex",
        "Manufacturer",
        "ManufacturerModelName",
        "ImageType",
        "SequenceName",
        "Rows",
        "InstanceNumber",
    ):
        assert new[keyword].value == original[keyword].value, keyword
    assert new.PatientAge == "052Y"
    assert new.DiffusionBValue == 1000.0
    assert new.SeriesDescription == "t2 flair sag"
    assert new.ProtocolName == "AX DWI b1000"
    assert "Kopf" in new.StudyDescription
    assert new.ContrastBolusAgent == ""  # a name stood beside the agent: nobody knows what the words say


def test_references_and_pseudonyms_are_consistent_across_objects() -> None:
    """Patient, study, frame of reference and nested references map to the same new values everywhere."""
    new = cleaned(hostile_mr())
    who = Person()
    assert new.PatientID == str(new.PatientName) == context().pseudonym
    assert new.StudyInstanceUID == context().key.uid(f"{who.uid_root}.2")
    assert new.ReferencedImageSequence[0].ReferencedSOPInstanceUID == context().key.uid(f"{who.uid_root}.9.0")
    assert new.file_meta.MediaStorageSOPInstanceUID == new.SOPInstanceUID
    report = deidentify(hostile_mr(), context(), PROFILE)
    assert report.uids[f"{who.uid_root}.1"] == new.SOPInstanceUID


@pytest.mark.parametrize(
    ("uid", "left", "done"),
    [
        ("1.2.3.4.5", ["1.2.3.4.5"], "UID replaced"),
        ("1.2.03.4", ["1.2.03.4"], "UID replaced"),
        ("Zwirnlein", [], "removed, no UID"),
        ("patient:north::4711", [], "removed, no UID"),
        ("1..2", [], "removed, no UID"),
        ("1" * 65, [], "removed, no UID"),
        (["1.2.3.4.5", "commitment:7:3"], ["1.2.3.4.5"], "UID replaced"),
        (["this gateway", "name:north:probe"], [], "removed, no UID"),
    ],
)
@pytest.mark.parametrize("scheme", Scheme)
def test_a_text_in_the_place_of_a_uid_is_dropped(
    uid: str | list[str], left: list[str], done: str, scheme: Scheme
) -> None:
    """Only a UID is replaced by another: whoever writes a text there would be told what is derived from it."""
    ds = hostile_mr(depth=0)
    ds.FrameOfReferenceUID = uid
    cleaned = deidentify(reread(ds), context(scheme=scheme), PROFILE)
    key = context(scheme=scheme).key
    found = cleaned.dataset.get("FrameOfReferenceUID") or []
    assert [str(one) for one in ([found] if isinstance(found, str) else found)] == [
        key.uid(one) for one in left
    ]
    assert cleaned.actions[f"FrameOfReferenceUID: {done}"] == 1


def test_markers_say_what_was_done_with_the_codes_of_cid_7050() -> None:
    """Basic, Clean Descriptors, Modified Dates and Safe Private by their right codes (some lists rotate the last)."""
    new = cleaned(hostile_mr())
    codes = [(item.CodeValue, item.CodeMeaning) for item in new.DeidentificationMethodCodeSequence]
    assert codes == [
        ("113100", "Basic Application Confidentiality Profile"),
        ("113105", "Clean Descriptors Option"),
        ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
        ("113111", "Retain Safe Private Option"),
    ]
    assert (new.PatientIdentityRemoved, new.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")


def test_preamble_and_file_meta_are_the_gateways_own() -> None:
    """Nothing of the sender's file header is left."""
    new = cleaned(hostile_mr())
    assert new.preamble == b"\0" * 128
    assert "SourceApplicationEntityTitle" not in new.file_meta
    assert new.file_meta.ImplementationVersionName == "PML_GATEWAY_1"


def test_only_safe_private_elements_stay_with_their_creator() -> None:
    """The CSA header, other private elements and blocks without safe content are gone, creators included."""
    new = cleaned(hostile_mr())
    private = {(element.tag.group, element.tag.element & 0xFF) for element in new if element.tag.is_private}
    assert private == {(0x0019, 0x10), (0x0019, 0x0C), (0x0019, 0x0D), (0x0019, 0x0E)}
    assert new[0x0019, 0x0010].value == "SIEMENS MR HEADER"


def test_private_numbers_that_came_as_unknown_are_decoded_first() -> None:
    """A b-value in VR UN is decoded; one that is no number is removed."""
    ds = hostile_mr(depth=0)
    ds[0x0019, 0x100C].VR = "UN"
    ds[0x0019, 0x100C]._value = b"800 "
    ds[0x0019, 0x100D].VR = "UN"
    ds[0x0019, 0x100D]._value = b"Zwirnlein "
    new = deidentify(ds, context(), PROFILE, "dwi").dataset
    assert new[0x0019, 0x100C].value == 800
    assert new.DiffusionBValue == 800
    assert (0x0019, 0x100D) not in new


def test_attributes_outside_the_iod_and_wrong_vrs_go() -> None:
    """A standard attribute no MR object has, or one in a VR that is not the Standard's, is removed."""
    ds = hostile_mr(depth=0)
    ds.KVP = "120"
    ds.RescaleSlope = "1.5"
    del ds["EchoTime"]
    ds.add_new(0x00180081, "LO", "Zwirnlein")
    new = deidentify(ds, context(), PROFILE).dataset
    assert "KVP" not in new
    assert "EchoTime" not in new
    # Of the Enhanced MR IOD, as scanners write it at the top of classic images.
    assert new.RescaleSlope == 1.5


def test_a_description_without_radiology_becomes_the_recognised_kind() -> None:
    """Where nothing may stay, the series kind stands in; without one the attribute goes."""
    ds = hostile_mr(depth=0)
    ds.SeriesDescription = "Zwirnlein 4711"
    assert deidentify(ds, context(), PROFILE, "flair").dataset.SeriesDescription == "flair"
    assert "SeriesDescription" not in deidentify(ds, context(), PROFILE).dataset


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        ("Gadovist", "Gadovist"),
        ("ohne KM", "NONE"),
        ("none", "NONE"),
        ("Gadovist, Dr. Zwirnlein", ""),
        ("Gadovist 7 ml", "Gadovist 7 ml"),
        ("Gadograf", "CONTRAST"),
        ("Sondermittel Dr. Zwirnlein", ""),
        ("ANONYMIZED", ""),
        ("", ""),
    ],
)
def test_contrast_is_decided_before_the_text_is_cleaned(agent: str, kept: str) -> None:
    """Whether contrast was given survives even where no word of the agent may; what is not understood is left open."""
    ds = hostile_mr(depth=0)
    ds.ContrastBolusAgent = agent
    assert deidentify(ds, context(), PROFILE).dataset.ContrastBolusAgent == kept


def test_a_patient_named_like_a_body_part_is_not_named_in_a_description() -> None:
    """Radiology words that are also names in this object are dropped."""
    ds = hostile_mr(Person(family="Kopf"), depth=0)
    ds.SeriesDescription = "T1 Kopf sag"
    assert deidentify(ds, context(), PROFILE).dataset.SeriesDescription == "T1 sag"


def test_unknown_codes_are_replaced_and_known_ones_get_the_standards_meaning() -> None:
    """A local code could be a patient number; a known code keeps its value, never its typed meaning."""
    ds = hostile_mr(depth=0)
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "12738006", "SCT", "Zwirnlein brain"
    assert deidentify(ds, context(), PROFILE).dataset.AnatomicRegionSequence[0].CodeValue == "REMOVED"
    ds.AnatomicRegionSequence = Sequence([item])
    assert deidentify(ds, context(), PROFILE).dataset.AnatomicRegionSequence[0].CodeMeaning == "Brain"


@pytest.mark.parametrize(
    ("birth", "study", "age"),
    [
        ("19300101", "20240229", "090Y"),
        ("19710413", "20240412", "052Y"),
        ("", "20240412", "053Y"),
        ("20300101", "20240412", "053Y"),
    ],
)
def test_age_comes_from_the_real_dates_and_is_capped(birth: str, study: str, age: str) -> None:
    """90 and older is 090Y; without a usable birth date the recorded age stays."""
    ds = hostile_mr(Person(birth_date=birth, study_date=study), depth=0)
    new = deidentify(ds, context(), PROFILE).dataset
    assert new.PatientAge == age
    assert not new.PatientBirthDate


SITE = load_profile(
    layered="name: ours\nextends: pml-read\nversion: '1'\nrules: {BodyPartExamined: {action: X, reason: test}}\n"
)


@pytest.mark.parametrize(
    ("body_part", "laterality", "profile", "left"),
    [
        ("HEAD", None, PROFILE, None),
        ("HEAD", None, SITE, ""),
        ("ZWIRNLEIN", None, PROFILE, ""),
        ("KNEE", "L", SITE, "L"),
        ("", None, SITE, None),
    ],
)
def test_laterality_follows_the_body_part(
    body_part: str, laterality: str | None, profile: Profile, left: str | None
) -> None:
    """Type 2C: needless for an unpaired part, so it is empty where that part went (PS3.3 C.7.3.1)."""
    ds = hostile_mr(depth=0)
    ds.BodyPartExamined = body_part
    if laterality is not None:
        ds.Laterality = laterality
    assert deidentify(ds, context(), profile).dataset.get("Laterality") == left


@pytest.mark.dicom3tools
def test_dciodvfy_misses_no_laterality_in_a_copy(tmp_path: Path) -> None:
    """What the original need not have, the copy need not have either, or it has it."""
    ds = hostile_mr(depth=0)
    ds.BodyPartExamined = "HEAD"
    path = tmp_path / "copy.dcm"
    path.write_bytes(encode(deidentify(ds, context(), SITE).dataset))
    done = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
    assert "MRImage" in done.stdout + done.stderr
    assert [line for line in said if "Laterality" in line] == []


@pytest.mark.parametrize(("text", "left"), [("US", "US"), ("normalized", "normalized"), ("Zwirnlein", "US")])
def test_what_is_no_type_of_rescaling_is_unspecified(text: str, left: str) -> None:
    """The Standard's own word for it (PS3.3 C.11.1.1.2), in the object and in its functional groups."""
    ds = hostile_mr(depth=0)
    ds.RescaleType = text
    assert deidentify(ds, context(), PROFILE).dataset.RescaleType == left


def test_a_patient_numbered_like_a_word_keeps_no_description() -> None:
    """The kind stands in for it, the agent says given or nothing, and the proof agrees."""
    for number, agent in (("P07", ""), ("S12", "CONTRAST"), ("7", "CONTRAST"), ("T2W", "")):
        ds = hostile_mr(Person(patient_id=number), depth=0)
        ds.SeriesDescription = ds.ProtocolName = f"t2 {number.lower()} tra"
        ds.ContrastBolusAgent = f"Gadovist {number}"
        copy = deidentify(ds, context(), PROFILE, "t2").dataset
        assert copy.SeriesDescription == "t2"
        assert copy.get("ProtocolName") in (None, "", "REMOVED")
        assert copy.ContrastBolusAgent == agent
        assert find_leaks(encode(copy), identifying_values([ds], context().date_shift_days)) == []


@pytest.mark.parametrize("text", ["t2 13 04 71", "t2 47 11 923", "head 71/04/13", "t2 Z. A."])
def test_identity_in_pieces_takes_the_description_away(text: str) -> None:
    """A birth date, a patient number, initials: with any separator, in any order."""
    ds = hostile_mr(depth=0)
    ds.SeriesDescription = text
    assert deidentify(ds, context(), PROFILE, "t2").dataset.SeriesDescription in ("t2", "head")


def test_a_patient_called_like_a_kind_can_be_prepared() -> None:
    """The gateway's own word is no hit; the same word of the original is gone."""
    ds = hostile_mr(Person(family="Flair", given="Richard"), depth=0)
    ds.SeriesDescription = "Flair tra"
    copy = deidentify(ds, context(), PROFILE, "flair").dataset
    assert copy.SeriesDescription == "tra"
    ds.SeriesDescription = "Flair"
    copy = deidentify(ds, context(), PROFILE, "flair").dataset
    assert copy.SeriesDescription == "flair"
    assert find_leaks(encode(copy), identifying_values([ds], context().date_shift_days)) == []
