"""Which rows are of one patient: found by hash, by the identity of a case, or because somebody named the study."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities.vault import Vault
from gateway.records.patients import enrolments_of, forgotten_cases, not_over, studies_of
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Enrolment, Identity, Study
from support.records import QUIET, FakeClock, keep_identities, matched_case, new_instance, sealed

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _studies(database: Database, patient_hash: str, *also: int) -> list[int]:
    with database.read() as session:
        return [study.saved_id for study in studies_of(session, [patient_hash], also)]


def test_a_study_is_a_patients_by_either_way(database: Database, clock: FakeClock, vault: Vault) -> None:
    """By its own hash, by the identity of one of its cases, or by its number; what was forgotten is not kept."""
    matched_case(database, clock)
    for study in ("1.2", "1.3", "1.4"):
        ledger.keep_instance(database, new_instance(study=study), QUIET)
    keep_identities(database, sealed(vault, 1))
    with database.write("test") as session:
        session.get_one(Case, 1).identity_id = session.get_one(Identity, 1).id
        session.get_one(Study, 2).patient_hash = "hash 1"
        session.get_one(Study, 3).patient_hash = "hash 1"
        session.get_one(Study, 3).forgotten_at = clock.time
    assert _studies(database, "hash 1") == [1, 2]
    assert _studies(database, "hash 1", 4) == [1, 2, 4]
    assert _studies(database, "hash 2") == []
    with database.write("test") as session:
        assert [study.id for study in studies_of(session, ["hash 1"], lock=True)] == [1, 2]


def test_the_cases_of_a_forgotten_patient_are_known_by_the_mark(database: Database, clock: FakeClock) -> None:
    """Their files are named after them; those of another patient are not among them."""
    matched_case(database, clock)
    with database.write("test") as session:
        session.get_one(Study, 1).patient_hash = "hash"
    with database.read() as session:
        assert forgotten_cases(session, "hash") == []
    with database.write("test") as session:
        session.get_one(Study, 1).forgotten_at = clock.time
    with database.read() as session:
        assert (forgotten_cases(session, "hash"), forgotten_cases(session, "other")) == ([1], [])


def test_a_place_on_the_calendar_is_the_patients(sqlite: Database) -> None:
    """Only once the worker knows who it is."""
    with sqlite.write("test") as session:
        for patient_hash in ("hash", None):
            session.add(
                Enrolment(
                    site="north", patient_hash=patient_hash, enrolled_by="c", created_at=NOW, updated_at=NOW
                )
            )
    with sqlite.read() as session:
        assert [row.id for row in enrolments_of(session, ["hash"])] == [1]


@pytest.mark.parametrize(
    ("study", "case", "said"),
    [
        (Study(id=1, state="MATCHED"), Case(id=2, state="FORWARDED"), ["case 2 is FORWARDED"]),
        (Study(id=1, state="MATCHED"), Case(id=2, state="CONFIRMED"), []),
        (Study(id=1, state="RECEIVED"), Case(id=2, state="CONFIRMED"), ["study 1 is RECEIVED"]),
        (Study(id=1, state="COMPLETED", problem="Two patients."), Case(id=2, state="CONFIRMED"), []),
    ],
    ids=["a reader may be at it", "over", "images may still come", "held: nobody waits for it"],
)
def test_what_somebody_may_wait_for_is_said_in_words(study: Study, case: Case, said: list[str]) -> None:
    """With numbers and states, for the person who is asked to insist."""
    assert not_over([study], [case]) == said
