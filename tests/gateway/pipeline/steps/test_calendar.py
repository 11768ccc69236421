"""The surveillance calendar on real studies: who is enrolled is known to the rules, and every study moves the dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from sqlmodel import col, select, update

from gateway.errors import NotThere
from gateway.identity.numbers import subject
from gateway.pipeline.jobs import notify
from gateway.pipeline.jobs.forget import Forgetter
from gateway.pipeline.steps import calendar as calendar_step
from gateway.pipeline.steps import facts
from gateway.records import forgetting, ledger
from gateway.records.calendar import PatientRow, calendar
from gateway.records.identities import sealed_letters
from gateway.records.tables.administration import AuditEvent, Notice
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.surveillance.due_dates import CalendarState
from routing_rules.surveillance.enrolment_csv import EnrolmentRow
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.risk import PatientRisk as Risk
from support.engine import Bench, bench, scans
from support.nodes.listeners import mail_server
from support.patients import found_in, found_in_rows, images, sign, to_the_queue, traces
from support.records import NONE_DECLARED

ENROLLED = """
rules:
  - id: enrolled
    title: Patients of the surveillance list
    when: {enrolled: {is: true}}
    completion: {quiet_s: 60, hard_cap_s: 61}
"""
TODAY = date(2026, 3, 1)
WHO = {"PatientID": "QX-777-31", "IssuerOfPatientID": "QISS"}
HIGH = Risk(
    enrolled_on=date(2025, 1, 1),
    jcv_status=JcvStatus.POSITIVE,
    jcv_index=2.0,
    months_on_natalizumab=30,
    recorded_on=date(2026, 1, 1),
    prior_immunosuppression=False,
)


@pytest.fixture
def gateway(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """A worker on either database, whose only rule asks whether the patient is enrolled."""
    with bench(tmp_path, ENROLLED, database_url) as made:
        ledger.publish_letterbox(made.context.database, made.context.pseudonym_key)
        yield made


def enrol(
    gateway: Bench, patient_id: str = "QX-777-31", issuer: str = "QISS", risk: Risk = HIGH, **more: object
) -> int:
    """As a page does: the letter sealed to the published key, unopened."""
    database = gateway.context.database
    with database.read() as session:
        public = sealed_letters.public_key(session)
    row = EnrolmentRow(1, patient_id, issuer, str(more.pop("site", "hospital")), risk, **more)  # type: ignore[arg-type]
    return ledger.enrol(database, [ledger.sealed_enrolment(row, public)], "carla")[0]


def opened(gateway: Bench) -> calendar_step.OpenedLetters:
    """What the worker does every few seconds."""
    return calendar_step.open_letters(gateway.context.database, gateway.context.pseudonym_key)


def patients(gateway: Bench, today: date = TODAY) -> list[PatientRow]:
    """The calendar of the hospital."""
    with gateway.context.database.read() as session:
        return calendar(session, "hospital", today, NONE_DECLARED)


def study_of(when: date = date(2026, 2, 2), **changes: str) -> list[Dataset]:
    """A study of the enrolled patient."""
    return scans(when, **{**WHO, **changes})


class TestLetters:
    """From what a coordinator entered to a hash and a pseudonym."""

    def test_nothing_of_the_identity_is_kept(self, gateway: Bench, tmp_path: Path) -> None:
        """Neither before nor after the letter is opened; hash and pseudonym are those of the patient's studies."""
        enrolment = enrol(gateway, label="register 12")
        database = gateway.context.database
        wanted = {b"QX-777-31", b"QISS"}
        assert found_in_rows(database, wanted) == found_in(tmp_path, wanted) == set()
        [waiting] = patients(gateway)
        assert (waiting.waiting, waiting.pseudonym, waiting.label) == (True, "", "register 12")
        assert opened(gateway) == calendar_step.OpenedLetters(enrolled=1)
        [known] = patients(gateway)
        key = gateway.context.pseudonym_key
        assert (known.waiting, known.pseudonym) == (
            False,
            key.of("hospital").pseudonym(subject("QISS", "QX-777-31", "")),
        )
        with database.read() as session:
            row = session.get_one(Enrolment, enrolment)
            assert row.letter is None
            assert row.patient_hash == key.of("hospital").patient_hash(subject("QISS", "QX-777-31", ""))
            [told] = session.exec(select(AuditEvent).where(AuditEvent.action == "letter opened"))
            assert (told.subject, told.detail) == (f"enrolment {enrolment}", {"became": "enrolled"})
        assert found_in_rows(database, wanted) == set()
        assert opened(gateway) == calendar_step.OpenedLetters()

    def test_the_same_patient_twice_is_one_entry(self, gateway: Bench) -> None:
        """What the newer entry knows counts, what it does not know stays; an ended one is on the calendar again."""
        first = enrol(gateway, label="register 12", last_mri_on=date(2025, 12, 1))
        opened(gateway)
        ledger.end_enrolment(gateway.context.database, first, "carla", "moved")
        assert patients(gateway) == []
        enrol(gateway, risk=Risk(stopped_on=date(2026, 2, 1)))
        assert opened(gateway) == calendar_step.OpenedLetters(merged=1)
        [row] = patients(gateway)
        assert (row.id, row.label, row.said_last_mri_on) == (first, "register 12", date(2025, 12, 1))
        assert (row.risk.stopped_on, row.risk.jcv_status) == (date(2026, 2, 1), JcvStatus.POSITIVE)

    def test_the_same_number_of_another_site_or_issuer_is_another_patient(self, gateway: Bench) -> None:
        """Three entries, three pseudonyms."""
        enrol(gateway)
        enrol(gateway, issuer="OTHER")
        enrol(gateway, site="north")
        assert opened(gateway) == calendar_step.OpenedLetters(enrolled=3)
        with gateway.context.database.read() as session:
            assert len({row.pseudonym for row in calendar(session, "", TODAY, NONE_DECLARED)}) == 3

    def test_a_letter_that_was_changed_is_held_with_its_fix(self, gateway: Bench) -> None:
        """Also one moved to another entry; it is shown, tried again, and can be removed."""
        enrolment = enrol(gateway)
        database = gateway.context.database
        with database.write("test") as session:
            session.execute(update(Enrolment).where(col(Enrolment.id) == enrolment).values(site="north"))
        for _ in range(2):
            assert opened(gateway) == calendar_step.OpenedLetters(held=1)
        with database.read() as session:
            [row] = calendar(session, "north", TODAY, NONE_DECLARED)
        assert row.problem.startswith("What was entered cannot be opened")
        assert "enrol the patient again" in row.fix
        ledger.end_enrolment(database, enrolment, "carla", "entered again")
        with database.read() as session:
            assert session.exec(select(Enrolment)).all() == []
        with pytest.raises(NotThere):
            ledger.end_enrolment(database, enrolment, "carla", "twice")


class TestRules:
    """`enrolled` and `months_since_last` in rules."""

    def test_an_enrolled_patient_is_routed_by_it(self, gateway: Bench) -> None:
        """The rule matches; another patient's study stays unmatched and says why."""
        enrol(gateway)
        opened(gateway)
        mine = gateway.keep(study_of())
        other = gateway.keep(scans(PatientID="OTHER", AccessionNumber="B", StudyInstanceUID="1.2.826.0.1.9"))
        gateway.run(70)
        assert gateway.study(mine).state == "MATCHED"
        assert gateway.study(other).state == "UNMATCHED"
        [condition] = gateway.study(other).explanation[0]["conditions"]
        assert (condition["fact"], condition["met"]) == ("enrolled", False)

    def test_a_site_without_a_calendar_does_not_know(self, gateway: Bench) -> None:
        """Unknown is neither yes nor no; somebody else's calendar says nothing about this site."""
        enrol(gateway, site="north")
        opened(gateway)
        study = gateway.keep(study_of())
        gateway.run(70)
        assert gateway.study(study).facts["enrolled"] is None

    def test_what_changed_after_the_headers_were_read_counts(self, gateway: Bench) -> None:
        """Headers are read once; enrolled or not is looked up whenever the facts are used."""
        study = gateway.keep(study_of())
        gateway.run(70)
        assert gateway.study(study).facts["enrolled"] is None
        enrolment = enrol(gateway)
        opened(gateway)
        assert facts.of_study(gateway.context, gateway.study(study)).facts.enrolled is True
        enrol(gateway, "P2")
        opened(gateway)
        ledger.end_enrolment(gateway.context.database, enrolment, "carla", "moved")
        assert facts.of_study(gateway.context, gateway.study(study)).facts.enrolled is False

    def test_months_since_the_last_mri(self, gateway: Bench) -> None:
        """Counted between the studies' own days, whenever they were sent; the first has none."""
        enrol(gateway)
        opened(gateway)
        first = gateway.keep(study_of(date(2025, 11, 2)))
        gateway.run(70)
        second = gateway.keep(study_of(date(2026, 2, 2), StudyInstanceUID="1.2.826.0.1.8"))
        gateway.run(70)
        assert gateway.study(first).facts["months_since_last"] is None
        assert gateway.study(second).facts["months_since_last"] == 3.02
        assert gateway.study(second).study_date == "20260202"


class TestDates:
    """What moves the next date."""

    def test_a_study_moves_it(self, gateway: Bench) -> None:
        """Missing before, not due after; the day is the real one of the study."""
        enrol(gateway)
        opened(gateway)
        [before] = patients(gateway)
        assert before.status.state is CalendarState.MISSING
        gateway.keep(study_of())
        gateway.run(70)
        [after] = patients(gateway)
        due = after.status.next_due
        assert (after.last_mri_on, after.status.state) == (date(2026, 2, 2), CalendarState.NOT_DUE)
        assert due is not None
        assert (due.rule_id, due.due_from, due.due_by) == ("NTZ-HIGH", date(2026, 5, 2), date(2026, 6, 2))

    @pytest.mark.parametrize(
        ("columns", "counts"),
        [
            ({"readability": "readable_with_limits"}, True),
            ({"readability": "not_readable"}, False),
            ({"readability": "not_readable", "overrule": {"readability": "readable_with_limits"}}, True),
            ({"readability": "readable", "overrule": {"readability": "not_readable"}}, False),
        ],
    )
    def test_an_mri_that_cannot_be_read_does_not_count(
        self, gateway: Bench, columns: dict[str, Any], counts: bool
    ) -> None:
        """It cannot exclude PML, so it must not silence the calendar; a reader's word on it counts."""
        enrol(gateway)
        opened(gateway)
        gateway.keep(study_of())
        gateway.run(70)
        with gateway.context.database.write("test") as session:
            session.execute(update(Case).values(**columns))
        assert (patients(gateway)[0].last_mri_on is not None) is counts

    def test_a_day_in_the_future_does_not_count(self, gateway: Bench) -> None:
        """A scanner with a wrong clock does not make a patient safe for years."""
        enrol(gateway)
        opened(gateway)
        gateway.keep(study_of(date(2031, 1, 1)))
        gateway.run(70)
        assert patients(gateway)[0].last_mri_on is None

    def test_late_images_do_not_take_the_mri_away(self, gateway: Bench) -> None:
        """While the study is looked at again, the MRI was still made."""
        enrol(gateway)
        opened(gateway)
        study = gateway.keep(study_of()[:-1])
        gateway.run(70)
        gateway.keep(study_of()[-1:])
        assert gateway.study(study).state == "RECEIVED"
        assert patients(gateway)[0].last_mri_on == date(2026, 2, 2)

    def test_a_reports_recommendation_moves_it_until_the_next_mri(self, gateway: Bench) -> None:
        """Two weeks, by the report that was signed here, which is urgent; answered by the MRI that follows."""
        enrol(gateway)
        opened(gateway)
        case_id = to_the_queue(gateway, study_of(date(2026, 2, 20)), "")
        sign(gateway, case_id)
        [row] = patients(gateway)
        due = row.status.next_due
        assert due is not None
        assert (due.rule_id, due.due_from, due.due_by) == (
            "REPORT-URGENT",
            date(2026, 2, 20),
            date(2026, 3, 6),
        )
        gateway.keep(study_of(date(2026, 3, 1), StudyInstanceUID="1.2.826.0.1.8"), node="")
        gateway.run(70)
        [row] = patients(gateway)
        assert row.status.next_due is not None
        assert row.status.next_due.rule_id == "NTZ-HIGH"

    def test_sequences_that_the_calendar_asks_for_reach_the_verdict(self, gateway: Bench) -> None:
        """Beside it: after natalizumab T1 with contrast, which a study for surveillance need not have."""
        enrol(gateway, risk=replace(HIGH, stopped_on=date(2025, 12, 1)))
        opened(gateway)
        gateway.keep([ds for ds in study_of() if "ContrastBolusAgent" not in ds])
        gateway.run(70)
        with gateway.context.database.read() as session:
            verdict = session.exec(select(Case)).one().verdict
        assert verdict["surveillance"]["rule"] == "NTZ-HIGH"  # missed before the end; after it more is wanted
        assert "T1 with contrast" in verdict["surveillance"]["asks"]
        assert verdict["surveillance"]["lacks"] == ["T1 with contrast"]

    def test_studies_of_before_the_calendar_count_once_their_day_is_read(self, gateway: Bench) -> None:
        """As an upgrade leaves them: no day; the hourly tick reads it from the headers."""
        enrol(gateway)
        opened(gateway)
        study = gateway.keep(study_of())
        gateway.run(70)
        with gateway.context.database.write("test") as session:
            session.execute(update(Study).values(study_date=""))
        assert patients(gateway)[0].last_mri_on is None
        assert calendar_step.read_dates(gateway.context) == 1
        assert gateway.study(study).study_date == "20260202"
        assert calendar_step.read_dates(gateway.context) == 0


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ({"StudyDate": "20260202"}, "20260202"),
        ({"StudyDate": "2026.02.02", "SeriesDate": "20260203"}, "20260203"),
        ({"StudyDate": "20260231"}, "none"),
        ({}, "none"),
    ],
)
def test_the_day_of_a_study(said: dict[str, str], day: str) -> None:
    """The study's own, else the first that the headers say; a day that does not exist is none."""
    header = Dataset()
    for keyword, value in said.items():
        header.add_new(keyword, "LO", value)
    assert calendar_step.study_date([Dataset(), header]) == day


class TestOverdue:
    """The hourly tick."""

    def notices(self, gateway: Bench) -> list[Notice]:
        with gateway.context.database.read() as session:
            return list(session.exec(select(Notice).order_by(col(Notice.id))))

    def test_one_notice_for_a_site_and_day(self, gateway: Bench) -> None:
        """Numbers and the page, no identity; told once, however often the clock ticks."""
        enrol(gateway)
        enrol(gateway, "P2", risk=Risk(enrolled_on=date(2026, 2, 20)))
        opened(gateway)
        for _ in range(3):
            calendar_step.tick(gateway.context)
        [notice] = self.notices(gateway)
        assert (notice.site, notice.page) == ("hospital", "/surveillance")
        assert notice.text == (
            "Surveillance MRI at hospital: 1 newly overdue, 1 overdue in all (1 without any MRI), 1 due now."
        )
        assert [row.told_on for row in patients(gateway)] == [TODAY, None]

    def test_who_becomes_overdue_later_that_day_is_told_tomorrow(self, gateway: Bench) -> None:
        """And nobody is told twice; who had the MRI can become overdue again."""
        first = enrol(gateway)
        opened(gateway)
        calendar_step.tick(gateway.context)
        enrol(gateway, "P2")
        opened(gateway)
        calendar_step.tick(gateway.context)
        assert len(self.notices(gateway)) == 1
        gateway.clock.pass_seconds(86400)
        calendar_step.tick(gateway.context)
        assert "1 newly overdue, 2 overdue in all" in self.notices(gateway)[1].text
        gateway.keep(study_of())
        gateway.run(70)
        calendar_step.tick(gateway.context)
        told = {row.id: row.told_on for row in patients(gateway)}
        assert told[first] is None
        gateway.clock.pass_seconds(timedelta(days=200).total_seconds())
        calendar_step.tick(gateway.context)
        assert "1 newly overdue, 2 overdue in all (1 without any MRI)" in self.notices(gateway)[2].text

    def test_it_goes_out_by_mail(self, gateway: Bench) -> None:
        """With a link, and with nothing of the patient."""
        with mail_server() as heard:
            notify_settings = {
                "mail_host": "127.0.0.1",
                "mail_port": heard.port,
                "mail_starttls": False,
                "mail_from": "gw@example.org",
                "mail_to": "a@example.org",
            }
            settings = gateway.context.settings.model_copy(
                update={"notify": gateway.context.settings.notify.model_copy(update=notify_settings)}
            )
            notify.tell_due(gateway.context.database, settings)
            enrol(gateway, label="register 12")
            opened(gateway)
            calendar_step.tick(gateway.context)
            notify.tell_due(gateway.context.database, settings)
        [mail] = heard.mails
        text = str(mail)
        assert "/surveillance" in text
        pseudonym = patients(gateway)[0].pseudonym
        assert not [one for one in ("QX-777", "register 12", pseudonym, "2026-") if one in mail.get_content()]


class TestForgetting:
    """A forgotten patient is on no calendar."""

    @pytest.fixture
    def forgetter(self, gateway: Bench) -> Forgetter:
        """What the command works with."""
        context = gateway.context
        return Forgetter(context.database, context.blobs, context.pseudonym_key)

    @pytest.mark.parametrize("is_opened", [True, False])
    def test_one_who_was_only_enrolled(self, gateway: Bench, forgetter: Forgetter, is_opened: bool) -> None:
        """Without any study, and even with the letter still sealed; enrolled again, the entry is held."""
        enrol(gateway, label="register 12")
        if is_opened:
            opened(gateway)
        wanted = forgetter.by_patient_id("hospital", "QISS", "QX-777-31")
        assert forgetter.plan(wanted).enrolments == 1
        forgetter.forget(wanted, "admin", "asked for")
        assert patients(gateway) == []
        assert found_in_rows(gateway.context.database, {b"register 12"}) == set()
        enrol(gateway)
        assert opened(gateway) == calendar_step.OpenedLetters(held=1)
        [held] = patients(gateway)
        assert held.problem.startswith("This patient was forgotten")
        with gateway.context.database.read() as session:
            row = session.exec(select(Enrolment)).one()
            assert (row.letter, row.patient_hash) == (None, None)

    def test_one_with_a_study(self, gateway: Bench, forgetter: Forgetter, tmp_path: Path) -> None:
        """The day of the study goes too."""
        enrol(gateway, label="register 12")
        opened(gateway)
        study = images()
        study_id = gateway.keep(study, node="")
        gateway.run(70)
        assert gateway.study(study_id).study_date == "20260202"
        forgetter.forget(forgetter.by_study(study_id), "admin", "asked for", even_open=True)
        assert gateway.study(study_id).study_date == ""
        assert patients(gateway) == []
        assert found_in(tmp_path, traces(study)) == set()
        forgetting.sweep(gateway.context.database, gateway.context.blobs)


@pytest.mark.parametrize("number", ["UNKNOWN", "0000", "n/a"])
def test_what_is_no_number_enrols_nobody(gateway: Bench, number: str) -> None:
    """Its site is told why and what to do: no study would ever meet it."""
    enrol(gateway, number)
    opened = calendar_step.open_letters(gateway.context.database, gateway.context.pseudonym_key)
    assert (opened.enrolled, opened.held) == (0, 1)
    with gateway.context.database.read() as session:
        [row] = session.exec(select(Enrolment)).all()
    assert "no number of a patient" in row.problem
    assert number not in row.problem
    assert row.fix
