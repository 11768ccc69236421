"""The surveillance calendar as it stands: who is enrolled, the last MRI that was seen, what a report asked for.

Nothing of it is stored: dates are computed from the rows whenever somebody looks, so a new study, a signed report or a
corrected risk shows at once. An MRI counts when its study became a case and its protocol can be read, with limits or
without: one that cannot exclude PML, or of which nobody knows that it can, must not silence the calendar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, or_
from sqlmodel import Session, col, select

from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.protocol.verdict import ANSWERS
from routing_rules.surveillance.due_dates import CalendarStatus, FollowUp, JcvStatus, status
from routing_rules.surveillance.due_dates import PatientRisk as PatientRisk

NO_DATE = "none"
"""The headers of a study say no date that exists."""
DAYS_A_MONTH = 30.4375
DAYS = {"wk": 7.0, "mo": DAYS_A_MONTH}
SHORTEST_FOLLOW_UP_DAYS = 14


@dataclass(frozen=True)
class PatientRow:
    """One patient of the calendar, for their own site: real dates, so never for readers."""

    id: int
    site: str
    label: str
    pseudonym: str
    risk: PatientRisk
    said_last_mri_on: date | None
    """What the site said when enrolling; `last_mri_on` is the newest known."""
    last_mri_on: date | None
    status: CalendarStatus
    waiting: bool
    """The worker has not yet looked who it is."""
    problem: str
    fix: str
    enrolled_by: str
    told_on: date | None
    ended_on: date | None
    ended_because: str


def calendar(session: Session, site: str, today: date, *, ended: bool = False) -> list[PatientRow]:
    """Every patient of a site (empty: of every site), most overdue first; `ended` those taken off instead."""
    chosen = select(Enrolment).where(
        col(Enrolment.ended_on).is_not(None) if ended else col(Enrolment.ended_on).is_(None)
    )
    if site:
        chosen = chosen.where(Enrolment.site == site)
    seen, wishes = _last_mris(session, today), _wishes(session, today)
    rows = [_row(one, today, seen, wishes) for one in session.exec(chosen.order_by(col(Enrolment.id)))]
    return sorted(rows, key=_most_urgent)


def sites(session: Session) -> frozenset[str]:
    """Every site the records know: of studies, accounts and enrolments."""
    found = (session.exec(select(table.site).distinct()).all() for table in (Study, Account, Enrolment))
    return frozenset(site for several in found for site in several if site)


def site_of(session: Session, enrolment_id: int) -> str | None:
    """The site of an entry of the calendar."""
    return session.exec(select(Enrolment.site).where(Enrolment.id == enrolment_id)).first()


def facts_about(
    session: Session, study: Study, patient_hash: str, study_date: str
) -> tuple[bool | None, float | None]:
    """Whether a study's patient is enrolled (None: the site enrols nobody), and months since the MRI before."""
    at_site = and_(col(Enrolment.site) == study.site, col(Enrolment.ended_on).is_(None))
    is_kept = session.exec(select(Enrolment.id).where(at_site).limit(1)).first() is not None
    own = session.exec(select(Enrolment).where(at_site, Enrolment.patient_hash == patient_hash)).first()
    day = _day(study_date)
    if day is None:
        return (own is not None if is_kept else None), None
    before = select(func.max(Study.study_date)).join(Case)
    before = before.where(
        Study.patient_hash == patient_hash, Study.id != study.id, _counts(day - timedelta(days=1))
    )
    said = own.last_mri_on if own and own.last_mri_on and own.last_mri_on < day else None
    last = max(filter(None, (_day(session.exec(before).one() or ""), said)), default=None)
    months = round((day - last).days / DAYS_A_MONTH, 2) if last else None
    return (own is not None if is_kept else None), months


def wish_of(content: Mapping[str, Any], day: date) -> FollowUp | None:
    """The follow-up that a signed report recommends after the MRI of a day."""
    recommended = content.get("recommendations") or ()
    if not {"short_term", "routine"} & set(recommended):
        return None
    value, unit = content.get("follow_up_value"), content.get("follow_up_unit")
    if value is None or unit not in DAYS:
        return FollowUp(day) if "short_term" in recommended else None
    latest = round(float(value) * DAYS[unit])
    earliest = min(SHORTEST_FOLLOW_UP_DAYS, latest) if "short_term" in recommended else latest
    return FollowUp(day, earliest, latest)


def risk_of(row: Enrolment) -> PatientRisk:
    """What the rules reckon with."""
    known = {name: getattr(row, name) for name in PatientRisk.__dataclass_fields__}
    return PatientRisk(**{**known, "jcv_status": JcvStatus(row.jcv_status)})


def _row(
    enrolment: Enrolment, today: date, seen: Mapping[str, date], wishes: Mapping[str, FollowUp]
) -> PatientRow:
    patient_hash = enrolment.patient_hash or ""
    last = max(filter(None, (seen.get(patient_hash), enrolment.last_mri_on)), default=None)
    risk = risk_of(enrolment)
    return PatientRow(
        enrolment.saved_id,
        enrolment.site,
        enrolment.label,
        enrolment.pseudonym,
        risk,
        enrolment.last_mri_on,
        last,
        status(today, risk, last, wishes.get(patient_hash)),
        enrolment.patient_hash is None,
        enrolment.problem,
        enrolment.fix,
        enrolment.enrolled_by,
        enrolment.overdue_told_on,
        enrolment.ended_on,
        enrolment.ended_because,
    )


def _most_urgent(row: PatientRow) -> tuple[bool, date, int]:
    """What cannot be reckoned with is looked at first."""
    due = row.status.next_due
    unknown = row.status.state == "unknown_data" or bool(row.problem)
    return (not unknown, due.due_by if due else date.max, row.id)


def _counts(until: date) -> ColumnElement[bool]:
    """A surveillance MRI of these studies joined with their cases; a date in the future is a wrong clock.

    Where a reader overruled the verdict on the protocol, the reader's word counts.
    """
    judged = func.coalesce(col(Case.overrule)["readability"].as_string(), col(Case.readability))
    return and_(
        col(Study.forgotten_at).is_(None),
        col(Study.study_date).not_in(("", NO_DATE)),
        col(Study.study_date) <= f"{until:%Y%m%d}",
        judged.in_(sorted(ANSWERS)),
    )


def _newest(today: date) -> Subquery:
    """The newest MRI of each enrolled patient; a day more than today, for sites east of Greenwich."""
    return (
        select(Study.patient_hash, func.max(Study.study_date).label("day"))
        .join(Case)
        .join(Enrolment, col(Enrolment.patient_hash) == col(Study.patient_hash))
        .where(_counts(today + timedelta(days=1)))
        .group_by(col(Study.patient_hash))
        .subquery()
    )


def _last_mris(session: Session, today: date) -> dict[str, date]:
    newest = _newest(today)
    found = (
        (patient_hash, _day(day))
        for patient_hash, day in session.exec(select(newest.c.patient_hash, newest.c.day))
    )
    return {patient_hash: day for patient_hash, day in found if day}


def _wishes(session: Session, today: date) -> dict[str, FollowUp]:
    """What the report of the newest reported MRI asks for, where no later MRI has answered it."""
    newest = _newest(today)
    reports = (
        select(Study.patient_hash, Study.study_date, SignedReport.content)
        .join(Case, col(Case.study_id) == col(Study.id))
        .join(SignedReport, col(SignedReport.case_id) == col(Case.id))
        .join(Enrolment, col(Enrolment.patient_hash) == col(Study.patient_hash))
        .outerjoin(newest, newest.c.patient_hash == col(Study.patient_hash))
        .where(
            col(Study.forgotten_at).is_(None),
            or_(newest.c.day.is_(None), col(Study.study_date) >= newest.c.day),
        )
        .order_by(col(Study.study_date), col(SignedReport.version), col(SignedReport.id))
    )
    found = {}
    for patient_hash, said, content in session.exec(reports):
        day = _day(said)
        if day and (wish := wish_of(content, day)):
            found[patient_hash] = wish
    return found


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if len(said) == 8 else None
    except ValueError:
        return None
