"""What is made of a case's copies to be looked at: wanted, claimed for one piece, kept piece by piece.

It is no step of the case: nothing here changes a case, and no case waits for it. Every piece lies under a name derived
from the copies, so that what was killed is simply made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, not_, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.lifecycle import OVER
from gateway.records.database import Database
from gateway.records.tables.cases import Case, PreparedInstance
from gateway.records.tables.change_maps import MADE as MAP_MADE
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.pictures import FAILED, MADE, WAITING, CaseAlignment, CasePictures

MOST_ATTEMPTS = 3
"""Claims in a row without a piece: what ends its worker is not tried for ever."""
DIED = "{} times in a row the worker ended before it had the next piece of it."


@dataclass(frozen=True)
class PicturesClaim:
    """The pictures of one case, held by one worker until its lease ends; `fence` proves that they still are."""

    case_id: int
    fence: int


def want(session: Session, case_id: int, now: datetime) -> None:
    """The copies are other ones now: what was made of those before is made anew, and who makes it now has lost it."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = CasePictures(case_id=case_id, look_again_at=now, wanted_at=now)
    # Two pages may ask at once for the first time.
    session.execute(insert(CasePictures).values(row.model_dump()).on_conflict_do_nothing())
    row = session.get_one(CasePictures, case_id, with_for_update=True, populate_existing=True)
    row.state, row.problem, row.attempts, row.lease_until = WAITING, "", 0, None
    row.version, row.index_blob, row.volumes, row.made_at = "", "", {}, None
    row.fence += 1
    row.look_again_at = row.wanted_at = now


def want_pictures(database: Database, case_id: int, *, again: bool = False) -> bool:
    """Have the pictures of a case made that has none; `again`: whatever became of them. False where nothing changed."""
    with database.write("want_pictures") as session:
        case = session.get(Case, case_id)
        row = session.get(CasePictures, case_id)
        if case is None or case.forgotten_at is not None:
            return False
        if row is not None and (row.state == WAITING or not again):
            return False
        if row is not None:
            _forget_pairs(session, case_id)
        want(session, case_id, database.now(session))
    return True


def claim_pictures(database: Database, lease: timedelta) -> PicturesClaim | None:
    """Take the pictures of the most urgent case, of those the newest, for one piece; None where none is due."""
    with database.write("claim_pictures") as session:
        now = database.now(session)
        while (row := _due(session, now)) is not None:
            row.fence += 1
            if row.attempts < MOST_ATTEMPTS:
                row.attempts += 1
                row.lease_until = now + lease
                return PicturesClaim(row.case_id, row.fence)
            row.state, row.problem, row.lease_until = FAILED, DIED.format(row.attempts), None
            session.flush()
    return None


def renew_pictures(database: Database, claim: PicturesClaim, lease: timedelta) -> bool:
    """Prolong a lease; False when the claim was lost."""
    with database.write("renew_pictures") as session:
        row = _held(session, claim)
        if row is not None:
            row.lease_until = database.now(session) + lease
    return row is not None


def keep_index(
    database: Database, claim: PicturesClaim, version: str, blob: str, *, is_last: bool = False
) -> bool:
    """The index of these copies is stored, and pages may use it; False when the claim was lost."""
    with database.write("keep_index") as session:
        row, now = _held(session, claim), database.now(session)
        if row is not None:
            row.version, row.index_blob = version, blob
            _piece(session, row, now, is_last=is_last)
    return row is not None


def keep_volume(
    database: Database, claim: PicturesClaim, stack: str, why: str, *, is_last: bool = False
) -> bool:
    """A volume is stored, or there is none and `why`; False when the claim was lost."""
    with database.write("keep_volume") as session:
        row, now = _held(session, claim), database.now(session)
        if row is not None:
            row.volumes = {**row.volumes, stack: why}
            _piece(session, row, now, is_last=is_last)
    return row is not None


def put_off_pictures(database: Database, claim: PicturesClaim, problem: str, look_again: timedelta) -> bool:
    """Tell a problem, and try again later. False when the claim was lost."""
    with database.write("put_off_pictures") as session:
        row, now = _held(session, claim), database.now(session)
        if row is not None:
            row.problem, row.lease_until, row.attempts = problem, None, 0
            row.look_again_at = now + look_again
    return row is not None


def _piece(session: Session, row: CasePictures, now: datetime, *, is_last: bool) -> None:
    """It gets on: only what never does is given up."""
    row.lease_until, row.attempts, row.problem = None, 0, ""
    if is_last:
        row.state, row.made_at = MADE, now
        for case_id in _without_pictures(session, row.case_id):
            want(session, case_id, now)


def _without_pictures(session: Session, case_id: int) -> list[int]:
    """Other cases of the patient that have copies and no pictures: the case is read beside them."""
    present = session.get_one(Case, case_id)
    if present.identity_id is None or present.state in OVER:
        # Nobody waits for a case that is over: on a full disk two of them would take turns for ever.
        return []
    has_copies = exists().where(col(PreparedInstance.case_id) == col(Case.id))
    has_pictures = exists().where(col(CasePictures.case_id) == col(Case.id))
    others = select(Case.ids()).where(
        Case.identity_id == present.identity_id,
        col(Case.forgotten_at).is_(None),
        has_copies,
        not_(has_pictures),
    )
    return list(session.exec(others))


def drop_pictures(database: Database, case_id: int) -> bool:
    """The pictures of a case that is over gave way to others: who looks has them made again. False: not over.

    Its maps of change went with its folder. Of what needed its volumes as a prior only what was made is kept.
    """
    with database.write("drop_pictures") as session:
        row = session.exec(
            select(CasePictures)
            .join(Case, col(Case.id) == col(CasePictures.case_id))
            .where(CasePictures.case_id == case_id, *is_over())
            .with_for_update(of=CasePictures)
        ).first()
        if row is not None:
            session.delete(row)
            _forget_pairs(session, case_id)
    return row is not None


def _forget_pairs(session: Session, case_id: int) -> None:
    """Without a row a pair is wanted anew as soon as both have their pictures again."""
    maps = select(CaseChangeMap).where(
        or_(
            col(CaseChangeMap.case_id) == case_id,
            and_(col(CaseChangeMap.prior_case_id) == case_id, col(CaseChangeMap.state) != MAP_MADE),
        )
    )
    pairs = select(CaseAlignment).where(
        or_(col(CaseAlignment.case_id) == case_id, col(CaseAlignment.prior_case_id) == case_id),
        col(CaseAlignment.state).in_((WAITING, FAILED)),
    )
    for each in (
        *session.exec(maps.with_for_update()),
        *session.exec(pairs.with_for_update()),
    ):
        session.delete(each)


def is_over() -> tuple[ColumnElement[bool], ...]:
    """Pictures that nobody needs today: all made, of a case that is over."""
    return col(CasePictures.state) == MADE, col(Case.state).in_(sorted(OVER))


def _due(session: Session, now: datetime) -> CasePictures | None:
    return session.exec(
        select(CasePictures)
        .join(Case, col(Case.id) == col(CasePictures.case_id))
        .where(
            CasePictures.state == WAITING,
            col(CasePictures.look_again_at) <= now,
            or_(col(CasePictures.lease_until).is_(None), col(CasePictures.lease_until) <= now),
        )
        .order_by(
            col(Case.priority),
            col(CasePictures.index_blob) != "",  # with an index, pages have something to show
            col(CasePictures.wanted_at).desc(),
            col(CasePictures.case_id).desc(),
        )
        .limit(1)
        .with_for_update(skip_locked=True, of=CasePictures)
    ).first()


def _held(session: Session, claim: PicturesClaim) -> CasePictures | None:
    """The claimed row, locked, when the fence still says it is the claimant's."""
    return session.exec(
        select(CasePictures)
        .where(CasePictures.case_id == claim.case_id, CasePictures.fence == claim.fence)
        .with_for_update()
    ).first()
