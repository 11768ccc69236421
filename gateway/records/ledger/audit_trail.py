"""The audit trail, for the whole gateway: who did what, in the transaction of the deed. It only grows.

A row is written by whoever does the deed and sealed a moment later by the worker, which alone has the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from gateway.records.audit import events, origin
from gateway.records.audit.events import Outcome
from gateway.records.tables.administration import AuditEvent

_OF_A_CASE: Final = re.compile(r"case (\d+)\b")


def append(
    session: Session,
    at: datetime,
    who: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
    *,
    address: str | None = None,
    outcome: Outcome | None = None,
    case: int | None = None,
) -> None:
    """Add an event to the caller's transaction; `subject` is a case or account number, never a person's name.

    `action` is the name of a row of `events`. What is not given is known otherwise: the address by the request that is
    answered, the outcome by the event, the case by the subject.
    """
    event = events.named(action)
    of_case = _OF_A_CASE.match(subject)
    session.add(
        AuditEvent(
            at=at,
            who=who,
            address=origin.address() if address is None else address,
            action=event.name,
            subject=subject,
            case_id=int(of_case[1]) if case is None and of_case is not None else case,
            outcome=event.outcome if outcome is None else outcome,
            detail=dict(detail or {}),
        )
    )
    session.flush()
