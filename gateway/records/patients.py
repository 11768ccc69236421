"""Which rows are of one patient, by the keyed hash: for those who ask what forgetting would take, and who forgets."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlmodel import Session, and_, col, or_, select

from gateway.lifecycle import OVER, CaseState, StudyState
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Enrolment, ForgottenPatient, Identity, Study

UNDECIDED = (StudyState.RECEIVED, StudyState.COMPLETED)
"""What has no case yet, because nobody has looked which rule applies."""


def studies_of(
    session: Session, hashes: Collection[str], also: Iterable[int] = (), *, lock: bool = False
) -> list[Study]:
    """The studies still kept: by hash, by the identity of a case, or named in `also`; `lock` holds their rows."""
    by_identity = (
        select(Case.study_id)
        .join(Identity, col(Case.identity_id) == col(Identity.id))
        .where(col(Identity.patient_hash).in_(hashes))
        .scalar_subquery()
    )
    chosen = (
        select(Study)
        .where(
            col(Study.forgotten_at).is_(None),
            or_(
                col(Study.patient_hash).in_(hashes),
                col(Study.id).in_(by_identity),
                col(Study.id).in_(list(also)),
            ),
        )
        .order_by(col(Study.id))
    )
    return list(session.exec(chosen.with_for_update() if lock else chosen))


def known(session: Session, hashes: Collection[str]) -> frozenset[str]:
    """Those of these hashes under which somebody is on record: by a study, a case, an enrolment, or as forgotten."""
    found = (
        session.exec(select(col(table.patient_hash)).where(col(table.patient_hash).in_(hashes)).distinct())
        for table in (Study, Identity, Enrolment, ForgottenPatient)
    )
    return frozenset(one for several in found for one in several if one)


def enrolled(session: Session, hashes: Collection[str]) -> frozenset[str]:
    """Those of these hashes that are on a calendar."""
    rows = session.exec(select(Enrolment.patient_hash).where(col(Enrolment.patient_hash).in_(hashes)))
    return frozenset(one for one in rows if one)


def with_number(session: Session, present: Study, hashes: Collection[str], number_hash: str) -> list[Study]:
    """Other studies of the site, of patients with one of these hashes or with this number; newest first."""
    of_number = and_(col(Study.number_hash) == number_hash, col(Study.number_hash) != "")
    same = or_(col(Study.patient_hash).in_(hashes), of_number)
    chosen = select(Study).where(Study.site == present.site, Study.id != present.id, same)
    return list(session.exec(chosen.order_by(col(Study.id).desc())))


def identities_with_number(session: Session, site: str, number_hash: str) -> list[Identity]:
    """The patients of a site of whom a study has this number, whatever its issuer."""
    hashes = select(Study.patient_hash).where(Study.site == site, Study.number_hash == number_hash)
    return list(session.exec(select(Identity).where(col(Identity.patient_hash).in_(hashes))))


def enrolments_of(session: Session, hashes: Collection[str]) -> list[Enrolment]:
    """The place on a surveillance calendar."""
    return list(session.exec(select(Enrolment).where(col(Enrolment.patient_hash).in_(hashes))))


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
