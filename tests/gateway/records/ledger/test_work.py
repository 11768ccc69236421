"""The engine's work: claimed by one, with a lease and a fence, and one outcome."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.identities.vault import Vault
from gateway.records.ledger.parking import place_of
from gateway.records.ledger.work import advance, claim_due, note_deliveries, park, postpone, renew
from gateway.records.step_record import NewDelivery, NewManifest, NewPreparedInstance, StepRecord
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows, notice_rows
from gateway.records.views.held_object_rows import manifests
from support.records import (
    LEASE,
    QUIET,
    STATES,
    FakeClock,
    case_row,
    draft,
    due,
    forwarded_case,
    journal,
    matched_case,
    new_instance,
    new_reply,
    sealed,
)


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
        ledger.keep_instance(database, new_instance(study=study), QUIET)
        clock.pass_seconds(11)
        ledger.advance(database, due(database), StudyState.COMPLETED)
        ledger.advance(
            database, due(database), StudyState.MATCHED, StepRecord(cases=(draft(priority=priority),))
        )
        ledger.park_case(database, 1, "test", "later")
    ledger.retry(database, "case", 1, "test")
    assert case_row(database, due(database).id).priority == 0


def test_many_workers_share_the_work_without_doubling(database: Database) -> None:
    """Eight threads that claim from twenty due studies claim each exactly once."""
    for number in range(20):
        ledger.keep_instance(database, new_instance(study=f"1.2.{number}"), timedelta(seconds=-1))
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


def test_a_parked_case_is_never_due_until_retried(database: Database, clock: FakeClock) -> None:
    """Parking keeps the place; retry clears the problem and makes it due at once."""
    case_id = matched_case(database, clock)
    ledger.park(database, due(database), "The problem.", "The fix.")
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    assert case_row(database, case_id).state == CaseState.MATCHED
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
    case = case_row(database, case_id)
    assert case.failing_since is not None
    assert case.attempts == 4


def test_every_transition_is_in_the_journal(database: Database, clock: FakeClock) -> None:
    """The states reached stand in the journal, in order."""
    case_id = forwarded_case(database, clock)
    with database.read() as session:
        reached = [line.reached for line in case_rows.journal(session, 1, case_id) if line.reached]
    assert reached == ["RECEIVED", "COMPLETED", "MATCHED", "MATCHED", "PREPARED", "FORWARDED"]


def test_a_reader_or_sender_who_waits_goes_before_a_new_study(database: Database, clock: FakeClock) -> None:
    """Cases first, then objects of reading sites, then studies, whatever came first."""
    matched_case(database, clock)
    ledger.keep_reply(database, new_reply())
    ledger.keep_instance(database, new_instance(study="1.9"), timedelta(seconds=-1))
    assert [due(database).unit for _ in range(3)] == ["case", "reply", "study"]


def test_what_talks_to_a_node_that_has_its_share_is_left_for_later(
    database: Database, clock: FakeClock
) -> None:
    """Not because it is not due: another node's work is done meanwhile."""
    matched_case(database, clock)
    advance(database, due(database), CaseState.PREPARED)
    assert claim_due(database, "w", LEASE, STATES, full=["reading-site"]) is None
    claim = claim_due(database, "w", LEASE, STATES, full=["hospital-pacs"])
    assert claim is not None
    assert (claim.state, claim.peer) == ("PREPARED", "reading-site")


def test_the_journal_of_a_unit_is_its_studys_and_its_cases() -> None:
    """An object that fits no case has neither."""
    assert place_of(Study(id=1)) == (1, None)
    assert place_of(Case(id=2, study_id=1)) == (1, 2)
    assert place_of(Reply(id=3, study_id=1, case_id=2)) == (1, 2)
    assert place_of(Reply(id=3)) == (None, None)


def test_evidence_is_kept_with_the_state_it_belongs_to(
    database: Database, clock: FakeClock, vault: Vault
) -> None:
    """Identity, copies and manifest; the copies of an earlier preparation are replaced, its manifests stay."""
    case_id = matched_case(database, clock)

    def evidence(copy: str) -> StepRecord:
        return StepRecord(
            note={"copies": 1},
            columns={"shifted_study_date": "20200101"},
            identity=sealed(vault),
            prepared=(
                NewPreparedInstance(
                    1, "1.2.840.10008.5.1.4.1.1.4", copy, "1.2.840.10008.1.2.1", f"{copy}.dcm"
                ),
            ),
            manifest=NewManifest(1, copy * 4, f"manifests/{copy}.json"),
        )

    postpone(database, due(database), "not yet", timedelta(0), evidence("2.25.1"))
    advance(database, due(database), CaseState.PREPARED, evidence("2.25.2"))
    case = case_row(database, case_id)
    assert (case.pseudonym, case.identity_id, case.shifted_study_date) == ("PML-00000001", 1, "20200101")
    with database.read() as session:
        assert [copy.sop_instance_uid for copy in case_rows.prepared(session, case_id)] == ["2.25.2"]
        assert [row.digest for row in manifests(session, case_id)] == ["2.25.2" * 4, "2.25.1" * 4]
    assert journal(database, 1, case_id)[-1].detail == {"copies": 1}


def test_evidence_of_a_lost_claim_is_not_kept(database: Database, clock: FakeClock) -> None:
    """Another worker decides; nothing of the slower one gets in between."""
    case_id = matched_case(database, clock)
    lost = due(database, "slow")
    clock.pass_seconds(61)
    due(database, "fast")
    answer = NewDelivery("forward", "reading-site", "2.25.1", "accepted", 0, "")
    evidence = StepRecord(columns={"pseudonym": "PML-LOST"}, deliveries=(answer,))
    lines = len(journal(database, 1, case_id))
    assert not advance(database, lost, CaseState.PREPARED, evidence)
    assert not postpone(database, lost, "why", timedelta(0), evidence)
    assert not park(database, lost, "problem", "fix", evidence)
    assert not note_deliveries(database, lost, (answer,))
    assert not renew(database, lost, LEASE)
    with database.read() as session:
        assert case_rows.delivered(session, case_id, "forward", "reading-site") == frozenset()
    assert case_row(database, case_id).pseudonym == ""
    assert len(journal(database, 1, case_id)) == lines


def test_answers_are_remembered_while_the_step_still_runs(database: Database, clock: FakeClock) -> None:
    """A crash then repeats little; the claim stays what it was."""
    case_id = matched_case(database, clock)
    claim = due(database)
    assert note_deliveries(
        database, claim, (NewDelivery("forward", "reading-site", "2.25.1", "accepted", 0, ""),)
    )
    with database.read() as session:
        assert case_rows.delivered(session, case_id, "forward", "reading-site") == {"2.25.1"}
    assert advance(database, claim, CaseState.PREPARED)


@pytest.mark.parametrize(
    ("what", "page"), [("case", "/cases/1"), ("study", "/studies"), ("reply", "/replies")]
)
def test_what_needs_a_person_is_told_with_its_page(
    database: Database, clock: FakeClock, what: str, page: str
) -> None:
    """To the site it is of; an object that fits no case is the whole gateway's."""
    if what == "case":
        matched_case(database, clock)
    elif what == "study":
        ledger.keep_instance(database, new_instance(), timedelta(seconds=-1))
    else:
        ledger.keep_reply(database, new_reply())
    claim = due(database)
    assert claim.unit == what
    park(database, claim, "A problem.", "A fix.")
    with database.read() as session:
        [notice] = notice_rows.newest(session)
    assert (notice.page, notice.site) == (page, "" if what == "reply" else "hospital")
    assert "needs a person" in notice.text


def test_trouble_is_counted_from_its_beginning_and_ends_with_the_state(
    database: Database, clock: FakeClock
) -> None:
    """Plain waiting is no trouble."""
    case_id = matched_case(database, clock)
    postpone(database, due(database), "waiting", timedelta(0), failed=False)
    assert case_row(database, case_id).failing_since is None
    postpone(database, due(database), "down", timedelta(0))
    began = clock.time
    clock.pass_seconds(60)
    postpone(database, due(database), "down", timedelta(0))
    assert case_row(database, case_id).failing_since == began
    advance(database, due(database), CaseState.PREPARED)
    case = case_row(database, case_id)
    assert (case.failing_since, case.attempts, case.waiting_for) == (None, 0, "")
