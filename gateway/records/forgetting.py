"""Forgetting a patient, so that a crash at any point is finished by the next run, and a second run changes nothing.

1. One transaction: the mark is set, the sealed identity deleted, every row emptied (gateway.records.erasure), open
   cases ended, steps that run now fenced off. Only the rows of received instances remain: they name the files.
2. In small transactions: files and their rows. A file that a living study also refers to stays.
3. One transaction: finished, with the number of files, in the audit trail. Then the database gives up the old bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, text
from sqlmodel import Session, col, delete, or_, select

from gateway.errors import NotThere, WrongState
from gateway.lifecycle import OVER, CaseState, StudyState, move_case, move_study
from gateway.records import audit, erasure
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.ledger.journal import tell
from gateway.records.tables.service import Refusal
from gateway.records.tables.studies import (
    Case,
    CaseEvent,
    Commitment,
    Delivery,
    Draft,
    Enrolment,
    ForgottenPatient,
    HeldObject,
    Identity,
    Instance,
    Manifest,
    PreparedInstance,
    Reply,
    SignedReport,
    Study,
)

BATCH = 100
FOLDERS_OF_A_CASE = ("prepared", "reports", "manifests")
LEFTOVERS_FOR = timedelta(days=2)
"""How long a step that ran while its case was forgotten may still leave files behind."""
ABANDONED_AFTER = timedelta(hours=1)
UNDECIDED = (StudyState.RECEIVED, StudyState.COMPLETED)
UID = re.compile(r"[0-2](?:\.\d+)+")
TABLES = tuple(str(table.__tablename__) for table in (*erasure.EMPTIED, *erasure.GONE))


@dataclass(frozen=True)
class Plan:
    """What forgetting would take away: numbers and pseudonyms, no identity."""

    studies: tuple[int, ...]
    cases: tuple[int, ...]
    open: tuple[str, ...]
    """What is not over yet, in words."""
    instances: int
    bytes: int
    copies: int
    reports: int
    drafts: int
    enrolments: int
    pseudonyms: tuple[str, ...]
    nodes: tuple[str, ...]
    """Other systems that have objects of this patient from here."""
    forgotten_at: datetime | None


def plan(session: Session, patient_hash: str, also: Iterable[int] = ()) -> Plan:
    """What there is of a patient; `also` are studies known to be theirs by their headers alone."""
    studies = _studies(session, patient_hash, also)
    numbers = [study.id for study in studies]
    cases = session.exec(select(Case).where(col(Case.study_id).in_(numbers)).order_by(col(Case.id))).all()
    case_ids = [case.id for case in cases]
    instances, size = session.exec(
        select(func.count(), func.coalesce(func.sum(Instance.size), 0)).where(
            col(Instance.study_id).in_(numbers)
        )
    ).one()

    def count(table: type[PreparedInstance | SignedReport | Draft]) -> int:
        return session.exec(
            select(func.count()).select_from(table).where(col(table.case_id).in_(case_ids))
        ).one()

    nodes = session.exec(
        select(Delivery.node)
        .where(col(Delivery.case_id).in_(case_ids), col(Delivery.outcome).in_(("accepted", "warning")))
        .distinct()
    )
    mark = session.exec(select(ForgottenPatient).where(ForgottenPatient.patient_hash == patient_hash)).first()
    return Plan(
        tuple(study.saved_id for study in studies),
        tuple(case.saved_id for case in cases),
        tuple(_open(studies, cases)),
        instances,
        int(size),
        count(PreparedInstance),
        count(SignedReport),
        count(Draft),
        len(_enrolled(session, patient_hash)),
        tuple(sorted({case.pseudonym for case in cases if case.pseudonym})),
        tuple(sorted(nodes)),
        mark.forgotten_at if mark else None,
    )


def mark(
    database: Database,
    patient_hash: str,
    site: str,
    also: Iterable[int],
    who: str,
    why: str,
    *,
    even_open: bool = False,
) -> int:
    """Step 1; returns the number of the forgotten patient. Raises NotThere, and WrongState for an open case."""
    with database.write("forget_mark") as session:
        now = database.now(session)
        studies = _studies(session, patient_hash, also, lock=True)
        known = session.exec(
            select(ForgottenPatient).where(ForgottenPatient.patient_hash == patient_hash).with_for_update()
        ).first()
        enrolled = _enrolled(session, patient_hash)
        if known is None and not studies and not enrolled:
            raise NotThere(
                f"Nothing is kept of this patient at site {site}.",
                "Check site, issuer and PatientID as the sender writes them; or name a case or a study.",
            )
        numbers = [study.id for study in studies]
        cases = session.exec(select(Case).where(col(Case.study_id).in_(numbers)).with_for_update()).all()
        is_open = _open(studies, cases)
        if is_open and not even_open:
            raise WrongState(
                f"Not over yet: {', '.join(is_open)}.",
                "Wait until the report is confirmed; or end it with --even-open: no report will be returned.",
            )
        known = known or ForgottenPatient(patient_hash=patient_hash, site=site, forgotten_at=now)
        session.add(known)
        session.flush()
        if studies or enrolled:
            known.forgotten_at, known.finished_at = now, None
            _delete_what_names(session, numbers, cases)
            _end(session, studies, cases, patient_hash, now, who)
            _empty_rows(session, studies, cases)
            for row in enrolled:
                session.delete(row)
            detail = {"why": why, "studies": numbers, "cases": [case.id for case in cases], "open": is_open}
            audit.append(session, now, who, "patient forgotten", f"forgotten patient {known.id}", detail)
        session.exec(delete(Identity).where(col(Identity.patient_hash) == patient_hash))
        return known.saved_id


def finish(database: Database, blobs: BlobStore, forgotten_id: int) -> int:
    """Steps 2 and 3; returns the number of files deleted. Does nothing when it was finished before."""
    with database.read() as session:
        known = session.get_one(ForgottenPatient, forgotten_id)
        cases = _cases_of(session, known.patient_hash)
    if known.finished_at is not None:
        return 0
    files = 0
    for erase in (_erase_batch, _erase_replies):
        while batch := erase(database, blobs, known.patient_hash):
            files += batch
    files += _delete_folders(blobs, cases)
    files += blobs.delete_abandoned(ABANDONED_AFTER)
    with database.write("forget_finish") as session:
        known = session.exec(
            select(ForgottenPatient).where(ForgottenPatient.id == forgotten_id).with_for_update()
        ).one()
        if known.finished_at is None:
            known.finished_at = database.now(session)
            session.add(known)
            subject = f"forgotten patient {forgotten_id}"
            audit.append(
                session, known.finished_at, "gateway", "forgetting finished", subject, {"files": files}
            )
    return files


def sweep(database: Database, blobs: BlobStore) -> None:
    """Finish what a killed command began, and delete what steps that ran meanwhile have left; the worker does so."""
    with database.read() as session:
        unfinished = session.exec(
            select(ForgottenPatient.ids()).where(col(ForgottenPatient.finished_at).is_(None))
        ).all()
        since = database.now(session) - LEFTOVERS_FOR
        recent = session.exec(select(Case.ids()).where(col(Case.forgotten_at) >= since)).all()
    for forgotten_id in unfinished:
        finish(database, blobs, forgotten_id)
    _delete_folders(blobs, recent)
    if unfinished:
        database.give_up_deleted(TABLES)


def lift(database: Database, study_id: int, who: str, why: str) -> None:
    """Take the mark back, for the patient of a study that is held by it, and look at that study at once."""
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
        audit.append(session, now, who, "forgetting lifted", f"forgotten patient {known.id}", {"why": why})
        tell(session, study_id, None, now, "forgetting lifted", who=who)
        session.delete(known)
        study.problem = study.fix = study.waiting_for = study.held_because = ""
        study.attempts, study.failing_since, study.look_again_at = 0, None, now


def _studies(session: Session, patient_hash: str, also: Iterable[int], lock: bool = False) -> list[Study]:
    """The studies still kept: by hash, by the identity of a case, or named."""
    by_identity = (
        select(Case.study_id).join(Identity).where(Identity.patient_hash == patient_hash).scalar_subquery()
    )
    chosen = (
        select(Study)
        .where(
            col(Study.forgotten_at).is_(None),
            or_(
                col(Study.patient_hash) == patient_hash,
                col(Study.id).in_(by_identity),
                col(Study.id).in_(list(also)),
            ),
        )
        .order_by(col(Study.id))
    )
    return list(session.exec(chosen.with_for_update() if lock else chosen))


def _enrolled(session: Session, patient_hash: str) -> list[Enrolment]:
    """The place on a surveillance calendar."""
    return list(session.exec(select(Enrolment).where(Enrolment.patient_hash == patient_hash)))


def _open(studies: Iterable[Study], cases: Iterable[Case]) -> list[str]:
    return [f"case {case.id} is {case.state}" for case in cases if CaseState(case.state) not in OVER] + [
        f"study {study.id} is {study.state}"
        for study in studies
        if study.state in UNDECIDED and not study.problem
    ]


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
    rows: tuple[Study | Case, ...] = (*studies, *cases)
    for row in rows:
        row.forgotten_at = now
        row.fence += 1
        row.lease_until, row.attempts, row.failing_since = None, 0, None
        study_id, case_id = (row.study_id, row.id) if isinstance(row, Case) else (row.saved_id, None)
        reached = row.state if row.state == "FORGOTTEN" else ""
        tell(session, study_id, case_id, now, "patient forgotten", reached, who)


def _empty_rows(session: Session, studies: Sequence[Study], cases: Sequence[Case]) -> None:
    numbers, case_ids = [study.id for study in studies], [case.id for case in cases]
    session.flush()
    rows = (
        *studies,
        *cases,
        *session.exec(select(CaseEvent).where(col(CaseEvent.study_id).in_(numbers))),
        *session.exec(select(Delivery).where(col(Delivery.case_id).in_(case_ids))),
        *session.exec(select(SignedReport).where(col(SignedReport.case_id).in_(case_ids))),
    )
    for row in rows:
        erasure.empty(row)
        session.add(row)
    for reply in session.exec(select(Reply).where(col(Reply.study_id).in_(numbers))):
        reply.problem, reply.fence = "Its patient was forgotten.", reply.fence + 1  # its step must not go on
        session.add(reply)
    session.exec(delete(Draft).where(col(Draft.case_id).in_(case_ids)))
    session.exec(delete(Manifest).where(col(Manifest.case_id).in_(case_ids)))
    session.flush()


def _delete_what_names(session: Session, numbers: Sequence[int | None], cases: Sequence[Case]) -> None:
    """Refusals and commitment answers that name an object of the patient."""
    uids = {case.returned_uid for case in cases} | {
        uid
        for row in session.exec(select(Instance).where(col(Instance.study_id).in_(numbers)))
        for uid in (row.sop_instance_uid, row.series_instance_uid)
    }
    uids |= set(session.exec(select(Study.study_instance_uid).where(col(Study.id).in_(numbers))))
    uids -= {""}
    for refusal in session.exec(select(Refusal)):
        if uids & set(UID.findall(f"{refusal.why} {refusal.fix}")):
            session.delete(refusal)
    asked = {uid for case in cases for uid in case.commitment_transactions}
    for answer in session.exec(select(Commitment).execution_options(yield_per=1000)):
        named = {*answer.committed, *(pair[0] for pair in answer.failed)}
        if answer.transaction_uid in asked or uids & named:
            session.delete(answer)


def _cases_of(session: Session, patient_hash: str) -> list[int]:
    return list(
        session.exec(
            select(Case.ids())
            .join(Study)
            .where(Study.patient_hash == patient_hash, col(Study.forgotten_at).is_not(None))
        )
    )


def _erase_batch(database: Database, blobs: BlobStore, patient_hash: str) -> int:
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


def _erase_replies(database: Database, blobs: BlobStore, patient_hash: str) -> int:
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


def _delete_folders(blobs: BlobStore, cases: Iterable[int]) -> int:
    found = [key for case in cases for name in FOLDERS_OF_A_CASE for key in blobs.keys(f"{name}/{case}")]
    for key in found:
        blobs.delete(key)
    return len(found)
