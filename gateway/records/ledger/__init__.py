"""Every write: one function per event, one named transaction each, its journal or audit line in the same transaction.

    arrivals     keep_instance, keep_instances
    refusals     refuse                                                         (who and what was turned away)
    opening      the case of a matched study: new, or amended by late images
    work         claim_due, renew, note_deliveries, ask_commitment, advance, postpone, let_go, park (the engine)
    parking      what a unit of work is, and how one stops for a person
    peers        which node a unit of work talks to next
    conflicts    decide_conflict, look_at_versions     (two versions of a study's objects: the question, the choice)
                  link_person, unlink_person, look_at_persons       (a study without a number)
    commitments  record_commitment, owe_result, drop_result   (answers to our requests; what we owe who asks us)
    node_responses  what nodes answered for each object
    replies      keep_reply, note_echo, discard_reply, count_as_report, note_reply_download
    people       claim_case, claim_next, release_case, save_draft, take_over_draft, park_case, retry,
                 note_report_download
    reports      sign_report, sign_document, correct_report           (what is signed, and what follows it)
    verdicts     overrule_verdict                                               (a reader's word on the protocol)
    studies      let_go_on, route_by_hand, keep_study_date
    held_objects  decide_held, look_at_original                                  (objects that stayed here)
    enrolments   publish_letterbox, enrol, keep_opened, note_unopened, edit_enrolment, end_enrolment,
               judge_wish
    overdue      note_overdue
    identities   open_identity, begin_rotation, reseal_batch, note_resealed, end_rotation, retire_key, note_keys,
                 accept_keys
    forgetting   begin_forgetting, erase_instances, erase_replies, note_erased, readmit
    persons      add_user, change_account, disable_account, enable_account
                  begin_sign_in, finish_sign_in, sign_in, sign_out, check_password
                  note_seen, end_session, end_sessions, end_expired_sessions
                  change_password, make_reset_link, use_reset_link
                  propose_factor, confirm_factor, finish_set_up, remove_factor
    credentials  sign_in_by_issuer, refuse_issued, note_emergency, ask_signer, prove_signer, use_proof,
                 add_client, revoke_client, note_client_use, refuse_client,
                 note_ending_clients                                        (issuers; tokens of programs)
    notices      take_notices, notices_told, notices_failed, note_wrong_configuration, note_certificates
    telling      ring_chains, acknowledge_critical, tell_readers, take_messages, message_sent, message_failed,
                 drop_message, tell_context, keep_looked_at  (critical results to their contacts; readers' messages)
    operation    take_tick, note_role, put_rules_in_force
    pictures     want_pictures, claim_pictures, renew_pictures, keep_index, keep_volume, put_off_pictures,
                 drop_pictures, want_alignments, claim_alignment, keep_alignment,
                 want_changes, claim_change_map, keep_change_map, make_again
    journal      the line of a study or case        audit_trail  the line of who did what
    trail        note_look, note_configuration, seal_trail, anchor_due, note_anchor, note_unsealed, note_key, note_use;
                 take_events, events_sent, events_not_sent; what of the engine's work is an event

Nothing else opens a writing transaction (tests/gateway/records/ledger/test_every_write.py). What only reads stands in
`gateway.records.views`, above; what both need, below.
"""

from gateway.records.ledger.arrivals import Kept, NewInstance, Origin, keep_instance, keep_instances
from gateway.records.ledger.commitments.answers import record_commitment
from gateway.records.ledger.commitments.owed import NewOwed, NotOwed, drop_result, owe_result
from gateway.records.ledger.conflicts.decision import decide_conflict, look_at_versions
from gateway.records.ledger.conflicts.linking import link_person, look_at_persons, unlink_person
from gateway.records.ledger.credentials.clients import (
    add_client,
    note_client_use,
    note_ending_clients,
    refuse_client,
    revoke_client,
)
from gateway.records.ledger.credentials.issuer import note_emergency, refuse_issued, sign_in_by_issuer
from gateway.records.ledger.credentials.signer import ask_signer, prove_signer, use_proof
from gateway.records.ledger.enrolments import (
    NewEnrolment,
    edit_enrolment,
    end_enrolment,
    enrol,
    judge_wish,
    keep_opened,
    note_unopened,
    publish_letterbox,
    sealed_enrolment,
    unopened_letters,
)
from gateway.records.ledger.forgetting import (
    begin_forgetting,
    erase_instances,
    erase_replies,
    note_erased,
    readmit,
)
from gateway.records.ledger.held_objects import LEFT_OUT, RELEASED, WAITING, decide_held, look_at_original
from gateway.records.ledger.identities import (
    accept_keys,
    begin_rotation,
    end_rotation,
    key_checks,
    note_keys,
    note_resealed,
    open_identity,
    reseal_batch,
    retire_key,
    rows_by_key,
)
from gateway.records.ledger.notices import (
    NewShown,
    note_certificates,
    note_wrong_configuration,
    notices_failed,
    notices_told,
    take_notices,
)
from gateway.records.ledger.operation import note_role, put_rules_in_force, take_tick
from gateway.records.ledger.overdue import note_overdue
from gateway.records.ledger.parking import Claim
from gateway.records.ledger.people import (
    claim_case,
    claim_next,
    note_report_download,
    park_case,
    release_case,
    retry,
    save_draft,
    take_over_draft,
)
from gateway.records.ledger.persons.accounts import (
    Scope,
    add_user,
    change_account,
    disable_account,
    enable_account,
)
from gateway.records.ledger.persons.passwords import change_password, make_reset_link, use_reset_link
from gateway.records.ledger.persons.second_factor import (
    confirm_factor,
    finish_set_up,
    propose_factor,
    proposed_secret,
    remove_factor,
)
from gateway.records.ledger.persons.sessions import end_expired_sessions, end_session, end_sessions, note_seen
from gateway.records.ledger.persons.sign_in import (
    SignIn,
    begin_sign_in,
    check_password,
    finish_sign_in,
    sign_in,
    sign_out,
)
from gateway.records.ledger.pictures.aligning import (
    AlignmentClaim,
    AlignmentOutcome,
    Wanted,
    claim_alignment,
    keep_alignment,
    want_alignments,
)
from gateway.records.ledger.pictures.asking_again import make_again
from gateway.records.ledger.pictures.change_maps import (
    ChangeClaim,
    Pair,
    claim_change_map,
    keep_change_map,
    want_changes,
)
from gateway.records.ledger.pictures.making import (
    PicturesClaim,
    claim_pictures,
    drop_pictures,
    keep_index,
    keep_volume,
    put_off_pictures,
    renew_pictures,
    want_pictures,
)
from gateway.records.ledger.refusals import NewRefusal, refuse
from gateway.records.ledger.replies import (
    NewReply,
    count_as_report,
    discard_reply,
    keep_reply,
    note_echo,
    note_reply_download,
)
from gateway.records.ledger.reports.following import NewDocument, correct_report, sign_document
from gateway.records.ledger.reports.signing import sign_report
from gateway.records.ledger.studies import UNMATCHED, keep_study_date, let_go_on, route_by_hand
from gateway.records.ledger.telling.context import keep_looked_at, tell_context
from gateway.records.ledger.telling.critical import acknowledge_critical, ring_chains
from gateway.records.ledger.telling.messages import (
    drop_message,
    message_failed,
    message_sent,
    take_messages,
    tell_readers,
)
from gateway.records.ledger.trail.configuration import note_configuration
from gateway.records.ledger.trail.looks import Look, note_look
from gateway.records.ledger.trail.sealing import (
    anchor_due,
    note_anchor,
    note_key,
    note_unsealed,
    note_use,
    seal_trail,
)
from gateway.records.ledger.trail.sending import events_not_sent, events_sent, take_events
from gateway.records.ledger.verdicts import overrule_verdict
from gateway.records.ledger.work import (
    advance,
    ask_commitment,
    claim_due,
    let_go,
    note_deliveries,
    park,
    postpone,
    renew,
)

__all__ = [
    "LEFT_OUT",
    "RELEASED",
    "UNMATCHED",
    "WAITING",
    "AlignmentClaim",
    "AlignmentOutcome",
    "ChangeClaim",
    "Claim",
    "Kept",
    "Look",
    "NewDocument",
    "NewEnrolment",
    "NewInstance",
    "NewOwed",
    "NewRefusal",
    "NewReply",
    "NewShown",
    "NotOwed",
    "Origin",
    "Pair",
    "PicturesClaim",
    "Scope",
    "SignIn",
    "Wanted",
    "accept_keys",
    "acknowledge_critical",
    "add_client",
    "add_user",
    "advance",
    "anchor_due",
    "ask_commitment",
    "ask_signer",
    "begin_forgetting",
    "begin_rotation",
    "begin_sign_in",
    "change_account",
    "change_password",
    "check_password",
    "claim_alignment",
    "claim_case",
    "claim_change_map",
    "claim_due",
    "claim_next",
    "claim_pictures",
    "confirm_factor",
    "correct_report",
    "count_as_report",
    "decide_conflict",
    "decide_held",
    "disable_account",
    "discard_reply",
    "drop_message",
    "drop_pictures",
    "drop_result",
    "edit_enrolment",
    "enable_account",
    "end_enrolment",
    "end_expired_sessions",
    "end_rotation",
    "end_session",
    "end_sessions",
    "enrol",
    "erase_instances",
    "erase_replies",
    "events_not_sent",
    "events_sent",
    "finish_set_up",
    "finish_sign_in",
    "judge_wish",
    "keep_alignment",
    "keep_change_map",
    "keep_index",
    "keep_instance",
    "keep_instances",
    "keep_looked_at",
    "keep_opened",
    "keep_reply",
    "keep_study_date",
    "keep_volume",
    "key_checks",
    "let_go",
    "let_go_on",
    "link_person",
    "look_at_original",
    "look_at_persons",
    "look_at_versions",
    "make_again",
    "make_reset_link",
    "message_failed",
    "message_sent",
    "note_anchor",
    "note_certificates",
    "note_client_use",
    "note_configuration",
    "note_deliveries",
    "note_echo",
    "note_emergency",
    "note_ending_clients",
    "note_erased",
    "note_key",
    "note_keys",
    "note_look",
    "note_overdue",
    "note_reply_download",
    "note_report_download",
    "note_resealed",
    "note_role",
    "note_seen",
    "note_unopened",
    "note_unsealed",
    "note_use",
    "note_wrong_configuration",
    "notices_failed",
    "notices_told",
    "open_identity",
    "overrule_verdict",
    "owe_result",
    "park",
    "park_case",
    "postpone",
    "propose_factor",
    "proposed_secret",
    "prove_signer",
    "publish_letterbox",
    "put_off_pictures",
    "put_rules_in_force",
    "readmit",
    "record_commitment",
    "refuse",
    "refuse_client",
    "refuse_issued",
    "release_case",
    "remove_factor",
    "renew",
    "renew_pictures",
    "reseal_batch",
    "retire_key",
    "retry",
    "revoke_client",
    "ring_chains",
    "route_by_hand",
    "rows_by_key",
    "save_draft",
    "seal_trail",
    "sealed_enrolment",
    "sign_document",
    "sign_in",
    "sign_in_by_issuer",
    "sign_out",
    "sign_report",
    "take_events",
    "take_messages",
    "take_notices",
    "take_over_draft",
    "take_tick",
    "tell_context",
    "tell_readers",
    "unlink_person",
    "unopened_letters",
    "use_proof",
    "use_reset_link",
    "want_alignments",
    "want_changes",
    "want_pictures",
]
