"""How a matched study becomes a case, and what late images do to one."""

from __future__ import annotations

from sqlmodel import select

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.opening import open_case
from gateway.records.step_record import NewCase, StepRecord
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from support.records import (
    LEASE,
    QUIET,
    FakeClock,
    case_row,
    draft,
    due,
    forwarded_case,
    journal,
    matched_case,
    new_instance,
    reader,
)


def test_late_images_after_the_signature_ask_for_an_addendum(database: Database, clock: FakeClock) -> None:
    """A reported case goes on as it is, and says that an addendum is wanted."""
    case_id = forwarded_case(database, clock)
    ana = reader(database)
    ledger.claim_case(database, case_id, ana, LEASE)
    ledger.sign_report(database, case_id, ana, {"a": 1})
    ledger.keep_instance(database, new_instance(2), QUIET)
    clock.pass_seconds(11)
    ledger.park_case(database, case_id, "test", "out of the way")
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, StepRecord(cases=(draft(),)))
    case = case_row(database, case_id)
    assert (case.state, case.addendum_wanted) == (CaseState.REPORTED, True)


def _route(database: Database, *drafts: NewCase) -> None:
    """What routing finds for the study, committed with it."""
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, StepRecord(cases=drafts))


def _cases(database: Database) -> list[Case]:
    with database.read() as session:
        return list(session.exec(select(Case).order_by(Case.ids())))


def test_a_study_is_one_case_for_each_destination(database: Database, clock: FakeClock) -> None:
    """With all that the rule said; each has its own line in the journal, with the rule."""
    ledger.keep_instance(database, new_instance(), QUIET)
    clock.pass_seconds(11)
    _route(database, draft("reading-site", rule_id="r1"), draft("", rule_id="r2", priority=0))
    first, second = _cases(database)
    assert [(case.destination, case.rule_id, case.priority, case.state) for case in (first, second)] == [
        ("reading-site", "r1", 5, "MATCHED"),
        ("", "r2", 0, "MATCHED"),
    ]
    assert (first.site, first.generation, first.look_again_at) == ("hospital", 1, clock.time)
    opened = [line.detail for line in journal(database) if line.what == "case opened"]
    assert opened == [{"rule": "r1"}, {"rule": "r2"}]


def test_late_images_amend_the_case_and_end_the_step_that_runs(database: Database, clock: FakeClock) -> None:
    """The rule as it is now counts; a preparation of the older images is refused by its fence."""
    case_id = matched_case(database, clock)
    running = due(database)
    ledger.keep_instance(database, new_instance(2), QUIET)
    clock.pass_seconds(11)
    _route(database, draft(rule_version="2", readability="not_readable"))
    [case] = _cases(database)
    assert (case.id, case.rule_version, case.readability, case.generation) == (
        case_id,
        "2",
        "not_readable",
        2,
    )
    assert not case.late_images  # nobody had seen the older ones
    assert not ledger.advance(database, running, CaseState.PREPARED)
    assert journal(database, 1, case_id)[-1].what == "amended by late images"


def test_a_parked_case_that_late_images_amend_is_looked_at_again(
    database: Database, clock: FakeClock
) -> None:
    """What was missing may have come."""
    matched_case(database, clock)
    ledger.park(database, due(database), "FLAIR is missing.", "Send it.")
    ledger.keep_instance(database, new_instance(2), QUIET)
    clock.pass_seconds(11)
    _route(database, draft())
    [case] = _cases(database)
    assert (case.problem, case.fix) == ("", "")
    assert due(database).id == case.id


def test_the_same_generation_routed_twice_asks_for_no_addendum(database: Database, clock: FakeClock) -> None:
    """A signed case whose study is only looked at again says nothing."""
    case_id = forwarded_case(database, clock)
    ana = reader(database)
    ledger.claim_case(database, case_id, ana, LEASE)
    ledger.sign_report(database, case_id, ana, {"a": 1})
    lines = len(journal(database, 1, case_id))
    with database.write("test") as session:
        open_case(session, session.get_one(Study, 1), draft(), clock.time)
    [case] = _cases(database)
    assert (case.state, case.addendum_wanted) == (CaseState.REPORTED, False)
    assert len(journal(database, 1, case_id)) == lines
