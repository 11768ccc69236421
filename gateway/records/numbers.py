"""How many there are: numbers for the metrics page, never anything of a patient."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.records.ledger.parking import UNITS


def counts(session: Session) -> dict[str, int]:
    """Cases, studies and replies by state (`case_FORWARDED`), and how many of each are parked (`parked_case`)."""
    numbers: dict[str, int] = {}
    for unit, table in UNITS.items():
        by_state = select(col(table.state), func.count()).group_by(col(table.state))
        numbers |= {f"{unit}_{state}": number for state, number in session.exec(by_state)}
        parked = select(func.count()).select_from(table).where(table.problem != "")
        numbers[f"parked_{unit}"] = session.exec(parked).one()
    return numbers
