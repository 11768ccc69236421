"""Two versions of an object: one question for each study, which freezes what would leave."""

from __future__ import annotations

import pytest
from sqlmodel import select

from gateway.errors import WrongState
from gateway.lifecycle import CaseState, ConflictState, Standing
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.conflicts.contested import standing_on_arrival
from gateway.records.step_record import NewStanding, StepRecord
from gateway.records.tables.administration import Notice
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows, conflict_rows, queue
from support.records import (
    EVERYBODY,
    LEASE,
    QUIET,
    STATES,
    FakeClock,
    case_row,
    due,
    forwarded_case,
    journal,
    new_instance,
    reader,
)

OTHER = "f" * 64


def conflicts(database: Database) -> list[Conflict]:
    """Every conflict, oldest first."""
    with database.read() as session:
        return list(session.exec(select(Conflict).order_by(Conflict.ids())))


def standings(database: Database) -> list[str]:
    """Where each version stands, in the order in which they came first."""
    with database.read() as session:
        return list(session.exec(select(Instance.standing).order_by(Instance.ids())))


def compared(database: Database, *found: Standing, kind: str = "identity corrected") -> None:
    """Run the comparison: each version that waits stands as given."""
    claim = due(database)
    assert claim.unit == "conflict"
    with database.read() as session:
        waiting = [version.saved_id for version, _ in conflict_rows.to_compare(session, claim.id)]
    differ = found.count(Standing.CONTESTED)
    ledger.advance(
        database,
        claim,
        ConflictState.CONTESTED if differ else ConflictState.SAME,
        StepRecord(
            columns={"kind": kind if differ else "", "objects": differ},
            compared=tuple(NewStanding(*pair) for pair in zip(waiting, found, strict=True)),
        ),
    )


@pytest.mark.parametrize(
    ("others", "known", "expected"),
    [
        ([], None, Standing.IN_FORCE),
        (["in force"], None, Standing.UNCOMPARED),
        (["in force"], "being compared", None),
        (["in force"], "contested", None),
        (["in force"], "same", None),
        (["in force"], "set aside", Standing.UNCOMPARED),
        (["contested"], "in force", None),
        (["set aside"], None, Standing.IN_FORCE),
        (["set aside"], "set aside", Standing.IN_FORCE),
    ],
)
def test_where_a_version_stands_when_it_arrives(
    others: list[str], known: str | None, expected: Standing | None
) -> None:
    """What stands already changes nothing; what was set aside is asked about again, or taken where none stands."""
    assert standing_on_arrival(others, known) == expected


def test_the_same_content_is_silence(database: Database, clock: FakeClock) -> None:
    """The row says so, no notice goes out, the case was never told, and the same bytes again change nothing."""
    case_id = forwarded_case(database, clock)
    ledger.keep_instance(database, new_instance(digest=OTHER), QUIET)
    compared(database, Standing.SAME)
    ledger.keep_instance(database, new_instance(digest=OTHER), QUIET)
    assert [one.state for one in conflicts(database)] == ["SAME"]
    assert standings(database) == ["in force", "same"]
    case = case_row(database, case_id)
    assert (case.state, case.problem, case.generation) == (CaseState.FORWARDED, "", 1)
    with database.read() as session:
        assert not session.exec(select(Notice)).all()
        assert conflict_rows.contested(session, [1]) == {}


def test_a_contested_study_freezes_its_case(database: Database, clock: FakeClock) -> None:
    """It can be claimed and a draft be kept, but not be signed: problem and fix say why."""
    case_id, ana = forwarded_case(database, clock), reader(database)
    ledger.keep_instance(database, new_instance(digest=OTHER), QUIET)
    for _ in range(2):  # while it is compared, and when it is contested
        ledger.claim_case(database, case_id, ana, LEASE)
        with database.read() as session:
            version = 1 if session.exec(select(Notice)).first() else 0
        ledger.save_draft(database, case_id, ana, {"a": "b"}, version, LEASE)
        with pytest.raises(WrongState) as refused:
            ledger.sign_report(database, case_id, ana, {"a": "b"})
        assert "cannot be signed now" in refused.value.problem
        assert "lead decides" in refused.value.fix
        if not version:
            compared(database, Standing.CONTESTED)
    assert case_row(database, case_id).state == CaseState.FORWARDED


def test_no_step_of_a_contested_study_is_claimed(database: Database, clock: FakeClock) -> None:
    """A signed report is not composed; other studies go on."""
    case_id, ana = forwarded_case(database, clock), reader(database)
    ledger.claim_case(database, case_id, ana, LEASE)
    ledger.sign_report(database, case_id, ana, {"a": "b"})
    ledger.keep_instance(database, new_instance(digest=OTHER), QUIET)
    compared(database, Standing.CONTESTED)
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    ledger.keep_instance(database, new_instance(2, "1.2.9"), QUIET)
    clock.pass_seconds(11)
    assert due(database).unit == "study"


@pytest.mark.parametrize("state", ["MATCHED", "PREPARED", "REPORTED", "COMPOSED", "RETURNED"])
def test_only_what_was_returned_goes_on(database: Database, clock: FakeClock, state: str) -> None:
    """Whatever its case has reached, nothing is built or sent; what the PACS took is confirmed."""
    case_id = forwarded_case(database, clock)
    ledger.keep_instance(database, new_instance(digest=OTHER), QUIET)
    compared(database, Standing.CONTESTED)
    with database.write("test") as session:
        case_rows.case(session, case_id).state = state
    claim = ledger.claim_due(database, "w", LEASE, STATES)
    assert (claim is not None) == (state == "RETURNED")


def test_versions_join_one_question(database: Database, clock: FakeClock) -> None:
    """One conflict of a study at a time, one notice for it; the newest version brings it back to be compared."""
    ledger.keep_instances(database, [new_instance(1), new_instance(2)], QUIET)
    ledger.keep_instance(database, new_instance(1, digest=OTHER, sender="archive"), QUIET)
    compared(database, Standing.CONTESTED)
    ledger.keep_instance(database, new_instance(2, digest=OTHER), QUIET)
    [conflict] = conflicts(database)
    assert (conflict.state, conflict.senders) == ("RECEIVED", ["archive", "hospital-pacs"])
    compared(database, Standing.CONTESTED)
    assert standings(database) == ["in force", "in force", "contested", "contested"]
    with database.read() as session:
        [notice] = session.exec(select(Notice)).all()
    assert "contested" in notice.text
    assert [line.what for line in journal(database)].count("contested") == 2


def test_a_version_that_comes_during_the_comparison_is_compared(database: Database) -> None:
    """The outcome is kept, and the conflict is not contested before the newest is compared as well."""
    ledger.keep_instances(database, [new_instance(1), new_instance(2)], QUIET)
    ledger.keep_instance(database, new_instance(1, digest=OTHER), QUIET)
    claim = due(database)
    ledger.keep_instance(database, new_instance(2, digest=OTHER), QUIET)
    with database.read() as session:
        first = conflict_rows.to_compare(session, claim.id)[0][0].saved_id
    evidence = StepRecord(columns={"objects": 1}, compared=(NewStanding(first, Standing.CONTESTED),))
    assert ledger.advance(database, claim, ConflictState.CONTESTED, evidence)
    assert [one.state for one in conflicts(database)] == ["RECEIVED"]
    assert standings(database)[2:] == ["contested", "being compared"]


def test_the_line_of_the_case_says_that_it_is_contested(database: Database, clock: FakeClock) -> None:
    """In the queue and on the case page, with the reason."""

    case_id = forwarded_case(database, clock)
    ledger.keep_instance(database, new_instance(digest=OTHER), QUIET)
    compared(database, Standing.CONTESTED)
    with database.read() as session:
        [row] = queue.queue(session, EVERYBODY, "open", 1, clock.time).rows
        page = case_rows.case_page(session, EVERYBODY, case_id)
    assert "identity corrected" in row.contested
    assert page is not None
    assert (page.row.contested, page.conflicts[0].state) == (row.contested, "CONTESTED")
