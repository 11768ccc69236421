"""The earlier cases of the patient of a case, to look at beside it: never another patient's, never of another site."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from gateway.records.accounts import Viewer
from gateway.records.seen_mris import day_of
from gateway.records.tables.cases import Case, DocumentKind, SignedReport
from gateway.records.tables.studies import Study
from gateway.records.views import conflict_rows


@dataclass(frozen=True)
class EarlierCase:
    """One of them; `days` before the present study, 0 for another of its day.

    `shifted_study_date` (YYYYMMDD) is the day as readers see it.
    """

    case_id: int
    days: int
    shifted_study_date: str
    readability: str
    has_report: bool
    is_contested: bool


def earlier_cases(session: Session, viewer: Viewer, case_id: int) -> tuple[EarlierCase, ...]:
    """Newest first. One case of each study: of this case's destination if there is one, else the newest.

    None where a date is not known, for a case whose patient is not known, and for one that was forgotten. A patient is
    an identity of the vault: what people linked or took apart is so here too.
    """
    present = session.get(Case, case_id)
    if present is None or (viewer.site and present.site != viewer.site) or present.forgotten_at is not None:
        return ()
    day = day_of(session.get_one(Study, present.study_id).study_date)
    if day is None or present.identity_id is None:
        return ()
    rows = session.exec(
        select(Case, Study)
        .join(Study, col(Study.id) == col(Case.study_id))
        .where(
            Case.identity_id == present.identity_id,
            Case.study_id != present.study_id,
            Case.site == present.site,
            col(Case.forgotten_at).is_(None),
            col(Study.forgotten_at).is_(None),
        )
        .order_by(col(Case.id).desc())
    ).all()
    signed = session.exec(
        select(SignedReport.case_id, SignedReport.kind)
        .where(col(SignedReport.case_id).in_([case.id for case, _ in rows]))
        .order_by(col(SignedReport.version))
    )
    in_force = dict(signed.all())
    reported = {case_id for case_id, kind in in_force.items() if kind != DocumentKind.WITHDRAWAL}
    contested = conflict_rows.contested(session, [case.study_id for case, _ in rows])
    by_study: dict[int, tuple[Case, Study]] = {}
    for case, study in rows:
        kept = by_study.get(case.study_id)
        if kept is None or (case.destination == present.destination != kept[0].destination):
            by_study[case.study_id] = (case, study)
    earlier = [
        EarlierCase(
            case.saved_id,
            (day - before).days,
            case.shifted_study_date,
            str(case.overrule.get("readability") or case.readability),
            case.id in reported,
            case.study_id in contested,
        )
        for case, study in by_study.values()
        if (before := day_of(study.study_date)) is not None and before <= day
    ]
    return tuple(sorted(earlier, key=lambda each: (each.days, -each.case_id)))
