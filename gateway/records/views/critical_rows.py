"""Critical results as pages show them: what was told to whom, and who acknowledged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.records.accounts import Viewer
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case
from gateway.records.tables.critical import ContactMessage, CriticalResult, is_unanswered


@dataclass(frozen=True)
class MessageRow:
    """One message to one contact by one way."""

    contact: str
    channel: str
    kind: str
    step: int
    made_at: datetime
    sent_at: datetime | None
    dropped_at: datetime | None
    problem: str


@dataclass(frozen=True)
class CriticalRow:
    """A critical result: open until `acknowledged_at`."""

    id: int
    case_id: int
    report_id: int
    site: str
    raised_at: datetime
    step: int
    next_at: datetime | None
    chain_ended_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    """Name of who acknowledged, or of the lead who noted the call."""
    way: str
    told: str
    told_at: datetime | None
    superseded_by: int | None
    """The critical result of a later document, which is to be acknowledged instead."""
    messages: tuple[MessageRow, ...]

    @property
    def open(self) -> bool:
        """Nobody has acknowledged it, and no later document took its place."""
        return self.acknowledged_at is None and self.superseded_by is None


def of_case(session: Session, case_id: int) -> tuple[CriticalRow, ...]:
    """Those of a case, newest first; of a forgotten patient none that is open."""
    found = session.exec(
        select(CriticalResult)
        .where(CriticalResult.case_id == case_id)
        .order_by(col(CriticalResult.id).desc())
    )
    return tuple(_row(session, each) for each in found)


def one(session: Session, viewer: Viewer, critical_id: int) -> CriticalRow | None:
    """A critical result this viewer may see; None also for another site's."""
    result = session.get(CriticalResult, critical_id)
    if result is None or (viewer.site and result.site != viewer.site):
        return None
    return _row(session, result)


def unanswered(session: Session, viewer: Viewer) -> tuple[CriticalRow, ...]:
    """Every critical result this viewer may see and nobody has acknowledged, oldest first."""
    chosen = select(CriticalResult).join(Case).where(*is_unanswered()).order_by(col(CriticalResult.id))
    if viewer.site:
        chosen = chosen.where(CriticalResult.site == viewer.site)
    return tuple(_row(session, each) for each in session.exec(chosen))


def _row(session: Session, result: CriticalResult) -> CriticalRow:
    account = session.exec(select(Account).where(Account.login == result.acknowledged_by)).first()
    messages = session.exec(
        select(ContactMessage)
        .where(ContactMessage.critical_id == result.saved_id)
        .order_by(col(ContactMessage.id))
    )
    return CriticalRow(
        result.saved_id,
        result.case_id,
        result.report_id,
        result.site,
        result.raised_at,
        result.step,
        result.next_at,
        result.chain_ended_at,
        result.acknowledged_at,
        account.display_name if account else result.acknowledged_by,
        result.way,
        result.told,
        result.told_at,
        result.superseded_by,
        tuple(
            MessageRow(
                each.contact,
                each.channel,
                each.kind,
                each.step,
                each.made_at,
                each.sent_at,
                each.dropped_at,
                each.problem,
            )
            for each in messages
        ),
    )
