"""Identity comes back: the right patient, the original UIDs, and nothing that belongs to no case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.reidentify.restore import restore
from gateway.privacy.words.dates_and_dummies import shift_date
from support.nodes import reading_site
from support.objects.hostile_mr import Person, context, hostile_mr, reread

PROFILE = load_profile()
names = st.text(
    st.characters(min_codepoint=65, max_codepoint=0x17F, categories=("L",)), min_size=2, max_size=12
)
every_kind = pytest.mark.parametrize("make", reading_site.MADE.values(), ids=reading_site.MADE.keys())
Make = Callable[[Dataset], Dataset]


@dataclass(frozen=True)
class Trip:
    """One image out and what is known of it for the way back."""

    person: Person
    original: Dataset
    sent: Dataset
    uid_back: dict[str, str]

    def home(self, came: Dataset, **more: object) -> Dataset:
        """`came` restored as the gateway does it, through real encoded bytes on both sides."""
        who = context(self.person)
        known = {"date_shift_days": who.date_shift_days, "pseudonym": who.pseudonym, **more}
        return reread(restore(reread(came), self.original, self.uid_back, **known))  # type: ignore[arg-type]


def trip(person: Person | None = None, **original_values: object) -> Trip:
    """Out to the reading site."""
    original = hostile_mr(person, depth=1)
    for keyword, value in original_values.items():
        setattr(original, keyword, value)
    original = reread(original)
    done = deidentify(original, context(person), PROFILE)
    return Trip(
        person or Person(), original, reread(done.dataset), {new: old for old, new in done.uids.items()}
    )


IDENTITY = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "OtherPatientNames",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "StudyDescription",
    "ReferringPhysicianName",
)


@given(names, names, st.integers(10**6, 10**9).map(str))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_the_identifiers_that_went_in_come_out_again(family: str, given_name: str, number: str) -> None:
    """Patient, accession, study and every nested reference are the originals again, the markers are gone."""
    out = trip(Person(family=family, given=given_name, patient_id=number, accession="A" + number))
    new = out.home(reading_site.report(out.sent))
    for keyword in IDENTITY:
        assert new[keyword].value == out.original[keyword].value, keyword
    study = new.CurrentRequestedProcedureEvidenceSequence[0]
    series = study.ReferencedSeriesSequence[0]
    assert study.StudyInstanceUID == out.original.StudyInstanceUID
    assert series.SeriesInstanceUID == out.original.SeriesInstanceUID
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == out.original.SOPInstanceUID
    assert new.ReferencedRequestSequence[0].AccessionNumber == out.original.AccessionNumber
    name, number_item, when, subject = new.ContentSequence
    assert name.PersonName == out.original.PatientName
    assert number_item.TextValue == subject.PatientID == out.original.PatientID
    assert subject.IssuerOfPatientID == out.original.IssuerOfPatientID
    assert subject.PatientBirthDate == out.original.PatientBirthDate
    assert when.Date == out.original.StudyDate
    shown = subject.ContentSequence[0].ReferencedSOPSequence[0]
    assert shown.ReferencedSOPInstanceUID == out.original.SOPInstanceUID
    assert new.SOPInstanceUID == "2.25.900"


@every_kind
def test_nothing_pseudonymous_is_left_in_any_kind_of_object(make: Make) -> None:
    """Reports, presentation states, segmentations, captures, derived images: no pseudonym, UID, number or date of the
    copy is in the file that goes back."""
    out = trip()
    who = context()
    came = make(out.sent)
    data = encode(out.home(came))
    for replaced in (
        *(uid for uid in out.uid_back if uid.encode() in encode(came)),
        who.pseudonym,
        who.key.accession(who.pseudonym, Person().accession),
        str(out.sent.StudyDate),
        "PML_READ",
        "pml-read",
    ):
        assert replaced.encode() not in data, replaced
    new = reread(out.home(came))
    for keyword in (
        "PatientIdentityRemoved",
        "DeidentificationMethod",
        "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified",
    ):
        assert keyword not in new
    assert Person().patient_id.encode() in data
    assert out.original.SOPInstanceUID.encode() in data
    assert "SourceApplicationEntityTitle" not in new.file_meta


@every_kind
def test_the_reading_sites_own_dates_and_uids_stay(make: Make) -> None:
    """When the object was made, and its own instance and series, are not the study's."""
    out = trip()
    came = make(out.sent)
    new = out.home(came)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "ContentDate", "InstanceCreationDate"):
        assert new[keyword].value == came[keyword].value, keyword
    assert new.file_meta.MediaStorageSOPInstanceUID == came.SOPInstanceUID


@pytest.mark.parametrize(("days", "moves"), [(-400, True), (0, True), (3, True), (900, False)])
def test_dates_copied_from_the_study_move_back(days: int, moves: bool) -> None:
    """Of this study, of a prior, of a later series; a date the gateway cannot know from the study stays as it came."""
    out = trip()
    real = shift_date(Person().study_date, days) or ""
    shift = context().date_shift_days
    came = reading_site.derived_image(out.sent)
    came.AcquisitionDate = shift_date(real, shift)
    came.AcquisitionDateTime = f"{came.AcquisitionDate}101530.25"
    if days == 900:  # made after the study, at the reading site
        came.AcquisitionDate, came.AcquisitionDateTime = real, f"{real}101530.25"
    new = out.home(came)
    assert (new.AcquisitionDate, new.AcquisitionDateTime) == (real, f"{real}101530.25")
    assert moves == (came.AcquisitionDate != real)


def test_without_the_shift_no_date_moves_but_the_studys_own() -> None:
    """A caller that does not know the shift gets the identity back, and nothing guessed."""
    out = trip()
    came = reading_site.derived_image(out.sent)
    new = out.home(came, date_shift_days=None)
    assert new.StudyDate == Person().study_date
    assert new.AcquisitionDate == came.AcquisitionDate


def test_dates_of_devices_code_tables_and_dummies_are_not_moved() -> None:
    """A code table's version of 2004 is not a date of the study, and 19000101 is no date at all."""
    out = trip()
    came = reading_site.derived_image(out.sent)
    came.DateOfLastCalibration, came.InstanceCoercionDateTime = "20040101", "19000101000000"
    new = out.home(came)
    assert (new.DateOfLastCalibration, new.InstanceCoercionDateTime) == ("20040101", "19000101000000")


def test_the_accession_number_of_a_prior_comes_back_with_its_issuer() -> None:
    """By the caller's map; issuers come from the original header."""
    issuer = Dataset()
    issuer.LocalNamespaceEntityID = "RIS"
    out = trip(IssuerOfAccessionNumberSequence=Sequence([issuer]))
    came = reading_site.report(out.sent)
    prior = Dataset()
    prior.StudyInstanceUID, prior.AccessionNumber = out.sent.StudyInstanceUID, "A-PRIORPRIOR12"
    came.ReferencedRequestSequence.append(prior)
    new = out.home(came, accession_back={"A-PRIORPRIOR12": "ACC1"})
    assert [item.AccessionNumber for item in new.ReferencedRequestSequence] == [Person().accession, "ACC1"]
    assert new.IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"
    assert new.ReferencedRequestSequence[0].IssuerOfAccessionNumberSequence[0].LocalNamespaceEntityID == "RIS"


def test_the_object_that_came_is_not_changed() -> None:
    """Restoring works on a copy."""
    out = trip()
    came = reading_site.report(out.sent)
    out.home(came)
    assert came == reading_site.report(out.sent)


def with_reference(came: Dataset, keyword: str, uid: str) -> Dataset:
    """One more reference, deep in the content."""
    item, outer = Dataset(), Dataset()
    setattr(item, keyword, uid)
    outer.ReferencedSOPSequence = Sequence([item])
    came.ContentSequence[-1].ContentSequence.append(outer)
    return came


def with_values(came: Dataset, **values: str) -> Dataset:
    """`came` with attributes set."""
    for keyword, value in values.items():
        setattr(came, keyword, value)
    return came


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda ds, _: with_values(ds, StudyInstanceUID="2.25.5"), HeldReason.UNKNOWN_STUDY),
        (lambda ds, _: with_values(ds, StudyInstanceUID=""), HeldReason.UNKNOWN_STUDY),
        (lambda ds, sent: with_values(ds, SOPInstanceUID=sent.SOPInstanceUID), HeldReason.NOT_NEW),
        (lambda ds, _: with_values(ds, SOPInstanceUID=""), HeldReason.INCOMPLETE),
        (lambda ds, _: with_values(ds, SeriesInstanceUID=""), HeldReason.INCOMPLETE),
        (lambda ds, _: with_values(ds, PatientID="PML-OTHERONE"), HeldReason.OTHER_PATIENT),
        (
            lambda ds, _: with_reference(ds, "ReferencedSOPInstanceUID", "2.25.77"),
            HeldReason.UNKNOWN_INSTANCE,
        ),
        (lambda ds, _: with_reference(ds, "StudyInstanceUID", "2.25.78"), HeldReason.UNKNOWN_STUDY),
    ],
)
def test_objects_that_do_not_belong_are_held(
    change: Callable[[Dataset, Dataset], Dataset], reason: HeldReason
) -> None:
    """Of no case, not new, about another patient, or with a reference nobody can follow: held, never passed on."""
    out = trip()
    with pytest.raises(Held) as caught:
        restore(
            change(reading_site.report(out.sent), out.sent),
            out.original,
            out.uid_back,
            pseudonym=context().pseudonym,
        )
    assert caught.value.reason is reason
    assert not caught.value.releasable
    assert not any(identifier in str(caught.value) for identifier in Person().identifiers)


def test_an_object_of_another_case_is_held() -> None:
    """Its study is one of ours, but not the one whose header is at hand."""
    out = trip()
    with pytest.raises(Held) as caught:
        restore(
            reading_site.report(out.sent), hostile_mr(Person(uid_root="1.3.12.99"), depth=0), out.uid_back
        )
    assert caught.value.reason is HeldReason.UNKNOWN_STUDY


def test_references_to_itself_to_its_own_steps_and_to_earlier_answers_are_known() -> None:
    """A report may refer to its own segmentation once that has been accepted, and to what only its site knows."""
    out = trip()
    came = with_reference(reading_site.report(out.sent), "ReferencedSOPInstanceUID", "2.25.900")
    came = with_reference(came, "ReferencedSOPInstanceUID", "2.25.920")
    step = Dataset()
    step.ReferencedSOPClassUID, step.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.3", "2.25.4711"
    came.ReferencedPerformedProcedureStepSequence = Sequence([step])
    out.uid_back["2.25.920"] = "2.25.920"
    new = out.home(came)
    assert new.ReferencedPerformedProcedureStepSequence[0].ReferencedSOPInstanceUID == "2.25.4711"
    out.uid_back["2.25.900"] = "2.25.900"  # the same answer once more is no forgery of a copy
    assert out.home(came) == new


def test_a_reading_sites_own_patient_number_is_replaced() -> None:
    """Some archives number imported patients anew; the study decides whose object it is."""
    out = trip()
    new = out.home(with_values(reading_site.report(out.sent), PatientID="LOCAL-1", PatientName="Local^One"))
    assert (new.PatientID, new.PatientName) == (out.original.PatientID, out.original.PatientName)


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Käthe"),
        ("ISO_IR 101", "Dvořák^Jiří"),
        ("ISO_IR 144", "Люкceмбypг^Ив"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 192", "Müller^山田"),
    ],
)
def test_the_name_goes_back_in_the_very_bytes_it_came_in(charset: str | list[str], name: str) -> None:
    """The original character set, with its escape sequences, is used when it can write the whole object."""
    out = trip(SpecificCharacterSet=charset, PatientName=name)
    raw = out.original.get_item("PatientName")
    wanted = raw.value if isinstance(raw.value, bytes) else out.original.PatientName.original_string
    new = out.home(reading_site.report(out.sent))
    assert new.SpecificCharacterSet == charset
    assert str(new.PatientName) == name
    assert wanted.strip() in encode(new)


def test_a_text_the_original_character_set_cannot_write_makes_the_object_utf_8() -> None:
    """Nothing is lost to question marks."""
    out = trip(Person(family="Müller"), SpecificCharacterSet="ISO_IR 100")
    new = out.home(with_values(reading_site.report(out.sent), SeriesDescription="Zweitmeinung 意见"))
    assert new.SpecificCharacterSet == "ISO_IR 192"
    assert new.SeriesDescription == "Zweitmeinung 意见"
    assert new.PatientName.family_name == "Müller"
