"""What reading sites sent back, in the records: kept once, claimed like any work, discarded, counted as the report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import CaseState, ReplyState
from gateway.records import ledger, numbers
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.ledger.replies import note_reply_download
from gateway.records.step_record import NewDelivery, StepRecord
from gateway.records.tables.administration import Notice
from gateway.records.tables.cases import Case, Delivery, PreparedInstance, Reply
from gateway.records.views import case_rows, commitment_rows, reply_rows
from gateway.records.views.queue import queue
from support.records import (
    LEASE,
    STATES,
    FakeClock,
    audit_events,
    commitment,
    due,
    forwarded_case,
    new_reply,
    reader,
)

EVERY_SITE = Viewer(0, "test", "test", "admin", "")
COPY, STUDY = "2.25.77", "2.25.1"


def _case(database: Database, case_id: int) -> Case:
    with database.read() as session:
        return case_rows.case(session, case_id)


def _reply(database: Database, reply_id: int) -> Reply:
    with database.read() as session:
        return reply_rows.reply(session, reply_id)


def _read_case(database: Database, clock: FakeClock) -> int:
    """A case at the reading site, with one copy."""
    case_id = forwarded_case(database, clock)
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.pseudonymous_study_uid = STUDY
        session.add(
            PreparedInstance(
                case_id=case_id,
                instance_id=1,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
                sop_instance_uid=COPY,
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                blob="prepared/1.dcm",
            )
        )
    return case_id


def _confirmed(database: Database, case_id: int, *, closes: bool = False, **columns: Any) -> int:
    """A reply of the case, taken through every step; returns its number."""
    reply_id = ledger.keep_reply(database, new_reply())
    about = {"study_id": 1, "case_id": case_id, "generation": 1, "is_report": True, **columns}
    ledger.advance(database, due(database), ReplyState.RESTORED, StepRecord(columns=about))
    ledger.advance(database, due(database), ReplyState.RETURNED)
    ledger.advance(database, due(database), ReplyState.CONFIRMED, StepRecord(closes_case=closes))
    return reply_id


def test_the_same_object_twice_is_one_reply(database: Database) -> None:
    """The same bytes again change nothing; other bytes under the UID are a row of their own, which knows its twin."""
    first = ledger.keep_reply(database, new_reply())
    assert ledger.keep_reply(database, new_reply()) == first
    other = ledger.keep_reply(database, new_reply(digest="f" * 64))
    assert other != first
    with database.read() as session:
        assert reply_rows.has_twin(session, reply_rows.reply(session, other))
        assert not reply_rows.has_twin(session, reply_rows.reply(session, first))


def test_a_held_object_that_another_node_sends_is_looked_at_again(database: Database) -> None:
    """The second may be the node that was asked; while nothing is held, or from the same node, nothing changes."""
    number = ledger.keep_reply(database, new_reply())
    elsewhere = new_reply(node="other", calling_ae_title="OTHER", address="10.0.0.2")
    assert ledger.keep_reply(database, elsewhere) == number
    assert _reply(database, number).node == "reading-site"
    ledger.park(database, due(database), "It was not asked.", "Ask.")
    assert ledger.keep_reply(database, new_reply()) == number
    assert _reply(database, number).problem == "It was not asked."
    assert ledger.keep_reply(database, elsewhere) == number
    taken = _reply(database, number)
    assert (taken.node, taken.calling_ae_title, taken.address) == ("other", "OTHER", "10.0.0.2")
    assert (taken.problem, taken.fix) == ("", "")
    assert due(database).id == number


def test_a_held_object_of_nobodys_case_stops_no_other(database: Database, clock: FakeClock) -> None:
    """Whoever was not asked sends what bears another's UID: the other goes on, and then the held one is the twin."""
    case_id = _read_case(database, clock)
    stray = ledger.keep_reply(database, new_reply(node="other"))
    wanted = ledger.keep_reply(database, new_reply(digest="f" * 64))
    twins: list[bool] = []

    def look(number: int) -> None:
        with database.read() as session:
            twins.append(reply_rows.has_twin(session, reply_rows.reply(session, number)))

    look(wanted)  # the first is not placed yet
    ledger.park(database, due(database), "It was not asked.", "Ask.")
    look(wanted)
    about = StepRecord(columns={"study_id": 1, "case_id": case_id})
    ledger.advance(database, due(database), ReplyState.RESTORED, about)
    look(stray)
    look(wanted)
    assert twins == [True, False, True, False]


def test_a_copy_that_comes_back_is_counted_and_told_once(database: Database, clock: FakeClock) -> None:
    """Three echoes make one line in the journal and no reply; an unknown UID is no echo."""
    case_id = _read_case(database, clock)
    assert [ledger.note_echo(database, uid) for uid in (COPY, COPY, COPY, "2.25.78")] == [
        True,
        True,
        True,
        False,
    ]
    assert _case(database, case_id).echoes == 3
    with database.read() as session:
        told = [line.what for line in case_rows.journal(session, 1, case_id)]
        assert session.exec(select(Reply)).all() == []
    assert told.count("our own images came back") == 1


def test_a_reply_is_claimed_fenced_and_postponed_like_any_work(database: Database, clock: FakeClock) -> None:
    """One worker holds it; a lost lease makes its outcome worthless; waiting keeps it until its time."""
    reply_id = ledger.keep_reply(database, new_reply())
    first = due(database, "first")
    assert (first.unit, first.id, first.state) == ("reply", reply_id, "RECEIVED")
    assert ledger.claim_due(database, "second", LEASE, STATES) is None
    clock.pass_seconds(61)
    second = due(database, "second")
    assert not ledger.advance(database, first, ReplyState.RESTORED)
    assert ledger.postpone(database, second, "not yet", timedelta(seconds=5))
    assert ledger.claim_due(database, "third", LEASE, STATES) is None
    clock.pass_seconds(6)
    assert due(database).failing_since is not None


def test_an_object_of_no_case_is_held_without_a_journal_and_can_be_tried_again(database: Database) -> None:
    """It shows its problem and fix to viewers of every site only; retrying clears both and is audited."""
    reply_id = ledger.keep_reply(database, new_reply())
    ledger.park(database, due(database), "It fits nothing.", "Discard it.")
    with database.read() as session:
        [row] = reply_rows.newest(session, EVERY_SITE)
        assert (row.problem, row.fix, row.case_id) == ("It fits nothing.", "Discard it.", None)
        assert row.kind == "Comprehensive SR"
        assert reply_rows.newest(session, Viewer(1, "c", "c", "coordinator", "hospital")) == []
        assert numbers.counts(session)["parked_reply"] == 1
        [notice] = session.exec(select(Notice)).all()
        assert (notice.text, notice.page) == ("Object of a reading site 1 needs a person.", "/replies")
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    ledger.retry(database, "reply", reply_id, "lead")
    assert due(database).id == reply_id
    assert audit_events(database)[-1].action == "reply retried"


def test_a_discarded_object_is_never_sent_even_by_a_step_that_runs(
    database: Database, clock: FakeClock
) -> None:
    """Discarding takes the work from its worker, is final, and is in the audit trail with its reason."""
    case_id = _read_case(database, clock)
    reply_id = ledger.keep_reply(database, new_reply())
    about = StepRecord(columns={"study_id": 1, "case_id": case_id})
    ledger.advance(database, due(database), ReplyState.RESTORED, about)
    running = due(database)
    ledger.discard_reply(database, reply_id, "lead", "made for a course")
    assert not ledger.advance(database, running, ReplyState.RETURNED)
    assert _reply(database, reply_id).state == ReplyState.DISCARDED
    with pytest.raises(WrongState):
        ledger.discard_reply(database, reply_id, "lead", "again")
    event = audit_events(database)[-1]
    assert (event.action, event.detail) == ("reply discarded", {"why": "made for a course"})
    with database.read() as session:
        assert commitment_rows.kept_from(session, "reading-site", ["1.9.1"]) == {}


def test_what_was_returned_can_no_longer_be_discarded(database: Database, clock: FakeClock) -> None:
    """The sender's PACS has it: a decision here would only hide that."""
    reply_id = _confirmed(database, _read_case(database, clock))
    with pytest.raises(WrongState):
        ledger.discard_reply(database, reply_id, "lead", "too late")
    with pytest.raises(NotThere):
        ledger.discard_reply(database, 99, "lead", "none")


def test_deliveries_of_a_reply_are_its_cases(database: Database, clock: FakeClock) -> None:
    """The case's page shows how the object fared at the PACS."""
    case_id = _read_case(database, clock)
    ledger.keep_reply(database, new_reply())
    about = StepRecord(columns={"study_id": 1, "case_id": case_id})
    ledger.advance(database, due(database), ReplyState.RESTORED, about)
    answer = NewDelivery("reply", "hospital-pacs", "1.9.1", "accepted", 0, "stored")
    ledger.advance(database, due(database), ReplyState.RETURNED, StepRecord(deliveries=(answer,)))
    with database.read() as session:
        [delivery] = session.exec(select(Delivery)).all()
        assert (delivery.case_id, delivery.direction) == (case_id, "reply")
        assert set(commitment_rows.kept_from(session, "reading-site", ["1.9.1", "1.9.2"])) == {"1.9.1"}


def test_a_commitment_answer_wakes_the_reply_it_is_about(database: Database, clock: FakeClock) -> None:
    """An answer on an association of its own ends the wait at once."""
    case_id = _read_case(database, clock)
    ledger.keep_reply(database, new_reply())
    about = StepRecord(columns={"study_id": 1, "case_id": case_id})
    ledger.advance(database, due(database), ReplyState.RESTORED, about)
    ledger.advance(database, due(database), ReplyState.RETURNED)
    ledger.postpone(database, due(database), "no answer yet", timedelta(hours=1), failed=False)
    assert ledger.claim_due(database, "w", LEASE, STATES) is None
    commitment(database, "2.25.5", "hospital-pacs", ("1.9.1",), "reply")
    assert due(database).unit == "reply"


def test_the_reading_sites_report_ends_its_case_in_one_transaction(
    database: Database, clock: FakeClock
) -> None:
    """With its confirmation the case is over, its claim is free, and the journal says why."""
    case_id = _read_case(database, clock)
    ledger.claim_case(database, case_id, reader(database), LEASE)
    _confirmed(database, case_id, closes=True)
    case = _case(database, case_id)
    assert (case.state, case.claimed_by, case.returned_uid) == (CaseState.CONFIRMED, None, "1.9.1")
    with database.read() as session:
        assert case_rows.journal(session, 1, case_id)[-1].what == "reported by the reading site itself"


def test_a_report_that_has_not_seen_the_late_images_does_not_end_the_case(
    database: Database, clock: FakeClock
) -> None:
    """It answers an older generation: the case stays open and says that a report came; a person may count it."""
    case_id = _read_case(database, clock)
    reply_id = _confirmed(database, case_id, closes=True, generation=0)
    assert _case(database, case_id).state == CaseState.FORWARDED
    with database.read() as session:
        [row] = queue(session, EVERY_SITE, "open", 1, database.now(session)).rows
        assert row.site_report
        assert reply_rows.of_case(session, case_id)[0].closes
        [notice] = session.exec(select(Notice)).all()
        assert "still waits" in notice.text
    ledger.count_as_report(database, reply_id, "lead")
    assert _case(database, case_id).state == CaseState.CONFIRMED
    assert audit_events(database)[-1].action == "reply counted as report"
    with pytest.raises(WrongState):
        ledger.count_as_report(database, reply_id, "lead")


def test_only_a_confirmed_report_can_be_counted(database: Database, clock: FakeClock) -> None:
    """A segmentation is no report, and a report on its way is not safe yet."""
    case_id = _read_case(database, clock)
    reply_id = _confirmed(database, case_id, is_report=False)
    with pytest.raises(WrongState):
        ledger.count_as_report(database, reply_id, "lead")
    assert _case(database, case_id).state == CaseState.FORWARDED


def test_a_study_under_its_pseudonymous_uid_is_recognised(database: Database, clock: FakeClock) -> None:
    """Only what a case was prepared under: the empty UID of older cases matches nothing."""
    _read_case(database, clock)
    with database.read() as session:
        assert reply_rows.is_pseudonymous(session, STUDY)
        assert not reply_rows.is_pseudonymous(session, "2.25.2")
        assert [case.id for case in reply_rows.cases_of(session, STUDY)] == [1]
        assert reply_rows.of_other_patients(session, [COPY], 12345)
        assert not reply_rows.of_other_patients(session, ["2.25.78"], 12345)


def test_an_object_that_is_taken_is_in_the_trail(database: Database) -> None:
    """Who, which case, which object: it names the patient."""
    note_reply_download(database, 7, 3, "carla")
    [event] = audit_events(database)
    assert (event.who, event.action, event.subject, event.detail) == (
        "carla",
        "reply downloaded",
        "case 7",
        {"reply": 3},
    )
