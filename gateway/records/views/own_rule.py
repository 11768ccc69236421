"""By which rule of the calendar a case's patient is watched, in words for the reader of the report.

Only an interval and its reason: real dates beside a pseudonym would tell a reader how far the dates are shifted.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, select

from gateway.records.calendar import enrolled, risk_of, seen_before
from gateway.records.seen_mris import day_of, full_by
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from routing_rules.surveillance.days import DAYS_A_MONTH
from routing_rules.surveillance.due_dates import NextDue, next_due
from routing_rules.surveillance.guidelines import SiteGuidelines
from routing_rules.surveillance.windows import LastMris


def own_rule(session: Session, study_id: int, guidelines: SiteGuidelines) -> str:
    """When the calendar asks for the next MRI after that of a study; empty where it does not know the patient.

    What a report recommends is left out: it is the reader who is about to say it.
    """
    study = session.get_one(Study, study_id)
    own, day = enrolled(session, study, study.patient_hash), day_of(study.study_date)
    if own is None or day is None or not study.patient_hash:
        return ""
    recognised = session.exec(select(Case.shows).where(Case.study_id == study_id)).all()
    said = {full_by(line) for line in recognised}
    mris = LastMris(day, day)
    if True not in said:
        before = seen_before(session, study, study.patient_hash, day, own).mris
        mris = LastMris(day, before.full_on, day if None in said else before.unsaid_on)
    due = next_due(day, risk_of(own), mris, (), guidelines.of(study.site))
    return in_words(due, day) if due else ""


def in_words(due: NextDue, after: date) -> str:
    """An MRI that is due as an interval in months after the MRI of a day, with its reason and its source."""
    first, last = (max(0, round((day - after).days / DAYS_A_MONTH)) for day in (due.due_from, due.due_by))
    months = f"{first} to {last} months" if first < last else f"{last} months"
    taken = f" Assumed: {'; '.join(due.assumptions)}." if due.assumptions else ""
    return f"This patient's calendar asks for the next MRI {months} after this one: {due.when} ({due.source}).{taken}"
