"""What was made of a case's copies is made once more when somebody asks; who works on it then has lost it."""

from __future__ import annotations

import pytest
from sqlmodel import select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger import AlignmentOutcome, Pair, Wanted
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import FAILED, WAITING, CaseAlignment, CasePictures
from gateway.records.tables.studies import Instance
from gateway.records.views.alignment_rows import unaligned_pairs
from support.records import LEASE

STILL = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
FLAT = [each for row in STILL for each in row]


def refused_with_a_map(database: Database, pair: Wanted) -> None:
    """The prior was refused, and a map of before is there."""
    ledger.want_alignments(database, [pair])
    claim = ledger.claim_alignment(database, LEASE)
    assert claim is not None
    ledger.keep_alignment(database, claim, AlignmentOutcome("refused", why="other heads"))
    ledger.want_changes(
        database,
        [Pair(pair.case_id, pair.prior_case_id, pair.version, pair.prior_version, "s0-0", "s0-0", STILL)],
    )


@pytest.fixture(autouse=True)
def copies(database: Database, pair: Wanted) -> None:
    """One of the case."""
    with database.write("test") as session:
        study_id = session.get_one(Case, pair.case_id).study_id
        instance = session.exec(select(Instance).where(Instance.study_id == study_id)).first()
        assert instance is not None
        session.add(
            PreparedInstance(
                case_id=pair.case_id,
                instance_id=instance.saved_id,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
                sop_instance_uid="2.25.1",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                blob="prepared/1",
            )
        )


def rows(database: Database) -> tuple[int, int]:
    """How many alignments and maps there are."""
    with database.read() as session:
        return (
            len(session.exec(select(CaseAlignment)).all()),
            len(session.exec(select(CaseChangeMap)).all()),
        )


def state_of(database: Database, case_id: int) -> str:
    """Of the pictures of a case."""
    with database.read() as session:
        return session.get_one(CasePictures, case_id).state


def set_pictures(database: Database, case_id: int, state: str) -> None:
    """As if the worker had made them, or had not."""
    with database.write("test") as session:
        session.get_one(CasePictures, case_id).state = state


def test_everything_of_the_case_is_made_again(database: Database, pair: Wanted) -> None:
    """Its pictures at once; what stands on them when they are there. The prior's stay, where they are there."""
    refused_with_a_map(database, pair)
    with database.read() as session:
        assert unaligned_pairs(session, 9) == []
    ledger.make_again(database, pair.case_id, "anna")
    assert rows(database) == (0, 0)
    assert state_of(database, pair.case_id) == WAITING
    assert state_of(database, pair.prior_case_id) == "made"
    with database.write("test") as session:
        row = session.get_one(CasePictures, pair.case_id)
        row.state, row.version = "made", pair.version
    with database.read() as session:
        assert [each.prior_case_id for each in unaligned_pairs(session, 9)] == [pair.prior_case_id]


def test_a_priors_pictures_that_failed_are_made_again_too(database: Database, pair: Wanted) -> None:
    """Without them nothing can be laid over."""
    refused_with_a_map(database, pair)
    set_pictures(database, pair.prior_case_id, FAILED)
    ledger.make_again(database, pair.case_id, "anna")
    assert state_of(database, pair.prior_case_id) == WAITING


def test_who_works_on_it_has_lost_it(database: Database, pair: Wanted) -> None:
    """An answer to the question of before is kept by nobody; asking twice is asking once."""
    ledger.want_alignments(database, [pair])
    claim = ledger.claim_alignment(database, LEASE)
    assert claim is not None
    for _ in range(2):
        ledger.make_again(database, pair.case_id, "anna")
    assert not ledger.keep_alignment(database, claim, AlignmentOutcome("aligned", FLAT, 0.1, 1.0))
    assert rows(database) == (0, 0)


def test_of_a_case_that_is_over_the_alignment_stays(database: Database, pair: Wanted) -> None:
    """No prior is laid over it any more: what is there must not be lost for a picture."""
    refused_with_a_map(database, pair)
    with database.write("test") as session:
        session.get_one(Case, pair.case_id).state = CaseState.CONFIRMED
    ledger.make_again(database, pair.case_id, "anna")
    assert rows(database) == (1, 1)
    assert state_of(database, pair.case_id) == WAITING


def test_without_copies_there_is_nothing_to_make(database: Database, pair: Wanted) -> None:
    """It says so, as it does for a case that is not there or was forgotten."""
    with pytest.raises(NotThere):
        ledger.make_again(database, 999, "anna")
    with database.write("test") as session:
        session.get_one(Case, pair.case_id).forgotten_at = database.now(session)
    with pytest.raises(WrongState):
        ledger.make_again(database, pair.case_id, "anna")
