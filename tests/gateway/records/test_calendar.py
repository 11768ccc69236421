"""The surveillance calendar as it stands: whom it lists, in which order, and what is reckoned with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import select

from gateway.records import ledger
from gateway.records.calendar import calendar, facts_about, risk_of, site_of, sites
from gateway.records.database import Database
from gateway.records.ledger.enrolments import NewEnrolment, end_enrolment, enrol, keep_opened
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.protocol.assessment import assess
from routing_rules.series.series import SeriesFacts
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.risk import PatientRisk as Risk
from support.objects.series_facts import GOOD, one, stack
from support.records import NONE_DECLARED, QUIET, FakeClock, matched_case, new_instance, reader

TODAY = date(2026, 3, 1)


def _enrolled(database: Database, site: str = "hospital", last: date | None = None, **risk: Any) -> int:
    """A patient whose letter the worker has opened: `hash N` by the number of the entry."""
    [number] = enrol(database, [NewEnrolment(site, "", b"letter", Risk(**risk), last)], "carla")
    keep_opened(database, number, f"hash {number}", f"PML-{number}")
    return number


def _mri(database: Database, clock: FakeClock, patient: str, day: str, study: str = "1.2.3") -> int:
    """A study of a patient that became a case and can be read."""
    case_id = matched_case(database, clock, study)
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.problem = "out of the way"
        row = session.get_one(Study, case.study_id)
        row.patient_hash, row.study_date = patient, day
        return row.saved_id


def test_a_site_has_its_own_patients_and_an_empty_one_is_every_site(database: Database) -> None:
    """Those that ended are listed apart."""
    first, second = _enrolled(database, "north"), _enrolled(database, "south")
    third = _enrolled(database, "north")
    end_enrolment(database, third, "carla", "moved away")
    with database.read() as session:
        assert [row.id for row in calendar(session, "north", TODAY, NONE_DECLARED)] == [first]
        assert {row.id for row in calendar(session, "", TODAY, NONE_DECLARED)} == {first, second}
        assert [
            (row.id, row.ended_because) for row in calendar(session, "", TODAY, NONE_DECLARED, ended=True)
        ] == [(third, "moved away")]


def test_what_cannot_be_reckoned_with_is_looked_at_first(database: Database) -> None:
    """Then whoever is longest overdue."""
    lately = _enrolled(database, last=date(2026, 2, 20), enrolled_on=date(2020, 1, 1))
    long_ago = _enrolled(database, last=date(2024, 1, 1), enrolled_on=date(2020, 1, 1))
    held = _enrolled(database, last=date(2026, 2, 20), enrolled_on=date(2020, 1, 1))
    with database.write("test") as session:
        session.get_one(Enrolment, held).problem = "The letter was changed."
    with database.read() as session:
        assert [row.id for row in calendar(session, "", TODAY, NONE_DECLARED)] == [held, long_ago, lately]


def test_the_newest_mri_is_the_sites_word_or_a_received_study(database: Database, clock: FakeClock) -> None:
    """Whichever is later; a study that is older than what the site said changes nothing."""
    number = _enrolled(database, last=date(2026, 1, 10))
    _mri(database, clock, f"hash {number}", "20251201")

    def last() -> date | None:
        with database.read() as session:
            [row] = calendar(session, "", TODAY, NONE_DECLARED)
            return row.last_mri_on

    assert last() == date(2026, 1, 10)
    _mri(database, clock, f"hash {number}", "20260215", "1.2.4")
    assert last() == date(2026, 2, 15)
    _mri(database, clock, "hash of another", "20260220", "1.2.5")
    assert last() == date(2026, 2, 15)


def test_every_site_is_one_that_sent_signs_in_or_enrols(database: Database) -> None:
    """An account of every site has none."""
    ledger.keep_instance(database, new_instance(site="north"), QUIET)
    reader(database, "carla", "coordinator", "south")
    reader(database, "ada", "admin", "")
    number = _enrolled(database, "west")
    with database.read() as session:
        assert sites(session) == {"north", "south", "west"}
        assert (site_of(session, number), site_of(session, 99)) == ("west", None)


@pytest.mark.parametrize(
    ("patient", "day", "said"),
    [
        ("hash 1", "20260301", (True, 2.0)),
        ("hash 1", "20260101", (True, None)),
        ("hash 1", "none", (True, None)),
        ("hash 9", "20260301", (False, None)),
    ],
    ids=["two months after", "not after itself", "a study without a day", "somebody else"],
)
def test_a_rule_may_ask_whether_a_patient_is_enrolled_and_how_long_ago_the_last_mri_was(
    database: Database, clock: FakeClock, patient: str, day: str, said: tuple[bool, float | None]
) -> None:
    """Months of the calendar's average length; the study itself is not its own prior."""
    _enrolled(database, last=date(2025, 12, 30))
    with database.write("test") as session:
        session.get_one(Enrolment, 1).last_mri_on = date(2025, 12, 30) if day == "20260301" else None
    ledger.keep_instance(database, new_instance(), QUIET)
    with database.read() as session:
        assert facts_about(session, session.get_one(Study, 1), patient, day) == said


def test_a_site_that_enrols_nobody_does_not_know(database: Database) -> None:
    """Not enrolled and not asked are different answers for a rule."""
    _enrolled(database, "south")
    ledger.keep_instance(database, new_instance(site="north"), QUIET)
    with database.read() as session:
        assert facts_about(session, session.get_one(Study, 1), "hash 1", "20260301") == (None, None)


def test_the_rules_reckon_with_what_the_entry_says(sqlite: Database) -> None:
    """Every field of the risk, the status as the rules name it."""
    _enrolled(sqlite, jcv_status=JcvStatus.POSITIVE, jcv_index=1.7, months_on_natalizumab=25.0)
    with sqlite.read() as session:
        risk = risk_of(session.get_one(Enrolment, 1))
    assert risk == Risk(jcv_status=JcvStatus.POSITIVE, jcv_index=1.7, months_on_natalizumab=25.0)
    assert isinstance(risk.jcv_status, JcvStatus)


@pytest.mark.parametrize(
    ("spoilt", "counts"),
    [
        (one("swi"), True),
        (one("flair", stacks=(stack(normal_mm=12.0),)), False),
        (one("t2", stacks=(stack(normal_mm=12.0),)), False),
        (one("dwi", stacks=(stack(b_value=1000.0, normal_mm=12.0),)), False),
        (one("dwi", b_values=(0.0, 50.0)), False),
        (one("dwi", b_values=()), False),
        (one("flair", stacks=()), False),
    ],
)
def test_only_an_mri_of_the_whole_brain_with_b_1000_resets_the_clock(
    database: Database, clock: FakeClock, spoilt: SeriesFacts, counts: bool
) -> None:
    """12 mm of FLAIR, T2 or diffusion, b = 0 and 50 alone, or nothing known of what is covered: the MRI stays due."""
    series = [each for each in GOOD if each.kind is not spoilt.kind] + [spoilt]
    verdict = assess(series, suspected=False)
    last = date(2025, 1, 10)
    number = _enrolled(database, last=last, enrolled_on=date(2020, 1, 1))
    _mri(database, clock, f"hash {number}", "20260220")
    with database.write("test") as session:
        case = session.exec(select(Case)).one()
        case.readability, case.verdict = str(verdict.readability), verdict.to_json()
    with database.read() as session:
        [row] = calendar(session, "hospital", TODAY, NONE_DECLARED)
    assert row.last_mri_on == (date(2026, 2, 20) if counts else last)
    assert (row.status.state == "overdue") is not counts


def test_a_readers_word_makes_an_unknown_study_count(database: Database, clock: FakeClock) -> None:
    """What headers do not say a reader can see: unknown is no dead end."""
    number = _enrolled(database, last=date(2025, 1, 10), enrolled_on=date(2020, 1, 1))
    _mri(database, clock, f"hash {number}", "20260220")
    with database.write("test") as session:
        case = session.exec(select(Case)).one()
        case.readability, case.overrule = "unknown", {"readability": "readable_with_limits"}
    with database.read() as session:
        assert calendar(session, "hospital", TODAY, NONE_DECLARED)[0].last_mri_on == date(2026, 2, 20)


@pytest.mark.parametrize("readability", ["readable", "not_readable"])
def test_the_sites_word_does_not_make_an_unreadable_study_count(
    database: Database, clock: FakeClock, readability: str
) -> None:
    """Of a study that is known here, what its protocol could show decides, and the site's day is no second study."""
    number = _enrolled(database, last=date(2026, 2, 20), enrolled_on=date(2020, 1, 1))
    _mri(database, clock, f"hash {number}", "20260220")
    with database.write("test") as session:
        session.exec(select(Case)).one().readability = readability
    with database.read() as session:
        [row] = calendar(session, "hospital", TODAY, NONE_DECLARED)
    assert row.last_mri_on == (date(2026, 2, 20) if readability == "readable" else None)


def test_the_site_can_say_that_contrast_was_given_elsewhere(database: Database, clock: FakeClock) -> None:
    """The wish of a report is answered by the day that the coordinator enters, and by no other."""
    number = _enrolled(database, enrolled_on=date(2020, 1, 1))
    _mri(database, clock, f"hash {number}", "20260101")
    who = reader(database, "rita")
    with database.write("test") as session:
        case = session.exec(select(Case)).one()
        report = {"suspicion": "2", "recommendations": ["add_contrast"]}
        session.add(
            SignedReport(
                case_id=case.saved_id,
                version=1,
                content=report,
                digest="",
                signed_by=who,
                signer_name="Rita",
                signer_login="rita",
                signed_at=clock(),
            )
        )

    def rule(**said: date) -> str:
        with database.write("test") as session:
            row = session.get_one(Enrolment, number)
            for name, value in said.items():
                setattr(row, name, value)
        with database.read() as session:
            due = calendar(session, "", TODAY, NONE_DECLARED)[0].status.next_due
        return due.rule_id if due else ""

    assert rule() == "REPORT-CONTRAST"
    assert rule(last_mri_on=date(2026, 2, 1)) == "REPORT-CONTRAST"
    assert rule(last_full_mri_on=date(2026, 2, 1)) == "REPORT-CONTRAST"
    assert rule(last_contrast_mri_on=date(2026, 1, 1)) == "REPORT-CONTRAST"
    assert rule(last_contrast_mri_on=date(2026, 2, 1)) != "REPORT-CONTRAST"


def test_a_full_mri_by_the_sites_word_alone_becomes_overdue(sqlite: Database, clock: FakeClock) -> None:
    """A word that is renewed with every MRI elsewhere, and never says which was full, does not silence the clock."""
    number = _enrolled(sqlite, enrolled_on=date(2020, 1, 1))
    for months in range(0, 16, 3):
        today = clock().date() + timedelta(days=30 * months)
        with sqlite.write("test") as session:
            session.get_one(Enrolment, number).last_mri_on = today - timedelta(days=5)
        with sqlite.read() as session:
            [row] = calendar(session, "", today, NONE_DECLARED)
        assert row.status.questions
        assert (row.status.state == "overdue") is (months > 12)


@pytest.mark.parametrize("day", ["00010101", "99991231"])
def test_a_day_that_stands_for_none_is_no_day_of_an_mri(
    database: Database, clock: FakeClock, day: str
) -> None:
    """Reckoning with it would leave the calendar, and park the study for ever."""
    number = _enrolled(database, enrolled_on=date(2020, 1, 1))
    study = _mri(database, clock, f"hash {number}", day)
    with database.read() as session:
        assert facts_about(session, session.get_one(Study, study), f"hash {number}", day) == (True, None)
        assert calendar(session, "hospital", TODAY, NONE_DECLARED)[0].last_mri_on is None
