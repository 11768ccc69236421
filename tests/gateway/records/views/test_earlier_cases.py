"""The earlier cases beside a case are those of its patient, and of nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Identity, Study
from gateway.records.views.earlier_cases import EarlierCase, earlier_cases
from support.records import EVERYBODY, FakeClock, forwarded_case


@pytest.fixture
def patients(database: Database) -> None:
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


def case_of(database: Database, clock: FakeClock, day: str, patient: int | None = 1, **columns: Any) -> int:
    """A case of a study of this day (YYYYMMDD)."""
    case_id = forwarded_case(database, clock, study=f"1.2.{day}.{patient}.{len(columns)}")
    with database.write("test") as session:
        study_id = session.get_one(Case, case_id).study_id
        session.execute(update(Study).where(col(Study.id) == study_id).values(study_date=day))
        values = {"identity_id": patient, "shifted_study_date": "20200101", **columns}
        session.execute(update(Case).where(col(Case.id) == case_id).values(**values))
    return case_id


def seen(database: Database, case_id: int, viewer: Viewer = EVERYBODY) -> list[tuple[int, int]]:
    """Case and days of each."""
    with database.read() as session:
        return [(one.case_id, one.days) for one in earlier_cases(session, viewer, case_id)]


@pytest.mark.usefixtures("patients")
def test_they_are_the_earlier_ones_of_the_same_patient(database: Database, clock: FakeClock) -> None:
    """Newest first: no later one, none without a day, none of another patient."""
    old = case_of(database, clock, "20251101")
    new = case_of(database, clock, "20260101")
    case_of(database, clock, "20260401")
    case_of(database, clock, "20260201", patient=2)
    case_of(database, clock, "20260202", patient=None)
    case_of(database, clock, "none")
    present = case_of(database, clock, "20260302")
    assert seen(database, present) == [(new, 60), (old, 121)]
    with database.read() as session:
        first = earlier_cases(session, EVERYBODY, present)[0]
    assert first == EarlierCase(new, 60, "20200101", first.readability, has_report=False, is_contested=False)


@pytest.mark.usefixtures("patients")
def test_another_study_of_the_same_day_is_one_of_them(database: Database, clock: FakeClock) -> None:
    """A repeated examination is not hidden because nobody knows which of the two came first."""
    again = case_of(database, clock, "20260302", readability="readable")
    present = case_of(database, clock, "20260302")
    assert seen(database, present) == [(again, 0)]
    assert seen(database, again) == [(present, 0)]


@pytest.mark.usefixtures("patients")
def test_who_may_not_see_a_case_sees_none_of_its_past(database: Database, clock: FakeClock) -> None:
    """Another site's viewer, and a case whose patient is not known or was forgotten."""
    case_of(database, clock, "20260101")
    present = case_of(database, clock, "20260302")
    stranger = Viewer(9, "x", "X", "coordinator", "elsewhere")
    assert seen(database, present, stranger) == []
    assert seen(database, 999) == []
    assert seen(database, case_of(database, clock, "20260303", patient=None)) == []
    assert len(seen(database, present)) == 1
    with database.write("test") as session:
        session.execute(
            update(Case).where(col(Case.id) == present).values(forgotten_at=database.now(session))
        )
    assert seen(database, present) == []


@pytest.mark.usefixtures("patients")
def test_a_case_of_another_site_or_that_was_forgotten_is_none_of_them(
    database: Database, clock: FakeClock
) -> None:
    """Even where somebody gave it the same patient."""
    other, gone = case_of(database, clock, "20260101"), case_of(database, clock, "20260102")
    present = case_of(database, clock, "20260302")
    with database.write("test") as session:
        session.execute(update(Case).where(col(Case.id) == other).values(site="elsewhere"))
        session.execute(update(Case).where(col(Case.id) == gone).values(forgotten_at=database.now(session)))
    assert seen(database, present) == []
