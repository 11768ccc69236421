"""The signed report of a patient's earlier study: what it said of each lesion is compared with, never remembered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Study


@dataclass(frozen=True)
class PriorReport:
    """A signed report of an earlier study of the same patient, as it is stored, and the days between the studies."""

    content: dict[str, Any]
    days: int


def prior_report(session: Session, present: Case, study_of: Study) -> PriorReport | None:
    """The newest signed report of an earlier study of the patient of a case; None when a date is not known."""
    day = _day(study_of.study_date)
    if day is None or present.identity_id is None:
        return None
    rows = session.exec(
        select(SignedReport.content, Study.study_date)
        .join(Case, col(Case.id) == col(SignedReport.case_id))
        .join(Study, col(Study.id) == col(Case.study_id))
        .where(
            Case.identity_id == present.identity_id,
            Case.study_id != present.study_id,
            col(Study.study_date) < study_of.study_date,
            col(Study.forgotten_at).is_(None),
        )
        .order_by(
            col(Study.study_date).desc(), col(SignedReport.signed_at).desc(), col(SignedReport.id).desc()
        )
    )
    for content, said in rows:
        if before := _day(said):
            return PriorReport(dict(content), (day - before).days)
    return None


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if len(said) == 8 else None
    except ValueError:
        return None
