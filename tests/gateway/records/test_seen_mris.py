"""Which MRIs count for the calendar, which were full, and which reports are in force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import select

from gateway.records.database import Database
from gateway.records.seen_mris import SeenMris, is_full, seen_mris
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Study
from routing_rules.surveillance.due_dates import wish
from routing_rules.surveillance.guidelines import WishKind
from routing_rules.surveillance.windows import LastMris
from support.records import FakeClock, matched_case, reader

PATIENT = "hash 1"
FULL = [{"kind": kind} for kind in ("flair", "t2", "trace", "t1_contrast")]
SHORT = [{"kind": kind} for kind in ("flair", "t2", "dwi")]
GOOD: dict[str, Any] = {"protocol": {"quality": "diagnostic", "completeness": "complete"}, "suspicion": "0"}
UNREADABLE: dict[str, Any] = {**GOOD, "protocol": {"quality": "non_diagnostic", "completeness": "complete"}}


def mri(
    database: Database,
    clock: FakeClock,
    day: str,
    series: list[dict[str, str]],
    *reports: dict[str, Any],
    **columns: Any,
) -> int:
    """A study of the patient that became a case, with the documents that were signed for it, the oldest first."""
    case_id = matched_case(database, clock, f"1.2.{day}")
    if reports and not _reader(database):
        reader(database, "rita")
    who = _reader(database)
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.problem, case.series = "out of the way", series
        for name, value in columns.items():
            setattr(case, name, value)
        row = session.get_one(Study, case.study_id)
        row.patient_hash, row.study_date = PATIENT, day
        for number, content in enumerate(reports, 1):
            session.add(
                SignedReport(
                    case_id=case_id,
                    version=number,
                    content=content,
                    digest="",
                    signed_by=who,
                    signer_name="Rita",
                    signer_login="rita",
                    signed_at=datetime(2026, 3, 1, tzinfo=UTC),
                )
            )
        return row.saved_id


def _reader(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(Account.ids())).first() or 0


def seen(database: Database, **how: Any) -> SeenMris:
    """What is known of the patient on 1 March 2026."""
    with database.read() as session:
        return seen_mris(session, date(2026, 3, 1), {PATIENT}, **how).get(PATIENT, SeenMris())


def test_the_newest_and_the_newest_full_mri(sqlite: Database, clock: FakeClock) -> None:
    """An abbreviated one does not take the place of the full one; without recognised series nobody says."""
    mri(sqlite, clock, "20250601", FULL)
    mri(sqlite, clock, "20260101", SHORT)
    assert seen(sqlite).mris == LastMris(date(2026, 1, 1), date(2025, 6, 1))
    last = mri(sqlite, clock, "20260201", [])
    assert seen(sqlite).mris == LastMris(date(2026, 2, 1), date(2025, 6, 1), date(2026, 2, 1))
    assert seen(sqlite, without=last).mris.last_on == date(2026, 1, 1)
    with sqlite.read() as session:
        assert seen_mris(session, date(2026, 3, 1)) == {}  # of those who are enrolled: nobody


@pytest.mark.parametrize(
    ("report", "columns", "counts"),
    [
        (GOOD, {}, True),
        (UNREADABLE, {}, False),
        ({**GOOD, "protocol": {"quality": "diagnostic", "completeness": "incomplete"}}, {}, False),
        ({**GOOD, "suspicion": "not_assessable"}, {}, False),
        (GOOD, {"readability": "not_readable"}, False),
    ],
)
def test_a_study_that_cannot_answer_the_question_does_not_count(
    sqlite: Database, clock: FakeClock, report: dict[str, Any], columns: dict[str, Any], counts: bool
) -> None:
    """By its protocol or by the report: the clock goes on from the MRI before, and what the report asks stays."""
    mri(sqlite, clock, "20250601", FULL)
    mri(sqlite, clock, "20260101", FULL, {**report, "recommendations": ["repeat_sequences"]}, **columns)
    known = seen(sqlite)
    assert known.mris.last_on == (date(2026, 1, 1) if counts else date(2025, 6, 1))
    assert known.wishes == (wish(WishKind.REPEAT, date(2026, 1, 1)),)


def test_a_correction_replaces_what_the_earlier_document_asked(sqlite: Database, clock: FakeClock) -> None:
    """Also by asking for nothing, and by saying that the study could be read after all."""
    mri(
        sqlite,
        clock,
        "20260101",
        FULL,
        {**UNREADABLE, "recommendations": ["short_term", "add_contrast"]},
        {**GOOD, "recommendations": ["csf_pcr"]},
    )
    assert seen(sqlite) == SeenMris(LastMris(date(2026, 1, 1), date(2026, 1, 1)), ())


def test_a_later_mri_that_counts_answers_a_wish(sqlite: Database, clock: FakeClock) -> None:
    """One that could not be read does not."""
    mri(sqlite, clock, "20260101", FULL, {**GOOD, "recommendations": ["add_contrast"]})
    mri(sqlite, clock, "20260110", FULL, UNREADABLE)
    kinds = {(each.kind, each.of_mri_on) for each in seen(sqlite).wishes}
    assert kinds == {(WishKind.CONTRAST, date(2026, 1, 1)), (WishKind.REPEAT, date(2026, 1, 10))}
    mri(sqlite, clock, "20260120", FULL)
    assert seen(sqlite).wishes == ()


def test_a_repeat_of_the_same_day_answers_what_could_not_be_read(sqlite: Database, clock: FakeClock) -> None:
    """What else the report asks for stays, and a repeat that could not be read either answers nothing."""
    mri(sqlite, clock, "20260101", FULL, {**UNREADABLE, "recommendations": ["urgent_contact"]})
    again = mri(sqlite, clock, "20260102", FULL)
    with sqlite.write("test") as session:
        session.get_one(Study, again).study_date = "20260101"
    assert seen(sqlite).mris.last_on == date(2026, 1, 1)
    assert [each.kind for each in seen(sqlite).wishes] == [WishKind.URGENT]
    with sqlite.write("test") as session:
        session.exec(select(Case).where(Case.study_id == again)).one().readability = "not_readable"
    assert {each.kind for each in seen(sqlite).wishes} == {WishKind.URGENT, WishKind.REPEAT}


@pytest.mark.parametrize(
    ("kinds", "full"),
    [
        (("flair", "t2", "dwi", "t1"), True),
        (("flair", "t2", "trace", "t1_contrast", "swi"), True),
        (("flair", "t2", "dwi"), False),
        (("flair", "dwi"), False),
        (("other",), None),
        ((), None),
    ],
)
def test_what_a_full_mri_is(kinds: tuple[str, ...], full: bool | None) -> None:
    """FLAIR, T2, diffusion and T1, with contrast or without; unknown where nothing was recognised."""
    assert is_full([{"kind": kind} for kind in kinds]) is full
