"""Which MRIs count for the calendar, which were full, and which reports are in force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import select

from gateway.records.database import Database
from gateway.records.seen_mris import SeenMris, full_by, seen_mris
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Study
from routing_rules.surveillance.due_dates import wish
from routing_rules.surveillance.guidelines import WishKind
from routing_rules.surveillance.windows import LastMris
from support.records import FakeClock, matched_case, reader

PATIENT = "hash 1"
CONTRAST = "dwi flair t1 t1_contrast t2"
FULL = "dwi flair t1 t2"
SHORT = "dwi flair t2"
GOOD: dict[str, Any] = {"protocol": {"quality": "diagnostic", "completeness": "complete"}, "suspicion": "0"}
UNREADABLE: dict[str, Any] = {**GOOD, "protocol": {"quality": "non_diagnostic", "completeness": "complete"}}


def mri(
    database: Database,
    clock: FakeClock,
    day: str,
    shows: str,
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
        case.problem, case.shows = "out of the way", shows
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


def on(day: date, *sequences: str) -> tuple[tuple[str, date], ...]:
    """These sequences were last seen on a day, in the order of the table."""
    return tuple((name, day) for name in ("flair", "t2", "dwi", "t1", "t1_contrast") if name in sequences)


def test_the_newest_and_the_newest_full_mri(sqlite: Database, clock: FakeClock) -> None:
    """An abbreviated one does not take the place of the full one; where nothing was recognised nobody says."""
    mri(sqlite, clock, "20250601", FULL)
    mri(sqlite, clock, "20260101", SHORT)
    known = seen(sqlite).mris
    assert (known.last_on, known.full_on, known.unsaid_on) == (date(2026, 1, 1), date(2025, 6, 1), None)
    assert (known.seen("t2"), known.seen("t1"), known.seen("t1_contrast")) == (
        date(2026, 1, 1),
        date(2025, 6, 1),
        None,
    )
    last = mri(sqlite, clock, "20260201", "")
    known = seen(sqlite).mris
    assert (known.last_on, known.full_on, known.unsaid_on) == (
        date(2026, 2, 1),
        date(2025, 6, 1),
        date(2026, 2, 1),
    )
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
    day = date(2026, 1, 1)
    by_sequence = on(day, "flair", "t2", "dwi", "t1")
    assert seen(sqlite) == SeenMris(LastMris(day, day, by_sequence=by_sequence), ())


def read(**sequences: str) -> dict[str, Any]:
    """A report that read these sequences as said, and the others well."""
    good = {"acquired": "present", "quality": "diagnostic", "coverage": "whole_brain"}
    said = {
        "diagnostic": good,
        "non_diagnostic": {**good, "quality": "non_diagnostic"},
        "part": {**good, "coverage": "part"},
        "absent": {"acquired": "absent"},
    }
    parts = {
        name: said[how]
        for name, how in (
            {"flair": "diagnostic", "t2": "diagnostic", "dwi": "diagnostic"} | sequences
        ).items()
    }
    return {**GOOD, "protocol": {**GOOD["protocol"], "sequences": parts}}


@pytest.mark.parametrize(
    ("shows", "report", "closes"),
    [
        (FULL, None, False),
        (CONTRAST, None, True),
        ("dwi flair t1? t1_contrast? t2", None, False),
        (FULL, read(t1_contrast="diagnostic"), True),
        (CONTRAST, read(t1_contrast="non_diagnostic"), False),
        (CONTRAST, read(t1_contrast="absent"), False),
        ("t1 t1_contrast", None, True),
        ("", None, False),
    ],
    ids=[
        "without contrast",
        "with contrast",
        "contrast not sure",
        "the reader says contrast",
        "contrast unreadable",
        "the reader says none",
        "T1 with contrast alone, called back",
        "nothing recognised",
    ],
)
def test_only_an_mri_with_contrast_answers_add_contrast(
    sqlite: Database, clock: FakeClock, shows: str, report: dict[str, Any] | None, closes: bool
) -> None:
    """A later MRI that looked for PML without it leaves the wish open."""
    mri(sqlite, clock, "20260101", FULL, {**GOOD, "recommendations": ["add_contrast"]})
    readability = "readable" if "flair" in shows else "not_readable"
    mri(sqlite, clock, "20260110", shows, *([report] if report else []), readability=readability)
    known = seen(sqlite)
    assert (WishKind.CONTRAST not in {each.kind for each in known.wishes}) is closes
    assert known.mris.last_on == date(2026, 1, 10 if readability == "readable" else 1)


@pytest.mark.parametrize(
    ("shows", "closes"), [(FULL, True), ("dwi flair", False), ("t2", True), ("dwi flair t2-", False)]
)
def test_only_the_sequence_that_was_not_read_answers_a_repeat(
    sqlite: Database, clock: FakeClock, shows: str, closes: bool
) -> None:
    """T2 was unreadable: an MRI without T2, as a simplified protocol has, does not answer it; T2 alone does."""
    report = {**read(t2="non_diagnostic"), "recommendations": ["repeat_sequences"]}
    mri(sqlite, clock, "20260101", FULL, report)
    [asked] = seen(sqlite).wishes
    assert (asked.kind, asked.sequences) == (WishKind.REPEAT, ("t2",))
    readability = "readable" if "flair" in shows else "not_readable"
    mri(sqlite, clock, "20260110", shows, readability=readability)
    assert (seen(sqlite).wishes == ()) is closes


def test_a_simplified_protocol_owes_no_t2(sqlite: Database, clock: FakeClock) -> None:
    """Judged by it, a report without T2 counts; judged by the full one it does not, and asks for T2."""
    report = read(t2="absent")
    mri(sqlite, clock, "20260101", "dwi flair", report)
    assert seen(sqlite).mris.last_on is None
    assert [each.sequences for each in seen(sqlite).wishes] == [("t2",)]
    simplified = {**report, "protocol": {**report["protocol"], "judged_by": "simplified"}}
    mri(sqlite, clock, "20260110", "dwi flair", simplified)
    known = seen(sqlite)
    assert known.mris.last_on == date(2026, 1, 10)
    assert {each.of_mri_on for each in known.wishes} == {date(2026, 1, 1)}


def test_a_later_mri_that_counts_answers_an_urgent_wish(sqlite: Database, clock: FakeClock) -> None:
    """One that could not be read does not."""
    mri(sqlite, clock, "20260101", FULL, {**GOOD, "recommendations": ["urgent_contact"]})
    mri(sqlite, clock, "20260110", FULL, UNREADABLE)
    kinds = {(each.kind, each.of_mri_on) for each in seen(sqlite).wishes}
    assert kinds == {(WishKind.URGENT, date(2026, 1, 1)), (WishKind.REPEAT, date(2026, 1, 10))}
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
    ("shows", "full"),
    [
        (FULL, True),
        (CONTRAST, True),
        (SHORT, False),
        ("dwi flair", False),
        ("dwi flair t1- t2", False),
        ("dwi flair t1? t2", None),
        ("dwi? flair t1 t2", True),
        ("none", False),
        ("", None),
    ],
)
def test_what_a_full_mri_is(shows: str, full: bool | None) -> None:
    """FLAIR, T2, diffusion and T1 that show the brain; a T1 of one image is none, and unknown is not full."""
    assert full_by(shows) is full


def test_a_reader_makes_no_whole_t1_of_one_image(sqlite: Database, clock: FakeClock) -> None:
    """No report says how much of the brain T1 shows; that it can be read does not make it one of the whole brain."""
    mri(sqlite, clock, "20260101", "dwi flair t1- t2", read(t1="diagnostic"))
    assert (seen(sqlite).mris.full_on, seen(sqlite).mris.unsaid_on) == (None, None)
    mri(sqlite, clock, "20260110", "dwi flair t1? t2", read(t1="diagnostic"))
    assert seen(sqlite).mris.full_on == date(2026, 1, 10)


def test_an_older_wish_stays_behind_a_newer_report(sqlite: Database, clock: FakeClock) -> None:
    """Only what answers it closes it, however many MRIs were reported since."""
    mri(sqlite, clock, "20250101", FULL, {**GOOD, "recommendations": ["add_contrast"]})
    for day in ("20250401", "20250701", "20260101"):
        mri(sqlite, clock, day, SHORT, GOOD)
    assert [(each.kind, each.of_mri_on) for each in seen(sqlite).wishes] == [
        (WishKind.CONTRAST, date(2025, 1, 1))
    ]
