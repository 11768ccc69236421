"""The numbers of the metrics page: units by state, and how many of each wait for a person."""

from __future__ import annotations

from datetime import timedelta

from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.ledger.parking import UNITS
from gateway.records.ledger.telling.chain import ChainStep, Way
from gateway.records.numbers import counts
from support.critical import reader, signed
from support.records import FakeClock, due, matched_case, new_instance, new_reply


def _counts(database: Database) -> dict[str, int]:
    with database.read() as session:
        return counts(session)


NOBODY_WAITS = {f"parked_{unit}": 0 for unit in UNITS}


def test_nothing_is_a_zero_for_each_unit(database: Database) -> None:
    """Nobody waits, and there is no state that nothing is in."""
    assert set(NOBODY_WAITS) >= {"parked_study", "parked_case", "parked_reply", "parked_conflict"}
    assert _counts(database) == NOBODY_WAITS


def test_what_is_there_is_counted_by_state(database: Database, clock: FakeClock) -> None:
    """A parked one keeps its state and is counted in both."""
    matched_case(database, clock)
    ledger.park(database, due(database), "A problem.", "A fix.")
    ledger.keep_reply(database, new_reply())
    ledger.keep_instance(database, new_instance(study="1.9"), timedelta(0))
    assert _counts(database) == NOBODY_WAITS | {
        "case_MATCHED": 1,
        "reply_RECEIVED": 1,
        "study_MATCHED": 1,
        "study_RECEIVED": 1,
        "parked_case": 1,
    }


def test_pictures_are_counted_by_what_became_of_them(database: Database, clock: FakeClock) -> None:
    """Those that wait, and those with a problem."""
    case_id = matched_case(database, clock)
    ledger.want_pictures(database, case_id)
    assert _counts(database)["pictures_waiting"] == 1
    claim = ledger.claim_pictures(database, timedelta(hours=1))
    assert claim is not None
    ledger.put_off_pictures(database, claim, "The disk is nearly full.", timedelta(0))
    assert _counts(database)["pictures_troubled"] == 1


def test_critical_results_without_an_answer_are_counted(database: Database, clock: FakeClock) -> None:
    """And messages that did not go out; an acknowledgement takes both away."""
    account = reader(database)
    signed(database, clock, account, {"suspicion": "4"})
    chain = (ChainStep(timedelta(minutes=30), (Way("Ward", "mail"),)),)
    ledger.ring_chains(database, lambda _: chain)
    [message] = ledger.take_messages(database, "mail", timedelta(minutes=5))
    ledger.message_failed(database, message.id, "No server.", timedelta(minutes=5))
    counted = _counts(database)
    assert (counted["critical_unacknowledged"], counted["critical_untold"]) == (1, 1)
    ledger.acknowledge_critical(database, 1, account, "page")
    assert not {"critical_unacknowledged", "critical_untold"} & _counts(database).keys()
