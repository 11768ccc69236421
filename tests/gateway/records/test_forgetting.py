"""Forgetting a patient: not a byte of the identity is left, the numbers are, and a crash only delays it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydicom import Dataset
from sqlmodel import col, select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import CaseState, Choice, StudyState
from gateway.pipeline.jobs.forget import Forgetter
from gateway.records import forgetting, ledger, numbers
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.step_record import StepRecord
from gateway.records.tables.administration import AuditEvent, Refusal
from gateway.records.tables.cases import Case, CaseEvent, Delivery, PreparedInstance, SignedReport
from gateway.records.tables.columns import METADATA
from gateway.records.tables.commitments import Commitment
from gateway.records.tables.studies import ForgottenPatient, Identity, Instance, Study
from gateway.records.views import case_rows, study_rows
from gateway.records.views.queue import every_case, queue
from support.conflicts import decide
from support.crashes import killed_at
from support.engine import Bench, bench
from support.patients import (
    RULES,
    files_of_postgresql,
    found_in,
    found_in_rows,
    images,
    sign,
    to_the_end,
    to_the_queue,
    traces,
)
from support.records import LEASE, STATES, commitment

ALL = Viewer(0, "test", "test", "admin", "")
OTHER = {"PatientID": "OTHER-1", "PatientName": "Somebody^Else", "AccessionNumber": "B-1"}


@pytest.fixture
def gateway(tmp_path: Path, database_url: str) -> Iterator[Bench]:
    """A worker whose studies are read from the gateway's own queue, on either database."""
    with bench(tmp_path, RULES, database_url) as made:
        yield made


@pytest.fixture
def forgetter(gateway: Bench) -> Forgetter:
    """What the command works with."""
    context = gateway.context
    return Forgetter(context.database, context.blobs, context.pseudonym_key)


def forget(forgetter: Forgetter, case_id: int, *, even_open: bool = False) -> None:
    """What `gateway forget --case` does."""
    _, compacted = forgetter.forget(forgetter.by_case(case_id), "admin", "asked for", even_open=even_open)
    assert compacted


def case_of(gateway: Bench, case_id: int) -> Case:
    """The row."""
    with gateway.context.database.read() as session:
        return case_rows.case(session, case_id)


def journal(gateway: Bench) -> list[CaseEvent]:
    """Every line."""
    with gateway.context.database.read() as session:
        return list(session.exec(select(CaseEvent).order_by(col(CaseEvent.id))))


def everything(database: Database) -> dict[str, list[object]]:
    """Every row of every table."""
    with database.engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(table.select().order_by(*table.primary_key))]
            for name, table in METADATA.tables.items()
        }


def litter(gateway: Bench, case_id: int) -> None:
    """What trouble leaves behind: refusals, deliveries, answers and problems that name originals."""
    database = gateway.context.database
    with database.write("test") as session:
        study = session.get_one(Study, session.get_one(Case, case_id).study_id)
        uid, now = study.study_instance_uid, database.now(session)
        returned = session.get_one(Case, case_id).returned_uid
        session.add(
            Delivery(
                case_id=case_id,
                direction="return",
                node="hospital-pacs",
                sop_instance_uid=returned or "2.25.1",
                outcome="accepted",
                detail=f"stored under {uid}",
                at=now,
            )
        )
        session.get_one(Case, case_id).fix = f"Look for {uid} of Zzyzx."
        session.add(
            CaseEvent(study_id=study.id, case_id=case_id, at=now, what="parked", detail={"problem": f"{uid}"})
        )
        sop = session.exec(select(Instance.sop_instance_uid).where(Instance.study_id == study.id)).first()
    ledger.refuse(database, ledger.NewRefusal("SOMEBODY", "10.0.0.1", f"The object {sop} is broken.", ""))
    ledger.refuse(database, ledger.NewRefusal("SOMEBODY", "10.0.0.1", "Not a known caller.", ""))
    commitment(database, "2.25.77", "hospital-pacs", (returned,))
    commitment(database, "2.25.78", "hospital-pacs", ("2.25.99",), unit_id=99)


def test_no_byte_of_the_patient_is_left(gateway: Bench, forgetter: Forgetter, tmp_path: Path) -> None:
    """Files, rows, the database's own files and SQLite's log: identifiers and original UIDs were there, and are not."""
    study = images()
    case_id = to_the_end(gateway, study)
    litter(gateway, case_id)
    database, wanted = gateway.context.database, traces(study)
    assert found_in_rows(database, wanted) >= {str(study[0].StudyInstanceUID).encode(), b"Zzyzx"}
    assert found_in(tmp_path, wanted) == wanted
    forget(forgetter, case_id)
    assert found_in_rows(database, wanted) == set()
    assert found_in(tmp_path, wanted) == set()
    if not database.is_sqlite:
        for place in files_of_postgresql(database):
            assert place.is_dir()
            assert found_in(place, wanted) == set()
    with database.read() as session:
        for table in (Identity, Instance, PreparedInstance):
            assert session.exec(select(table)).all() == []
        assert [refusal.why for refusal in session.exec(select(Refusal))] == ["Not a known caller."]
        assert [answer.transaction_uid for answer in session.exec(select(Commitment))] == ["2.25.78"]
        assert session.exec(select(SignedReport)).one().content == {}


def test_the_numbers_stay(gateway: Bench, forgetter: Forgetter) -> None:
    """States, times, rule, verdict, kinds of series, the journal's facts and the counts of /metrics are as before.

    Only what is still to be made of the images is not made any more.
    """
    case_id = to_the_end(gateway, images())
    to_the_queue(gateway, images(suffix=".7", **OTHER))
    database = gateway.context.database
    with database.read() as session:
        before, row = numbers.counts(session), list(every_case(session, ALL))
    case, lines = case_of(gateway, case_id), journal(gateway)
    forget(forgetter, case_id)
    with database.read() as session:
        counts = numbers.counts(session)
        assert counts.pop("pictures_waiting") == before.pop("pictures_waiting") - 1
        before.pop("critical_unacknowledged")  # nobody can be told of a patient who was forgotten
        assert counts == before
        after = list(every_case(session, ALL))
        [study] = [study for study in study_rows.studies(session, ALL) if study.case_ids == (case_id,)]
    assert [(one.id, one.state, one.referral, one.readability, one.sequences) for one in after] == [
        (one.id, one.state, one.referral, one.readability, one.sequences) for one in row
    ]
    left = case_of(gateway, case_id)
    same = ("state", "rule_id", "urgency", "priority", "readability", "pseudonym", "created_at", "reached_at")
    assert [getattr(left, name) for name in same] == [getattr(case, name) for name in same]
    assert left.verdict["requirements"]
    assert left.forgotten_at is not None
    assert left.identity_id is None
    assert study.instances == 3
    told = [(line.at, line.what, line.who) for line in journal(gateway)]
    assert told[: len(lines)] == [(line.at, line.what, line.who) for line in lines]
    assert {what for _, what, _ in told[len(lines) :]} == {"patient forgotten"}


def test_another_patient_is_untouched(gateway: Bench, forgetter: Forgetter, tmp_path: Path) -> None:
    """Their identity, files and case are all there, and their report can still be made."""
    case_id = to_the_end(gateway, images())
    other = to_the_queue(gateway, images(suffix=".7", **OTHER))
    forget(forgetter, case_id)
    assert found_in(tmp_path / "objects", {b"Somebody"}) == {b"Somebody"}
    sign(gateway, other, "ben")
    gateway.run(1)
    assert case_of(gateway, other).state == CaseState.CONFIRMED


def corrected_to(gateway: Bench, **identity: str) -> tuple[int, list[Dataset]]:
    """A case that was read under the patient's first identity, and returned; its study is another one's since."""
    study = images()
    case_id = to_the_end(gateway, study)
    gateway.keep(images(**identity), node="")
    gateway.run(1)
    decide(gateway, Choice.NEWER)
    row = case_of(gateway, case_id)
    assert row.read_under is not None
    assert row.read_under != row.identity_id
    return case_id, study


def test_the_identity_under_which_a_case_was_read_goes_too(
    gateway: Bench, forgetter: Forgetter, tmp_path: Path
) -> None:
    """The study was corrected to another number: forgetting its patient leaves neither identity, nor any image."""
    case_id, study = corrected_to(gateway, **OTHER)
    wanted = traces(study) | {value.encode() for value in OTHER.values()}
    assert found_in(tmp_path, wanted) >= {b"OTHER-1", b"QX-777-31"}
    forget(forgetter, case_id, even_open=True)
    with gateway.context.database.read() as session:
        assert session.exec(select(Identity)).all() == []
        assert session.exec(select(Instance)).all() == []
    assert case_of(gateway, case_id).read_under is None
    assert found_in_rows(gateway.context.database, wanted) == set()
    assert found_in(tmp_path, wanted) == set()


def test_who_was_named_by_mistake_can_be_forgotten_alone(gateway: Bench, forgetter: Forgetter) -> None:
    """The case is another patient's since: it stays, without the identity under which it was read."""
    case_id, _ = corrected_to(gateway, **OTHER)
    earlier = to_the_end(gateway, images(suffix=".7"), "ben")
    forget(forgetter, earlier)
    row = case_of(gateway, case_id)
    assert (row.state, row.read_under) == (CaseState.CONFIRMED, None)
    with gateway.context.database.read() as session:
        assert [one.id for one in session.exec(select(Identity))] == [row.identity_id]


def test_an_identity_that_another_case_needs_stays(gateway: Bench, forgetter: Forgetter) -> None:
    """Two studies of one patient, one of which was corrected to another: forgetting that one keeps the first's."""
    corrected, _ = corrected_to(gateway, **OTHER)
    own = to_the_end(gateway, images(suffix=".7"), "ben")
    forget(forgetter, corrected, even_open=True)
    with gateway.context.database.read() as session:
        assert [one.id for one in session.exec(select(Identity))] == [case_of(gateway, own).identity_id]


def test_a_study_of_which_no_version_stands_can_be_forgotten(
    gateway: Bench, forgetter: Forgetter, tmp_path: Path
) -> None:
    """Two patients were mixed up before it was routed, and a lead chose neither: whatever came of it goes."""
    study = images()
    gateway.keep(study, node="")
    gateway.keep(images(**OTHER), node="")
    gateway.run(1)
    decide(gateway, Choice.NEITHER)
    forgetter.forget(forgetter.by_study(1), "admin", "asked for", even_open=True)
    wanted = traces(study) | {value.encode() for value in OTHER.values()}
    assert found_in_rows(gateway.context.database, wanted) == set()
    assert found_in(tmp_path, wanted) == set()


def test_all_studies_of_the_patient_go(gateway: Bench, forgetter: Forgetter, tmp_path: Path) -> None:
    """A prior, one that is still arriving and one without a case: found by hash or by their headers."""
    first, second, third = images(), images(suffix=".7"), images(suffix=".8")
    case_id = to_the_end(gateway, first)
    unmatched = gateway.keep(second, called="UNKNOWN")
    gateway.run(70)
    arriving = gateway.keep(third, node="")
    numbers = (case_of(gateway, case_id).study_id, unmatched, arriving)
    plan = forgetter.plan(forgetter.by_case(case_id))
    assert plan.studies == numbers
    assert plan.open == (f"study {arriving} is RECEIVED",)
    forget(forgetter, case_id, even_open=True)
    assert found_in(tmp_path, traces([*first, *second, *third])) == set()
    assert [gateway.study(n).state for n in numbers] == [
        StudyState.MATCHED,
        StudyState.UNMATCHED,
        StudyState.FORGOTTEN,
    ]
    gateway.run(1000)
    assert gateway.study(arriving).state == StudyState.FORGOTTEN


def test_a_site_whose_copies_were_withdrawn_is_named(gateway: Bench, forgetter: Forgetter) -> None:
    """It took them before a correction, and has them until somebody there deletes them."""
    case_id = to_the_end(gateway, images())
    with gateway.context.database.write("test") as session:
        session.add(
            Delivery(
                case_id=case_id,
                direction="forward",
                node="reading-site",
                sop_instance_uid="2.25.5",
                outcome="withdrawn",
                at=gateway.clock.time,
            )
        )
    assert "reading-site" in forgetter.plan(forgetter.by_case(case_id)).nodes


def test_a_patient_is_found_by_number(gateway: Bench, forgetter: Forgetter) -> None:
    """Within the site and issuer that know the number; a wrong number names nothing and changes nothing."""
    case_id = to_the_end(gateway, images())
    for site, issuer, number in (
        ("hospital", "QISS", "wrong"),
        ("hospital", "", "QX-777-31"),
        ("north", "QISS", "QX-777-31"),
    ):
        with pytest.raises(NotThere):
            forgetter.forget(forgetter.by_patient_id(site, issuer, number), "admin", "")
    assert case_of(gateway, case_id).forgotten_at is None
    forgetter.forget(forgetter.by_patient_id("hospital", "QISS", "QX-777-31"), "admin", "")
    assert case_of(gateway, case_id).forgotten_at is not None


class TestOpenCases:
    """What is not over."""

    def test_an_open_case_is_refused_and_nothing_changes(
        self, gateway: Bench, forgetter: Forgetter, tmp_path: Path
    ) -> None:
        """The refusal names the case and its state, and the way to end it."""
        study = images()
        case_id = to_the_queue(gateway, study)
        with pytest.raises(WrongState, match=f"case {case_id} is FORWARDED") as refused:
            forgetter.forget(forgetter.by_case(case_id), "admin", "")
        assert "--even-open" in refused.value.fix
        assert found_in(tmp_path, traces(study)) == traces(study)
        assert case_of(gateway, case_id).forgotten_at is None

    def test_it_ends_as_forgotten(self, gateway: Bench, forgetter: Forgetter, tmp_path: Path) -> None:
        """It leaves the queue, waits for nobody, and can be neither read, parked nor retried."""
        study = images()
        case_id = to_the_queue(gateway, study)
        database = gateway.context.database
        forget(forgetter, case_id, even_open=True)
        case = case_of(gateway, case_id)
        assert (case.state, case.problem, case.claimed_by) == (CaseState.FORGOTTEN, "", None)
        with database.read() as session:
            assert queue(session, ALL, "open", 1, database.now(session)).rows == ()
            assert numbers.counts(session)["parked_case"] == 0
        for act in (
            lambda: ledger.retry(database, "case", case_id, "lea"),
            lambda: ledger.park_case(database, case_id, "lea", "why"),
            lambda: ledger.claim_case(database, case_id, 1, LEASE),
            lambda: ledger.route_by_hand(database, 1, "by-address", "lea", "why"),
        ):
            with pytest.raises(WrongState):
                act()
        gateway.run(10_000)
        assert found_in(tmp_path, traces(study)) == set()

    def test_a_step_that_runs_meanwhile_changes_nothing(
        self, gateway: Bench, forgetter: Forgetter, tmp_path: Path
    ) -> None:
        """Its outcome is refused, and the files it still wrote are swept away."""
        study = images()
        case_id = to_the_queue(gateway, study)
        database, blobs = gateway.context.database, gateway.context.blobs
        sign(gateway, case_id)
        claim = ledger.claim_due(database, "slow worker", LEASE, STATES)
        assert claim is not None
        forget(forgetter, case_id, even_open=True)
        blobs.put(f"reports/{case_id}/enhanced.dcm", b"Zzyzx")
        evidence = StepRecord(note={"of": "Zzyzx"}, columns={"composed": {"patient": "Zzyzx"}})
        assert ledger.advance(database, claim, CaseState.COMPOSED, evidence) is False
        assert found_in(tmp_path, traces(study)) == {b"Zzyzx"}
        forgetting.sweep(database, blobs)
        assert found_in(tmp_path, traces(study)) == set()


class TestAgain:
    """Twice, interrupted, and afterwards."""

    def test_twice_is_the_same_as_once(self, gateway: Bench, forgetter: Forgetter) -> None:
        """No second row, no second event, no error."""
        case_id = to_the_end(gateway, images())
        forget(forgetter, case_id)
        database = gateway.context.database
        before = everything(database)
        forget(forgetter, case_id)
        assert everything(database) == before

    def test_it_is_in_the_trail(self, gateway: Bench, forgetter: Forgetter) -> None:
        """Who, why, which studies and cases, how many files (images, copies, reports, manifest); the chain holds."""
        study = images()
        case_id = to_the_end(gateway, study)
        forget(forgetter, case_id)
        with gateway.context.database.read() as session:
            events = session.exec(select(AuditEvent).order_by(col(AuditEvent.id))).all()
        asked, finished = events[-2:]
        assert (asked.who, asked.action) == ("admin", "patient forgotten")
        assert asked.detail == {"why": "asked for", "studies": [1], "cases": [case_id], "open": []}
        assert (finished.action, finished.detail) == ("forgetting finished", {"files": 3 + 3 + 6 + 1})
        assert not [
            one for one in traces(study) if one.decode() in json.dumps(asked.model_dump(), default=str)
        ]

    @pytest.mark.parametrize(
        ("point", "by"),
        [
            ("forget_mark:before", "the command"),
            ("forget_mark:after", "the worker"),
            ("forget_erase:before", "the command"),
            ("forget_erase:after", "the worker"),
            ("forget_finish:before", "the worker"),
            ("forget_finish:after", "the command"),
        ],
    )
    def test_a_crash_anywhere_is_finished_later(
        self, gateway: Bench, tmp_path: Path, point: str, by: str
    ) -> None:
        """kill -9 at the point; the next command, or the worker's sweep by itself, leaves nothing."""
        study = images(2)
        case_id = to_the_end(gateway, study)
        context = gateway.context

        def command() -> None:
            database = Database(context.database.url, gateway.clock)
            forget(Forgetter(database, context.blobs, context.pseudonym_key), case_id)
            database.close()

        assert killed_at(point, tmp_path / "markers", command)
        if by == "the command":
            command()
        else:
            forgetting.sweep(context.database, context.blobs)
            context.database.give_up_deleted(forgetting.TABLES)
        assert found_in_rows(context.database, traces(study)) == set()
        assert found_in(tmp_path, traces(study)) == set()
        with context.database.read() as session:
            assert session.exec(select(ForgottenPatient)).one().finished_at is not None
            actions = [event.action for event in session.exec(select(AuditEvent))]
        assert actions.count("patient forgotten") == actions.count("forgetting finished") == 1

    def test_what_a_crash_left_half_written_goes_too(
        self, gateway: Bench, forgetter: Forgetter, tmp_path: Path
    ) -> None:
        """A temporary file of an intake that was killed long ago holds an identity; a fresh one is somebody's work."""
        import os

        case_id = to_the_end(gateway, images())
        folder = tmp_path / "objects" / "received"
        (folder / ".old").write_bytes(b"Zzyzx")
        (folder / ".fresh").write_bytes(b"being written")
        os.utime(folder / ".old", (0, 0))
        forget(forgetter, case_id)
        assert not (folder / ".old").exists()
        assert (folder / ".fresh").exists()


class TestComingBack:
    """A forgotten patient is sent again."""

    def test_a_new_study_is_held(self, gateway: Bench, forgetter: Forgetter) -> None:
        """Also the very same objects: they are kept under a new number, recognised, and nothing goes on."""
        study = images()
        forget(forgetter, to_the_end(gateway, study))
        study_id = gateway.keep(study, node="")
        gateway.run(70)
        held = gateway.study(study_id)
        assert study_id != 1
        assert (held.state, held.held_because) == (StudyState.COMPLETED, "")
        assert "was forgotten on" in held.problem
        assert f"gateway readmit --study {study_id}" in held.fix
        with pytest.raises(WrongState):
            ledger.let_go_on(gateway.context.database, study_id, "lea", "I know")

    def test_it_is_forgotten_again_without_force(
        self, gateway: Bench, forgetter: Forgetter, tmp_path: Path
    ) -> None:
        """A held study is no open case: it goes like the first."""
        study = images()
        forget(forgetter, to_the_end(gateway, study))
        again = gateway.keep(study, node="")
        gateway.run(70)
        forgetter.forget(forgetter.by_study(again), "admin", "")
        assert found_in(tmp_path, traces(study)) == set()

    def test_lifting_lets_it_go_on(self, gateway: Bench, forgetter: Forgetter) -> None:
        """By an audited command; the study becomes a case under the same pseudonym, what was forgotten stays so."""
        first = to_the_end(gateway, images())
        forget(forgetter, first)
        again = gateway.keep(images(suffix=".7"), node="")
        gateway.run(70)
        database = gateway.context.database
        ledger.readmit(database, again, "admin", "treated again")
        gateway.run(1)
        second = case_of(gateway, 2)
        assert (second.study_id, second.state) == (again, CaseState.FORWARDED)
        assert second.pseudonym == case_of(gateway, first).pseudonym
        assert case_of(gateway, first).composed == {}
        with database.read() as session:
            [event] = session.exec(select(AuditEvent).where(AuditEvent.action == "forgetting lifted")).all()
            assert (event.who, event.detail) == ("admin", {"why": "treated again"})
            assert case_rows.is_forgotten(session, gateway.study(again).patient_hash) is None
        with pytest.raises(NotThere):
            ledger.readmit(database, again, "admin", "twice")


def test_a_file_that_a_living_study_needs_stays(gateway: Bench, forgetter: Forgetter, tmp_path: Path) -> None:
    """The same bytes came from another site: one file, two studies; only the last one takes it away."""
    study = images()
    case_id = to_the_end(gateway, study)
    elsewhere = gateway.keep(study, node="", site="north")
    forget(forgetter, case_id)
    with gateway.context.database.read() as session:
        kept = session.exec(select(Instance)).all()
    assert len(kept) == 3
    assert {row.study_id for row in kept} == {elsewhere}
    assert all((tmp_path / "objects" / row.blob).exists() for row in kept)
    gateway.run(70)
    forgetter.forget(forgetter.by_study(elsewhere), "admin", "", even_open=True)
    assert found_in(tmp_path, traces(study)) == set()


def test_an_object_forgotten_while_it_is_received_again_is_kept(
    gateway: Bench, forgetter: Forgetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is deleted between writing and the row: the intake looks again before it answers Success."""
    study = images(1)
    case_id = to_the_end(gateway, study)
    kept = ledger.keep_instance

    def meanwhile(database: Database, fact: ledger.NewInstance, quiet: timedelta) -> int:
        forget(forgetter, case_id)
        return kept(database, fact, quiet)

    monkeypatch.setattr(ledger, "keep_instance", meanwhile)
    gateway.keep(study, node="")
    with gateway.context.database.read() as session:
        [row] = session.exec(select(Instance)).all()
    assert gateway.context.blobs.get(row.blob)
