"""Every write: one function per event, one transaction each, its journal line in the same transaction.

    arrivals   keep_instance, refuse
    work       claim_due, renew, note_deliveries, advance, postpone, park     (the engine)
    people     claim_case, release_case, save_draft, sign_report, park_case, retry
    studies    let_go_on, route_by_hand
    answers    record_commitment, take_tick
    opening    the case of a matched study        journal    one line for each fact

Accounts live in `gateway.records.accounts`.
"""

from gateway.records.ledger.answers import record_commitment, take_tick
from gateway.records.ledger.arrivals import InstanceFact, keep_instance, refuse
from gateway.records.ledger.people import (
    claim_case,
    park_case,
    release_case,
    retry,
    save_draft,
    sign_report,
)
from gateway.records.ledger.studies import UNMATCHED, let_go_on, route_by_hand
from gateway.records.ledger.work import Claim, advance, claim_due, note_deliveries, park, postpone, renew

__all__ = [
    "UNMATCHED",
    "Claim",
    "InstanceFact",
    "advance",
    "claim_case",
    "claim_due",
    "keep_instance",
    "let_go_on",
    "note_deliveries",
    "park",
    "park_case",
    "postpone",
    "record_commitment",
    "refuse",
    "release_case",
    "renew",
    "retry",
    "route_by_hand",
    "save_draft",
    "sign_report",
    "take_tick",
]
