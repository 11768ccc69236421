"""Put the patient's identity on what a reading site sent back, or hold it: nothing is passed through on a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydicom import Dataset
from sqlmodel import Session

from dicom_nodes.data_sets import data_set_of
from gateway.errors import WrongState
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState, ReplyState
from gateway.pipeline.context import StepContext, Turn
from gateway.pipeline.replies import case_of_reply
from gateway.pipeline.step_result import Done, NotYet, StepResult, Stuck
from gateway.pipeline.steps import originals
from gateway.pipeline.steps.identities import identity_of_copies, pseudonyms, shift_of
from gateway.pipeline.steps.persons import standing_header
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.fast.preparer import held_if_it_cannot_be
from gateway.privacy.reidentify.maps import accessions_back, uids_back
from gateway.privacy.reidentify.references import references, refuse_if_foreign
from gateway.privacy.reidentify.restore import restore
from gateway.quiet_pydicom import silent_pydicom
from gateway.recipients import Nobody, ToNode, recipient
from gateway.records import ledger
from gateway.records.step_record import StepRecord
from gateway.records.tables.cases import WITHDRAWN, Case, Reply
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows, reply_rows

LOOK_AGAIN = timedelta(seconds=5)
"""Objects that refer to one another come seconds apart."""


def restore_reply(turn: Turn, context: StepContext) -> StepResult:
    """RECEIVED -> RESTORED: a copy with the original identity lies in the object store, ready to be sent."""
    with context.database.read() as session:
        reply = reply_rows.reply(session, turn.claim.id)
        candidates = [
            case_of_reply.Candidate(
                case,
                # A row has the last outcome only: what failed when it was sent again hides what was taken before.
                reply.case_id == case.id or bool(_forwarded(session, case)),
                _replies_from(context, case),
            )
            for case in reply_rows.cases_of(session, reply.study_instance_uid)
        ]
        twin = reply_rows.has_twin(session, reply)
        original = reply_rows.is_original(session, reply.sop_instance_uid)
    try:
        dataset = _read(context.blobs.get(reply.blob))
    except Held as held:
        return Stuck(
            held.problem, "Let the reading site store its result anew and send that; discard this one."
        )
    patient_id = str(dataset.get("PatientID") or "").strip()
    case = case_of_reply.fitting_case(reply, patient_id, candidates, context.directory())
    if isinstance(case, case_of_reply.NoCase):
        return Stuck(case.problem, case.fix)
    columns: dict[str, Any] = {
        "study_id": case.study_id,
        "case_id": case.id,
        "generation": case.generation,
    }
    belongs = StepRecord(columns=columns)
    if twin or original:
        return Stuck(
            "Another object has the same SOP Instance UID, with other content.",
            "Let the reading site store its result as a new object and send that; discard this one.",
            belongs,
        )
    with context.database.read() as session:
        study = case_rows.study(session, case.study_id)
        being_sent_again = _is_being_sent_again(session, case)
    if being_sent_again:  # under which identity it goes back is known once its copies are made anew
        return NotYet("its case is being sent to the reading site again", LOOK_AGAIN, belongs)
    instances = originals.kept(context.database, case.study_id)
    headers = originals.headers(context.blobs, instances)
    if headers:  # the patient that goes on it is the first one's
        headers.insert(0, standing_header(context.blobs, study, instances))
    if not headers:
        return Stuck(
            "No original of its study can be read.", "Look at the case's study; then try again.", belongs
        )
    to = recipient(context.directory(), study.site, study.sender)
    if isinstance(to, Nobody):  # the identity is not even read for an object that could go nowhere
        return Stuck(to.problem, f"{to.fix} Then try again.", belongs)
    left_as = _by_scheme(case, headers, originals.priors(context.database, context.blobs, case))
    back: dict[str, str] = {}
    for scheme, of_scheme in left_as.items():
        back |= uids_back(of_scheme, pseudonyms(context, case, scheme))
    with context.database.read() as session:
        # What the reading site made itself keeps its UID: later objects may refer to earlier ones.
        back |= {uid: uid for uid in reply_rows.siblings(session, reply) if uid not in back}
        unknown = {uid for _, uid in references(dataset, reply.sop_instance_uid)} - back.keys()
        mixed_up = reply_rows.of_other_patients(session, unknown, case.identity_id)
    if mixed_up:
        return Stuck(
            "It refers to images of another patient.",
            "Nothing was passed on. Tell the reading site: two patients were mixed up there. Discard this one.",
            belongs,
        )
    try:
        # Before the vault is opened: an identity is read only for an object that fits.
        refuse_if_foreign(dataset, str(headers[0].StudyInstanceUID), back, case.pseudonym)
        restored = _restored(context, reply, case, study, dataset, left_as, back)
    except Held as held:
        quiet = timedelta(seconds=context.settings.study.quiet_period)
        if held.reason is HeldReason.UNKNOWN_INSTANCE and turn.now - reply.received_at < quiet:
            return NotYet(f"{len(unknown)} objects it refers to have not come yet", LOOK_AGAIN, belongs)
        return Stuck(held.problem, held.fix, belongs)
    except WrongState as forgotten:
        return Stuck(forgotten.problem, forgotten.fix, belongs)
    note = {"from": reply.node, "kind": case_of_reply.ACCEPTED[reply.sop_class_uid]}
    columns |= {
        "restored": restored,
        "is_report": case_of_reply.is_report(dataset),
        "returns_to": to.node.name if isinstance(to, ToNode) else "",
    }
    return Done(ReplyState.RESTORED, StepRecord(note=note, columns=columns))


def _read(data: bytes) -> Dataset:
    """With every value decoded: one that cannot be is found here. Raises Held."""
    with held_if_it_cannot_be("read"), silent_pydicom():
        dataset = data_set_of(data)
        for _ in dataset.iterall():
            pass
        return dataset


def _forwarded(session: Session, case: Case) -> frozenset[str]:
    """What became of the copies that its destination took: it may answer for what was withdrawn since, too."""
    return case_rows.forwarded(session, case.saved_id, case.destination) if case.destination else frozenset()


def _is_being_sent_again(session: Session, case: Case) -> bool:
    """Whether copies were withdrawn for a correction, and the case has not reached the reading site again."""
    unsigned = case.state in BEFORE_THE_REPORT and case.state != CaseState.FORWARDED
    return unsigned and WITHDRAWN in _forwarded(session, case)


def _replies_from(context: StepContext, case: Case) -> tuple[str, ...]:
    """As the rule is now, so that a node that was added to it may answer for cases that are open."""
    rule = context.rules().get(case.rule_id)
    return rule.replies_from if rule is not None else ()


def _by_scheme(
    case: Case, own: Sequence[Dataset], priors: Sequence[originals.Prior]
) -> dict[int, list[Dataset]]:
    """The headers by the scheme under which their copies left; first the case's own, with its patient first."""
    left_as: dict[int, list[Dataset]] = {case.scheme: [*own]}
    for prior in priors:
        for scheme in prior.schemes:
            left_as.setdefault(scheme, []).append(prior.header)
    return left_as


def _restored(
    context: StepContext,
    reply: Reply,
    case: Case,
    study: Study,
    dataset: Dataset,
    left_as: Mapping[int, list[Dataset]],
    back: dict[str, str],
) -> dict[str, str]:
    """Put the identity back and keep the file; what to send it by."""
    identity = identity_of_copies(context, case)
    # The gateway reads an identity back here: it is in the audit trail before it is in a file.
    why = f"object {reply.id} of the reading site, case {case.id}"
    patient = ledger.open_identity(context.database, context.vault, identity, "gateway", why)
    accessions: dict[str, str] = {}
    for scheme, of_scheme in left_as.items():
        accessions |= accessions_back(of_scheme, pseudonyms(context, case, scheme), case.pseudonym)
    restored = restore(
        dataset,
        left_as[case.scheme][0],
        back,
        date_shift_days=shift_of(context, case, study, patient),
        pseudonym=case.pseudonym,
        accession_back=accessions,
    )
    blob = f"replies/{reply.id}/restored.dcm"
    context.blobs.put(blob, encode(restored))
    return {
        "blob": blob,
        "sop_class_uid": str(restored.SOPClassUID),
        "sop_instance_uid": str(restored.SOPInstanceUID),
        "transfer_syntax_uid": str(restored.file_meta.TransferSyntaxUID),
    }
