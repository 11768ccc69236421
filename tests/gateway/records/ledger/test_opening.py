"""How a matched study becomes a case, and what late images do to one."""

from __future__ import annotations

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.evidence import Evidence
from support.records import (
    LEASE,
    QUIET,
    FakeClock,
    case_row,
    draft,
    due,
    fact,
    forwarded_case,
    reader,
)


def test_late_images_after_the_signature_ask_for_an_addendum(database: Database, clock: FakeClock) -> None:
    """A reported case goes on as it is, and says that an addendum is wanted."""
    case_id = forwarded_case(database, clock)
    ana = reader(database)
    ledger.claim_case(database, case_id, ana, LEASE)
    ledger.sign_report(database, case_id, ana, {"a": 1})
    ledger.keep_instance(database, fact(2), QUIET)
    clock.pass_seconds(11)
    ledger.park_case(database, case_id, "test", "out of the way")
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, Evidence(cases=(draft(),)))
    case = case_row(database, case_id)
    assert (case.state, case.addendum_wanted) == (CaseState.REPORTED, True)
