"""A patient forgotten: the hash kept and every row emptied, files and their rows erased, and the patient readmitted.

How a run that was killed is finished by the next one is told in `gateway.records.forgetting`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, text, update
from sqlmodel import Session, col, delete, select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import OVER, CaseState, StudyState, move_case, move_study
from gateway.records import erasure
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.conflicts import contested
from gateway.records.ledger.journal import add_line
from gateway.records.patients import UNDECIDED, enrolments_of, not_over, studies_of
from gateway.records.tables.administration import Refusal
from gateway.records.tables.cases import (
    Case,
    CaseEvent,
    Delivery,
    Draft,
    HeldObject,
    Manifest,
    PreparedInstance,
    Reply,
    SignedReport,
)
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.commitments import Commitment, OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.critical import ContactMessage, CriticalResult
from gateway.records.tables.pictures import CaseAlignment, CasePictures
from gateway.records.tables.studies import ForgottenPatient, Identity, Instance, Study
from gateway.records.tables.told import HospitalContext

BATCH = 100
UID = re.compile(r"[0-2](?:\.\d+)+")


def begin_forgetting(
    database: Database,
    patient_hash: str,
    site: str,
    also: Iterable[int],
    who: str,
    why: str,
    *,
    even_open: bool = False,
) -> int:
    """Forget a patient in every row; returns the number of the forgotten patient, under which files are erased next.

    `also` are studies known to be theirs by their headers alone. Raises NotThere, and WrongState for an open case.
    """
    with database.write("forget_mark") as session:
        now = database.now(session)
        studies = studies_of(session, [patient_hash], also, lock=True)
        known = session.exec(
            select(ForgottenPatient).where(ForgottenPatient.patient_hash == patient_hash).with_for_update()
        ).first()
        enrolled = enrolments_of(session, [patient_hash])
        if known is None and not studies and not enrolled:
            raise NotThere(
                f"Nothing is kept of this patient at site {site}.",
                "Check site, issuer and PatientID as the sender writes them; or name a case or a study.",
            )
        numbers = [study.saved_id for study in studies]
        cases = session.exec(select(Case).where(col(Case.study_id).in_(numbers)).with_for_update()).all()
        is_open = not_over(studies, cases)
        if is_open and not even_open:
            raise WrongState(
                f"Not over yet: {', '.join(is_open)}.",
                "Wait until the report is confirmed; or end it with --even-open: no report will be returned.",
            )
        known = known or ForgottenPatient(patient_hash=patient_hash, site=site, forgotten_at=now)
        session.add(known)
        session.flush()
        read_under = {case.read_under for case in cases if case.read_under is not None}
        if studies or enrolled:
            known.forgotten_at, known.finished_at = now, None
            _delete_what_names(session, numbers, cases)
            _end(session, studies, cases, patient_hash, now, who)
            _empty_rows(session, studies, cases)
            for row in enrolled:
                session.delete(row)
            detail = {"why": why, "studies": numbers, "cases": [case.id for case in cases], "open": is_open}
            audit_trail.append(
                session, now, who, "patient forgotten", f"forgotten patient {known.id}", detail
            )
        _delete_identities(session, patient_hash, read_under)
        return known.saved_id


def _delete_identities(session: Session, patient_hash: str, read_under: Collection[int]) -> None:
    """The patient's identity, and those under which the patient's cases were read before a correction."""
    own = select(Identity.ids()).where(Identity.patient_hash == patient_hash)
    # A case of somebody else that was read under this identity is somebody else's now.
    session.execute(update(Case).where(col(Case.read_under).in_(own)).values(read_under=None))
    session.exec(delete(Identity).where(col(Identity.patient_hash) == patient_hash))
    for number in read_under:
        used = select(Case.ids()).where(or_(col(Case.identity_id) == number, col(Case.read_under) == number))
        if session.exec(used.limit(1)).first() is None:
            session.exec(delete(Identity).where(col(Identity.id) == number))


def erase_instances(database: Database, blobs: BlobStore, patient_hash: str) -> int:
    """Delete some received files with their rows; returns how many rows went."""
    with database.write("forget_erase") as session:
        if not database.is_sqlite:
            # No instance may be committed between looking who else names a file and deleting it; the intake looks
            # after its commit whether the file is still there (SQLite lets only one writer in anyway).
            session.connection().execute(text("LOCK TABLE instance IN SHARE ROW EXCLUSIVE MODE"))
        rows = session.exec(
            select(Instance)
            .join(Study)
            .where(Study.patient_hash == patient_hash, col(Study.forgotten_at).is_not(None))
            .order_by(col(Instance.id))
            .limit(BATCH)
        ).all()
        ids = [row.id for row in rows]
        living = set(
            session.exec(
                select(Instance.blob)
                .join(Study)
                .where(col(Instance.blob).in_({row.blob for row in rows}), col(Study.forgotten_at).is_(None))
            )
        )
        for blob in sorted({row.blob for row in rows} - living):
            blobs.delete(blob)
        session.exec(delete(PreparedInstance).where(col(PreparedInstance.instance_id).in_(ids)))
        session.exec(delete(HeldObject).where(col(HeldObject.instance_id).in_(ids)))
        session.exec(delete(Instance).where(col(Instance.id).in_(ids)))
    return len(rows)


def erase_replies(database: Database, blobs: BlobStore, patient_hash: str) -> int:
    """Delete what reading sites sent back about the patient, with what was made of it; returns how many rows went."""
    with database.write("forget_replies") as session:
        rows = session.exec(
            select(Reply)
            .join(Study)
            .where(Study.patient_hash == patient_hash, col(Study.forgotten_at).is_not(None))
            .order_by(col(Reply.id))
            .limit(BATCH)
        ).all()
        for row in rows:
            for blob in filter(None, (row.blob, row.restored.get("blob"))):
                blobs.delete(blob)
            session.delete(row)
    return len(rows)


def note_erased(database: Database, forgotten_id: int, files: int) -> None:
    """The last byte is gone; said once."""
    with database.write("forget_finish") as session:
        known = session.exec(
            select(ForgottenPatient).where(ForgottenPatient.id == forgotten_id).with_for_update()
        ).one()
        if known.finished_at is None:
            known.finished_at = database.now(session)
            session.add(known)
            subject = f"forgotten patient {forgotten_id}"
            audit_trail.append(
                session, known.finished_at, "gateway", "forgetting finished", subject, {"files": files}
            )


def readmit(database: Database, study_id: int, who: str, why: str) -> None:
    """Readmit the patient of a study that is held because the patient was forgotten, and look at that study at once."""
    with database.write("lift_forgetting") as session:
        now = database.now(session)
        study = session.exec(select(Study).where(Study.id == study_id).with_for_update()).first()
        known = session.exec(
            select(ForgottenPatient).where(
                ForgottenPatient.patient_hash == (study.patient_hash if study else "")
            )
        ).first()
        if study is None or known is None or study.forgotten_at is not None:
            raise NotThere(
                f"There is no study {study_id} that is held because its patient was forgotten.",
                "The page of studies shows every study and what holds it.",
            )
        if known.finished_at is None:
            raise WrongState("The patient is being forgotten just now.", "Try again in a few minutes.")
        audit_trail.append(
            session, now, who, "forgetting lifted", f"forgotten patient {known.id}", {"why": why}
        )
        add_line(session, study_id, None, now, "forgetting lifted", who=who)
        session.delete(known)
        study.problem = study.fix = study.waiting_for = study.held_because = ""
        study.attempts, study.failing_since, study.look_again_at = 0, None, now


def _end(
    session: Session,
    studies: Sequence[Study],
    cases: Sequence[Case],
    patient_hash: str,
    now: datetime,
    who: str,
) -> None:
    """Stop what is open and fence off the steps that run now."""
    for study in studies:
        study.patient_hash = patient_hash
        if study.state in UNDECIDED:
            study.state = move_study(StudyState(study.state), StudyState.FORGOTTEN)
    for case in cases:
        if CaseState(case.state) not in OVER:
            case.state = move_case(CaseState(case.state), CaseState.FORGOTTEN)
            case.reached_at = now
        case.updated_at = now
    for study in studies:
        contested.forget(session, study.saved_id, now)
    rows: tuple[Study | Case, ...] = (*studies, *cases)
    for row in rows:
        row.forgotten_at = now
        row.fence += 1
        row.lease_until, row.attempts, row.failing_since = None, 0, None
        study_id, case_id = (row.study_id, row.id) if isinstance(row, Case) else (row.saved_id, None)
        reached = row.state if row.state == "FORGOTTEN" else ""
        add_line(session, study_id, case_id, now, "patient forgotten", reached, who)


def _empty_rows(session: Session, studies: Sequence[Study], cases: Sequence[Case]) -> None:
    numbers, case_ids = [study.id for study in studies], [case.id for case in cases]
    session.flush()
    rows = (
        *studies,
        *cases,
        *session.exec(select(Conflict).where(col(Conflict.study_id).in_(numbers))),
        *session.exec(select(CaseEvent).where(col(CaseEvent.study_id).in_(numbers))),
        *session.exec(select(Delivery).where(col(Delivery.case_id).in_(case_ids))),
        *session.exec(select(SignedReport).where(col(SignedReport.case_id).in_(case_ids))),
        *session.exec(select(CriticalResult).where(col(CriticalResult.case_id).in_(case_ids))),
    )
    for row in rows:
        erasure.empty(row)
        session.add(row)
    for reply in session.exec(select(Reply).where(col(Reply.study_id).in_(numbers))):
        reply.problem, reply.fence = "Its patient was forgotten.", reply.fence + 1  # its step must not go on
        session.add(reply)
    session.exec(delete(Draft).where(col(Draft.case_id).in_(case_ids)))
    session.exec(delete(HospitalContext).where(col(HospitalContext.study_id).in_(numbers)))
    session.exec(delete(ContactMessage).where(col(ContactMessage.case_id).in_(case_ids)))
    session.exec(delete(Manifest).where(col(Manifest.case_id).in_(case_ids)))
    session.exec(delete(CasePictures).where(col(CasePictures.case_id).in_(case_ids)))
    for named in (CaseChangeMap.case_id, CaseChangeMap.prior_case_id):
        session.exec(delete(CaseChangeMap).where(col(named).in_(case_ids)))
    for of in (CaseAlignment.case_id, CaseAlignment.prior_case_id):
        session.exec(delete(CaseAlignment).where(col(of).in_(case_ids)))
    session.flush()


def _delete_what_names(session: Session, numbers: Sequence[int], cases: Sequence[Case]) -> None:
    """Refusals, commitment answers and owed results that name an object of the patient."""
    uids = {case.returned_uid for case in cases} | {
        uid
        for row in session.exec(select(Instance).where(col(Instance.study_id).in_(numbers)))
        for uid in (row.sop_instance_uid, row.series_instance_uid)
    }
    replies = session.exec(
        select(Reply.id, Reply.sop_instance_uid).where(col(Reply.study_id).in_(numbers))
    ).all()
    uids |= {uid for _, uid in replies}
    units = {("case", case.id) for case in cases} | {("reply", reply_id) for reply_id, _ in replies}
    uids |= set(session.exec(select(Study.study_instance_uid).where(col(Study.id).in_(numbers))))
    uids -= {""}
    for refusal in session.exec(select(Refusal)):
        if uids & set(UID.findall(f"{refusal.why} {refusal.fix}")):
            session.delete(refusal)
    asked = {uid for case in cases for uid in case.commitment_transactions}
    for answer in session.exec(select(Commitment).execution_options(yield_per=1000)):
        named = {*answer.asked, *answer.committed, *(pair[0] for pair in answer.failed)}
        if answer.transaction_uid in asked or (answer.unit, answer.unit_id) in units or uids & named:
            session.delete(answer)
    for result in session.exec(select(OwedResult).execution_options(yield_per=100)):
        if uids & {uid for _, uid in result.wanted}:
            session.delete(result)
