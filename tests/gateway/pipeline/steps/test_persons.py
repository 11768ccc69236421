"""Which person a study is about: known by whatever scheme and spelling, or new."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

import pytest
from pydicom import Dataset, dcmread
from sqlmodel import select

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DimseNode, Role
from gateway.errors import WrongState
from gateway.identity.numbers import Subject
from gateway.lifecycle import Choice
from gateway.pipeline.jobs.forget import Forgetter
from gateway.pipeline.steps import calendar
from gateway.pipeline.steps.identities import identity_of_copies
from gateway.privacy.schemes import Scheme
from gateway.records import ledger
from gateway.records.calendar import calendar as calendar_of
from gateway.records.identities import sealed_letters
from gateway.records.identities.vault import Vault
from gateway.records.ledger.replies import NewReply
from gateway.records.tables.administration import Notice
from gateway.records.tables.cases import Case, Delivery, Reply
from gateway.records.tables.conflicts import TWO_IDENTITIES, Conflict
from gateway.records.tables.studies import ForgottenPatient, Identity, Study
from gateway.records.views import case_rows
from routing_rules.surveillance.enrolment_csv import EnrolmentRow
from routing_rules.surveillance.risk import PatientRisk
from support.engine import NOBODY_ANSWERS, SQLITE_IS_ENOUGH, Bench, bench
from support.first_scheme import under_the_first_scheme, without_shift
from support.nodes.replies import sr
from support.patients import RULES, WHO, images, sign, to_the_queue
from support.records import NONE_DECLARED

WHOLE = 99
"""Images of the phantom at most: a protocol that can be read."""
READER = DimseNode("reading", "READING", "127.0.0.1", 1, frozenset({Role.READER}))


@pytest.fixture
def pipeline(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """Three images are a study here."""
    with bench(tmp_path, f"{RULES}    replies_from: [{READER.name}]\n", database_url) as made:
        yield made


def rows(bench: Bench) -> tuple[list[Case], list[Study]]:
    """Every case and every study, in order."""
    with bench.context.database.read() as session:
        return (
            list(session.exec(select(Case).order_by(Case.ids()))),
            list(session.exec(select(Study).order_by(Study.ids()))),
        )


def numbers(bench: Bench) -> tuple[int, ...]:
    """The studies, which PostgreSQL does not number one by one."""
    return tuple(study.saved_id for study in rows(bench)[1])


def copies(bench: Bench, case_id: int) -> list[Dataset]:
    """The de-identified copies of a case."""
    with bench.context.database.read() as session:
        return [dcmread(bench.context.blobs.path(copy.blob)) for copy in case_rows.prepared(session, case_id)]


def other(number: int, **changes: str) -> list[Dataset]:
    """Another study of the patient, with an accession number of its own."""
    return images(suffix=f".{number}", **{"AccessionNumber": f"ACC-{number}", **changes})


def old_and_new(bench: Bench) -> tuple[list[Dataset], list[Dataset]]:
    """Two studies of one patient: of before schemes were in rows, and of after; each in the queue."""
    old, new = images(WHOLE), images(WHOLE, suffix=".7", AccessionNumber="ACC-2", StudyDate="20260802")
    with under_the_first_scheme():
        to_the_queue(bench, old)
    to_the_queue(bench, new)
    return old, new


def test_a_patient_of_before_keeps_pseudonym_and_dates(pipeline: Bench) -> None:
    """The new study is the follow-up of the old one: one pseudonym, one shift, each the prior of the other."""
    old_and_new(pipeline)
    (first, second), (earlier, later) = rows(pipeline)
    assert (first.scheme, second.scheme) == (Scheme.FIRST, Scheme.SECOND)
    assert (earlier.scheme, later.scheme) == (Scheme.FIRST, Scheme.SECOND)
    assert (first.pseudonym, first.identity_id) == (second.pseudonym, second.identity_id)
    assert earlier.patient_hash == later.patient_hash
    with pipeline.context.database.read() as session:
        assert session.exec(select(Identity.scheme)).all() == [Scheme.FIRST]
        assert case_rows.other_studies(session, second) == {first.study_id: (1,)}
        assert case_rows.other_studies(session, first) == {second.study_id: (2,)}
    assert later.facts["months_since_last"] == pytest.approx(5.95, abs=0.01)
    gone_back = (date(2026, 8, 2) - date(2026, 2, 2)).days
    shown = [date.fromisoformat(case.shifted_study_date) for case in (first, second)]
    assert (shown[1] - shown[0]).days == gone_back


@SQLITE_IS_ENOUGH
def test_uids_are_those_of_the_scheme_of_the_case(pipeline: Bench) -> None:
    """Copies, reports and their series; also of a case that is prepared again after the change."""
    old, new = old_and_new(pipeline)
    key = pipeline.context.pseudonym_key
    more = deepcopy(old[-1])
    more.SOPInstanceUID = more.file_meta.MediaStorageSOPInstanceUID = f"{more.SOPInstanceUID}.1"
    pipeline.keep([more])  # late images of the old study
    pipeline.run(70)
    (first, _), _ = rows(pipeline)
    assert (first.state, first.generation, first.scheme) == ("FORWARDED", 2, Scheme.FIRST)
    for case_id, sent, scheme in ((1, [*old, more], Scheme.FIRST), (2, new, Scheme.SECOND)):
        derived = key.of("hospital", scheme)
        assert {copy.SOPInstanceUID for copy in copies(pipeline, case_id)} == {
            derived.uid(str(image.SOPInstanceUID)) for image in sent
        }
        sign(pipeline, case_id, f"reader{case_id}")
        pipeline.run()
        with pipeline.context.database.read() as session:
            case, signed = case_rows.case(session, case_id), case_rows.signed_report(session, case_id)
        assert signed is not None
        made = case.composed["enhanced"]
        assert made["sop_instance_uid"] == derived.report_uid(case_id, signed.digest, "enhanced")
        assert made["series_instance_uid"] == derived.report_series_uid(case_id, "enhanced")
        report = dcmread(pipeline.context.blobs.path(made["blob"]))
        assert (report.PatientID, report.StudyInstanceUID) == (WHO["PatientID"], sent[0].StudyInstanceUID)
        assert report.StudyDate == sent[0].StudyDate


@SQLITE_IS_ENOUGH
def test_what_comes_back_is_restored_under_the_scheme_of_its_case(pipeline: Bench) -> None:
    """An SR about the old and one about the new copies, which also names the prior, get their original UIDs back."""
    old, new = old_and_new(pipeline)
    pipeline.use(directory=lambda: NodeDirectory((*NOBODY_ANSWERS, READER)))
    for case_id in (1, 2):
        answer = sr(copies(pipeline, case_id))
        if case_id == 2:  # compared with the prior
            answer.ContentSequence[1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID = copies(pipeline, 1)[
                0
            ].SOPInstanceUID
        answered(pipeline, answer)
    pipeline.run()
    with pipeline.context.database.read() as session:
        replies = session.exec(select(Reply).order_by(Reply.ids())).all()
    assert [(reply.problem, reply.case_id) for reply in replies] == [("", 1), ("", 2)]
    for reply, sent in zip(replies, (old, new), strict=True):
        restored = dcmread(pipeline.context.blobs.path(reply.restored["blob"]))
        assert (restored.PatientID, restored.StudyInstanceUID) == (
            WHO["PatientID"],
            sent[0].StudyInstanceUID,
        )
        assert (restored.AccessionNumber, restored.StudyDate) == (sent[0].AccessionNumber, sent[0].StudyDate)
        named = restored.ContentSequence[1].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        assert named == old[0].SOPInstanceUID


def answered(bench: Bench, answer: Dataset) -> None:
    """An object of the reading site has come."""
    buffer = BytesIO()
    answer.save_as(buffer, enforce_file_format=True)
    blob = f"replies/{answer.SOPInstanceUID}.dcm"
    bench.context.blobs.put(blob, buffer.getvalue())
    ledger.keep_reply(
        bench.context.database,
        NewReply(
            READER.name,
            READER.ae_title,
            "127.0.0.1",
            "c-store",
            None,
            str(answer.StudyInstanceUID),
            str(answer.SOPClassUID),
            str(answer.SOPInstanceUID),
            str(answer.file_meta.TransferSyntaxUID),
            str(answer.SOPInstanceUID)[-64:],
            blob,
            1,
        ),
    )


def enrol(bench: Bench, patient_id: str, issuer: str = "") -> None:
    """A coordinator enrols a number."""
    database, key = bench.context.database, bench.context.pseudonym_key
    ledger.publish_letterbox(database, key)
    with database.read() as session:
        public = sealed_letters.public_key(session)
    row = EnrolmentRow(1, patient_id, issuer, "hospital", PatientRisk())
    ledger.enrol(database, [ledger.sealed_enrolment(row, public)], "coordinator")
    calendar.open_letters(database, key, bench.context.no_patient_ids)


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize(
    ("before", "issuer"), [(True, WHO["IssuerOfPatientID"]), (False, WHO["IssuerOfPatientID"]), (False, "")]
)
def test_the_calendar_has_the_patient_of_before_and_after(pipeline: Bench, before: bool, issuer: str) -> None:
    """Enrolled under scheme 1 or now; with the issuer that images name, or (by the number of the new ones) without."""
    if before:
        with under_the_first_scheme():
            enrol(pipeline, WHO["PatientID"], issuer)
    old_and_new(pipeline)
    if not before:
        enrol(pipeline, WHO["PatientID"], issuer)
    with pipeline.context.database.read() as session:
        [patient] = calendar_of(session, "hospital", date(2026, 8, 3), NONE_DECLARED)
    (first, _), _ = rows(pipeline)
    assert (patient.pseudonym, patient.last_mri_on) == (first.pseudonym, date(2026, 8, 2))


def test_a_missing_issuer_is_no_other_issuer(pipeline: Bench) -> None:
    """Same number, name and birth date, once with and twice without the issuer, in either order: one patient."""
    to_the_queue(pipeline, images())
    to_the_queue(pipeline, other(7, IssuerOfPatientID=""))
    to_the_queue(pipeline, other(8, PatientID=f"00{WHO['PatientID']}", IssuerOfPatientID=""))
    to_the_queue(pipeline, other(9, PatientID="0042", IssuerOfPatientID=""))
    to_the_queue(pipeline, other(10, PatientID="42"))
    cases, _ = rows(pipeline)
    assert cases[0].pseudonym == cases[1].pseudonym
    assert cases[3].pseudonym == cases[4].pseudonym
    with pipeline.context.database.read() as session:
        for row in session.exec(select(Identity)):  # what proves the keys at the next start
            patient = pipeline.context.vault.unseal(row)
            whose = Subject(patient.issuer_of_patient_id, patient.patient_id, "", has_number=True)
            assert pipeline.context.pseudonym_key.of("hospital").patient_hash(whose) == row.patient_hash
    assert len({case.pseudonym for case in cases}) == 3, "leading zeros count in what is not all digits"


@SQLITE_IS_ENOUGH
def test_who_was_found_by_the_number_alone_is_found_again(pipeline: Bench) -> None:
    """Although a third patient has that number since, or the same one under another name: nothing moves."""
    to_the_queue(pipeline, images())
    to_the_queue(pipeline, other(7, IssuerOfPatientID=""))
    to_the_queue(pipeline, other(8, IssuerOfPatientID="THIRD"))
    late = other(7, IssuerOfPatientID="")[0]
    late.SOPInstanceUID = late.file_meta.MediaStorageSOPInstanceUID = f"{late.SOPInstanceUID}.1"
    pipeline.keep([late])
    pipeline.run(70)
    cases, _ = rows(pipeline)
    assert (cases[1].generation, cases[1].pseudonym) == (2, cases[0].pseudonym)
    assert cases[2].pseudonym != cases[0].pseudonym


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize("name", [WHO["PatientName"], "Other^Eva"])
def test_an_enrolled_number_without_issuer_is_not_everybodys(pipeline: Bench, name: str) -> None:
    """Where a study of the enrolled patient is known, name and birth date of one with an issuer have to fit it."""
    enrol(pipeline, WHO["PatientID"])
    to_the_queue(pipeline, images(IssuerOfPatientID=""))
    to_the_queue(pipeline, other(7, PatientName=name))
    cases, _ = rows(pipeline)
    assert (cases[0].pseudonym == cases[1].pseudonym) is (name == WHO["PatientName"])


@SQLITE_IS_ENOUGH
def test_the_same_number_of_somebody_else_without_issuer_is_not_joined(pipeline: Bench) -> None:
    """Another name, or two patients with that number: nothing is guessed, and nothing changes afterwards."""
    to_the_queue(pipeline, images())
    to_the_queue(pipeline, other(7, IssuerOfPatientID="", PatientName="Other^Eva"))
    to_the_queue(pipeline, other(8, IssuerOfPatientID="THIRD"))
    cases, _ = rows(pipeline)
    assert len({case.pseudonym for case in cases}) == 3


@SQLITE_IS_ENOUGH
def test_a_site_says_what_is_no_number(pipeline: Bench) -> None:
    """`[study] no_patient_ids` extends the table: two such studies are two people, in any case and punctuation."""
    loaded = pipeline.context.settings
    study = loaded.study.model_copy(update={"no_patient_ids": ("no chart",)})
    pipeline.use(settings=loaded.model_copy(update={"study": study}))
    to_the_queue(pipeline, images(PatientID="No-Chart"))
    to_the_queue(pipeline, other(7, PatientID="NO CHART", PatientName="Other^Eva"))
    cases, studies = rows(pipeline)
    assert cases[0].pseudonym != cases[1].pseudonym
    assert [study.has_number for study in studies] == [False, False]
    enrol(pipeline, "nochart")
    with pipeline.context.database.read() as session:
        [patient] = calendar_of(session, "hospital", date(2026, 8, 3), NONE_DECLARED)
    assert "is no number by this site's settings" in patient.problem


@pytest.mark.parametrize("spelled", [WHO["PatientID"], f" {WHO['PatientID']}"])
def test_forgetting_takes_what_both_schemes_know(pipeline: Bench, spelled: str) -> None:
    """By number, of before and after; a later study is held under either scheme."""
    old_and_new(pipeline)
    context = pipeline.context
    forgetter = Forgetter(context.database, context.blobs, context.pseudonym_key)
    wanted = forgetter.by_patient_id("hospital", WHO["IssuerOfPatientID"], spelled)
    assert forgetter.plan(wanted).studies == numbers(pipeline)
    forgetter.forget(wanted, "admin", "asked for", even_open=True)
    later = pipeline.keep(other(9))
    pipeline.run(70)
    assert "was forgotten" in pipeline.study(later).problem


@SQLITE_IS_ENOUGH
def test_one_number_that_two_schemes_know_as_two_people_is_forgotten_as_one(pipeline: Bench) -> None:
    """Scheme 1 told 00123 from 123; whoever is forgotten by the number is forgotten as both."""
    with under_the_first_scheme():
        to_the_queue(pipeline, images(PatientID="00123"))
    to_the_queue(pipeline, other(7, PatientID="123"))
    cases, _ = rows(pipeline)
    assert cases[0].pseudonym != cases[1].pseudonym
    context = pipeline.context
    forgetter = Forgetter(context.database, context.blobs, context.pseudonym_key)
    for wanted in (
        forgetter.by_patient_id("hospital", WHO["IssuerOfPatientID"], "00123"),
        forgetter.by_case(1),
        forgetter.by_study(numbers(pipeline)[0]),
    ):
        assert forgetter.plan(wanted).studies == numbers(pipeline)
    forgetter.forget(wanted, "admin", "asked for", even_open=True)
    with context.database.read() as session:
        assert len(session.exec(select(ForgottenPatient)).all()) == 2
        assert session.exec(select(Identity)).all() == []
    assert forgetter.plan(replace(wanted, also=())).studies == ()


def linked(bench: Bench) -> None:
    """A lead says that study 2, which has no number, is of the patient of study 1."""
    other_id, study_id = numbers(bench)
    ledger.link_person(bench.context.database, study_id, other_id, "lena", "the ward said so")
    bench.run(70)


def known_and_unknown(bench: Bench) -> None:
    """A study of an enrolled patient, and one that states neither number nor name; both in the queue."""
    enrol(bench, WHO["PatientID"], WHO["IssuerOfPatientID"])
    to_the_queue(bench, images(WHOLE))
    unknown = {"PatientID": "UNKNOWN", "PatientName": "Emergency^7", "PatientBirthDate": "19000101"}
    to_the_queue(bench, images(WHOLE, suffix=".7", AccessionNumber="ACC-2", StudyDate="20260802", **unknown))


def last_mri(bench: Bench) -> date | None:
    """As the calendar of the site has it."""
    with bench.context.database.read() as session:
        [patient] = calendar_of(session, "hospital", date(2026, 8, 3), NONE_DECLARED)
    return patient.last_mri_on


def test_a_linked_study_is_the_patients(pipeline: Bench) -> None:
    """Pseudonym, dates, priors and calendar; the report still states what the study states; and back again."""
    known_and_unknown(pipeline)
    (first, alone), _ = rows(pipeline)
    assert first.pseudonym != alone.pseudonym
    assert last_mri(pipeline) == date(2026, 2, 2)
    linked(pipeline)
    (first, second), (_, study) = rows(pipeline)
    assert (second.state, second.problem, study.problem) == ("FORWARDED", "", "")
    assert (second.pseudonym, second.identity_id) == (first.pseudonym, first.identity_id)
    shown = [date.fromisoformat(case.shifted_study_date) for case in (first, second)]
    assert (shown[1] - shown[0]).days == (date(2026, 8, 2) - date(2026, 2, 2)).days
    with pipeline.context.database.read() as session:
        assert case_rows.other_studies(session, second) == {first.study_id: (2,)}
    assert last_mri(pipeline) == date(2026, 8, 2)
    to_the_queue(pipeline, other(8))  # a later study is not asked about the name that the linked one states
    sign(pipeline, 2)
    pipeline.run()
    (_, second, _), _ = rows(pipeline)
    report = dcmread(pipeline.context.blobs.path(second.composed["enhanced"]["blob"]))
    assert (report.PatientID, str(report.PatientName)) == ("UNKNOWN", "Emergency^7")
    ledger.unlink_person(pipeline.context.database, second.study_id, "lena", "it was somebody else")
    pipeline.run(70)
    (first, second, _), (_, study, _) = rows(pipeline)
    assert study.patient_hash not in {
        one.patient_hash for one in rows(pipeline)[1] if one.id != second.study_id
    }
    assert second.identity_id != first.identity_id
    assert (second.read_under, second.pseudonym) == (first.identity_id, first.pseudonym), "as it was read"
    assert not second.addendum_wanted
    assert last_mri(pipeline) == date(2026, 2, 2)


@SQLITE_IS_ENOUGH
def test_a_signed_case_is_linked_without_being_read_again(pipeline: Bench) -> None:
    """Its words stay under the pseudonym and dates that the reader saw; calendar and later priors have it."""
    known_and_unknown(pipeline)
    sign(pipeline, 2)
    pipeline.run()
    (first, before), _ = rows(pipeline)
    linked(pipeline)
    (_, after), _ = rows(pipeline)
    assert (after.state, after.pseudonym, after.composed) == (
        before.state,
        before.pseudonym,
        before.composed,
    )
    assert (after.identity_id, after.read_under) == (first.identity_id, before.identity_id)
    assert not after.addendum_wanted
    assert last_mri(pipeline) == date(2026, 8, 2)
    pipeline.use(directory=lambda: NodeDirectory((*NOBODY_ANSWERS, READER)))
    answered(pipeline, sr(copies(pipeline, 2)))
    pipeline.run()
    with pipeline.context.database.read() as session:
        [reply] = session.exec(select(Reply)).all()
    restored = dcmread(pipeline.context.blobs.path(reply.restored["blob"]))
    assert (reply.problem, restored.StudyDate) == ("", "20260802"), "the dates are those that were read"


@SQLITE_IS_ENOUGH
def test_a_study_is_linked_to_one_of_before_without_a_number(pipeline: Bench) -> None:
    """Whose identity was sealed without its shift: the report has the dates of the study all the same."""
    unknown = {"PatientID": "UNKNOWN", "PatientName": "Emergency^7"}
    with patch.object(Vault, "seal", without_shift):
        to_the_queue(pipeline, images(WHOLE, **unknown))
    to_the_queue(
        pipeline, images(WHOLE, suffix=".7", AccessionNumber="ACC-2", StudyDate="20260802", **unknown)
    )
    linked(pipeline)
    sign(pipeline, 2)
    pipeline.run()
    (first, second), _ = rows(pipeline)
    assert (second.problem, second.pseudonym) == ("", first.pseudonym)
    report = dcmread(pipeline.context.blobs.path(second.composed["enhanced"]["blob"]))
    assert report.StudyDate == "20260802"


@SQLITE_IS_ENOUGH
def test_a_linked_study_goes_with_its_patient(pipeline: Bench) -> None:
    """Forgotten with it; and its pseudonym follows when the patient's study is corrected to another number."""
    known_and_unknown(pipeline)
    linked(pipeline)
    corrected = images(1, PatientID="RIGHT-1")
    pipeline.keep(corrected)
    pipeline.run()
    ledger.decide_conflict(pipeline.context.database, 1, Choice.NEWER, "lena", "merged", objects=1)
    for _ in range(3):
        pipeline.run(70)
    with pipeline.context.database.read() as session:
        question = session.exec(select(Conflict).where(Conflict.kind == TWO_IDENTITIES)).one()
    ledger.decide_conflict(
        pipeline.context.database, question.saved_id, Choice.NEWER, "lena", "merged", objects=question.objects
    )
    for _ in range(3):
        pipeline.run(70)
    (first, second), (one, two) = rows(pipeline)
    assert one.patient_hash == two.patient_hash
    assert (
        second.pseudonym
        == first.pseudonym
        == pipeline.context.pseudonym_key.of("hospital").pseudonym(
            Subject(WHO["IssuerOfPatientID"], "RIGHT-1", "", has_number=True)
        )
    )
    context = pipeline.context
    forgetter = Forgetter(context.database, context.blobs, context.pseudonym_key)
    assert forgetter.plan(forgetter.by_case(1)).studies == numbers(pipeline)


def corrected(bench: Bench, study: list[Dataset]) -> None:
    """The sender corrects what a study states, and a lead takes the newer version of every object."""
    bench.keep(study)
    bench.run()
    with bench.context.database.read() as session:
        question = session.exec(select(Conflict).order_by(Conflict.ids().desc())).first()
    assert question is not None
    ledger.decide_conflict(
        bench.context.database,
        question.saved_id,
        Choice.NEWER,
        "lena",
        "corrected",
        objects=question.objects,
    )
    for _ in range(3):
        bench.run(70)


@SQLITE_IS_ENOUGH
def test_a_linked_study_that_gets_a_number_is_guarded_like_any_other(pipeline: Bench) -> None:
    """Its number is another patient's, its name is not: it is held, and the link has ended with a line."""
    unknown = {"PatientID": "UNKNOWN", "PatientName": "Emergency^7", "PatientBirthDate": "19000101"}
    to_the_queue(pipeline, images())
    to_the_queue(
        pipeline, other(8, PatientID="OTHER-1", PatientName="Other^Eva", PatientBirthDate="19800101")
    )
    to_the_queue(pipeline, other(7, **unknown))
    first, _, third = numbers(pipeline)
    ledger.link_person(pipeline.context.database, third, first, "lena", "the ward said so")
    pipeline.run(70)
    corrected(pipeline, other(7, PatientID="OTHER-1"))
    study = rows(pipeline)[1][2]
    assert (study.held_because, study.person_of, study.has_number) == ("other-name", None, True)
    with pipeline.context.database.read() as session:
        lines = [event.what for event in case_rows.journal(session, third)]
    assert lines.count(f"has a number: linked to study {first} no longer") == 1


@SQLITE_IS_ENOUGH
def test_what_was_let_go_on_for_one_patient_is_asked_again_for_another(pipeline: Bench) -> None:
    """She married, said the lead; corrected to another patient's number, the study is held by the name once more."""
    to_the_queue(pipeline, images(PatientID="P1"))
    to_the_queue(pipeline, other(2, PatientID="P2", PatientName="Other^Otto"))
    study_id = pipeline.keep(other(3, PatientID="P1", PatientName="Married^Anna"))
    pipeline.run(70)
    database = pipeline.context.database
    assert pipeline.study(study_id).held_because == "other-name"
    ledger.let_go_on(database, study_id, "lena", "she married")
    pipeline.run(70)
    assert set(pipeline.study(study_id).accepted) == {"other-name"}
    corrected(pipeline, other(3, PatientID="P2", PatientName="Married^Anna"))
    study = pipeline.study(study_id)
    assert (study.held_because, study.accepted) == ("other-name", {})


def signed_while_linked(bench: Bench) -> None:
    """Study 2, which states no number, was linked to study 1, its copy forwarded, read and signed."""
    unknown = {"PatientID": "UNKNOWN", "PatientName": "Emergency^7", "PatientBirthDate": "19000101"}
    to_the_queue(bench, images(WHOLE))
    to_the_queue(bench, images(WHOLE, suffix=".7", AccessionNumber="ACC-2", **unknown))
    linked(bench)
    with bench.context.database.write("test") as session:
        session.get_one(Case, 2).destination = "reading"
        taken = {"node": "reading", "direction": "forward", "outcome": "accepted", "status": 0, "detail": ""}
        at = bench.context.database.now(session)
        session.add(Delivery(case_id=2, sop_instance_uid="2.25.1", at=at, **taken))
    sign(bench, 2)
    bench.run()


@SQLITE_IS_ENOUGH
@pytest.mark.parametrize("how", ["taken apart", "the other study corrected"])
def test_signed_copies_under_another_patient_are_told_to_be_deleted(pipeline: Bench, how: str) -> None:
    """They lie at the reading site as a patient's whose study it is not; whoever runs it is told."""
    signed_while_linked(pipeline)
    if how == "taken apart":
        ledger.unlink_person(pipeline.context.database, numbers(pipeline)[1], "lena", "somebody else")
        pipeline.run(70)
    else:
        corrected(pipeline, images(3, PatientID="RIGHT-2"))
        with pipeline.context.database.read() as session:
            asked = session.exec(select(Conflict).where(Conflict.kind == TWO_IDENTITIES)).one()
        ledger.decide_conflict(
            pipeline.context.database, asked.saved_id, Choice.NEWER, "lena", "x", objects=asked.objects
        )
        for _ in range(3):
            pipeline.run(70)
    with pipeline.context.database.read() as session:
        outcomes = session.exec(select(Delivery.outcome).where(Delivery.direction == "forward")).all()
        told = session.exec(select(Notice.text)).all()
    assert outcomes == ["withdrawn"]
    assert "reading: the copies of case 2 are another patient's: have them deleted there." in told


@SQLITE_IS_ENOUGH
def test_dates_of_a_forgotten_patient_are_not_put_back_by_guess(pipeline: Bench) -> None:
    """A case read as a patient's who was forgotten since: report and objects wait for a person, nothing passes."""
    signed_while_linked(pipeline)
    first, second = numbers(pipeline)
    context = pipeline.context
    with context.database.write("test") as session:
        session.get_one(Case, 2).destination = ""
    ledger.unlink_person(context.database, second, "lena", "somebody else")
    pipeline.run(70)
    forgetter = Forgetter(context.database, context.blobs, context.pseudonym_key)
    assert forgetter.plan(forgetter.by_case(1)).studies == (first,)
    forgetter.forget(forgetter.by_case(1), "admin", "asked for", even_open=True)
    case = rows(pipeline)[0][1]
    with pytest.raises(WrongState, match="forgotten since"):
        identity_of_copies(context, case)
    with context.database.write("test") as session:  # as after a correction of the report
        session.get_one(Case, 2).state = "REPORTED"
    pipeline.run()
    assert "cannot be put back" in rows(pipeline)[0][1].problem


@SQLITE_IS_ENOUGH
def test_the_identity_that_a_link_replaces_is_not_kept(pipeline: Bench) -> None:
    """Of an unsigned case no trace of the person of before stays, which no forgetting would reach."""
    unknown = {"PatientID": "UNKNOWN", "PatientName": "Emergency^7"}
    to_the_queue(pipeline, images())
    to_the_queue(pipeline, other(7, **unknown))
    linked(pipeline)
    with pipeline.context.database.read() as session:
        assert session.exec(select(Identity.ids())).all() == [rows(pipeline)[0][0].identity_id]


@SQLITE_IS_ENOUGH
def test_a_linked_study_does_not_part_a_patient_from_later_studies(pipeline: Bench) -> None:
    """The number without and with its issuer is one patient, whatever name a linked study in between states."""
    unknown = {"PatientID": "UNKNOWN", "PatientName": "Emergency^7", "PatientBirthDate": "19000101"}
    to_the_queue(pipeline, images(IssuerOfPatientID=""))
    to_the_queue(pipeline, other(7, IssuerOfPatientID="", **unknown))
    linked(pipeline)
    to_the_queue(pipeline, other(8))
    assert len({case.pseudonym for case in rows(pipeline)[0]}) == 1
