"""Every write: one function per event, one transaction each, its journal line in the same transaction.

    arrivals   keep_instance, keep_instances, refuse
    work       claim_due, renew, note_deliveries, advance, postpone, park     (the engine)
    people     claim_case, release_case, save_draft, sign_report, park_case, retry
    studies    let_go_on, route_by_hand
    verdicts   overrule_verdict                                               (a reader's word on the protocol)
    held       decide_held, look_at_original                                  (objects that stayed here)
    enrolments enrol, keep_opened, note_unopened, edit_enrolment, end_enrolment   (the surveillance calendar)
    overdue    mark_overdue
    answers    record_commitment, take_tick
    replies    keep_reply, note_echo, discard_reply, count_as_report          (what reading sites send back)
    opening    the case of a matched study        journal    one line for each fact
    deliveries what another system answered       peers      which system a step talks to

Accounts live in `gateway.records.accounts`.
"""

from gateway.records.ledger.answers import record_commitment, take_tick
from gateway.records.ledger.arrivals import InstanceFact, Kept, Origin, keep_instance, keep_instances, refuse
from gateway.records.ledger.enrolments import (
    Entry,
    edit_enrolment,
    end_enrolment,
    enrol,
    entry_of,
    keep_opened,
    letters,
    note_unopened,
)
from gateway.records.ledger.held import LEFT_OUT, RELEASED, WAITING, decide_held, look_at_original
from gateway.records.ledger.overdue import mark_overdue
from gateway.records.ledger.people import (
    claim_case,
    park_case,
    release_case,
    retry,
    save_draft,
    sign_report,
)
from gateway.records.ledger.replies import ReplyFact, count_as_report, discard_reply, keep_reply, note_echo
from gateway.records.ledger.studies import UNMATCHED, let_go_on, route_by_hand
from gateway.records.ledger.verdicts import overrule_verdict
from gateway.records.ledger.work import Claim, advance, claim_due, note_deliveries, park, postpone, renew

__all__ = [
    "LEFT_OUT",
    "RELEASED",
    "UNMATCHED",
    "WAITING",
    "Claim",
    "Entry",
    "InstanceFact",
    "Kept",
    "Origin",
    "ReplyFact",
    "advance",
    "claim_case",
    "claim_due",
    "count_as_report",
    "decide_held",
    "discard_reply",
    "edit_enrolment",
    "end_enrolment",
    "enrol",
    "entry_of",
    "keep_instance",
    "keep_instances",
    "keep_opened",
    "keep_reply",
    "let_go_on",
    "letters",
    "look_at_original",
    "mark_overdue",
    "note_deliveries",
    "note_echo",
    "note_unopened",
    "overrule_verdict",
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
