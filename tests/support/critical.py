"""A signed case for tests of what has to reach somebody."""

from __future__ import annotations

from typing import Any

from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from support.records import LEASE, FakeClock, matched_case


def reader(database: Database) -> int:
    """An account that signs."""
    return ledger.add_user(database, "reader", "Reader", "reader", "", "a long password", every_site=True)


def waiting_case(database: Database, clock: FakeClock, study: str = "1.2.3", **columns: Any) -> int:
    """A case that waits to be read."""
    case_id = matched_case(database, clock, study)
    with database.write("test") as session:
        case = session.get_one(Case, case_id)
        case.state = CaseState.FORWARDED
        for name, value in columns.items():
            setattr(case, name, value)
    return case_id


def signed(
    database: Database, clock: FakeClock, account_id: int, content: dict[str, Any], study: str = "1.2.3"
) -> int:
    """A case with this report; returns the case's number."""
    case_id = waiting_case(database, clock, study)
    ledger.claim_case(database, case_id, account_id, LEASE)
    ledger.sign_report(database, case_id, account_id, content)
    return case_id
