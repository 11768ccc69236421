"""How many there are: numbers for the metrics page, never anything of a patient."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.records.ledger.parking import UNITS
from gateway.records.tables.cases import Case
from gateway.records.tables.critical import ContactMessage, CriticalResult, is_unanswered
from gateway.records.tables.pictures import CasePictures


def counts(session: Session) -> dict[str, int]:
    """Cases, studies and replies by state (`case_FORWARDED`), and how many of each are parked (`parked_case`).

    Of pictures also those with a problem, which nobody need mend (`pictures_waiting`, `pictures_troubled`).
    Of critical results those that nobody acknowledged, and of messages to contacts those that did not go out.
    """
    numbers: dict[str, int] = {}
    for unit, table in UNITS.items():
        by_state = select(col(table.state), func.count()).group_by(col(table.state))
        numbers |= {f"{unit}_{state}": number for state, number in session.exec(by_state)}
        parked = select(func.count()).select_from(table).where(table.problem != "")
        numbers[f"parked_{unit}"] = session.exec(parked).one()
    by_state = select(col(CasePictures.state), func.count()).group_by(col(CasePictures.state))
    numbers |= {f"pictures_{state}": number for state, number in session.exec(by_state)}
    troubled = select(func.count()).select_from(CasePictures).where(CasePictures.problem != "")
    if number := session.exec(troubled).one():
        numbers["pictures_troubled"] = number
    unanswered = select(func.count()).select_from(CriticalResult).join(Case).where(*is_unanswered())
    if number := session.exec(unanswered).one():
        numbers["critical_unacknowledged"] = number
    late = (
        select(func.count())
        .select_from(ContactMessage)
        .where(
            col(ContactMessage.sent_at).is_(None),
            col(ContactMessage.dropped_at).is_(None),
            ContactMessage.problem != "",
        )
    )
    if number := session.exec(late).one():
        numbers["critical_untold"] = number
    return numbers
