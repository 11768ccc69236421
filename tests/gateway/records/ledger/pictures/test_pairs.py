"""Pairs of cases on both databases: killed at a commit point, given way to others, deleted while a worker has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger import AlignmentOutcome, Pair, Wanted
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import CaseAlignment, CasePictures
from gateway.records.tables.studies import Instance
from gateway.records.views.alignment_rows import unaligned_pairs, unmapped_pairs
from support.crashes import killed_at
from support.records import LEASE, FakeClock

FLAT = [1.0, 0.0, 0.0, 5.0, 0.0, 1.0, 0.0, -2.0, 0.0, 0.0, 1.0, 3.0]
POINTS = [
    f"{name}:{when}"
    for name in (
        "want_alignments",
        "claim_alignment",
        "keep_alignment",
        "want_changes",
        "claim_change_map",
        "keep_change_map",
    )
    for when in ("before", "after")
]


def work(database: Database) -> None:
    """What the jobs do with the records until nothing is due, without the pictures."""
    with database.read() as session:
        pairs = unaligned_pairs(session, 9)
    of = [
        Wanted(each.case_id, each.prior_case_id, each.version, each.prior_version, "flair") for each in pairs
    ]
    ledger.want_alignments(database, of)
    while (claim := ledger.claim_alignment(database, LEASE)) is not None:
        ledger.keep_alignment(database, claim, AlignmentOutcome("aligned", FLAT, 0.2, 1.0))
    with database.read() as session:
        aligned = unmapped_pairs(session, 9)
    ledger.want_changes(
        database,
        [
            Pair(
                each.case_id,
                each.prior_case_id,
                each.version,
                each.prior_version,
                "s0-0",
                "s0-0",
                each.transform,
            )
            for each in aligned
        ],
    )
    while (change := ledger.claim_change_map(database, LEASE)) is not None:
        ledger.keep_change_map(database, change, {"components": []}, "")


def states(database: Database) -> tuple[list[str], list[str]]:
    """Of all alignments and of all maps."""
    with database.read() as session:
        return (
            [row.state for row in session.exec(select(CaseAlignment))],
            [row.state for row in session.exec(select(CaseChangeMap))],
        )


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_commit_point_a_pair_is_done_once(
    database: Database, clock: FakeClock, pair: Wanted, tmp_path: Path, point: str
) -> None:
    """A lease later the next worker ends it, on each of the two databases."""
    assert pair.kind == "flair"
    assert killed_at(point, tmp_path / "markers", lambda: work(Database(database.url, clock)))
    clock.pass_seconds(LEASE.total_seconds() + 1)
    work(database)
    assert states(database) == (["aligned"], ["made"])


@pytest.mark.parametrize("which", ["case", "prior"])
def test_pictures_that_gave_way_take_what_lay_with_them(database: Database, pair: Wanted, which: str) -> None:
    """The map lay with the case: it is wanted again with its pictures. A map made of a prior that gave way stays."""
    work(database)
    number = pair.case_id if which == "case" else pair.prior_case_id
    with database.write("test") as session:
        session.get_one(Case, number).state = CaseState.CONFIRMED
    assert ledger.drop_pictures(database, number)
    assert states(database) == (["aligned"], [] if which == "case" else ["made"])


def test_a_map_waits_until_both_have_all_their_volumes(database: Database, pair: Wanted) -> None:
    """Of a study whose volumes are being made nobody knows yet whether it has a FLAIR."""
    with database.read() as session:
        before = unaligned_pairs(session, 9)
    assert before
    ledger.want_alignments(database, [pair])
    claim = ledger.claim_alignment(database, LEASE)
    assert claim is not None
    ledger.keep_alignment(database, claim, AlignmentOutcome("aligned", FLAT, 0.2, 1.0))
    for state, due in (("waiting", 0), ("made", 1)):
        with database.write("test") as session:
            session.get_one(CasePictures, pair.prior_case_id).state = state
        with database.read() as session:
            assert len(unmapped_pairs(session, 9)) == due


def test_an_outcome_does_not_reach_the_row_that_came_after(database: Database, pair: Wanted) -> None:
    """Deleted and wanted anew of other copies, the row counts its claims from the beginning: the late one is lost."""
    ledger.want_alignments(database, [pair])
    late = ledger.claim_alignment(database, LEASE)
    assert late is not None
    with database.write("test") as session:
        session.delete(session.exec(select(CaseAlignment)).one())
    with database.write("test") as session:
        session.get_one(CasePictures, pair.case_id).version = "other"
    ledger.want_alignments(
        database, [Wanted(pair.case_id, pair.prior_case_id, "other", pair.prior_version, "flair")]
    )
    again = ledger.claim_alignment(database, LEASE)
    assert again is not None
    assert again.fence == late.fence
    assert not ledger.keep_alignment(database, late, AlignmentOutcome("aligned", FLAT, 0.2, 1.0))
    assert ledger.keep_alignment(database, again, AlignmentOutcome("refused", why="other heads"))


def test_cases_that_are_over_do_not_take_turns(database: Database, pair: Wanted) -> None:
    """Pictures of one are made because somebody looks: that does not want those of the other, which gave way."""
    with database.write("test") as session:
        for number in (pair.case_id, pair.prior_case_id):
            session.get_one(Case, number).state = CaseState.CONFIRMED
        study_id = session.get_one(Case, pair.prior_case_id).study_id
        instance = session.exec(select(Instance).where(Instance.study_id == study_id)).first()
        assert instance is not None
        session.add(
            PreparedInstance(
                case_id=pair.prior_case_id,
                instance_id=instance.saved_id,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
                sop_instance_uid="2.25.1",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                blob="prepared/1",
            )
        )
    assert ledger.drop_pictures(database, pair.prior_case_id)
    ledger.want_pictures(database, pair.case_id, again=True)
    claim = ledger.claim_pictures(database, LEASE)
    assert claim is not None
    assert ledger.keep_index(database, claim, "v", "blob", is_last=True)
    assert ledger.claim_pictures(database, LEASE) is None
