"""A patient forgotten in rows and files: what is refused, what goes when, what another patient keeps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from gateway.errors import NotThere, WrongState
from gateway.records import ledger
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.ledger.forgetting import (
    begin_forgetting,
    erase_instances,
    erase_replies,
    note_erased,
    readmit,
)
from gateway.records.tables.administration import Refusal
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.commitments import Commitment, OwedResult
from gateway.records.tables.studies import ForgottenPatient, Instance, Study
from support.records import (
    QUIET,
    STATES,
    FakeClock,
    audit_events,
    case_row,
    commitment,
    due,
    journal,
    matched_case,
    new_instance,
    new_reply,
    study_row,
)


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    """An empty object store."""
    return LocalBlobs(tmp_path / "objects")


def _received(
    database: Database, blobs: LocalBlobs, *numbers: int, study: str = "1.2.3", patient: str = "hash"
) -> int:
    """A study of one patient that is over, with files of their own."""
    for number in numbers:
        kept = new_instance(number, study, digest=f"{study}-{number}", blob=f"received/{study}-{number}.dcm")
        blobs.put(kept.blob, b"pixels")
        study_id = ledger.keep_instance(database, kept, QUIET)
    with database.write("test") as session:
        row = session.get_one(Study, study_id)
        row.patient_hash, row.state = patient, "UNMATCHED"
    return study_id


def _mark(database: Database, patient: str = "hash", *also: int, even_open: bool = False) -> int:
    return begin_forgetting(database, patient, "hospital", also, "admin", "asked for", even_open=even_open)


def test_nothing_kept_is_nothing_to_forget(database: Database) -> None:
    """A typing error in the PatientID must not look like success."""
    with pytest.raises(NotThere, match="hospital"):
        _mark(database)
    with database.read() as session:
        assert session.exec(select(ForgottenPatient)).all() == []


def test_what_is_not_over_is_named_and_kept(database: Database, clock: FakeClock) -> None:
    """Unless the person insists: then it ends, and the step that runs must not go on."""
    case_id = matched_case(database, clock)
    running = due(database)
    with pytest.raises(WrongState, match=f"case {case_id} is MATCHED") as refused:
        _mark(database, "hash", 1)
    assert "--even-open" in refused.value.fix
    assert case_row(database, case_id).forgotten_at is None
    _mark(database, "hash", 1, even_open=True)
    assert (case_row(database, case_id).state, study_row(database).patient_hash) == ("FORGOTTEN", "hash")
    assert not ledger.advance(database, running, "PREPARED")
    assert ledger.claim_due(database, "w", timedelta(seconds=60), STATES) is None
    assert [(line.what, line.reached) for line in journal(database, 1, case_id)][-1] == (
        "patient forgotten",
        "FORGOTTEN",
    )


def test_forgetting_twice_is_forgetting_once(database: Database, blobs: LocalBlobs) -> None:
    """The second command finds the same number, and says nothing more in the trail."""
    _received(database, blobs, 1)
    assert _mark(database) == _mark(database)
    assert len(audit_events(database, "patient forgotten")) == 1


def test_refusals_and_answers_that_name_an_object_go(database: Database, blobs: LocalBlobs) -> None:
    """By the whole UID: one that only begins with it is another object's."""
    _received(database, blobs, 1)
    for uid in ("1.2.3.1.1", "1.2.3.1.11"):
        ledger.refuse(
            database, ledger.NewRefusal("PACS", "10.0.0.1", f"Instance {uid} was refused.", "Repair it.")
        )
        commitment(database, f"2.25.{uid[-2:]}", "pacs", (uid,))
    _mark(database)
    with database.read() as session:
        assert session.exec(select(Refusal.why)).all() == ["Instance 1.2.3.1.11 was refused."]
        assert session.exec(select(Commitment.committed)).all() == [["1.2.3.1.11"]]


def test_what_was_asked_about_a_patient_goes(database: Database, clock: FakeClock) -> None:
    """Requests of ours about reports of its cases, whatever they name, and results that we owe about its images."""
    matched_case(database, clock)
    for unit_id in (1, 2):
        commitment(database, f"2.25.{unit_id}", "pacs", ("1.9.9",), "case", unit_id)
    for number, uid in enumerate(("1.2.3.1.1", "1.2.3.1.11")):
        wanted = (("1.2.840.10008.5.1.4.1.1.4", uid),)
        assert ledger.owe_result(database, ledger.NewOwed("pacs", "PACS", f"2.25.{number}", wanted)) is None
    _mark(database, "hash", 1, even_open=True)
    with database.read() as session:
        assert session.exec(select(Commitment.unit_id)).all() == [2]
        assert [row.wanted[0][1] for row in session.exec(select(OwedResult))] == ["1.2.3.1.11"]


def test_files_go_some_at_a_time_with_their_rows(
    database: Database, blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until none is left; another patient's stay."""
    monkeypatch.setattr("gateway.records.ledger.forgetting.BATCH", 2)
    _received(database, blobs, 1, 2, 3)
    _received(database, blobs, 9, study="1.9", patient="other")
    assert erase_instances(database, blobs, "hash") == 0  # nobody was forgotten yet
    _mark(database)
    assert [erase_instances(database, blobs, "hash") for _ in range(3)] == [2, 1, 0]
    assert list(blobs.keys("received")) == ["received/1.9-9.dcm"]
    with database.read() as session:
        assert session.exec(select(Instance.sop_instance_uid)).all() == ["1.9.1.9"]


def test_a_file_that_another_study_names_stays(database: Database, blobs: LocalBlobs) -> None:
    """The row of the forgotten one goes."""
    _received(database, blobs, 1)
    other = _received(database, blobs, 2, study="1.9", patient="other")
    with database.write("test") as session:
        session.exec(select(Instance).where(Instance.study_id == other)).one().blob = "received/1.2.3-1.dcm"
    _mark(database)
    assert erase_instances(database, blobs, "hash") == 1
    assert "received/1.2.3-1.dcm" in list(blobs.keys("received"))


def test_what_reading_sites_sent_back_goes_with_what_was_made_of_it(
    database: Database, blobs: LocalBlobs
) -> None:
    """Both files; an object about another patient stays."""
    for number, study, patient in ((1, "1.2.3", "hash"), (2, "1.9", "other")):
        study_id = _received(database, blobs, number, study=study, patient=patient)
        reply_id = ledger.keep_reply(database, new_reply(number))
        with database.write("test") as session:
            reply = session.get_one(Reply, reply_id)
            reply.study_id, reply.restored = study_id, {"blob": f"reports/{number}.dcm"}
        for key in (f"replies/{number}.dcm", f"reports/{number}.dcm"):
            blobs.put(key, b"words")
    _mark(database)
    assert [erase_replies(database, blobs, "hash") for _ in range(2)] == [1, 0]
    assert [*blobs.keys("replies"), *blobs.keys("reports")] == ["replies/2.dcm", "reports/2.dcm"]
    with database.read() as session:
        assert session.exec(select(Reply.ids())).all() == [2]


def test_the_end_is_said_once(database: Database, blobs: LocalBlobs, clock: FakeClock) -> None:
    """A worker and a command may both come to it."""
    _received(database, blobs, 1)
    number = _mark(database)
    for files in (3, 0):
        note_erased(database, number, files)
        clock.pass_seconds(60)
    [event] = audit_events(database, "forgetting finished")
    assert (event.subject, event.detail) == (f"forgotten patient {number}", {"files": 3})


def test_a_mark_is_lifted_by_a_study_that_it_holds(database: Database, blobs: LocalBlobs) -> None:
    """Not by one that was forgotten, and not while files are still being deleted."""
    gone = _received(database, blobs, 1)
    number = _mark(database)
    again = _received(database, blobs, 2, study="1.2.4")
    for study_id in (gone, 99):
        with pytest.raises(NotThere):
            readmit(database, study_id, "admin", "treated again")
    with pytest.raises(WrongState, match="just now"):
        readmit(database, again, "admin", "treated again")
    note_erased(database, number, 1)
    readmit(database, again, "admin", "treated again")
    with database.read() as session:
        assert session.exec(select(ForgottenPatient)).all() == []
        assert session.exec(select(Case)).all() == []
    [event] = audit_events(database, "forgetting lifted")
    assert (event.subject, event.detail) == (f"forgotten patient {number}", {"why": "treated again"})
    assert journal(database, again)[-1].what == "forgetting lifted"
