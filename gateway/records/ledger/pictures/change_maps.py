"""Maps of change: wanted where two cases are aligned by their FLAIR, claimed by one worker, kept or given up.

As with the other pictures no case waits for them, and one that was killed is simply made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from gateway.imaging.study_index import Affine
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.change_maps import MADE, NONE, WAITING, CaseChangeMap

MOST_ATTEMPTS = 3
NO_VOLUME = "one of the two studies has no volume of its FLAIR"
DIED = "{} times the worker ended before it had it"


@dataclass(frozen=True)
class Pair:
    """Two FLAIR volumes that are aligned; `transform` takes mm of the prior to mm of the case (LPS)."""

    case_id: int
    prior_case_id: int
    version: str
    prior_version: str
    stack: str
    prior_stack: str
    transform: Affine


@dataclass(frozen=True)
class ChangeClaim:
    """A map to be made, held by one worker until its lease ends; `fence` proves that it still is."""

    pair: Pair
    fence: int


def want_changes(database: Database, pairs: Sequence[Pair]) -> int:
    """Two FLAIR volumes were aligned: their maps are made, but for those of the same copies; how many are new.

    A pair without a stack on either side has none, and says so at once.
    """
    new = 0
    with database.write("want_changes") as session:
        now = database.now(session)
        for pair in pairs:
            key = pair.case_id, pair.prior_case_id
            row = session.get(CaseChangeMap, key, with_for_update=True)
            if row is not None and (row.version, row.prior_version) == (pair.version, pair.prior_version):
                continue
            row = row or CaseChangeMap(
                case_id=pair.case_id,
                prior_case_id=pair.prior_case_id,
                version="",
                prior_version="",
                stack="",
                prior_stack="",
                transform=[],
                wanted_at=now,
            )
            row.version, row.prior_version = pair.version, pair.prior_version
            row.stack, row.prior_stack = pair.stack, pair.prior_stack
            row.transform = [list(each) for each in pair.transform]
            row.state, row.result, row.why, row.attempts = WAITING, {}, "", 0
            row.lease_until, row.made_at, row.wanted_at = None, None, now
            if not (pair.stack and pair.prior_stack):
                row.state, row.why, row.made_at = NONE, NO_VOLUME, now
            row.fence += 1
            session.add(row)
            new += 1
    return new


def claim_change_map(database: Database, lease: timedelta) -> ChangeClaim | None:
    """Take the map of the most urgent case; None where none is due."""
    with database.write("claim_change_map") as session:
        now = database.now(session)
        while (row := _due(session, now)) is not None:
            row.fence += 1
            if row.attempts < MOST_ATTEMPTS:
                row.attempts += 1
                row.lease_until = now + lease
                return ChangeClaim(_pair(row), row.fence)
            row.state, row.why, row.lease_until = NONE, DIED.format(row.attempts), None
            session.flush()
    return None


def keep_change_map(database: Database, claim: ChangeClaim, result: Mapping[str, Any], why: str) -> bool:
    """The map is stored, or there is none and `why`; False when the claim was lost."""
    with database.write("keep_change_map") as session:
        row = session.exec(
            select(CaseChangeMap)
            .where(
                CaseChangeMap.case_id == claim.pair.case_id,
                CaseChangeMap.prior_case_id == claim.pair.prior_case_id,
                # A row that was deleted meanwhile and is wanted anew counts from the beginning.
                CaseChangeMap.version == claim.pair.version,
                CaseChangeMap.prior_version == claim.pair.prior_version,
                CaseChangeMap.fence == claim.fence,
            )
            .with_for_update()
        ).first()
        if row is not None:
            row.state, row.result, row.why = NONE if why else MADE, dict(result), why
            row.lease_until, row.made_at = None, database.now(session)
    return row is not None


def _due(session: Session, now: datetime) -> CaseChangeMap | None:
    return session.exec(
        select(CaseChangeMap)
        .join(Case, col(Case.id) == col(CaseChangeMap.case_id))
        .where(
            CaseChangeMap.state == WAITING,
            or_(col(CaseChangeMap.lease_until).is_(None), col(CaseChangeMap.lease_until) <= now),
        )
        .order_by(col(Case.priority), col(CaseChangeMap.wanted_at).desc(), col(CaseChangeMap.case_id).desc())
        .limit(1)
        .with_for_update(skip_locked=True, of=CaseChangeMap)
    ).first()


def _pair(row: CaseChangeMap) -> Pair:
    a, b, c = (tuple(map(float, each)) for each in row.transform)
    transform: Any = (a, b, c)
    return Pair(
        row.case_id,
        row.prior_case_id,
        row.version,
        row.prior_version,
        row.stack,
        row.prior_stack,
        transform,
    )
