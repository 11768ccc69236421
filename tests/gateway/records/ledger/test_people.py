"""People's work on cases: claim, draft, sign, park, retry, take the report."""

from __future__ import annotations

import pytest

from gateway.errors import AlreadyClaimed, AlreadySigned, NotClaimed, StaleDraft, WrongState
from gateway.lifecycle import CaseState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.database import Database
from gateway.records.views import case_rows
from gateway.records.views.queue import queue
from support.records import (
    EVERYBODY,
    LEASE,
    FakeClock,
    case_row,
    forwarded_case,
    matched_case,
    reader,
)


class TestReading:
    """Claim, draft, sign."""

    def test_one_claim_wins_and_the_other_is_told_who(self, database: Database, clock: FakeClock) -> None:
        """The second reader hears the first one's name."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        with pytest.raises(AlreadyClaimed, match="Ana"):
            ledger.claim_case(database, case_id, ben, LEASE)

    def test_a_claim_ends_by_itself(self, database: Database, clock: FakeClock) -> None:
        """After the lease another reader may claim, and the first can no longer sign."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        clock.pass_seconds(61)
        ledger.claim_case(database, case_id, ben, LEASE)
        with pytest.raises(NotClaimed):
            ledger.sign_report(database, case_id, ana, {})

    def test_only_a_case_in_the_queue_can_be_claimed(self, database: Database, clock: FakeClock) -> None:
        """A case that is still being prepared is refused."""
        case_id = matched_case(database, clock)
        with pytest.raises(WrongState):
            ledger.claim_case(database, case_id, reader(database), LEASE)

    def test_a_draft_from_an_old_version_is_refused(self, database: Database, clock: FakeClock) -> None:
        """Two browser tabs cannot overwrite each other's draft silently."""
        case_id = forwarded_case(database, clock)
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        assert ledger.save_draft(database, case_id, ana, {"a": "1"}, 0, LEASE) == 1
        with pytest.raises(StaleDraft):
            ledger.save_draft(database, case_id, ana, {"a": "2"}, 0, LEASE)

    def test_a_second_signature_is_refused(self, database: Database, clock: FakeClock) -> None:
        """The signed text stays; a correction is an addendum."""
        case_id = forwarded_case(database, clock)
        ana = reader(database)
        ledger.claim_case(database, case_id, ana, LEASE)
        ledger.sign_report(database, case_id, ana, {"a": 1})
        with pytest.raises(AlreadySigned):
            ledger.sign_report(database, case_id, ana, {"a": 2})
        assert case_row(database, case_id).state == CaseState.REPORTED

    def test_a_lead_may_release_anybodys_claim(self, database: Database, clock: FakeClock) -> None:
        """Another reader may not, a lead may."""
        case_id = forwarded_case(database, clock)
        ana, ben = reader(database), reader(database, "ben")
        ledger.claim_case(database, case_id, ana, LEASE)
        with pytest.raises(NotClaimed):
            ledger.release_case(database, case_id, ben)
        ledger.release_case(database, case_id, ben, anybodys=True)
        assert case_row(database, case_id).claimed_by is None

    def test_a_viewer_of_a_site_sees_only_its_cases(self, database: Database, clock: FakeClock) -> None:
        """Another site's viewer gets an empty queue and no page."""
        case_id = forwarded_case(database, clock)
        stranger = Viewer(9, "x", "x", "coordinator", "elsewhere")
        with database.read() as session:
            assert queue(session, stranger, "open", 1, database.now(session)).rows == ()
            assert case_rows.case_page(session, stranger, case_id) is None
            assert [row.id for row in queue(session, EVERYBODY, "open", 1, database.now(session)).rows] == [
                case_id
            ]
