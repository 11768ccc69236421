"""A site's own profile: layered on the shipped one, and refused, with the name of what is wrong, when it keeps a
direct identifier by any way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import ProfileError
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context, hostile_mr

PROFILE = load_profile()
HEAD = 'extends: pml-read\nname: north\nversion: "1"\n'


def problems(layer: str) -> str:
    """What is wrong with the layer."""
    with pytest.raises(ProfileError) as caught:
        load_profile(layered=HEAD + layer)
    assert caught.value.fix
    assert all(problem.fix and problem.line for problem in caught.value.problems)
    return "; ".join(map(str, caught.value.problems))


def test_a_site_profile_changes_single_rules_and_nothing_else() -> None:
    """One rule more, the others as shipped; the fingerprint in the copies tells them apart without the site's name."""
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
        ("options: retain_safe_private", "options: is not a list"),
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
        ("sop_classes: {}", "sop_classes: is empty"),
        ("sop_classes: all", "sop_classes: is not a table"),
        ("hold_image_types: []", "SCREEN SAVE"),
        ("hold_image_types: screens", "hold_image_types: is not a list"),
        ("rules: none", "rules: is not a table"),
        ("rules: {PatientSize: {action: K}}", "no reason"),
        ("rules: {PatientSize: K}", "PatientSize"),
        ("rules: {PatientSize: {action: K, reason: x, unless: y}}", "PatientSize"),
        ("rules: {PatientBirthDate: {action: Q, reason: x}}", "is no action (found Q)"),
        ("rules: {Nonsense: {action: X, reason: x}}", "Nonsense"),
        (
            "rules:\n  PatientSex: {action: X, reason: a}\n  PatientSex: {action: K, reason: b}",
            "stands here twice (found PatientSex)",
        ),
        ("rules: [", ":4: is not YAML"),
        ("rules: !!python/object/apply:os.getcwd []", ":4: has a YAML tag (found tag:yaml.org,2002:python"),
    ],
)
def test_a_profile_that_cannot_be_carried_out_is_refused(layer: str, told: str) -> None:
    """By name, and never half obeyed."""
    assert told in problems(layer + "\n")


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        ("name: north\n", "extends: names no shipped profile"),
        ("extends: other\nname: north\n", "extends: names no shipped profile (found other)"),
        ("extends: pml-read\n", "name: is missing"),
        ("extends: pml-read\nname: pml-read\n", "name: is missing"),
        (
            "extends: pml-read\nname: Klinik Hinterwalden\n",
            "name: is not allowed (found Klinik Hinterwalden)",
        ),
        ("- a list", "is not a table"),
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
    for word in (
        ":4: colour: there is nothing",
        ":5: options.0: is not one",
        ":6: rules.PatientName: would keep",
    ):
        assert word in told


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


def test_a_name_with_nothing_behind_it_means_none_of_these() -> None:
    """Left out, a key is the shipped one's; empty, it is empty."""
    empty = load_profile(layered=HEAD + "keep_text:\nalso_allowed: []\nreleasable:\nrules:\n")
    assert (empty.keep_text, empty.also_allowed, empty.releasable_reasons) == (
        frozenset(),
        frozenset(),
        frozenset(),
    )
    assert empty.rules == PROFILE.rules
    assert load_profile(layered=HEAD).keep_text == PROFILE.keep_text


def test_rules_share_what_is_written_once() -> None:
    """Anchors and `<<` are followed; a refused rule is told where it stands."""
    text = "rules:\n  PatientSex: &r {action: X, reason: not needed}\n  PatientSize: *r\n  %s: {<<: *r, action: K}\n"
    site = load_profile(layered=HEAD + text % "PatientWeight")
    kept = {keyword: site.code(tag_for_keyword(keyword) or 0) for keyword in ("PatientSize", "PatientWeight")}
    assert kept == {"PatientSize": "X", "PatientWeight": "K"}
    assert ":7: rules.PatientName: would keep a direct identifier (found K)" in problems(text % "PatientName")


def test_a_rule_that_only_the_options_forbid_is_told_where_they_stand() -> None:
    """Without moved dates nothing may shift one, in the site's file at the rule, in the shipped one at `options`."""
    rule = "rules: {StudyDate: {action: C, reason: x}}\n"
    assert load_profile(layered=HEAD + rule).code(0x00080020) == "C"
    assert ":5: rules.StudyDate: shifts a date" in problems("options: []\n" + rule)


NAMES = (
    "action",
    "reason",
    "reasons",
    "sop_classes",
    "PatientName",
    "PatientSex",
    "1.2.840.10008.5.1.4.1.1.4",
)
KEYS = ("extends", "name", "version", "options", "rules", "keep_text", "sop_classes", "hold_image_types",
        "also_allowed", "releasable", "colour")  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9)
    | st.sampled_from(["", "pml-read", "north", "X", "K", "clean_descriptors", "PatientSex", "Manufacturer"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8))
@example({"extends": "pml-read", "name": "north", "rules": {"PatientSex": {"action": [], "reason": [1]}}})
@settings(max_examples=150)
def test_no_content_raises_anything_else(content: dict[str, Any]) -> None:
    """Whatever a file holds, it is a profile or a list of problems, each with a line of the file and a fix."""
    text = json.dumps(content, indent=1)
    found: list[Any] = []
    try:
        load_profile(layered=text, source="north.yaml")
    except ProfileError as error:
        found = list(error.problems) or [None]
    lines = range(1, len(text.splitlines()) + 1)
    assert [each for each in found if each is None or each.line not in lines or not each.fix] == []
