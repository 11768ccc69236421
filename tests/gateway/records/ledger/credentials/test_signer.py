"""A signer asked at the issuer once more: for one case, in one session, in time, and used once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import NotAllowed
from gateway.records import ledger
from gateway.records.credentials import PROOF_ASKED, PROOF_HOLDS, Presented, proven_until
from gateway.records.database import Database
from support.records import FakeClock

ISSUER = "https://issuer.example"
SKEW = timedelta(seconds=60)


@pytest.fixture
def account(database: Database) -> int:
    """A reader of the issuer."""
    person = Presented(ISSUER, "7", "ana", "Dr. Ana", "reader", "")
    return ledger.sign_in_by_issuer(database, person, timedelta(hours=1))[1].account_id


def test_a_proof_is_for_one_case_in_one_session(database: Database, clock: FakeClock, account: int) -> None:
    """And signs once."""
    ledger.ask_signer(database, "session", account, 5, "seed")
    assert proven_until(database, "session", 5) is None
    assert ledger.prove_signer(database, "seed", ISSUER, "7", clock(), SKEW) == 5
    assert proven_until(database, "session", 5) == clock() + PROOF_HOLDS
    assert proven_until(database, "session", 6) is None
    assert proven_until(database, "another", 5) is None
    with pytest.raises(NotAllowed):
        ledger.prove_signer(database, "seed", ISSUER, "7", clock(), SKEW)
    ledger.use_proof(database, "session", account, 5)
    with pytest.raises(NotAllowed):
        ledger.use_proof(database, "session", account, 5)


@pytest.mark.parametrize("wrong", ["seed", "subject", "issuer", "earlier", "late"])
def test_a_wrong_answer_proves_nothing(
    database: Database, clock: FakeClock, account: int, wrong: str
) -> None:
    """Another question's, another person's, of a sign-in of before, or too late."""
    ledger.ask_signer(database, "session", account, 5, "seed")
    seen = clock() - SKEW - timedelta(seconds=1) if wrong == "earlier" else clock()
    if wrong == "late":
        clock.pass_seconds(PROOF_ASKED.total_seconds() + 1)
    with pytest.raises(NotAllowed):
        ledger.prove_signer(
            database,
            "another" if wrong == "seed" else "seed",
            "https://another.example" if wrong == "issuer" else ISSUER,
            "8" if wrong == "subject" else "7",
            seen,
            SKEW,
        )
    assert proven_until(database, "session", 5) is None


def test_a_proof_ends_by_itself(database: Database, clock: FakeClock, account: int) -> None:
    """Five minutes after the answer nobody signs by it, and the page does not say so."""
    ledger.ask_signer(database, "session", account, 5, "seed")
    ledger.prove_signer(database, "seed", ISSUER, "7", clock(), SKEW)
    clock.pass_seconds(PROOF_HOLDS.total_seconds())
    assert proven_until(database, "session", 5) is None
    with pytest.raises(NotAllowed):
        ledger.use_proof(database, "session", account, 5)


def test_a_session_asks_one_thing_at_a_time(database: Database, clock: FakeClock, account: int) -> None:
    """The answer to an earlier question is too old then."""
    ledger.ask_signer(database, "session", account, 5, "first")
    ledger.ask_signer(database, "session", account, 6, "second")
    with pytest.raises(NotAllowed):
        ledger.prove_signer(database, "first", ISSUER, "7", clock(), SKEW)
    assert ledger.prove_signer(database, "second", ISSUER, "7", clock(), SKEW) == 6
