"""Forgetting a patient, so that a crash at any point is finished by the next run, and a second run changes nothing.

1. One transaction (`ledger.begin_forgetting`): the hash is kept, the sealed identity deleted, every row emptied
   (gateway.records.erasure), open cases ended, steps that run now fenced off. Only the rows of received instances
   remain: they name the files.
2. In small transactions: files and their rows. A file that a living study also refers to stays.
3. One transaction: finished, with the number of files, in the audit trail. Then the database gives up the old bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from gateway.records import erasure, ledger
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.patients import enrolments_of, forgotten_cases, not_over, studies_of
from gateway.records.tables.cases import (
    TAKEN,
    WITHDRAWN,
    Case,
    Delivery,
    Draft,
    PreparedInstance,
    SignedReport,
)
from gateway.records.tables.studies import ForgottenPatient, Instance

FOLDERS_OF_A_CASE = ("prepared", "pictures", "reports", "manifests")
LEFTOVERS_FOR = timedelta(days=2)
"""How long a step that ran while its case was forgotten may still leave files behind."""
ABANDONED_AFTER = timedelta(hours=1)
TABLES = tuple(str(table.__tablename__) for table in (*erasure.EMPTIED, *erasure.GONE))


@dataclass(frozen=True)
class ForgettingPlan:
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


def plan(session: Session, hashes: Collection[str], also: Iterable[int] = ()) -> ForgettingPlan:
    """What there is of a patient known by these hashes; `also` are studies known to be theirs by headers alone."""
    studies = studies_of(session, hashes, also)
    numbers = [study.saved_id for study in studies]
    cases = session.exec(select(Case).where(col(Case.study_id).in_(numbers)).order_by(col(Case.id))).all()
    case_ids = [case.saved_id for case in cases]
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
        .where(col(Delivery.case_id).in_(case_ids), col(Delivery.outcome).in_((*TAKEN, WITHDRAWN)))
        .distinct()
    )
    known = session.exec(
        select(ForgottenPatient)
        .where(col(ForgottenPatient.patient_hash).in_(hashes))
        .order_by(col(ForgottenPatient.forgotten_at).desc())
    ).first()
    return ForgettingPlan(
        tuple(numbers),
        tuple(case_ids),
        tuple(not_over(studies, cases)),
        instances,
        int(size),
        count(PreparedInstance),
        count(SignedReport),
        count(Draft),
        len(enrolments_of(session, hashes)),
        tuple(sorted({case.pseudonym for case in cases if case.pseudonym})),
        tuple(sorted(nodes)),
        known.forgotten_at if known else None,
    )


def finish(database: Database, blobs: BlobStore, forgotten_id: int) -> int:
    """Steps 2 and 3; returns the number of files deleted. Does nothing when it was finished before."""
    with database.read() as session:
        known = session.get_one(ForgottenPatient, forgotten_id)
        cases = forgotten_cases(session, known.patient_hash)
    if known.finished_at is not None:
        return 0
    files = 0
    for erase in (ledger.erase_instances, ledger.erase_replies):
        while batch := erase(database, blobs, known.patient_hash):
            files += batch
    files += _delete_folders(blobs, cases)
    files += blobs.delete_abandoned(ABANDONED_AFTER)
    ledger.note_erased(database, forgotten_id, files)
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


def _delete_folders(blobs: BlobStore, cases: Iterable[int]) -> int:
    found = [key for case in cases for name in FOLDERS_OF_A_CASE for key in blobs.keys(f"{name}/{case}")]
    for key in found:
        blobs.delete(key)
    return len(found)
