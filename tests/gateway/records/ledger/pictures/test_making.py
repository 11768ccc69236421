"""What is made of copies to be looked at: the most urgent case first, one claim a piece, nothing tried for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger import PicturesClaim
from gateway.records.step_record import NewPreparedInstance, StepRecord
from gateway.records.tables.cases import Case
from gateway.records.tables.pictures import CasePictures
from gateway.records.tables.studies import Instance
from gateway.records.views import picture_rows
from gateway.records.views.picture_rows import CopiesOf
from support.records import LEASE, STATES, FakeClock, matched_case

HOUR = timedelta(hours=1)


def prepared(
    database: Database, clock: FakeClock, study: str = "1.2.3", uid: str = "2.25.1", digest: str = "d1"
) -> int:
    """A case that has its copies, as its step left it."""
    case_id = matched_case(database, clock, study)
    copies(database, case_id, uid, digest)
    return case_id


def copies(database: Database, case_id: int, uid: str, digest: str) -> None:
    """The step that makes the copies of a case."""
    claim = ledger.claim_due(database, "worker", LEASE, {"case": STATES["case"][:1]})
    assert claim is not None
    assert claim.id == case_id
    with database.read() as session:
        case = session.get_one(Case, case_id)
        first = session.exec(select(Instance.ids()).where(Instance.study_id == case.study_id)).first()
    assert first is not None
    copy = NewPreparedInstance(first, "1.2", uid, "1.2.840.10008.1.2.1", f"prepared/{case_id}/{uid}.dcm")
    record = StepRecord(columns={"manifest": {"digest": digest}}, prepared=(copy,))
    assert ledger.advance(database, claim, CaseState.PREPARED, record)
    with database.write("test") as session:  # its next step is nobody's here
        session.get_one(Case, case_id).look_again_at += timedelta(days=1)


def row(database: Database, case_id: int) -> CasePictures:
    """What is recorded."""
    with database.read() as session:
        return session.get_one(CasePictures, case_id)


def seen(database: Database, case_id: int) -> CopiesOf:
    """What pages read."""
    with database.read() as session:
        return picture_rows.copies_of(session, case_id)


def claimed(database: Database) -> PicturesClaim:
    """The next piece."""
    claim = ledger.claim_pictures(database, HOUR)
    assert claim is not None
    return claim


def test_copies_want_pictures_and_these_are_made_piece_by_piece(database: Database, clock: FakeClock) -> None:
    """Index, then volumes; the last one ends it, and until then pages see that more comes."""
    case_id = prepared(database, clock)
    version = seen(database, case_id).version
    assert seen(database, case_id).index_blob == ""
    assert ledger.keep_index(database, claimed(database), version, "pictures/1/index.json")
    assert ledger.keep_volume(database, claimed(database), "s1-1", "")
    found = seen(database, case_id).pictures
    assert found is not None
    assert (found.index_blob, dict(found.volumes), found.is_over) == (
        "pictures/1/index.json",
        {"s1-1": ""},
        False,
    )
    assert ledger.keep_volume(database, claimed(database), "s1-2", "colour", is_last=True)
    found = seen(database, case_id).pictures
    assert found is not None
    assert (dict(found.volumes), found.is_over) == ({"s1-1": "", "s1-2": "colour"}, True)
    assert row(database, case_id).made_at is not None
    assert ledger.claim_pictures(database, HOUR) is None


def test_the_most_urgent_case_goes_first_and_of_these_one_without_an_index(
    database: Database, clock: FakeClock
) -> None:
    """Each claim is one piece, so that a suspicion need not wait for the volumes of others."""
    routine = prepared(database, clock, "1.2.3", "2.25.1")
    clock.pass_seconds(1)
    first = claimed(database)
    assert first.case_id == routine
    ledger.keep_index(database, first, seen(database, routine).version, "a")
    clock.pass_seconds(1)
    newer = prepared(database, clock, "1.2.4", "2.25.2")
    assert claimed(database).case_id == newer
    assert claimed(database).case_id == routine
    with database.write("test") as session:
        session.get_one(Case, routine).priority = 1
    ledger.want_pictures(database, routine, again=True)
    clock.pass_seconds(2 * HOUR.total_seconds())
    assert claimed(database).case_id == routine


def test_other_copies_make_what_was_made_of_the_first_out_of_date(
    database: Database, clock: FakeClock
) -> None:
    """Late images: who was making the older ones has lost the claim, and pages see no index of them."""
    case_id = prepared(database, clock)
    before = seen(database, case_id).version
    claim = claimed(database)
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.state, case.look_again_at = CaseState.MATCHED, clock.time
    copies(database, case_id, "2.25.9", "d2")
    assert not ledger.keep_index(database, claim, before, "old")
    after = seen(database, case_id)
    assert after.version != before
    assert after.index_blob == ""
    again = claimed(database)
    assert ledger.keep_index(database, again, after.version, "new")
    assert row(database, case_id).volumes == {}


def test_the_same_names_with_other_content_are_another_version() -> None:
    """The digest of the manifest has that of every copy: faces taken out keep the UIDs."""
    first = picture_rows.version_of("d1", ())
    assert first != picture_rows.version_of("d2", ())


def test_what_kills_its_worker_is_given_up_and_told(database: Database, clock: FakeClock) -> None:
    """Three claims in a row without a piece; somebody may ask again."""
    case_id = prepared(database, clock)
    for _ in range(3):
        claimed(database)
        assert ledger.claim_pictures(database, HOUR) is None  # leased
        clock.pass_seconds(HOUR.total_seconds() + 1)
    assert ledger.claim_pictures(database, HOUR) is None
    found = seen(database, case_id).pictures
    assert found is not None
    assert found.is_over
    assert "3 times in a row" in found.problem
    assert not ledger.want_pictures(database, case_id)
    assert ledger.want_pictures(database, case_id, again=True)
    assert claimed(database).case_id == case_id


def test_a_piece_in_between_begins_the_count_anew(database: Database, clock: FakeClock) -> None:
    """A gateway that is stopped every evening comes to an end."""
    case_id = prepared(database, clock)
    version = seen(database, case_id).version
    ledger.keep_index(database, claimed(database), version, "a")
    for number in range(6):
        claimed(database)
        clock.pass_seconds(HOUR.total_seconds() + 1)
        ledger.keep_volume(database, claimed(database), f"s1-{number}", "")
    assert row(database, case_id).state == "waiting"
    assert len(row(database, case_id).volumes) == 6


def test_a_problem_is_told_and_looked_at_again(database: Database, clock: FakeClock) -> None:
    """A full disk passes, and does not count as a death."""
    case_id = prepared(database, clock)
    for _ in range(5):
        ledger.put_off_pictures(database, claimed(database), "The disk is nearly full.", HOUR)
        assert row(database, case_id).problem == "The disk is nearly full."
        assert ledger.claim_pictures(database, HOUR) is None
        clock.pass_seconds(HOUR.total_seconds() + 1)
    ledger.keep_index(database, claimed(database), "v", "a")
    assert row(database, case_id).problem == ""


def test_a_lease_is_prolonged_by_its_holder_alone(database: Database, clock: FakeClock) -> None:
    """Long work keeps it; who lost it is told."""
    prepared(database, clock)
    claim = claimed(database)
    clock.pass_seconds(HOUR.total_seconds() - 1)
    assert ledger.renew_pictures(database, claim, HOUR)
    clock.pass_seconds(HOUR.total_seconds() - 1)
    assert ledger.claim_pictures(database, HOUR) is None
    clock.pass_seconds(2)
    claimed(database)
    assert not ledger.renew_pictures(database, claim, HOUR)


def test_pictures_of_an_older_case_are_made_when_somebody_looks(database: Database, clock: FakeClock) -> None:
    """What was prepared before there were any has no row: the first look wants them, the second changes nothing."""
    case_id = prepared(database, clock)
    with database.write("test") as session:
        session.delete(session.get_one(CasePictures, case_id))
    assert seen(database, case_id).pictures is None
    assert ledger.want_pictures(database, case_id)
    assert seen(database, case_id).pictures is not None
    assert not ledger.want_pictures(database, case_id)


def test_nothing_is_made_of_a_case_that_is_forgotten_or_not_there(
    database: Database, clock: FakeClock
) -> None:
    """Its row is gone with the patient."""
    case_id = prepared(database, clock)
    with database.write("test") as session:
        session.get_one(Case, case_id).forgotten_at = clock.time
        session.delete(session.get_one(CasePictures, case_id))
    assert not ledger.want_pictures(database, case_id)
    assert not ledger.want_pictures(database, 99)
    assert seen(database, case_id).copies == ()


def test_many_pages_that_ask_at_once_want_them_once(database: Database, clock: FakeClock) -> None:
    """A case of before, opened: its page, its thumbnails and its index come in the same moment."""
    case_id = prepared(database, clock)
    with database.write("test") as session:
        session.delete(session.get_one(CasePictures, case_id))
    together = threading.Barrier(6)

    def ask() -> bool:
        together.wait(10)
        return ledger.want_pictures(database, case_id)

    with ThreadPoolExecutor(6) as pages:
        answers = [page.result() for page in [pages.submit(ask) for _ in range(6)]]
    assert any(answers)
    assert row(database, case_id).state == "waiting"
    assert claimed(database).case_id == case_id
