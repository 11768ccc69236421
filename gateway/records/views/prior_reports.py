"""The signed reports of a patient's earlier studies: what they said of each lesion is compared with, not remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from gateway.records.seen_mris import day_of
from gateway.records.tables.cases import Case, DocumentKind, SignedReport
from gateway.records.tables.studies import Study


@dataclass(frozen=True)
class PriorReport:
    """A signed report of an earlier study of the same patient, as it is stored, and the days between the studies.

    `read_again` says that the same study has a newer report; `case_id` is the case that it is of.
    """

    content: dict[str, Any]
    days: int
    read_again: bool = False
    case_id: int = 0


def prior_reports(session: Session, present: Case, study_of: Study) -> tuple[PriorReport, ...]:
    """Every signed report of an earlier study of the patient of a case, newest first; none when a date is not known.

    Of a case whose report was withdrawn there is none but what was signed since.
    """
    day = day_of(study_of.study_date)
    if day is None or present.identity_id is None:
        return ()
    rows = session.exec(
        select(SignedReport, Study.study_date, Case.study_id, Case.id)
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
    priors: list[PriorReport] = []
    studies: set[int] = set()
    withdrawn: set[int | None] = set()
    for signed, said, study_id, case_id in rows:
        if signed.kind == DocumentKind.WITHDRAWAL:
            withdrawn.add(case_id)
        if case_id in withdrawn:  # what was signed before a withdrawal is nothing to compare with
            continue
        if before := day_of(said):
            priors.append(
                PriorReport(dict(signed.content), (day - before).days, study_id in studies, case_id or 0)
            )
            studies.add(study_id)
    return tuple(priors)
