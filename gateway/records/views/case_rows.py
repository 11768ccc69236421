"""Every read model: frozen rows for pages, commands and steps; what a viewer may see is decided here.

A viewer with a site sees that site's cases. Readers and leads of the reading service have no site.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from gateway.lifecycle import BEFORE_THE_REPORT, Standing
from gateway.records.accounts import Viewer
from gateway.records.tables.administration import Account, Refusal
from gateway.records.tables.cases import (
    TAKEN,
    WITHDRAWN,
    Case,
    CaseEvent,
    Delivery,
    Draft,
    PreparedInstance,
    SignedReport,
)
from gateway.records.tables.commitments import Commitment
from gateway.records.tables.studies import ForgottenPatient, Identity, Instance, Study
from gateway.records.views import conflict_rows, critical_rows, reply_rows, told_rows
from gateway.records.views.conflict_rows import ConflictRow
from gateway.records.views.critical_rows import CriticalRow
from gateway.records.views.held_object_rows import HeldRow, held_objects_of
from gateway.records.views.prior_reports import PriorReport, prior_reports
from gateway.records.views.queue import QueueRow, queue_row
from gateway.records.views.reply_rows import ReplyRow
from gateway.records.views.told_rows import ToldRow


@dataclass(frozen=True)
class JournalLine:
    """One line of a case's journal."""

    at: datetime
    what: str
    reached: str
    who: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class DeliveryRow:
    """One object's last outcome at one node."""

    direction: str
    node: str
    outcome: str
    status: int | None
    detail: str
    at: datetime


@dataclass(frozen=True)
class DraftRow:
    """The viewer's own unsigned report."""

    version: int
    content: Mapping[str, Any]
    saved_at: datetime


@dataclass(frozen=True)
class LeftDraft:
    """That another reader left an unsigned report: who and when, nothing of its text."""

    author_id: int
    author_name: str
    saved_at: datetime


@dataclass(frozen=True)
class ReportRow:
    """A signed report, or a document that follows one (`kind`, as `DocumentKind`)."""

    id: int
    version: int
    kind: str
    note: str
    changed: tuple[str, ...]
    content: Mapping[str, Any]
    digest: str
    signer_name: str
    signer_login: str
    signed_at: datetime


@dataclass(frozen=True)
class CasePage:
    """Everything the page of a case shows."""

    row: QueueRow
    study_id: int
    sender: str
    """the node that sent its study; empty for an upload"""
    generation: int
    rule_id: str
    rule_version: str
    verdict: Mapping[str, Any]
    overrule: Mapping[str, Any]
    explanation: tuple[Any, ...]
    series: tuple[Any, ...]
    profile: str
    manifest: Mapping[str, Any]
    held: tuple[HeldRow, ...]
    conflicts: tuple[ConflictRow, ...]
    returns_to: str
    returned_as: str
    correction_wanted: bool
    has_number: bool | None
    """Whether its study has a patient number."""
    person_of: int | None
    """Without a number: the study to whose patient a person linked it."""
    journal: tuple[JournalLine, ...]
    deliveries: tuple[DeliveryRow, ...]
    draft: DraftRow | None
    """The viewer's own; what others wrote is read by nobody else before it is signed."""
    left_drafts: tuple[LeftDraft, ...]
    """Those of others, by author; empty once a report is signed."""
    report: ReportRow | None
    """The newest document, which is in force."""
    documents: tuple[ReportRow, ...]
    """All that were signed, newest first."""
    priors: tuple[PriorReport, ...]
    """The signed reports of earlier studies of the same patient, newest first."""
    replies: tuple[ReplyRow, ...]
    echoes: int
    critical: tuple[CriticalRow, ...]
    """Its critical results, newest first."""
    told: ToldRow | None
    """What the hospital told, as this viewer may see it."""


def case_page(session: Session, viewer: Viewer, case_id: int) -> CasePage | None:
    """A case as the viewer may see it; None when there is none or it belongs to another site."""
    case = session.get(Case, case_id)
    if case is None or (viewer.site and case.site != viewer.site):
        return None
    study_of = study(session, case.study_id)
    holder = session.get(Account, case.claimed_by) if case.claimed_by else None
    draft = session.get(Draft, (case_id, viewer.account_id))
    documents = signed_documents(session, case_id)
    report = documents[0] if documents else None
    deliveries = session.exec(
        select(Delivery).where(Delivery.case_id == case_id).order_by(col(Delivery.id))
    ).all()
    return CasePage(
        row=queue_row(
            case,
            holder,
            conflict_rows.contested(session, [case.study_id]).get(case.study_id, ("", 0))[0],
            case_id in reply_rows.reported_cases(session, [case_id]),
        ),
        study_id=case.study_id,
        sender=study(session, case.study_id).sender,
        generation=case.generation,
        rule_id=case.rule_id,
        rule_version=case.rule_version,
        verdict=case.verdict,
        overrule=case.overrule,
        explanation=tuple(case.explanation),
        series=tuple(case.series),
        profile=case.profile,
        manifest=case.manifest,
        held=held_objects_of(session, case_id),
        conflicts=conflict_rows.of_study(session, case.study_id),
        returns_to=case.returns_to,
        returned_as=case.returned_as,
        correction_wanted=case.correction_wanted,
        has_number=study_of.has_number,
        person_of=study_of.person_of,
        journal=tuple(journal(session, case.study_id, case_id)),
        deliveries=tuple(
            DeliveryRow(d.direction, d.node, d.outcome, d.status, d.detail, d.at) for d in deliveries
        ),
        draft=DraftRow(draft.version, draft.content, draft.saved_at) if draft else None,
        left_drafts=() if report else _left_drafts(session, viewer, case_id),
        report=report,
        documents=documents,
        priors=prior_reports(session, case, study_of),
        replies=tuple(reply_rows.of_case(session, case_id)),
        echoes=case.echoes,
        critical=critical_rows.of_case(session, case_id),
        told=told_rows.of_study(session, case.study_id, as_typed=viewer.role == "coordinator"),
    )


def _left_drafts(session: Session, viewer: Viewer, case_id: int) -> tuple[LeftDraft, ...]:
    rows = session.exec(
        select(Draft.saved_by, Account.display_name, Draft.saved_at)
        .join(Account, col(Account.id) == col(Draft.saved_by))
        .where(Draft.case_id == case_id, Draft.saved_by != viewer.account_id)
        .order_by(col(Account.display_name), col(Draft.saved_by))
    )
    return tuple(LeftDraft(*row) for row in rows)


def signed_report(session: Session, case_id: int) -> ReportRow | None:
    """The newest document of a case, which is the one in force."""
    return next(iter(signed_documents(session, case_id)), None)


def signed_documents(session: Session, case_id: int) -> tuple[ReportRow, ...]:
    """Every document that was signed about a case, newest first."""
    rows = session.exec(
        select(SignedReport).where(SignedReport.case_id == case_id).order_by(col(SignedReport.version).desc())
    )
    return tuple(
        ReportRow(
            row.saved_id,
            row.version,
            row.kind,
            row.note,
            tuple(row.changed),
            row.content,
            row.digest,
            row.signer_name,
            row.signer_login,
            row.signed_at,
        )
        for row in rows
    )


def journal(session: Session, study_id: int, case_id: int | None = None) -> list[JournalLine]:
    """The history of a study and one of its cases, oldest first."""
    chosen = select(CaseEvent).where(CaseEvent.study_id == study_id)
    if case_id is not None:
        chosen = chosen.where(or_(col(CaseEvent.case_id) == case_id, col(CaseEvent.case_id).is_(None)))
    return [
        JournalLine(e.at, e.what, e.reached, e.who, e.detail)
        for e in session.exec(chosen.order_by(col(CaseEvent.id)))
    ]


def refusals(session: Session, limit: int = 1000) -> list[Refusal]:
    """Callers and objects that were turned away, by sender, strangers last, the newest of each first."""
    order = col(Refusal.node) == "", col(Refusal.node), col(Refusal.last_at).desc()
    return list(session.exec(select(Refusal).order_by(*order).limit(limit)))


def accounts(session: Session) -> list[Account]:
    """Every account, by login."""
    return list(session.exec(select(Account).order_by(col(Account.login))))


# ---------------------------------------------------------------- what steps read


def study(session: Session, study_id: int) -> Study:
    """A study's row; raises sqlalchemy's NoResultFound, which cannot happen for a claimed study."""
    return session.get_one(Study, study_id)


def case(session: Session, case_id: int) -> Case:
    """A case's row."""
    return session.get_one(Case, case_id)


def instances(session: Session, study_id: int) -> list[Instance]:
    """The instances a study is read from, in order of arrival; of each UID the version in force."""
    found = session.exec(
        select(Instance)
        .where(Instance.study_id == study_id, Instance.standing == Standing.IN_FORCE)
        .order_by(col(Instance.id))
    ).all()
    return list(found)


def prepared(session: Session, case_id: int) -> list[PreparedInstance]:
    """The de-identified copies of a case."""
    return list(
        session.exec(
            select(PreparedInstance)
            .where(PreparedInstance.case_id == case_id)
            .order_by(col(PreparedInstance.id))
        )
    )


def delivered(session: Session, case_id: int, direction: str, node: str) -> frozenset[str]:
    """SOP Instance UIDs that this node already took."""
    rows = session.exec(
        select(Delivery).where(
            Delivery.case_id == case_id, Delivery.direction == direction, Delivery.node == node
        )
    )
    return frozenset(row.sop_instance_uid for row in rows if row.outcome in TAKEN)


def forwarded(session: Session, case_id: int, node: str) -> frozenset[str]:
    """The outcomes of the copies that this node took, be they withdrawn since; nothing, where it took none."""
    rows = session.exec(
        select(Delivery.outcome).where(
            Delivery.case_id == case_id,
            Delivery.direction == "forward",
            Delivery.node == node,
            col(Delivery.outcome).in_((*TAKEN, WITHDRAWN)),
        )
    )
    return frozenset(rows)


def commitments(session: Session, transaction_uids: list[str]) -> list[Commitment]:
    """These storage commitment requests, with the answers that came."""
    return list(session.exec(select(Commitment).where(col(Commitment.transaction_uid).in_(transaction_uids))))


def identity_id(session: Session, patient_hash: str) -> int | None:
    """The number of a known patient."""
    return session.exec(select(Identity.id).where(Identity.patient_hash == patient_hash)).first()


def signed_as_another(session: Session, study_id: int, patient_hash: str) -> bool:
    """Whether a signed case of a study is another patient's than this one's."""
    signed = (
        select(Case.ids())
        .join(Identity, col(Case.identity_id) == col(Identity.id))
        .where(
            Case.study_id == study_id,
            col(Case.state).not_in(sorted(BEFORE_THE_REPORT)),
            Identity.patient_hash != patient_hash,
        )
    )
    return session.exec(signed.limit(1)).first() is not None


def is_forgotten(session: Session, patient_hash: str) -> datetime | None:
    """When this patient was forgotten; None when not, or when that was lifted."""
    return session.exec(
        select(ForgottenPatient.forgotten_at).where(ForgottenPatient.patient_hash == patient_hash)
    ).first()


def other_studies(session: Session, present: Case) -> dict[int, tuple[int, ...]]:
    """The other studies of a case's patient, oldest first, and the schemes under which their copies left."""
    found = session.exec(
        select(Case.study_id, Case.scheme)
        .where(Case.identity_id == present.identity_id, Case.study_id != present.study_id)
        .distinct()
        .order_by(col(Case.study_id), col(Case.scheme))
    ).all()
    return {study_id: tuple(scheme for one, scheme in found if one == study_id) for study_id, _ in found}


def linked(
    session: Session, present: Study, patient_hash: str, accession_hashes: Collection[str]
) -> tuple[list[Study], list[Study]]:
    """Other studies of this patient, and other studies of the site with this accession number, by hash."""

    def others(same: ColumnElement[bool]) -> list[Study]:
        return list(
            session.exec(select(Study).where(Study.site == present.site, Study.id != present.id, same))
        )

    return (
        others(col(Study.patient_hash) == patient_hash),
        others(col(Study.accession_hash).in_(accession_hashes)) if accession_hashes else [],
    )
