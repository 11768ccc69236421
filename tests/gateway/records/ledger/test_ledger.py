"""The ledger, on SQLite and on a real PostgreSQL: claims, fences, generations, signatures, journals."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from gateway.errors import AlreadyClaimed, AlreadySigned, NotClaimed, StaleDraft, WrongState
from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.evidence import CommitmentFact, DeliveryFact, Evidence
from gateway.records.tables.studies import Case, Delivery, Instance, Study
from gateway.records.views import case_rows
from gateway.records.views.queue import queue
from support.records import (
    LEASE,
    QUIET,
    STATES,
    FakeClock,
    draft,
    due,
    fact,
    forwarded_case,
    matched_case,
    reader,
)

ALL = Viewer(0, "test", "test", "admin", "")


def _case(database: Database, case_id: int) -> Case:
    with database.read() as session:
        return case_rows.case(session, case_id)


def _study(database: Database, study_id: int = 1) -> Study:
    with database.read() as session:
        return case_rows.study(session, study_id)


def test_the_same_bytes_twice_change_nothing(database: Database) -> None:
    """A second identical instance is neither a row nor an event."""
    first = ledger.keep_instance(database, fact(), QUIET)
    assert ledger.keep_instance(database, fact(), QUIET) == first
    assert _study(database).instances == 1


def test_other_bytes_under_one_uid_keep_both_and_park(database: Database) -> None:
    """Both rows stay, the study is parked with the reason, and the first received is what is read."""
    study_id = ledger.keep_instance(database, fact(), QUIET)
    ledger.keep_instance(database, fact(digest="f" * 64), QUIET)
    with database.read() as session:
        assert len(session.exec(select(Instance)).all()) == 2
        assert [instance.digest for instance in case_rows.instances(session, study_id)] == [f"{1:064d}"]
    study = _study(database)
    assert "same SOP Instance UID" in study.problem
    assert study.fix


def test_late_images_open_a_generation_of_the_same_study(database: Database, clock: FakeClock) -> None:
    """After completion a new instance makes generation 2 of the same study, never a second study."""
    case_id = forwarded_case(database, clock)
    study_id = ledger.keep_instance(database, fact(2), QUIET)
    assert _study(database, study_id).generation == 2
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, Evidence(cases=(draft(),)))
    case = _case(database, case_id)
    assert (case.state, case.generation, case.late_images) == (CaseState.MATCHED, 2, True)


def test_late_images_after_the_signature_ask_for_an_addendum(database: Database, clock: FakeClock) -> None:
    """A reported case goes on as it is, and says that an addendum is wanted."""
    case_id = forwarded_case(database, clock)
    ana = reader(database)
    ledger.claim_case(database, case_id, ana, LEASE)
    ledger.sign_report(database, case_id, ana, {"a": 1})
    ledger.keep_instance(database, fact(2), QUIET)
    clock.pass_seconds(11)
    ledger.park_case(database, case_id, "test", "out of the way")
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, Evidence(cases=(draft(),)))
    case = _case(database, case_id)
    assert (case.state, case.addendum_wanted) == (CaseState.REPORTED, True)


def test_an_instance_that_arrives_during_completion_wins(database: Database, clock: FakeClock) -> None:
    """A completion decided without the newest instance is refused by its fence."""
    ledger.keep_instance(database, fact(), QUIET)
    clock.pass_seconds(11)
    claim = due(database)
    ledger.keep_instance(database, fact(2), QUIET)
    assert not ledger.advance(database, claim, StudyState.COMPLETED)
    assert _study(database).state == StudyState.RECEIVED


def test_a_lease_keeps_others_out_until_it_ends(database: Database, clock: FakeClock) -> None:
    """A second worker gets nothing while the lease lives, and takes over with a higher fence when it is dead."""
    matched_case(database, clock)
    first = due(database, "first")
    assert ledger.claim_due(database, "second", LEASE, STATES) is None
    clock.pass_seconds(61)
    second = due(database, "second")
    assert second.id == first.id
    assert second.fence > first.fence
    assert not ledger.advance(database, first, CaseState.PREPARED)
    assert not ledger.renew(database, first, LEASE)
    assert ledger.advance(database, second, CaseState.PREPARED)


def test_a_heartbeat_keeps_a_lease_alive(database: Database, clock: FakeClock) -> None:
    """A renewed lease is not taken over at its first end."""
    matched_case(database, clock)
    claim = due(database)
    clock.pass_seconds(50)
    assert ledger.renew(database, claim, LEASE)
    clock.pass_seconds(50)
    assert ledger.claim_due(database, "other", LEASE, STATES) is None


def test_suspected_pml_goes_first(database: Database, clock: FakeClock) -> None:
    """Of two due cases the more urgent is claimed first, although it came later."""
    for study, priority in (("1.1", 5), ("1.2", 0)):
        ledger.keep_instance(database, fact(study=study), QUIET)
        clock.pass_seconds(11)
        ledger.advance(database, due(database), StudyState.COMPLETED)
        ledger.advance(
            database, due(database), StudyState.MATCHED, Evidence(cases=(draft(priority=priority),))
        )
        ledger.park_case(database, 1, "test", "later")
    ledger.retry(database, "case", 1, "test")
    assert _case(database, due(database).id).priority == 0


def test_many_workers_share_the_work_without_doubling(database: Database) -> None:
    """Eight threads that claim from twenty due studies claim each exactly once."""
    for number in range(20):
        ledger.keep_instance(database, fact(study=f"1.2.{number}"), timedelta(seconds=-1))
    claims: list[int] = []

    def work() -> None:
        while (
            claim := ledger.claim_due(database, threading.current_thread().name, LEASE, STATES)
        ) is not None:
            claims.append(claim.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claims) == list(range(1, 21))


def test_two_associations_may_start_one_study(database: Database) -> None:
    """Instances kept at the same time by many threads end in one study with every instance."""
    threads = [
        threading.Thread(target=ledger.keep_instance, args=(database, fact(number), QUIET))
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert _study(database).instances == 12


def test_a_parked_case_is_never_due_until_retried(database: Database, clock: FakeClock) -> None:
    """Parking keeps the place; retry clears the problem and makes it due at once."""
    case_id = matched_case(database, clock)
    ledger.park(database, due(database), "The problem.", "The fix.")
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    assert _case(database, case_id).state == CaseState.MATCHED
    ledger.retry(database, "case", case_id, "ana")
    assert due(database).id == case_id


def test_a_step_that_runs_cannot_move_a_case_parked_by_hand(database: Database, clock: FakeClock) -> None:
    """The outcome of a step that began before the parking is refused."""
    case_id = matched_case(database, clock)
    claim = due(database)
    ledger.park_case(database, case_id, "ana", "wait")
    assert not ledger.advance(database, claim, CaseState.PREPARED)


def test_waiting_counts_and_tells_changes_only(database: Database, clock: FakeClock) -> None:
    """Each postponement counts an attempt; the journal gets a line only when the reason changes."""
    case_id = matched_case(database, clock)
    for why in ("down", "down", "still down"):
        ledger.postpone(database, due(database), why, timedelta(0))
    with database.read() as session:
        lines = [
            line.detail["why"] for line in case_rows.journal(session, 1, case_id) if line.what == "waiting"
        ]
    assert lines == ["not now", "down", "still down"]
    case = _case(database, case_id)
    assert case.failing_since is not None
    assert case.attempts == 4


def test_every_transition_is_in_the_journal(database: Database, clock: FakeClock) -> None:
    """The states reached stand in the journal, in order."""
    case_id = forwarded_case(database, clock)
    with database.read() as session:
        reached = [line.reached for line in case_rows.journal(session, 1, case_id) if line.reached]
    assert reached == ["RECEIVED", "COMPLETED", "MATCHED", "MATCHED", "PREPARED", "FORWARDED"]


def test_a_delivery_keeps_its_last_outcome(database: Database, clock: FakeClock) -> None:
    """A second answer for the same object replaces the first: the row is the truth of what the other side has."""
    case_id = matched_case(database, clock)
    for outcome in ("try again", "accepted"):
        fact_ = DeliveryFact("forward", "reading-site", "1.2.9", outcome, 0, "")
        ledger.postpone(database, due(database), outcome, timedelta(0), Evidence(deliveries=(fact_,)))
    with database.read() as session:
        assert [row.outcome for row in session.exec(select(Delivery))] == ["accepted"]
        assert case_rows.delivered(session, case_id, "forward", "reading-site") == {"1.2.9"}
        assert case_rows.delivered(session, case_id, "forward", "another-site") == frozenset()


class TestReading:
    """Claim, draft, sign."""

    def test_one_claim_wins_and_the_other_is_told_who(self, database: Database, clock: FakeClock) -> None:
        """The second reader hears the first one's name."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        with pytest.raises(AlreadyClaimed, match="Ana"):
            ledger.claim_case(database, case_id, ben, LEASE)

    def test_a_claim_ends_by_itself(self, database: Database, clock: FakeClock) -> None:
        """After the lease another reader may claim, and the first can no longer sign."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        clock.pass_seconds(61)
        ledger.claim_case(database, case_id, ben, LEASE)
        with pytest.raises(NotClaimed):
            ledger.sign_report(database, case_id, ana, {})

    def test_only_a_case_in_the_queue_can_be_claimed(self, database: Database, clock: FakeClock) -> None:
        """A case that is still being prepared is refused."""
        case_id = matched_case(database, clock)
        with pytest.raises(WrongState):
            ledger.claim_case(database, case_id, reader(database), LEASE)

    def test_a_draft_from_an_old_version_is_refused(self, database: Database, clock: FakeClock) -> None:
        """Two browser tabs cannot overwrite each other's draft silently."""
        case_id = forwarded_case(database, clock)
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        assert ledger.save_draft(database, case_id, ana, {"a": "1"}, 0, LEASE) == 1
        with pytest.raises(StaleDraft):
            ledger.save_draft(database, case_id, ana, {"a": "2"}, 0, LEASE)

    def test_a_second_signature_is_refused(self, database: Database, clock: FakeClock) -> None:
        """The signed text stays; a correction is an addendum."""
        case_id = forwarded_case(database, clock)
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        ledger.sign_report(database, case_id, ana, {"a": 1})
        with pytest.raises(AlreadySigned):
            ledger.sign_report(database, case_id, ana, {"a": 2})
        assert _case(database, case_id).state == CaseState.REPORTED

    def test_a_lead_may_release_anybodys_claim(self, database: Database, clock: FakeClock) -> None:
        """Another reader may not, a lead may."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        with pytest.raises(NotClaimed):
            ledger.release_case(database, case_id, ben)
        ledger.release_case(database, case_id, ben, anybodys=True)
        assert _case(database, case_id).claimed_by is None

    def test_a_viewer_of_a_site_sees_only_its_cases(self, database: Database, clock: FakeClock) -> None:
        """Another site's viewer gets an empty queue and no page."""
        case_id = forwarded_case(database, clock)
        stranger = Viewer(9, "x", "x", "coordinator", "elsewhere")
        with database.read() as session:
            assert queue(session, stranger, "open", 1, database.now(session)).rows == ()
            assert case_rows.case_page(session, stranger, case_id) is None
            assert [row.id for row in queue(session, ALL, "open", 1, database.now(session)).rows] == [case_id]


def test_a_study_no_rule_matched_can_be_routed_by_hand(database: Database, clock: FakeClock) -> None:
    """It is looked at again at once, with the rule, who chose it and why; a second choice comes too late."""
    study_id = ledger.keep_instance(database, fact(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.UNMATCHED)
    ledger.route_by_hand(database, study_id, "rule", "ana", "asked by phone")
    with pytest.raises(WrongState):
        ledger.route_by_hand(database, study_id, "rule", "ben", "me too")
    with database.read() as session:
        [line] = [line for line in case_rows.journal(session, study_id) if line.what == "routed by hand"]
        accepted = case_rows.study(session, study_id).accepted[ledger.UNMATCHED]
    assert (line.who, line.detail["why"], accepted["rule"]) == ("ana", "asked by phone", "rule")
    assert due(database).id == study_id


def test_only_what_a_person_may_let_pass_can_go_on(database: Database, clock: FakeClock) -> None:
    """A held study goes on once, under the code that held it; one held for good does not."""
    study_id = ledger.keep_instance(database, fact(), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    held = Evidence(columns={"held_because": "other-name"})
    ledger.park(database, due(database), "This PatientID came with another name before.", "Ask.", held)
    ledger.let_go_on(database, study_id, "ana", "she married")
    with database.read() as session:
        study = case_rows.study(session, study_id)
    assert (study.problem, study.accepted["other-name"]["why"]) == ("", "she married")
    ledger.park(database, due(database), "Two patients.", "Ask.", Evidence(columns={"held_because": ""}))
    with pytest.raises(WrongState):
        ledger.let_go_on(database, study_id, "ana", "never mind")


def test_a_commitment_answer_is_found_by_its_transaction(database: Database) -> None:
    """An answer that came before anybody asked for it is kept, and a repeated one changes nothing."""
    for _ in range(2):
        ledger.record_commitment(
            database, CommitmentFact("2.25.1", "hospital-pacs", ("1.2",), (("1.3", 0x0112),))
        )
    with database.read() as session:
        [answer] = case_rows.commitments(session, ["2.25.1", "2.25.2"])
    assert answer.committed == ["1.2"]
    assert answer.failed == [["1.3", 0x0112]]


def test_one_replica_wins_each_slot(database: Database) -> None:
    """Of many that try the same slot, exactly one may run the job."""
    assert [ledger.take_tick(database, "sweep", 7) for _ in range(3)] == [True, False, False]
    assert ledger.take_tick(database, "sweep", 8)


def test_equal_refusals_are_counted(database: Database) -> None:
    """The screen shows one line with a number, not a thousand lines."""
    for _ in range(3):
        ledger.refuse(database, "STRANGER", "10.0.0.9", "unknown caller", "add a node")
    with database.read() as session:
        [row] = case_rows.refusals(session)
    assert row.times == 3
