"""From the last instance to an open case: completeness, guards, hand routing, on real records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset
from sqlmodel import select

from gateway.pipeline.steps.route import new_case
from gateway.records import ledger
from gateway.records.tables.cases import Case
from gateway.records.views import conflict_rows, notice_rows
from gateway.reporting.answers import Referral as ReportReferral
from routing_rules.facts import Referral, StudyFacts
from routing_rules.matching import Assignment
from routing_rules.protocol.verdict import ProtocolVerdict
from routing_rules.rule_files import rules_from_text
from support.engine import RULE, Bench, bench, scans
from support.rule_strategies import rule


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Bench]:
    """A bench with one rule, which holds incomplete studies after ten minutes."""
    with bench(tmp_path) as made:
        yield made


def _without_flair(study: list[Dataset]) -> list[Dataset]:
    return [dataset for dataset in study if "flair" not in str(dataset.SeriesDescription).lower()]


def test_a_quiet_study_with_its_required_series_becomes_a_case(gateway: Bench) -> None:
    """The reason is stored with the study."""
    study_id = gateway.keep(scans())
    gateway.run(30)
    assert gateway.study(study_id).state == "RECEIVED"
    gateway.run(31)
    study = gateway.study(study_id)
    assert (study.state, study.problem) == ("MATCHED", "")
    assert "no required series is missing" in study.completed_because


def test_an_incomplete_study_waits_then_asks_a_person_who_lets_it_go_on(gateway: Bench) -> None:
    """It waits for the FLAIR until the hard cap, is held there, and goes on with who said so and why."""
    study_id = gateway.keep(_without_flair(scans()))
    gateway.run(61)
    assert "flair" in gateway.study(study_id).waiting_for
    gateway.run(600)
    held = gateway.study(study_id)
    with gateway.context.database.read() as session:
        assert [(one.text, one.page) for one in notice_rows.newest(session)] == [
            (f"Study {study_id} needs a person.", "/studies")
        ]
    assert "flair" in held.problem
    assert held.state == "RECEIVED"
    ledger.let_go_on(gateway.context.database, study_id, "lea", "the patient moved too much for it")
    gateway.run()
    study = gateway.study(study_id)
    assert study.state == "MATCHED"
    assert study.completed_because == "lea let it go on: the patient moved too much for it"


def _verdict(gateway: Bench) -> ProtocolVerdict:
    with gateway.context.database.read() as session:
        case = session.exec(select(Case)).one()
        assert case.readability == case.verdict["readability"]
        return ProtocolVerdict.from_json(case.verdict)


def test_a_case_keeps_what_of_the_brain_each_series_covers(gateway: Bench) -> None:
    """Direction by direction, for the reader and the report."""
    gateway.keep(scans())
    gateway.run(61)
    verdict = _verdict(gateway)
    assert verdict.readability == "readable_with_limits"
    covered = verdict.requirements[0].coverage
    assert covered is not None
    assert [(one.axis, one.covered_mm) for one in covered.extents] == [
        ("left to right", 201.0),
        ("front to back", 201.0),
        ("head to foot", 114.0),
    ]


@pytest.mark.parametrize(
    ("site", "readability"), [("hospital", "readable_with_limits"), ("other", "not_readable")]
)
def test_a_site_that_declared_it_is_judged_by_the_simplified_protocol(
    gateway: Bench, site: str, readability: str
) -> None:
    """Its own studies only: their lack of T2 is a limit then, and nobody is asked for one."""
    settings = gateway.context.settings
    declared = settings.protocol.model_copy(update={"simplified_sites": (site,)})
    lighter = rules_from_text(RULE + "    required_series: [flair, dwi]\n")
    gateway.use(settings=settings.model_copy(update={"protocol": declared}), rules=lambda: lighter)
    gateway.keep(dataset for dataset in scans() if "t2_tse" not in dataset.SeriesDescription)
    gateway.run(61)
    verdict = _verdict(gateway)
    assert (verdict.readability, verdict.simplified) == (readability, site == "hospital")
    assert bool(verdict.resend) is (site == "other")


def test_late_images_end_the_wait_by_themselves(gateway: Bench) -> None:
    """A held study that gets its missing series is complete without anybody."""
    study = scans()
    gateway.keep(_without_flair(study))
    gateway.run(61)
    study_id = gateway.keep(study)
    gateway.run(61)
    assert gateway.study(study_id).state == "MATCHED"


def test_one_patient_id_with_another_name_is_held_and_can_go_on(gateway: Bench) -> None:
    """The second study waits with the reason; let on by a person, it is linked to the same patient."""
    gateway.keep(scans(date(2026, 2, 2)))
    gateway.run(61)
    second = gateway.keep(scans(date(2026, 5, 2), PatientName="Married^Name", AccessionNumber="OTHER-1"))
    gateway.run(61)
    held = gateway.study(second)
    assert held.problem == "This PatientID came with another name before."
    assert held.held_because == "other-name"
    ledger.let_go_on(gateway.context.database, second, "lea", "she married")
    gateway.run()
    assert gateway.study(second).state == "MATCHED"


def test_an_accession_number_of_another_patient_is_held(gateway: Bench) -> None:
    """Neither study's images may end in the other's chart."""
    gateway.keep(scans(AccessionNumber="A1"))
    gateway.run(61)
    second = gateway.keep(scans(date(2026, 5, 2), PatientID="ANOTHER-1", AccessionNumber="A1"))
    gateway.run(61)
    assert "another patient" in gateway.study(second).problem


def test_a_knee_is_held(gateway: Bench) -> None:
    """A rule by address applies to whatever is sent there; the guard looks at what it is."""
    study_id = gateway.keep(scans(BodyPartExamined="KNEE"))
    gateway.run(61)
    assert "not an MRI of the head (body part: KNEE)" in gateway.study(study_id).problem


def test_one_patient_written_in_several_ways_is_one_patient(gateway: Bench) -> None:
    """Capitals, delimiters, an added group, padding, a missing issuer or birth date in a few objects."""
    study = scans()
    number, name = study[0].PatientID, str(study[0].PatientName)
    study[0].PatientName = f"{name.upper()}^^^"
    study[1].PatientName = f"{name}=山田^太郎"
    study[1].SpecificCharacterSet = "ISO_IR 192"
    study[2].PatientID = f" {number} "
    study[2].PatientBirthDate = ""
    study[3].IssuerOfPatientID = ""
    study_id = gateway.keep(study)
    gateway.run(61)
    assert (gateway.study(study_id).patients, gateway.study(study_id).state) == (1, "MATCHED")


def test_two_patients_in_one_study_are_a_question_to_a_lead(gateway: Bench) -> None:
    """No case is opened before somebody decided whose study it is."""
    study = scans()
    study[0].PatientID = "SOMEBODY-ELSE"
    study_id = gateway.keep(study)
    gateway.run(61)
    held = gateway.study(study_id)
    assert (held.state, held.problem, held.held_because) == ("COMPLETED", "", "")
    assert "two different patients" in held.waiting_for
    with gateway.context.database.read() as session:
        assert "two different patients" in conflict_rows.contested(session, [study_id])[study_id][0]
        assert not session.exec(select(Case)).all()


def test_an_unmatched_study_can_be_routed_by_hand_and_stays_so(gateway: Bench) -> None:
    """Guards still look at it, late images come under the same rule, and the journal says who and why."""
    study = scans()
    study_id = gateway.keep(study[:-1], called="GATEWAY")
    gateway.run(61)
    assert gateway.study(study_id).state == "UNMATCHED"
    ledger.route_by_hand(gateway.context.database, study_id, "by-address", "lea", "asked by phone")
    gateway.run()
    assert gateway.study(study_id).state == "MATCHED"
    gateway.keep(study[-1:], called="GATEWAY")
    gateway.run(61)
    again = gateway.study(study_id)
    assert (again.state, again.generation) == ("MATCHED", 2)


def test_a_rule_that_is_gone_parks_what_was_routed_under_it(gateway: Bench) -> None:
    """The problem names the rule; nothing is routed by accident."""
    study_id = gateway.keep(scans(), called="GATEWAY")
    gateway.run(61)
    ledger.route_by_hand(gateway.context.database, study_id, "by-address", "lea", "asked by phone")
    others = rules_from_text(RULE.replace("by-address", "other"))
    gateway.use(rules=lambda: others)
    gateway.run()
    assert "'by-address'" in gateway.study(study_id).problem


def test_a_trickle_of_images_ends_at_the_hard_cap(gateway: Bench) -> None:
    """An image every half minute is never quiet; the study is complete at the cap of its rule all the same."""
    study = scans()
    study_id = gateway.keep(study[:1])
    for dataset in study[1:20]:
        gateway.run(30)
        assert gateway.study(study_id).state == "RECEIVED"
        gateway.keep([dataset])
    gateway.run(30)
    assert gateway.study(study_id).state != "RECEIVED" or "incomplete" in gateway.study(study_id).problem
    gateway.keep(study[20:])
    gateway.run(1)
    assert gateway.study(study_id).state == "RECEIVED", "late images have a cap of their own"


@pytest.mark.parametrize(
    ("referral", "urgency", "priority", "asks_contrast"),
    [
        ("suspected_pml", "routine", 1, True),
        ("known_pml", "urgent", 2, True),
        ("known_pml", "routine", 3, True),
        ("surveillance", "routine", 5, False),
    ],
)
def test_the_referral_decides_the_order_and_whether_contrast_is_asked_for(
    referral: str, urgency: str, priority: int, asks_contrast: bool
) -> None:
    """Suspected PML is read first, a follow-up of known PML before surveillance; both want contrast."""
    chosen = rule("a", {"modalities": {"contains": "MR"}}, referral=referral, urgency=urgency)
    case = new_case(StudyFacts(), Assignment(None, chosen), "", [])
    assert (case.referral, case.priority) == (referral, priority)
    asked = [requirement["name"] for requirement in case.verdict["requirements"]]
    assert ("t1_contrast" in asked) is asks_contrast


def test_the_form_knows_every_referral_of_the_rules() -> None:
    """What a rule says of a study is what its report begins with."""
    assert {referral.value for referral in Referral} == {referral.value for referral in ReportReferral}
