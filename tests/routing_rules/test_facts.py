"""Facts of a study come from its headers and from how it was sent, and hold no identity."""

from __future__ import annotations

import json
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from routing_rules.facts import Referral, SeriesKind, StudyFacts, facts_of_instances, study_facts
from routing_rules.instance_facts import read_instance
from support.objects.mr_headers import KNOWN, Known, enhanced, header

BY_NAME = {known.name: known for known in KNOWN}
IDENTITY = {"PatientName": "Muster^Erika", "PatientID": "HOSP-4711", "PatientBirthDate": "19830607"}


def facts_of(headers: list[Dataset], **more: object) -> StudyFacts:
    """Facts of headers that came from one sender."""
    known: dict[str, object] = {
        "sender": "hospital",
        "calling_ae_title": "PACS",
        "called_ae_title": "GATEWAY",
        "address": "192.0.2.1",
        "site": "north",
    }
    return study_facts(headers, **{**known, **more})  # type: ignore[arg-type]


def test_facts_are_gathered_over_all_series() -> None:
    """Series, kinds, body parts, codes, age and the way the study came are all there."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "MRKO", "99HOSP", "MR Kopf"
    common = {
        **IDENTITY,
        "StudyDate": "20260101",
        "StudyDescription": "MRI brain PML",
        "BodyPartExamined": "BRAIN",
        "AccessionNumber": "A1",
        "MagneticFieldStrength": 3,
        "ProcedureCodeSequence": [code],
    }
    headers = [
        *BY_NAME["Siemens SPACE FLAIR"].headers(1, images=2, **common),
        *BY_NAME["Siemens DWI"].headers(2, images=2, **common),
    ]
    facts = facts_of(headers, referral="suspected_pml", enrolled=True)
    assert facts.series_kinds == (SeriesKind.FLAIR, SeriesKind.DWI)
    assert (facts.patient_age_years, facts.accession_number_present, facts.field_strength_t) == (
        42,
        True,
        3.0,
    )
    assert facts.procedure_codes == ("99HOSP:MRKO", "MRKO")
    assert (facts.body_parts, facts.instances, facts.referral) == (("BRAIN",), 4, Referral.SUSPECTED_PML)


def test_no_identity_is_among_the_facts() -> None:
    """Name, identifier, birth date and accession number of the patient are not in the facts, however stored."""
    facts = facts_of([header(1, AccessionNumber="ACC-99", **IDENTITY)])
    stored = json.dumps(facts.to_json())
    assert not [value for value in (*IDENTITY.values(), "ACC-99", "Erika") if value in stored]


@pytest.mark.parametrize(
    ("attributes", "years"),
    [
        ({"PatientAge": "045Y"}, 45),
        ({"PatientAge": "018M"}, 1),
        ({"PatientAge": "old", "PatientBirthDate": "20000229", "StudyDate": "20250228"}, 24),
        ({"PatientBirthDate": "20300101", "StudyDate": "20250228"}, None),
        ({"PatientBirthDate": "1980", "StudyDate": "20250228"}, None),
        ({}, None),
    ],
)
def test_age(attributes: dict[str, str], years: int | None) -> None:
    """The stated age counts, else the one computed from the dates, else it is not known."""
    ds = header(1)
    for keyword, value in attributes.items():
        ds.add_new(keyword, "LO", value)
    assert facts_of([ds]).patient_age_years == years


def test_facts_can_be_stored_and_read_by_an_older_or_newer_version() -> None:
    """Facts come back equal from JSON; unknown keys are ignored and missing ones are not known."""
    facts = facts_of(BY_NAME["Siemens DWI"].headers(1, images=2))
    stored = json.loads(json.dumps(facts.to_json()))
    assert StudyFacts.from_json(stored) == facts
    assert StudyFacts.from_json({**stored, "invented_later": 1}) == facts
    assert StudyFacts.from_json({}) == StudyFacts()


@settings(max_examples=40, deadline=None)
@given(known=st.sampled_from(KNOWN), seed=st.integers(0, 99))
def test_what_is_read_on_arrival_gives_the_same_facts(known: Known, seed: int) -> None:
    """Instances that processes read one by one, put together in any order, decide like the headers themselves."""
    headers = [*known.headers(1, images=3, PatientAge="044Y"), *BY_NAME["Siemens DWI"].headers(2, images=2)]
    instances = [pickle.loads(pickle.dumps(read_instance(header))) for header in headers]
    read = random.Random(seed).sample(instances, len(instances))
    came = {"sender": "hospital", "calling_ae_title": "PACS", "called_ae_title": "GATEWAY"}
    assert facts_of_instances(read, **came, address="192.0.2.1", site="north") == facts_of(headers)


def test_each_frame_of_an_enhanced_object_is_an_image() -> None:
    """What the frames share and what is each one's own is read for every frame."""
    frames = [
        {"PlanePositionSequence": {"ImagePositionPatient": [0, 0, 3.0 * number]}} for number in range(40)
    ]
    region = Dataset()
    region.CodeValue, region.CodeMeaning = "69536005", "Head"
    shared = {
        "MREchoSequence": {"EffectiveEchoTime": 90.0},
        "FrameAnatomySequence": {"AnatomicRegionSequence": [region]},
    }
    read = read_instance(enhanced(1, shared=shared, frames=frames))  # type: ignore[arg-type]
    assert len(read.images) == 40
    assert read.images[7].position == (0.0, 0.0, 21.0)
    assert {image.echo_time_ms for image in read.images} == {90.0}
    assert read.anatomic_regions == ("69536005", "Head")


def test_no_identity_is_kept_of_an_instance() -> None:
    """Name, identifier, birth date and accession number are not in what is read."""
    read = repr(read_instance(header(1, AccessionNumber="ACC-99", **IDENTITY)))
    assert not [value for value in (*IDENTITY.values(), "ACC-99", "Erika") if value in read]


def test_a_study_without_headers_has_no_series() -> None:
    """No headers give facts without series instead of an error; a wrong referral is one."""
    assert facts_of([]).series == ()
    with pytest.raises(ValueError, match="maybe"):
        facts_of([], referral="maybe")


def test_descriptions_in_other_character_sets() -> None:
    """Umlauts and UTF-8 in descriptions are decoded with the character set of the instance."""
    assert facts_of([_encoded(b"ISO_IR 100", b"Sch\xe4del")]).study_description == "Schädel"
    assert facts_of([_encoded(b"ISO_IR 192", "Schädel".encode())]).study_description == "Schädel"


def _encoded(charset: bytes, description: bytes) -> Dataset:
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import BaseTag

    ds: Dataset = header(1)
    for tag, vr, value in ((0x00080005, "CS", charset), (0x00081030, "LO", description)):
        ds[tag] = RawDataElement(BaseTag(tag), vr, len(value), value, 0, False, True)
    return ds
