"""What a lead decides holds for all that leaves: copies, report, and what the records know."""

from __future__ import annotations

import pytest
from pydicom import Dataset, dcmread
from sqlmodel import select

from gateway.errors import Conflict as Overtaken
from gateway.errors import WrongState
from gateway.lifecycle import Choice
from gateway.records import ledger
from gateway.records.tables.administration import Notice
from gateway.records.tables.cases import Delivery, Reply
from gateway.records.tables.studies import Identity, Instance
from gateway.records.views import case_rows
from support.conflicts import case, decide, state
from support.engine import SQLITE_IS_ENOUGH, Bench, scans
from support.patients import sign
from support.records import audit_events, journal, new_reply

REAL = {"PatientID": "REAL-7", "PatientName": "Right^Rita"}


def contested(pipeline: Bench, again: list[Dataset] | None = None) -> None:
    """A study read by now, and the whole of it sent again under the real identity."""
    pipeline.keep(scans() if again is None else [])
    pipeline.run(61)
    pipeline.keep(scans(**REAL) if again is None else again)
    pipeline.run()


def in_force(pipeline: Bench) -> set[str]:
    """The Patient IDs of the versions in force."""
    with pipeline.context.database.read() as session:
        rows = case_rows.instances(session, 1)
    return {str(dcmread(pipeline.context.blobs.path(row.blob)).PatientID) for row in rows}


def test_the_newer_set_begins_the_case_again_under_its_identity(pipeline: Bench) -> None:
    """Another pseudonym, another date shift; the identity that no case has any more is not kept."""
    contested(pipeline)
    before = case(pipeline)
    decide(pipeline, Choice.NEWER)
    after = case(pipeline)
    assert (state(pipeline), after.state, after.problem) == ("SETTLED", "FORWARDED", "")
    assert in_force(pipeline) == {"REAL-7"}
    assert after.pseudonym != before.pseudonym
    assert {copy.PatientID for copy in pipeline.copies()} == {after.pseudonym}
    assert pipeline.study(1).generation == after.generation == 2
    with pipeline.context.database.read() as session:
        [identity] = session.exec(select(Identity)).all()
    assert identity.pseudonym == after.pseudonym


def test_the_first_set_goes_on_as_if_nothing_had_come(pipeline: Bench) -> None:
    """The case keeps its place; the same newer set, sent again, asks again."""
    contested(pipeline)
    before = case(pipeline)
    decide(pipeline, Choice.FIRST)
    after = case(pipeline)
    assert (state(pipeline), after.state, after.generation) == ("SETTLED", "FORWARDED", 1)
    assert after.pseudonym == before.pseudonym
    assert pipeline.study(1).instances == len(scans())
    pipeline.keep(scans(**REAL))
    pipeline.run()
    assert state(pipeline) == "CONTESTED"


def test_neither_waits_for_what_is_sent_next(pipeline: Bench) -> None:
    """The case stays frozen until then; what comes is in force without a question."""
    contested(pipeline)
    decide(pipeline, Choice.NEITHER)
    assert state(pipeline) == "AWAITED"
    assert pipeline.study(1).instances == 0
    pipeline.keep(scans(PatientID="THIRD-3"))
    pipeline.run()
    assert state(pipeline) == "AWAITED"
    pipeline.run(61)
    assert state(pipeline) == "SETTLED"
    assert in_force(pipeline) == {"THIRD-3"}
    assert (case(pipeline).state, case(pipeline).generation) == ("FORWARDED", pipeline.study(1).generation)


@pytest.mark.parametrize("choice", [Choice.NEWER, Choice.FIRST])
@SQLITE_IS_ENOUGH
def test_a_lead_may_choose_after_all(pipeline: Bench, choice: Choice) -> None:
    """When the sender sends nothing more: waiting for ever would be a dead end."""
    contested(pipeline)
    decide(pipeline, Choice.NEITHER)
    decide(pipeline, choice)
    assert state(pipeline) == "SETTLED"
    assert in_force(pipeline) == ({"REAL-7"} if choice == Choice.NEWER else {str(scans()[0].PatientID)})
    assert case(pipeline).state == "FORWARDED"


@pytest.mark.parametrize("chosen", [Choice.NEWER, Choice.FIRST])
@SQLITE_IS_ENOUGH
def test_a_signed_report_is_built_under_the_chosen_identity(pipeline: Bench, chosen: Choice) -> None:
    """The words stay, no addendum is wanted, and the object is another one when the identity is."""
    pipeline.keep(scans())
    pipeline.run(61)
    sign(pipeline, 1)
    pipeline.run()
    first = case(pipeline).composed["enhanced"]
    pipeline.keep(scans(**REAL))
    pipeline.run()
    decide(pipeline, chosen)
    after = case(pipeline)
    report = dcmread(pipeline.context.blobs.path(after.composed["enhanced"]["blob"]))
    assert (after.state, after.addendum_wanted) == ("COMPOSED", False)
    if chosen == Choice.NEWER:
        assert (report.PatientID, str(report.PatientName)) == ("REAL-7", "Right^Rita")
        assert report.SOPInstanceUID != first["sop_instance_uid"]
        assert after.corrections == 1
    else:
        assert report.PatientID == scans()[0].PatientID
        assert report.SOPInstanceUID == first["sop_instance_uid"]


def test_other_pixels_after_the_signature_want_an_addendum(pipeline: Bench) -> None:
    """The reader has not seen what stands now."""
    pipeline.keep(scans())
    pipeline.run(61)
    sign(pipeline, 1)
    again = scans()
    again[0].PixelData = bytes(len(again[0].PixelData))
    pipeline.keep(again[:1])
    pipeline.run()
    decide(pipeline, Choice.NEWER)
    assert case(pipeline).addendum_wanted


def test_what_went_back_under_another_identity_is_told(pipeline: Bench) -> None:
    """The case says that a corrected report is wanted, and a notice goes to the site; nothing is sent by itself."""
    pipeline.keep(scans())
    pipeline.run(61)
    sign(pipeline, 1)
    with pipeline.context.database.write("test") as session:
        row = case_rows.case(session, 1)
        row.state, row.returned_uid, row.problem = "CONFIRMED", "2.25.7", ""
    contested(pipeline, scans(**REAL))
    decide(pipeline, Choice.NEWER)
    after = case(pipeline)
    assert (after.state, after.correction_wanted) == ("CONFIRMED", True)
    with pipeline.context.database.read() as session:
        notices = [notice.text for notice in session.exec(select(Notice))]
    assert any("send a corrected one" in text for text in notices)
    assert all("REAL-7" not in text for text in notices)


def test_a_corrected_report_names_the_one_it_replaces(pipeline: Bench) -> None:
    """The same words as a new object under the identity that stands; once, and only where it is wanted."""
    pipeline.keep(scans())
    pipeline.run(61)
    sign(pipeline, 1)
    pipeline.run()
    database, returned = pipeline.context.database, case(pipeline).composed["enhanced"]
    with database.write("test") as session:
        row = case_rows.case(session, 1)
        row.state, row.problem = "CONFIRMED", ""
        row.returned_as, row.returned_uid = "enhanced", returned["sop_instance_uid"]
    with pytest.raises(WrongState):
        ledger.correct_report(database, 1, "lea")
    contested(pipeline, scans(**REAL))
    decide(pipeline, Choice.NEWER)
    assert case(pipeline).state == "CONFIRMED"
    ledger.correct_report(database, 1, "lea")
    pipeline.run()
    after = case(pipeline)
    assert (after.state, after.correction_wanted) == ("COMPOSED", False)
    report = dcmread(pipeline.context.blobs.path(after.composed["enhanced"]["blob"]))
    [earlier] = report.PredecessorDocumentsSequence
    [reference] = earlier.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert report.PatientID == "REAL-7"
    assert report.SOPInstanceUID != returned["sop_instance_uid"]
    assert reference.ReferencedSOPInstanceUID == returned["sop_instance_uid"]
    assert reference.PurposeOfReferenceCodeSequence[0].CodeMeaning == "Replaced report"
    assert [event.who for event in audit_events(database, "report corrected")] == ["lea"]
    with pytest.raises(WrongState):
        ledger.correct_report(database, 1, "lea")


@pytest.mark.parametrize("signed", [False, True])
def test_copies_that_were_sent_are_withdrawn(pipeline: Bench, signed: bool) -> None:
    """They are sent again, or (the case is read) are to be deleted; the journal names the pseudonym they went under."""
    pipeline.keep(scans())
    pipeline.run(61)
    pseudonym = case(pipeline).pseudonym
    if signed:
        sign(pipeline, 1)
    with pipeline.context.database.write("test") as session:
        session.add(
            Delivery(
                case_id=1,
                direction="forward",
                node="reader",
                sop_instance_uid="2.25.1",
                outcome="accepted",
                at=pipeline.clock.time,
            )
        )
    contested(pipeline, scans(**REAL))
    decide(pipeline, Choice.NEWER)
    with pipeline.context.database.read() as session:
        sent = select(Delivery.outcome).where(Delivery.direction == "forward")
        assert session.exec(sent).all() == ["withdrawn"]
        assert case_rows.delivered(session, 1, "forward", "reader") == frozenset()
    [line] = [line for line in journal(pipeline.context.database, 1, 1) if line.what == "copies withdrawn"]
    assert line.detail["pseudonym"] == pseudonym
    with pipeline.context.database.read() as session:
        [told] = [one.text for one in session.exec(select(Notice)) if "the copies of case 1" in one.text]
    assert ("have them deleted there" in told) is signed


@SQLITE_IS_ENOUGH
def test_the_decision_has_its_lines(pipeline: Bench) -> None:
    """Who and why, in the journal and in the audit trail."""
    contested(pipeline)
    decide(pipeline, Choice.NEWER)
    [event] = audit_events(pipeline.context.database, "conflict decided")
    assert (event.who, event.detail["why"]) == ("lea", "the PACS was corrected")
    assert "versions settled" in [line.what for line in journal(pipeline.context.database)]


def test_a_decision_on_what_was_not_seen_is_refused(pipeline: Bench) -> None:
    """More objects differ than the lead saw; and what is settled is decided no more."""
    contested(pipeline)
    database = pipeline.context.database
    with pytest.raises(Overtaken):
        ledger.decide_conflict(database, 1, Choice.NEWER, "lea", "x", objects=1)
    decide(pipeline, Choice.FIRST)
    with pytest.raises(WrongState):
        ledger.decide_conflict(database, 1, Choice.NEWER, "lea", "x", objects=len(scans()))


def test_more_versions_withdraw_a_decision(pipeline: Bench) -> None:
    """What is decided must be what was seen."""
    contested(pipeline)
    ledger.decide_conflict(pipeline.context.database, 1, Choice.NEWER, "lea", "x", objects=len(scans()))
    pipeline.keep(scans(PatientID="THIRD-3")[:1])
    pipeline.run()
    assert state(pipeline) == "CONTESTED"
    with pipeline.context.database.read() as session:
        standings = session.exec(select(Instance.standing)).all()
    assert standings.count("in force") == len(scans())


def standings(pipeline: Bench) -> dict[str, set[str]]:
    """The Patient IDs of the versions of each object that are in force."""
    with pipeline.context.database.read() as session:
        rows = session.exec(select(Instance).where(Instance.standing == "in force")).all()
    found: dict[str, set[str]] = {}
    for row in rows:
        said = str(dcmread(pipeline.context.blobs.path(row.blob), stop_before_pixels=True).PatientID)
        found.setdefault(row.sop_instance_uid, set()).add(said)
    return found


def test_what_came_while_none_stood_is_the_only_version(pipeline: Bench) -> None:
    """Neither stands of one object; it comes again, and the others in another version: one of each is in force."""
    contested(pipeline)
    decide(pipeline, Choice.FIRST)
    pipeline.keep(scans(**REAL)[-1:])
    pipeline.run()
    decide(pipeline, Choice.NEITHER)
    third = scans(PatientID="THIRD-3")
    pipeline.keep(third[:1])  # another version of what stands: the question is a new one
    pipeline.keep(third)
    pipeline.run()
    decide(pipeline, Choice.NEWER)
    assert set(map(frozenset, standings(pipeline).values())) == {frozenset({"THIRD-3"})}


@SQLITE_IS_ENOUGH
def test_first_is_what_stands_and_not_what_was_rejected_before(pipeline: Bench) -> None:
    """A lead who chose the corrected set, and then keeps to it, does not get the first of all back."""
    contested(pipeline)
    decide(pipeline, Choice.NEWER)
    pipeline.keep(scans(PatientID="THIRD-3"))
    pipeline.run()
    decide(pipeline, Choice.FIRST)
    assert in_force(pipeline) == {"REAL-7"}
    pipeline.keep(scans(PatientID="FOURTH-4"))
    pipeline.run()
    decide(pipeline, Choice.NEITHER)
    decide(pipeline, Choice.FIRST)
    assert in_force(pipeline) == {"REAL-7"}


@SQLITE_IS_ENOUGH
def test_what_said_the_same_as_a_version_that_fell_is_asked_about_again(pipeline: Bench) -> None:
    """The sender goes back to it in the bytes of its archive: that is no longer the same as what stands."""
    pipeline.keep(scans())
    pipeline.run(61)
    filled = scans()
    for ds in filled:
        ds.RetrieveAETitle = "PACS"
    pipeline.keep(filled)
    pipeline.run()
    assert state(pipeline) == "SAME"
    contested(pipeline, scans(**REAL))
    decide(pipeline, Choice.NEITHER)
    pipeline.keep(filled)
    pipeline.run(61)
    assert (state(pipeline), in_force(pipeline)) == ("SETTLED", {str(scans()[0].PatientID)})


def test_nothing_is_decided_while_the_images_are_sent_again(pipeline: Bench) -> None:
    """What comes after *neither* stands; a choice that did not know of it is refused, or withdrawn."""
    contested(pipeline)
    decide(pipeline, Choice.NEITHER)
    database = pipeline.context.database
    ledger.decide_conflict(database, 1, Choice.FIRST, "lea", "x", objects=len(scans()))
    pipeline.keep(scans(PatientID="THIRD-3"))
    with pytest.raises(WrongState, match="again"):
        ledger.decide_conflict(database, 1, Choice.FIRST, "lea", "x", objects=len(scans()))
    pipeline.run(61)
    assert (state(pipeline), in_force(pipeline)) == ("SETTLED", {"THIRD-3"})
    assert any("withdrawn" in line.what for line in journal(database))


def test_objects_of_the_reading_site_that_went_back_are_told(pipeline: Bench) -> None:
    """How many, in the journal of the case and in a notice that names no patient; those that wait are restored anew."""
    pipeline.keep(scans())
    pipeline.run(61)
    database = pipeline.context.database
    for number, reached in enumerate(("RETURNED", "CONFIRMED", "RESTORED")):
        ledger.keep_reply(database, new_reply(number + 1))
        with database.write("test") as session:
            row = session.get_one(Reply, number + 1)
            row.case_id, row.study_id, row.state, row.restored = 1, 1, reached, {"blob": "x"}
            row.problem = "looked at by a person"  # so that no step takes it
    contested(pipeline, scans(**REAL))
    decide(pipeline, Choice.NEWER)
    what = "objects of the reading site went back under an identity since corrected"
    [line] = [line for line in journal(database, 1, 1) if line.what == what]
    assert line.detail["objects"] == 2
    with database.read() as session:
        [told] = [one.text for one in session.exec(select(Notice)) if "reading site" in one.text]
        states = session.exec(select(Reply.state).order_by(Reply.ids())).all()
    assert told.startswith("2 objects")
    assert "REAL-7" not in told
    assert states == ["RETURNED", "CONFIRMED", "RECEIVED"]
