"""Critical results: raised with the signature, told along the site's chain, open until somebody acknowledges.

The rows of the chain alone say what was sent and what is due next, by the clock of the database: whoever dies in
between is replaced by the next worker, and a message may go out twice, never not at all. The acknowledgement is a
record of its own beside the report, whose signed content never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_
from sqlmodel import Session, col, select, update

from gateway.errors import Invalid, NotThere, WrongState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line, login_of
from gateway.records.ledger.notices import raise_notice
from gateway.records.ledger.telling.chain import CRITICAL, REMINDER, ChainStep
from gateway.records.ledger.telling.messages import make_message
from gateway.records.tables.cases import Case, DocumentKind, SignedReport
from gateway.records.tables.critical import ContactMessage, CriticalResult, is_unanswered

LEVELS: Final = ("3", "4")
"""Levels of suspicion that somebody must hear of at once."""
URGENT_CONTACT: Final = "urgent_contact"
BEFORE_THE_SIGNATURE: Final = timedelta(days=1)
"""A call may be older than the signature, by no more than this."""
MOST_AT_ONCE: Final = 50
LONGEST_NAME: Final = 100


def is_critical(content: Mapping[str, Any]) -> bool:
    """Whether a signed report has to reach somebody: level 3 or 4, or any that recommends urgent contact."""
    return content.get("suspicion") in LEVELS or URGENT_CONTACT in content.get("recommendations", ())


def on_signed(session: Session, now: datetime, case: Case, report: SignedReport) -> None:
    """In the transaction of a signature: a critical report begins its chain; the first step is due at once.

    A correction or withdrawal of one that was told is told as well, whatever it says: somebody acts on the one before.
    What that still had to tell is told by the new one alone.
    """
    earlier = session.exec(
        select(CriticalResult).where(CriticalResult.case_id == case.saved_id).with_for_update()
    ).all()
    if not _must_be_told(DocumentKind(report.kind), report.content, told_before=bool(earlier)):
        return
    result = CriticalResult(
        case_id=case.saved_id, report_id=report.saved_id, site=case.site, raised_at=now, next_at=now
    )
    session.add(result)
    session.flush()
    for before in earlier:
        if before.acknowledged_at is None and before.superseded_by is None:
            before.superseded_by, before.next_at = result.saved_id, None
            _drop_unsent(session, before.saved_id, now)
    add_line(session, case.study_id, case.saved_id, now, "critical result: the site's contacts are told")
    audit_trail.append(session, now, report.signer_login, "critical result raised", f"case {case.saved_id}")


def _must_be_told(kind: DocumentKind, content: Mapping[str, Any], *, told_before: bool) -> bool:
    if kind is DocumentKind.WITHDRAWAL:
        return told_before
    if kind is DocumentKind.ADDENDUM:
        return is_critical(content) and not told_before
    return is_critical(content) or told_before


def ring_chains(database: Database, chain_of: Callable[[str], Sequence[ChainStep]]) -> int:
    """Ring every step that is due: its contacts get a message, those before them a reminder; returns how many steps.

    `chain_of` gives the chain of a site. Where it has ended, or there is none, the lead is rung, once; a chain that was
    made longer meanwhile goes on.
    """
    with database.read() as session:
        waiting = session.exec(_due(database.now(session))).all()
    if not any(_goes_on(result, chain_of(result.site)) for result in waiting):
        return 0
    with database.write("ring_chains") as session:
        now = database.now(session)
        due = session.exec(
            _due(now).order_by(col(CriticalResult.id)).with_for_update(of=CriticalResult)
        ).all()
        results = [result for result in due if _goes_on(result, chain_of(result.site))][:MOST_AT_ONCE]
        for result in results:
            chain = chain_of(result.site)
            if result.step < len(chain):
                _ring(session, now, result, chain)
            else:
                _ring_lead(session, now, result, has_chain=bool(chain))
        return len(results)


def _goes_on(result: CriticalResult, chain: Sequence[ChainStep]) -> bool:
    """A step or the lead is still to be rung."""
    return result.next_at is not None or result.step < len(chain)


def _due(now: datetime) -> Any:
    return (
        select(CriticalResult)
        .join(Case)
        .where(
            *is_unanswered(),
            or_(col(CriticalResult.next_at).is_(None), col(CriticalResult.next_at) <= now),
        )
    )


def _ring(session: Session, now: datetime, result: CriticalResult, chain: Sequence[ChainStep]) -> None:
    step = chain[result.step]
    before = dict.fromkeys(way for earlier in chain[: result.step] for way in earlier.ways)
    kinds = dict.fromkeys(before, REMINDER) | {
        way: REMINDER if way in before else CRITICAL for way in step.ways
    }
    result.step += 1
    result.next_at, result.chain_ended_at = now + step.wait, None
    for way, kind in kinds.items():
        event = f"critical {result.saved_id} step {result.step} {way.channel} {way.contact}"
        make_message(
            session,
            now,
            event,
            result.case_id,
            way,
            kind,
            page_of(result.saved_id),
            critical_id=result.saved_id,
            site=result.site,
            step=result.step,
        )
    case = session.get_one(Case, result.case_id)
    detail = {"step": result.step, "contacts": sorted({way.contact for way in kinds})}
    add_line(session, case.study_id, case.saved_id, now, "critical result: step of the chain", detail=detail)
    audit_trail.append(session, now, "gateway", "critical result rung", f"case {case.saved_id}", detail)


def _ring_lead(session: Session, now: datetime, result: CriticalResult, *, has_chain: bool) -> None:
    result.next_at, result.chain_ended_at = None, now
    why = "its chain of contacts has ended" if has_chain else f"the site {result.site} has no contacts"
    raise_notice(
        session,
        now,
        f"critical result {result.saved_id} unacknowledged",
        f"Case {result.case_id}: a critical result is not acknowledged, and {why}. Telephone, and note the call.",
        page_of(result.saved_id),
        result.site,
    )
    case = session.get_one(Case, result.case_id)
    detail = {"why": why}
    add_line(
        session,
        case.study_id,
        case.saved_id,
        now,
        "critical result: nobody answered, the lead is rung",
        detail=detail,
    )
    audit_trail.append(session, now, "gateway", "critical result unanswered", f"case {case.saved_id}", detail)


def page_of(critical_id: int) -> str:
    """Path of the page that shows a critical result."""
    return f"/critical/{critical_id}"


def acknowledge_critical(
    database: Database,
    critical_id: int,
    account_id: int,
    way: str,
    told: str = "",
    told_at: datetime | None = None,
) -> None:
    """Record that somebody at the sender knows; what was not sent yet is dropped.

    `way` is page, api or telephone, the last with who was told and when. Raises NotThere, WrongState, Invalid.
    """
    with database.write("acknowledge_critical") as session:
        now = database.now(session)
        result = session.exec(
            select(CriticalResult).where(CriticalResult.id == critical_id).with_for_update()
        ).first()
        if result is None:
            raise NotThere(f"There is no critical result {critical_id}.", "The case page names its own.")
        if result.acknowledged_at is not None:
            raise WrongState(
                f"This result was acknowledged by {result.acknowledged_by} already.", "Nothing to do."
            )
        if result.superseded_by is not None:
            raise WrongState(
                "A later document of this case took the place of this result.",
                f"Acknowledge critical result {result.superseded_by}.",
            )
        if way == "telephone":
            _check_call(told, told_at, result.raised_at, now)
        who = login_of(session, account_id)
        result.acknowledged_at, result.acknowledged_by, result.way = now, who, way
        result.told, result.told_at, result.next_at = told.strip(), told_at, None
        _drop_unsent(session, critical_id, now)
        case = session.get_one(Case, result.case_id)
        detail: dict[str, Any] = {"way": way}
        if told_at is not None:
            detail["told"] = result.told
        add_line(
            session, case.study_id, case.saved_id, now, "critical result acknowledged", who=who, detail=detail
        )
        trail = {name: value for name, value in detail.items() if name != "told"}
        audit_trail.append(session, now, who, "critical result acknowledged", f"case {case.saved_id}", trail)


def _drop_unsent(session: Session, critical_id: int, now: datetime) -> None:
    session.execute(
        update(ContactMessage)
        .where(
            col(ContactMessage.critical_id) == critical_id,
            col(ContactMessage.sent_at).is_(None),
            col(ContactMessage.dropped_at).is_(None),
        )
        .values(dropped_at=now)
    )


def _check_call(told: str, told_at: datetime | None, raised_at: datetime, now: datetime) -> None:
    if not told.strip() or len(told) > LONGEST_NAME or told_at is None:
        raise Invalid(
            "A call is noted with who was told and when.",
            f"Write the name (up to {LONGEST_NAME} letters) and the time.",
        )
    if told_at > now:
        raise Invalid(
            f"The call is noted for {told_at:%Y-%m-%d %H:%M} UTC, which is not over yet.", "Correct the time."
        )
    if told_at < raised_at - BEFORE_THE_SIGNATURE:
        raise Invalid(
            f"The call of {told_at:%Y-%m-%d %H:%M} UTC was more than a day before the signature.",
            "Correct the time, or call again.",
        )
