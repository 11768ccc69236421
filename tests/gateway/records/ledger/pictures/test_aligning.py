"""Priors are laid over once for the same copies, by one worker at a time, and what kills it is given up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update
from sqlmodel import col

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger import AlignmentClaim, AlignmentOutcome, Wanted
from gateway.records.tables.cases import Case
from gateway.records.tables.pictures import CasePictures
from gateway.records.views.alignment_rows import alignments, unaligned_pairs
from support.records import LEASE, FakeClock

TRANSFORM = [1.0, 0.0, 0.0, 5.0, 0.0, 1.0, 0.0, -2.0, 0.0, 0.0, 1.0, 3.0]


def claimed(database: Database) -> AlignmentClaim:
    """What a worker takes."""
    claim = ledger.claim_alignment(database, LEASE)
    assert claim is not None
    return claim


def known(database: Database, case_id: int) -> dict[int, tuple[str, float | None, str]]:
    """State, residual and reason by prior."""
    with database.read() as session:
        rows = alignments(session, case_id)
    return {number: (row.state, row.residual_mm, row.why) for number, row in rows.items()}


def pairs(database: Database) -> list[tuple[int, int]]:
    """Those that nobody has looked at."""
    with database.read() as session:
        return [(one.case_id, one.prior_case_id) for one in unaligned_pairs(session, 9)]


def test_a_pair_is_found_laid_over_once_and_known(database: Database, pair: Wanted) -> None:
    """The later study is the case, the earlier one its prior."""
    assert pairs(database) == [(pair.case_id, pair.prior_case_id)]
    assert ledger.want_alignments(database, [pair]) == 1
    assert ledger.want_alignments(database, [pair]) == 0
    assert pairs(database) == []
    claim = claimed(database)
    assert claim.wanted == pair
    assert ledger.claim_alignment(database, LEASE) is None, "one worker at a time"
    assert ledger.keep_alignment(database, claim, AlignmentOutcome("aligned", TRANSFORM, 0.2, 1.0))
    assert known(database, pair.case_id) == {pair.prior_case_id: ("aligned", 0.2, "")}
    with database.read() as session:
        transform = alignments(session, pair.case_id)[pair.prior_case_id].transform
    assert transform is not None
    assert [each for row in transform for each in row] == TRANSFORM
    assert ledger.claim_alignment(database, LEASE) is None


@pytest.mark.parametrize("changed", ["case", "prior"])
def test_other_copies_are_laid_over_anew(database: Database, pair: Wanted, changed: str) -> None:
    """What is known of the first ones counts no more."""
    ledger.want_alignments(database, [pair])
    late = claimed(database)
    number = pair.case_id if changed == "case" else pair.prior_case_id
    with database.write("test") as session:
        session.execute(
            update(CasePictures).where(col(CasePictures.case_id) == number).values(version="other")
        )
    assert known(database, pair.case_id) == {}
    assert pairs(database) == [(pair.case_id, pair.prior_case_id)]
    again = replace(pair, version="other") if changed == "case" else replace(pair, prior_version="other")
    assert ledger.want_alignments(database, [again]) == 1
    assert not ledger.keep_alignment(database, late, AlignmentOutcome("aligned", TRANSFORM, 0.2, 1.0))
    assert claimed(database).wanted == again


def test_without_a_kind_in_common_it_is_refused_at_once(database: Database, pair: Wanted) -> None:
    """With the reason, and not looked at again."""
    assert ledger.want_alignments(database, [replace(pair, kind="")]) == 1
    assert ledger.claim_alignment(database, LEASE) is None
    [(state, _, why)] = known(database, pair.case_id).values()
    assert (state, "in common" in why) == ("refused", True)
    assert pairs(database) == []


def test_what_kills_its_worker_is_given_up(database: Database, clock: FakeClock, pair: Wanted) -> None:
    """After two of them, and the page says so."""
    ledger.want_alignments(database, [pair])
    for _ in range(2):
        claimed(database)
        clock.pass_seconds(LEASE.total_seconds() + 1)
    assert ledger.claim_alignment(database, LEASE) is None
    [(state, _, why)] = known(database, pair.case_id).values()
    assert (state, "ended 2 times" in why) == ("failed", True)


@pytest.mark.parametrize("column", ["identity_id", "site", "forgotten_at"])
def test_nobody_elses_study_is_a_prior(database: Database, pair: Wanted, column: str) -> None:
    """Neither another patient's, nor another site's, nor one that was forgotten."""
    with database.write("test") as session:
        values = {"identity_id": None, "site": "elsewhere", "forgotten_at": database.now(session)}
        chosen = update(Case).where(col(Case.id) == pair.prior_case_id)
        session.execute(chosen.values(**{column: values[column]}))
    assert pairs(database) == []
