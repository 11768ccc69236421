"""Priors laid over a case: wanted when both have their pictures, claimed, kept; no case waits for it.

Wanted are the newest earlier studies of the patient of a case that was forwarded. What is made of other copies is made
again when there are new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_
from sqlmodel import col, select

from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.pictures import FAILED, REFUSED, WAITING, CaseAlignment

MOST_ATTEMPTS = 2
"""Claims without an outcome: what ends its worker is not tried for ever."""
NO_KIND = "the two studies have no series of one kind in common that is a volume"
DIED = "the worker ended {} times while it was laid over"


@dataclass(frozen=True)
class Wanted:
    """A prior to lay over a case, with the versions of their copies and the kind of series to do it by."""

    case_id: int
    prior_case_id: int
    version: str
    prior_version: str
    kind: str


@dataclass(frozen=True)
class AlignmentClaim:
    """One of them, held by one worker until its lease ends."""

    id: int
    fence: int
    wanted: Wanted


@dataclass(frozen=True)
class AlignmentOutcome:
    """What came of it: `aligned`, `refused` or `failed`; a transform of 12 numbers where it is aligned."""

    state: str
    transform: Sequence[float] = ()
    residual_mm: float | None = None
    limit_mm: float = 0.0
    why: str = ""


def want_alignments(database: Database, wanted: Sequence[Wanted]) -> int:
    """Put these into the queue, but for those that are known of the same copies; how many are new.

    One without a kind is refused at once: there is nothing to do it by.
    """
    new = 0
    with database.write("want_alignments") as session:
        now = database.now(session)
        for pair in wanted:
            row = session.exec(
                select(CaseAlignment)
                .where(
                    CaseAlignment.case_id == pair.case_id, CaseAlignment.prior_case_id == pair.prior_case_id
                )
                .with_for_update()
            ).first()
            if row is not None and (row.version, row.prior_version) == (pair.version, pair.prior_version):
                continue
            row = row or CaseAlignment(
                case_id=pair.case_id,
                prior_case_id=pair.prior_case_id,
                version="",
                prior_version="",
                wanted_at=now,
            )
            row.state, row.version, row.prior_version, row.kind = (
                WAITING,
                pair.version,
                pair.prior_version,
                pair.kind,
            )
            row.transform, row.residual_mm, row.limit_mm, row.why = [], None, 0.0, ""
            row.attempts, row.lease_until, row.made_at, row.wanted_at = 0, None, None, now
            if not pair.kind:
                row.state, row.why, row.made_at = REFUSED, NO_KIND, now
            row.fence += 1
            session.add(row)
            new += 1
    return new


def claim_alignment(database: Database, lease: timedelta) -> AlignmentClaim | None:
    """Take one of the most urgent case; None where none waits."""
    with database.write("claim_alignment") as session:
        now = database.now(session)
        waiting = (
            select(CaseAlignment)
            .join(Case, col(Case.id) == col(CaseAlignment.case_id))
            .where(
                CaseAlignment.state == WAITING,
                or_(col(CaseAlignment.lease_until).is_(None), col(CaseAlignment.lease_until) <= now),
            )
            .order_by(col(Case.priority), col(CaseAlignment.wanted_at).desc(), col(CaseAlignment.id))
            .limit(1)
            .with_for_update(skip_locked=True, of=CaseAlignment)
        )
        while (row := session.exec(waiting).first()) is not None:
            row.fence += 1
            if row.attempts < MOST_ATTEMPTS:
                row.attempts += 1
                row.lease_until = now + lease
                of = Wanted(row.case_id, row.prior_case_id, row.version, row.prior_version, row.kind)
                return AlignmentClaim(row.saved_id, row.fence, of)
            row.state, row.why, row.lease_until = FAILED, DIED.format(row.attempts), None
            session.flush()
    return None


def keep_alignment(database: Database, claim: AlignmentClaim, outcome: AlignmentOutcome) -> bool:
    """What came of it; False when the claim was lost."""
    with database.write("keep_alignment") as session:
        row = session.exec(
            select(CaseAlignment)
            .where(
                CaseAlignment.id == claim.id,
                # A row that was deleted meanwhile may have left its number to another pair.
                CaseAlignment.case_id == claim.wanted.case_id,
                CaseAlignment.prior_case_id == claim.wanted.prior_case_id,
                CaseAlignment.version == claim.wanted.version,
                CaseAlignment.prior_version == claim.wanted.prior_version,
                CaseAlignment.fence == claim.fence,
            )
            .with_for_update()
        ).first()
        if row is not None:
            row.state, row.transform, row.why = outcome.state, [*outcome.transform], outcome.why
            row.residual_mm, row.limit_mm = outcome.residual_mm, outcome.limit_mm
            row.lease_until, row.made_at = None, database.now(session)
    return row is not None
