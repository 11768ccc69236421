"""The journal: one line for each change, in the transaction of the change it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.records.tables.administration import Account
from gateway.records.tables.cases import CaseEvent


def add_line(
    session: Session,
    study_id: int,
    case_id: int | None,
    at: datetime,
    what: str,
    reached: str = "",
    who: str = "gateway",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the journal."""
    session.add(
        CaseEvent(
            study_id=study_id,
            case_id=case_id,
            at=at,
            what=what,
            reached=reached,
            who=who,
            detail=dict(detail or {}),
        )
    )


def login_of(session: Session, account_id: int) -> str:
    account = session.get(Account, account_id)
    return account.login if account else f"account {account_id}"
