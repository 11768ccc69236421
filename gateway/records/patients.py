"""Which rows are of one patient, by the keyed hash: for those who ask what forgetting would take, and who forgets."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, or_, select

from gateway.lifecycle import OVER, CaseState, StudyState
from gateway.records.tables.studies import Case, Enrolment, Identity, Study

UNDECIDED = (StudyState.RECEIVED, StudyState.COMPLETED)
"""What has no case yet, because nobody has looked which rule applies."""


def studies_of(
    session: Session, patient_hash: str, also: Iterable[int] = (), *, lock: bool = False
) -> list[Study]:
    """The studies still kept: by hash, by the identity of a case, or named in `also`; `lock` holds their rows."""
    by_identity = (
        select(Case.study_id)
        .join(Identity, col(Case.identity_id) == col(Identity.id))
        .where(Identity.patient_hash == patient_hash)
        .scalar_subquery()
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


def enrolments_of(session: Session, patient_hash: str) -> list[Enrolment]:
    """The place on a surveillance calendar."""
    return list(session.exec(select(Enrolment).where(Enrolment.patient_hash == patient_hash)))


def forgotten_cases(session: Session, patient_hash: str) -> list[int]:
    """The numbers of the cases that were forgotten with the patient: what is named after them may still lie there."""
    return list(
        session.exec(
            select(Case.ids())
            .join(Study)
            .where(Study.patient_hash == patient_hash, col(Study.forgotten_at).is_not(None))
        )
    )


def not_over(studies: Iterable[Study], cases: Iterable[Case]) -> list[str]:
    """What somebody may still wait for, in words."""
    return [f"case {case.id} is {case.state}" for case in cases if CaseState(case.state) not in OVER] + [
        f"study {study.id} is {study.state}"
        for study in studies
        if study.state in UNDECIDED and not study.problem
    ]
