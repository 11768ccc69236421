"""A study without a patient number is linked to another's patient, and taken apart: who may be, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from gateway.errors import NotThere, WrongState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from support.records import QUIET, FakeClock, forwarded_case, journal, new_instance

STUDIES = ("1.3", "1.4", "1.5")


@pytest.fixture
def records(database: Database, clock: FakeClock) -> Database:
    """Study 1, in the queue and without a number, and studies 2 to 4, of which 2 and 3 have one."""
    forwarded_case(database, clock)
    for uid in STUDIES:
        ledger.keep_instance(database, new_instance(study=uid), QUIET)
    change(database, 1, has_number=False)
    for number in (2, 3):
        change(database, number, has_number=True)
    change(database, 4, has_number=False)
    return database


def change(database: Database, study_id: int, **columns: Any) -> None:
    """Set columns of a study."""
    with database.write("test") as session:
        for name, value in columns.items():
            setattr(session.get_one(Study, study_id), name, value)


def link(database: Database, study_id: int, other_id: int) -> None:
    """Link, as a lead does."""
    ledger.link_person(database, study_id, other_id, "lena", "the ward said so")


def person_of(database: Database, study_id: int) -> int | None:
    """The study whose patient it is."""
    with database.read() as session:
        return session.get_one(Study, study_id).person_of


def test_a_link_is_journalled_and_begins_the_case_again(records: Database) -> None:
    """The study is routed again, the unsigned case waits for it; who and why stand in journal and audit trail."""
    link(records, 1, 2)
    with records.read() as session:
        study, case = session.get_one(Study, 1), session.get_one(Case, 1)
        [event] = session.exec(select(AuditEvent).where(AuditEvent.who == "lena")).all()
    assert (study.person_of, study.state, study.facts_of) == (2, "COMPLETED", 0)
    assert (case.state, case.to_route) == ("MATCHED", True)
    assert (event.action, event.detail) == ("study linked", {"study": 2, "why": "the ward said so"})
    [line] = [one for one in journal(records, 1) if one.who == "lena"]
    assert (line.what, line.detail) == ("linked to the patient of study 2", {"why": "the ward said so"})
    ledger.unlink_person(records, 1, "lena", "it was another")
    assert person_of(records, 1) is None
    with pytest.raises(WrongState, match="is not linked"):
        ledger.unlink_person(records, 1, "lena", "again")


def test_links_make_no_chain_and_no_circle(records: Database) -> None:
    """A link to a linked study is one to the study that it is linked to; what others are linked to is not linked."""
    link(records, 1, 2)
    link(records, 4, 1)
    assert (person_of(records, 1), person_of(records, 4)) == (2, 2)
    with pytest.raises(WrongState, match="linked to study 2 already"):
        link(records, 1, 3)
    change(records, 2, has_number=False)
    with pytest.raises(WrongState, match="Other studies are linked to study 2: 1, 4"):
        link(records, 2, 3)


@pytest.mark.parametrize(
    ("study", "other", "columns", "problem"),
    [
        (2, 3, {}, "has a patient number"),
        (4, 2, {"has_number": None}, "Nobody has read yet whether study 4"),
    ],
)
def test_only_what_has_no_number_is_linked(
    records: Database, study: int, other: int, columns: dict[str, Any], problem: str
) -> None:
    """A number says whose a study is; correcting it is the sender's."""
    change(records, study, **columns)
    with pytest.raises(WrongState, match=problem):
        link(records, study, other)
    assert person_of(records, study) is None


@pytest.mark.parametrize(
    ("other", "columns"), [(2, {"site": "south"}), (2, {"forgotten_at": "now"}), (1, {}), (99, {})]
)
def test_only_a_kept_study_of_the_site_is_linked_to(
    records: Database, clock: FakeClock, other: int, columns: dict[str, Any]
) -> None:
    """Another site's study is answered like one that does not exist; so is the study itself."""
    change(records, 2, **{key: clock.time if value == "now" else value for key, value in columns.items()})
    with pytest.raises(NotThere):
        link(records, 1, other)


def test_a_study_that_nobody_has_read_is_no_patient_yet(records: Database) -> None:
    """Whose it is shows when it is routed."""
    change(records, 2, has_number=None)
    with pytest.raises(WrongState, match="whose study 2 is"):
        link(records, 1, 2)


def test_what_was_let_go_on_for_the_patient_of_before_lapses(records: Database) -> None:
    """A link asks the guards that compare patients again; what the images show was not about the patient."""
    change(records, 1, accepted={"other-name": {"why": "married"}, "not-head": {"why": "it is"}})
    link(records, 1, 2)
    with records.read() as session:
        assert session.get_one(Study, 1).accepted == {"not-head": {"why": "it is"}}
