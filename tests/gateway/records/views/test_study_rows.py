"""Received studies as pages read them: newest first, each with its cases, only of the viewer's site."""

from __future__ import annotations

from datetime import timedelta

from gateway.lifecycle import StudyState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.step_record import StepRecord
from gateway.records.tables.cases import Case
from gateway.records.views.study_rows import studies, study_row
from support.records import EVERYBODY, QUIET, FakeClock, draft, due, matched_case, new_instance

SOUTH = Viewer(1, "c", "c", "coordinator", "south")


def test_studies_are_listed_newest_first_with_an_end(sqlite: Database) -> None:
    """Those of every site, for whoever has none."""
    for number in range(3):
        ledger.keep_instance(sqlite, new_instance(study=f"1.{number}"), QUIET)
    with sqlite.read() as session:
        assert [row.id for row in studies(session, EVERYBODY)] == [3, 2, 1]
        assert [row.id for row in studies(session, EVERYBODY, 2)] == [3, 2]


def test_a_site_sees_its_own(sqlite: Database) -> None:
    """In the list and alone; another site's is not there."""
    for site in ("north", "south"):
        ledger.keep_instance(sqlite, new_instance(site=site), QUIET)
    with sqlite.read() as session:
        assert [row.site for row in studies(session, SOUTH)] == ["south"]
        assert study_row(session, SOUTH, 1) is None
        found = study_row(session, SOUTH, 2)
        assert study_row(session, EVERYBODY, 99) is None
    assert found is not None
    assert found.site == "south"


def test_a_study_has_the_cases_of_each_destination(database: Database, clock: FakeClock) -> None:
    """In the order they were opened; a study without one has none of another's."""
    ledger.keep_instance(database, new_instance(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    opened = StepRecord(cases=(draft("reading-site", readability="not_readable"), draft("")))
    ledger.advance(database, due(database), StudyState.MATCHED, opened)
    ledger.keep_instance(database, new_instance(study="1.9"), timedelta(hours=1))
    with database.read() as session:
        later, first = studies(session, EVERYBODY)
    assert (first.case_ids, later.case_ids) == ((1, 2), ())
    assert [(case.destination, case.readability, case.overruled) for case in first.cases] == [
        ("reading-site", "not_readable", ""),
        ("", "readable", ""),
    ]


def test_a_row_says_what_holds_a_study(sqlite: Database, clock: FakeClock) -> None:
    """Problem, fix and the code that a person may let pass."""
    matched_case(sqlite, clock)
    ledger.keep_instance(sqlite, new_instance(study="1.9"), timedelta(seconds=-1))
    with sqlite.write("test") as session:
        session.get_one(Case, 1).problem = "out of the way"
    ledger.park(
        sqlite, due(sqlite), "Another name.", "Ask.", StepRecord(columns={"held_because": "other-name"})
    )
    with sqlite.read() as session:
        row = study_row(session, EVERYBODY, 2)
    assert row is not None
    assert (row.problem, row.fix, row.held_because) == ("Another name.", "Ask.", "other-name")
