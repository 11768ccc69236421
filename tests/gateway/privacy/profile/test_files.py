"""A site's own profile: layered on the shipped one, and refused, with the name of what is wrong, when it keeps a
direct identifier by any way."""

from __future__ import annotations

import pytest

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.profile import load_profile
from support.hostile_mr import context, hostile_mr

PROFILE = load_profile()
HEAD = 'extends: pml-read\nname: north\nversion: "1"\n'


def problems(layer: str) -> str:
    """What is wrong with the layer."""
    with pytest.raises(ProfileError) as caught:
        load_profile(layered=HEAD + layer)
    assert caught.value.fix
    return "; ".join(caught.value.problems)


def test_a_site_profile_changes_single_rules_and_nothing_else() -> None:
    """One rule more, the others as shipped; the mark in the copies tells them apart without the site's name."""
    site = load_profile(layered=HEAD + "rules:\n  PatientSex: {action: X, reason: unwanted}\n")
    new = deidentify(hostile_mr(depth=0), context(), site).dataset
    shipped = deidentify(hostile_mr(depth=0), context(), PROFILE).dataset
    assert "PatientSex" not in new
    assert site.rules.keys() == PROFILE.rules.keys()
    assert new.DeidentificationMethod != shipped.DeidentificationMethod
    assert b"north" not in encode(new)


def test_a_site_narrows_options_and_sop_classes() -> None:
    """Without options the Basic Profile is left, and it says so."""
    site = load_profile(
        layered=f"{HEAD}options: []\nrules: {{SequenceName: {{action: X, reason: strict}}}}\n"
        'sop_classes: {"1.2.840.10008.5.1.4.1.1.4": MR Image}\n'
    )
    new = deidentify(hostile_mr(depth=1), context(), site).dataset
    assert [item.CodeValue for item in new.DeidentificationMethodCodeSequence] == ["113100"]
    assert new.LongitudinalTemporalInformationModified == "REMOVED"
    assert (new.StudyDate, "SeriesDescription" in new, "AcquisitionDateTime" in new) == ("", False, False)
    assert not [element for element in new if element.tag.is_private]
    assert list(site.sop_classes) == ["1.2.840.10008.5.1.4.1.1.4"]


@pytest.mark.parametrize(
    "rule",
    [
        "PatientName: {action: K, reason: x}",
        "PatientName: {action: C, reason: x}",
        "PatientID: {action: C, reason: x}",
        "PatientBirthDate: {action: C, reason: the shifted birthday would tell the age in days}",
        "OtherPatientIDsSequence: {action: K, reason: items are cleaned anyway}",
        "OriginalAttributesSequence: {action: K, reason: x}",
        "EncryptedAttributesSequence: {action: K, reason: x}",
        "AccessionNumber: {action: K, reason: x}",
        "StudyID: {action: C, reason: x}",
        "OperatorsName: {action: K, reason: the name of a person}",
        "InstitutionName: {action: K, reason: the leak search looks for it}",
        "InstitutionAddress: {action: K, reason: x}",
        "DeviceSerialNumber: {action: K, reason: x}",
        "StationName: {action: K, reason: x}",
        "StudyDescription: {action: K, reason: free text}",
        "ScheduledStationAETitle: {action: K, reason: x}",
        "RetrieveURL: {action: K, reason: x}",
        "SOPInstanceUID: {action: K, reason: x}",
        "SOPInstanceUID: {action: C, reason: x}",
        "StudyInstanceUID: {action: X, reason: lost without it}",
        "SeriesInstanceUID: {action: D, reason: x}",
        "FrameOfReferenceUID: {action: K, reason: x}",
        "StudyDate: {action: K, reason: a real date beside shifted ones tells the shift}",
        "AcquisitionDateTime: {action: K, reason: x}",
        "PatientAge: {action: K, reason: above 89}",
        "CertificateOfSigner: {action: K, reason: x}",
        "OverlayData: {action: K, reason: x}",
        "OverlayComments: {action: C, reason: x}",
        "SourceApplicationEntityTitle: {action: K, reason: file meta}",
        "SOPClassUID: {action: U, reason: x}",
        "PixelData: {action: D, reason: x}",
        "Rows: {action: pseudonym, reason: x}",
        "PatientName: {action: U, reason: x}",
        "PatientWeight: {action: age, reason: x}",
        "StudyInstanceUID: {action: accession, reason: x}",
        "'(0029,1010)': {action: K, reason: private tags are no keywords}",
        "SequenceName: {action: K, reason: text}",
    ],
)
def test_a_rule_that_keeps_an_identifier_or_makes_no_sense_is_refused_by_name(rule: str) -> None:
    """Direct ones, people, places, devices, real dates, original UIDs, free text, bulk data, nonsense."""
    assert rule.split(":")[0].strip("'") in problems(f"rules:\n  {rule}\n")


@pytest.mark.parametrize(
    "rule",
    [
        "PatientWeight: {action: K, reason: SAR}",
        "PatientSize: {action: K, reason: SAR}",
        "PregnancyStatus: {action: K, reason: safety}",
        "ReferencedStudySequence: {action: K, reason: items are cleaned one by one}",
        "FrameOfReferenceUID: {action: X, reason: no reference lines wanted}",
        "StudyDescription: {action: X, reason: stricter}",
        "PatientID: {action: Z, reason: stricter}",
    ],
)
def test_a_rule_that_identifies_nobody_is_accepted(rule: str) -> None:
    """Measures and codes may be kept, sequences are cleaned item by item, stricter always goes."""
    assert load_profile(layered=f"{HEAD}rules:\n  {rule}\n").name == "north"


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("colour: blue", "colour"),
        ("options: [retain_uids]", "retain_uids"),
        ("options: [retain_full_dates, retain_modified_dates]", "retain_full_dates"),
        ("options: retain_safe_private", "options is not a list"),
        ("options: [clean_descriptors, clean_descriptors]", "twice"),
        ("options: []\nrules: {StudyDate: {action: C, reason: x}}", "retain_modified_dates"),
        ("keep_text: [PatientAddress]", "PatientAddress"),
        ("keep_text: [StudyDescription]", "StudyDescription"),
        ("keep_text: [OperatorsName]", "OperatorsName"),
        ("keep_text: [EvaluatorName]", "EvaluatorName"),
        ("keep_text: [PixelData]", "PixelData"),
        ("keep_text: [Nonsense]", "Nonsense"),
        ("also_allowed: [PatientName]", "PatientName"),
        ("also_allowed: [InstitutionName]", "InstitutionName"),
        ("also_allowed: [EncapsulatedDocument]", "EncapsulatedDocument"),
        ("also_allowed: [IconImageSequence]", "IconImageSequence"),
        ("also_allowed: [OverlayData]", "OverlayData"),
        ('sop_classes: {"1.2.840.10008.5.1.4.1.1.7": Secondary Capture}', "5.1.4.1.1.7"),
        ('sop_classes: {"1.3.12.2.1107.5.9.1": own}', "1.3.12.2.1107.5.9.1"),
        ("sop_classes: {}", "sop_classes is empty"),
        ("sop_classes: all", "sop_classes is not a table"),
        ("hold_image_types: []", "SCREEN SAVE"),
        ("hold_image_types: screens", "hold_image_types is not a list"),
        ("rules: none", "rules is not a table"),
        ("rules: {PatientSize: {action: K}}", "no reason"),
        ("rules: {PatientSize: K}", "PatientSize"),
        ("rules: {PatientSize: {action: K, reason: x, unless: y}}", "PatientSize"),
        ("rules: {PatientBirthDate: {action: Q, reason: x}}", "'Q'"),
        ("rules: {Nonsense: {action: X, reason: x}}", "Nonsense"),
        (
            "rules:\n  PatientSex: {action: X, reason: a}\n  PatientSex: {action: K, reason: b}",
            "stands twice",
        ),
        ("rules: [", "not YAML"),
        ("rules: !!python/object/apply:os.getcwd []", "not YAML"),
    ],
)
def test_a_profile_that_cannot_be_carried_out_is_refused(layer: str, told: str) -> None:
    """By name, and never half obeyed."""
    assert told in problems(layer + "\n")


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("name: north\n", "extends"),
        ("extends: other\nname: north\n", "extends is 'other'"),
        ("extends: pml-read\n", "name is missing"),
        ("extends: pml-read\nname: pml-read\n", "name is missing"),
        ("extends: pml-read\nname: Klinik Hinterwalden\n", "name is"),
        ("- a list", "not a table"),
    ],
)
def test_a_site_profile_says_what_it_extends_and_has_a_name_of_its_own(layer: str, told: str) -> None:
    """Two different profiles never carry one name."""
    with pytest.raises(ProfileError) as caught:
        load_profile(layered=layer)
    assert told in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    """An author corrects a file once."""
    told = problems("colour: blue\noptions: [retain_uids]\nrules: {PatientName: {action: K, reason: x}}\n")
    assert all(word in told for word in ("colour", "retain_uids", "PatientName"))


def test_the_fingerprint_follows_every_change() -> None:
    """Two profiles with one fingerprint do the same."""
    one = load_profile(layered=HEAD)
    other = load_profile(layered=HEAD + "rules: {PatientSize: {action: K, reason: x}}\n")
    assert len({PROFILE.fingerprint, one.fingerprint, other.fingerprint}) == 3


def test_there_is_no_profile_of_another_name() -> None:
    """Neither an unknown one nor a path."""
    for name in ("unknown", "../pml-read", ""):
        with pytest.raises(ProfileError):
            load_profile(name)
