"""The prior reports of a case are the signed ones of earlier studies of its patient."""

from __future__ import annotations

from sqlalchemy import update
from sqlmodel import col

from gateway.records.database import Database
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Identity, Study
from gateway.records.views import case_rows
from gateway.records.views.prior_reports import PriorReport, prior_reports
from support.records import EVERYBODY, FakeClock, forwarded_case, reader


def two_patients(database: Database) -> None:
    """Patients 1 and 2."""
    with database.write("test") as session:
        for name in ("first", "second"):
            session.add(
                Identity(
                    patient_hash=name,
                    pseudonym=name,
                    scheme=2,
                    site="hospital",
                    sealed=b"x",
                    key_id="k",
                    created_at=database.now(session),
                )
            )


def reported(database: Database, clock: FakeClock, day: str, said: str, patient: int | None = 1) -> int:
    """A case with a signed report of a study of this day (YYYYMMDD)."""
    case_id, ana = forwarded_case(database, clock, study=f"1.2.{said}"), reader(database, login=f"ana-{said}")
    with database.write("test") as session:
        case = session.get(Case, case_id)
        assert case is not None
        session.execute(update(Study).where(col(Study.id) == case.study_id).values(study_date=day))
        session.execute(update(Case).where(col(Case.id) == case_id).values(identity_id=patient))
        session.add(
            SignedReport(
                case_id=case_id,
                version=1,
                content={"said": said},
                digest="d",
                signed_by=ana,
                signer_name="Ana",
                signer_login="ana",
                signed_at=clock.time,
            )
        )
    return case_id


def priors(database: Database, case_id: int) -> tuple[PriorReport, ...]:
    """The priors of a case, as its page has them."""
    with database.read() as session:
        case = case_rows.case(session, case_id)
        told = prior_reports(session, case, case_rows.study(session, case.study_id))
        page = case_rows.case_page(session, EVERYBODY, case_id)
    assert page is not None
    assert page.priors == told
    return told


def test_earlier_reports_of_the_same_patient_are_the_priors_newest_first(
    database: Database, clock: FakeClock
) -> None:
    """Neither a later study, nor another patient's, nor one without a date that can be counted."""
    two_patients(database)
    reported(database, clock, "20251101", "old")
    reported(database, clock, "20260101", "newest")
    reported(database, clock, "20260401", "later")
    reported(database, clock, "20260201", "stranger", patient=2)
    reported(database, clock, "none", "undated")
    case_id = reported(database, clock, "20260302", "present")
    told = priors(database, case_id)
    assert [(each.content, each.days) for each in told] == [({"said": "newest"}, 60), ({"said": "old"}, 121)]
    assert [each.case_id for each in told] == [2, 1]


def test_without_patient_or_date_there_is_no_prior(database: Database, clock: FakeClock) -> None:
    """Nothing is counted from a date that is not known."""
    two_patients(database)
    reported(database, clock, "20260101", "first")
    for day, patient in (("20260302", None), ("", 1), ("20260231", 1)):
        assert priors(database, reported(database, clock, day, f"{day}-{patient}", patient)) == ()


def test_a_forgotten_study_is_no_prior(database: Database, clock: FakeClock) -> None:
    """What was forgotten is not compared with."""
    two_patients(database)
    first = reported(database, clock, "20260101", "forgotten")
    with database.write("test") as session:
        study_id = case_rows.case(session, first).study_id
        session.execute(update(Study).where(col(Study.id) == study_id).values(forgotten_at=clock.time))
    assert priors(database, reported(database, clock, "20260302", "present")) == ()


def test_of_a_study_that_was_read_again_only_the_newest_report_counts_as_such(
    database: Database, clock: FakeClock
) -> None:
    """The older reading is told as such: another reader may have numbered the lesions differently."""
    two_patients(database)
    first = reported(database, clock, "20260101", "first")
    again = reported(database, clock, "20260102", "again")
    with database.write("test") as session:
        study_id = case_rows.case(session, first).study_id
        session.execute(
            update(Case).where(col(Case.id) == again).values(study_id=study_id, destination="other")
        )
    told = priors(database, reported(database, clock, "20260302", "present"))
    assert [(each.content["said"], each.read_again) for each in told] == [("again", False), ("first", True)]
