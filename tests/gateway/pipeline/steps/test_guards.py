"""Guards hold a study that is not what, or not whose, it seems, and say why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from gateway.pipeline.steps.guards import holds, other_regions
from gateway.pipeline.steps.persons import whom
from gateway.privacy.patient_hashes import PatientHashes, patient_hashes
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.privacy.schemes import LATEST, Scheme
from gateway.records.ledger.conflicts.settlement import OF_THE_PATIENT
from routing_rules.facts import StudyFacts

KEY = PseudonymKey(b"k" * 32, "test")
OWN = PatientHashes("patient", "name", "birth", "accession")
HEAD = StudyFacts(modalities=("MR",), body_parts=("BRAIN",))


def _codes(
    facts: StudyFacts = HEAD,
    patient: tuple[PatientHashes, ...] = (),
    accession: tuple[PatientHashes, ...] = (),
) -> set[str]:
    return {finding.code for finding in holds(facts, {OWN.scheme: OWN}, patient, accession)}


def test_an_ordinary_head_mri_passes() -> None:
    """Also with an earlier study of the same patient."""
    assert _codes(patient=(OWN,), accession=(OWN,)) == set()


@pytest.mark.parametrize(
    ("parts", "held"),
    [
        ((), False),
        (("HEAD",), False),
        (("BRAIN", "CSPINE"), False),
        (("Kopf",), False),
        (("WHOLEBODY",), False),
        (("KNEE",), True),
        (("C-SPINE",), True),
        (("L_SPINE", "PELVIS"), True),
        (("HEAD AND NECK",), False),
    ],
)
def test_only_a_study_known_to_be_of_something_else_is_held(parts: tuple[str, ...], held: bool) -> None:
    """The head among other regions passes, and so does a word nobody knows: it proves nothing."""
    assert ("not-head" in _codes(StudyFacts(modalities=("MR",), body_parts=parts))) is held


@given(st.lists(st.text(max_size=12), max_size=3))
def test_naming_the_head_always_passes(parts: list[str]) -> None:
    """Whatever else a scanner writes beside it."""
    assert other_regions([*parts, "HEAD"]) == ()


def test_a_study_without_mr_is_held() -> None:
    """A CT sent to the surveillance address is the wrong study."""
    assert _codes(StudyFacts(modalities=("CT",))) == {"not-mr"}


def test_the_guards_that_compare_patients_are_those_that_lapse_with_the_patient() -> None:
    """A guard that compares with other studies is asked again when the study becomes another patient's."""
    stranger = PatientHashes("another", "other", "other", "")
    assert _codes(patient=(stranger,), accession=(stranger,)) == set(OF_THE_PATIENT)


def test_one_patient_id_with_two_names_or_birth_dates_is_held() -> None:
    """Each difference has its own code, so that letting one pass does not let the other."""
    assert _codes(patient=(PatientHashes("patient", "other", "birth", ""),)) == {"other-name"}
    assert _codes(patient=(PatientHashes("patient", "name", "other", ""),)) == {"other-birth-date"}
    assert _codes(patient=(PatientHashes("patient", "", "", ""),)) == set()


def test_one_accession_number_for_two_patients_is_held() -> None:
    """One of the two studies carries the wrong number, or the wrong patient."""
    assert _codes(accession=(PatientHashes("someone", "name", "birth", "accession"),)) == {
        "accession-of-another"
    }


def _header(**attributes: str) -> Dataset:
    header = Dataset()
    values = {"PatientID": "7", "PatientName": "Muster^Anna", "PatientBirthDate": "19800102", **attributes}
    for keyword, value in values.items():
        setattr(header, keyword, value)
    return header


def _hashes(site: str = "north", scheme: Scheme = LATEST, **attributes: str) -> PatientHashes:
    header, pseudonyms = _header(**attributes), KEY.of(site, scheme)
    alias = KEY.of(site).alias(whom(header))
    return patient_hashes(pseudonyms, alias, alias.number_hash, True, header)


def test_what_two_schemes_say_of_a_name_is_never_compared() -> None:
    """Of an earlier study under scheme 1 the name is compared as scheme 1 derives it."""
    own = {int(scheme): _hashes(scheme=scheme) for scheme in Scheme}
    earlier, other = _hashes(scheme=Scheme.FIRST), _hashes(scheme=Scheme.FIRST, PatientName="Other^Eva")
    assert holds(HEAD, own, [earlier, _hashes()], []) == []
    assert {one.code for one in holds(HEAD, own, [other], [])} == {"other-name"}


def test_a_name_is_the_same_however_it_is_written() -> None:
    """Case, spacing and empty components differ between systems."""
    names = ["Muster^Anna", "MUSTER^ANNA", "muster^anna^^", "Muster^ Anna ", "Muster^Anna=ムスター"]
    assert len({_hashes(PatientName=name) for name in names}) == 1
    assert _hashes(PatientName="Muster^Anne") != _hashes()


def test_hashes_tell_nothing_and_stay_within_a_site() -> None:
    """No value appears in its hash, and two sites' patients with one number are two patients."""
    here, there = _hashes(), _hashes("south")
    assert here.patient_hash != there.patient_hash
    assert here.accession_hash == ""
    assert not any(value in "".join(map(str, vars(here).values())) for value in ("Muster", "19800102"))
