"""The signature under the first report of a case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from gateway.errors import AlreadySigned
from gateway.lifecycle import CaseState, move_case
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.conflicts.contested import refuse_if_contested
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.notices import raise_notice
from gateway.records.ledger.people import locked_case, reading
from gateway.records.ledger.telling import critical
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, SignedReport


def sign_report(database: Database, case_id: int, account_id: int, content: Mapping[str, Any]) -> int:
    """Keep a signed report and move the case on, in one transaction; returns the report's id.

    Raises AlreadySigned, NotClaimed, WrongState (contested). The content must have been validated by the caller.
    """
    with database.write("sign_report") as session:
        now = database.now(session)
        case = locked_case(session, case_id)
        if session.exec(select(SignedReport).where(SignedReport.case_id == case_id)).first() is not None:
            raise AlreadySigned(
                f"Case {case_id} is already signed.", "Sign what follows it: an addendum or a correction."
            )
        case = reading(session, case_id, account_id, now)
        refuse_if_contested(session, case.study_id, f"Case {case_id} cannot be signed now")
        account = session.get(Account, account_id)
        assert account is not None
        report = SignedReport(
            case_id=case_id,
            version=1,
            content=dict(content),
            digest=digest_of(content),
            signed_by=account_id,
            signer_name=account.display_name,
            signer_login=account.login,
            signed_at=now,
        )
        session.add(report)
        case.state = move_case(CaseState(case.state), CaseState.REPORTED)
        case.claimed_by = case.claimed_until = None
        case.look_again_at = case.reached_at = case.updated_at = now
        case.attempts, case.failing_since, case.waiting_for = 0, None, ""
        session.flush()
        add_line(
            session,
            case.study_id,
            case_id,
            now,
            "signed",
            CaseState.REPORTED,
            account.login,
            {"digest": report.digest},
        )
        audit_trail.append(
            session, now, account.login, "report signed", f"case {case_id}", {"digest": report.digest}
        )
        critical.on_signed(session, now, case, report)
        tell_untold(session, case, content, now)
        return report.saved_id


def digest_of(signed: Mapping[str, Any]) -> str:
    """SHA-256 of what is signed, as canonical JSON: hexadecimal."""
    canonical = json.dumps(signed, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def tell_untold(session: Session, case: Case, content: Mapping[str, Any], now: datetime) -> None:
    """Ring where a critical result was signed and nobody at the hospital could be told."""
    if "nobody_told" in content.get("reasons", {}):
        raise_notice(
            session,
            now,
            f"report of case {case.id} untold",
            f"Case {case.id}: a critical result was signed, and nobody at the hospital could be told.",
            f"/cases/{case.id}",
            case.site,
        )
