"""Received studies as pages and commands read them: numbers and reasons, no identity, with the cases of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from gateway.records.accounts import Viewer
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.views import conflict_rows


@dataclass(frozen=True)
class CaseOfStudy:
    """One of a study's cases, and what was found of its protocol; `verdict` is empty once it is forgotten."""

    id: int
    destination: str
    state: str
    readability: str
    overruled: str
    verdict: Mapping[str, Any]
    overrule: Mapping[str, Any]


@dataclass(frozen=True)
class StudyRow:
    """One received study, for those who run the gateway: numbers and reasons, no identity."""

    id: int
    site: str
    sender: str
    calling_ae_title: str
    called_ae_title: str
    received_by: str
    state: str
    generation: int
    instances: int
    first_instance_at: datetime
    last_instance_at: datetime
    completed_because: str
    problem: str
    fix: str
    held_because: str
    waiting_for: str
    explanation: tuple[Any, ...]
    cases: tuple[CaseOfStudy, ...]
    forgotten_at: datetime | None
    contested: str
    """Why nothing of it leaves; empty: it is not contested."""
    conflict_id: int | None
    """Its open conflict."""
    has_number: bool | None
    """Whether it has a patient number; None: not read yet."""
    person_of: int | None
    """Without a number: the study to whose patient a person linked it."""

    @property
    def case_ids(self) -> tuple[int, ...]:
        """The numbers of its cases: one for each destination."""
        return tuple(case.id for case in self.cases)


def studies(session: Session, viewer: Viewer, limit: int = 200) -> list[StudyRow]:
    """Received studies, newest first."""
    return _rows(session, viewer, select(Study).order_by(col(Study.id).desc()).limit(limit))


def study_row(session: Session, viewer: Viewer, study_id: int) -> StudyRow | None:
    """One received study, when the viewer may see it."""
    return next(iter(_rows(session, viewer, select(Study).where(Study.id == study_id))), None)


def _rows(session: Session, viewer: Viewer, chosen: SelectOfScalar[Study]) -> list[StudyRow]:
    if viewer.site:
        chosen = chosen.where(Study.site == viewer.site)
    rows = session.exec(chosen).all()
    contested = conflict_rows.contested(session, [study.saved_id for study in rows])
    cases: dict[int, list[CaseOfStudy]] = {}
    of_these = select(Case).where(col(Case.study_id).in_([study.id for study in rows]))
    for case in session.exec(of_these.order_by(col(Case.id))):
        cases.setdefault(case.study_id, []).append(_case(case))
    return [
        StudyRow(
            s.saved_id,
            s.site,
            s.sender,
            s.calling_ae_title,
            s.called_ae_title,
            s.received_by,
            s.state,
            s.generation,
            s.instances,
            s.first_instance_at,
            s.last_instance_at,
            s.completed_because,
            s.problem,
            s.fix,
            s.held_because,
            s.waiting_for,
            tuple(s.explanation),
            tuple(cases.get(s.saved_id, [])),
            s.forgotten_at,
            contested.get(s.saved_id, ("", None))[0],
            contested.get(s.saved_id, ("", None))[1],
            s.has_number,
            s.person_of,
        )
        for s in rows
    ]


def _case(case: Case) -> CaseOfStudy:
    return CaseOfStudy(
        case.saved_id,
        case.destination,
        case.state,
        case.readability,
        str(case.overrule.get("readability", "")),
        case.verdict,
        case.overrule,
    )
