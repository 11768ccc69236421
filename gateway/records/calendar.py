"""The surveillance calendar as it stands: who is enrolled, the last MRI that was seen, what a report asked for.

Nothing of it is stored: dates are computed from the rows whenever somebody looks, so a new study, a signed report or a
corrected risk shows at once. Which MRIs count is for `seen_mris`, the dates are `routing_rules.surveillance`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlmodel import Session, and_, col, select

from gateway.records.seen_mris import SeenMris, day_of, seen_mris
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case
from gateway.records.tables.critical import CriticalResult, is_unanswered
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.surveillance.closed_wishes import ClosedWish, read_closed, still_open
from routing_rules.surveillance.days import DAYS_A_MONTH
from routing_rules.surveillance.due_dates import CalendarStatus, ReportWish, is_open, next_due, status
from routing_rules.surveillance.guidelines import SEQUENCE_NAMES, SiteGuidelines, standard_table
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.risk import PatientRisk as PatientRisk
from routing_rules.surveillance.treatments import read_treatments
from routing_rules.surveillance.windows import LastMris

DAYS_FOR_SITES_EAST = timedelta(days=1)
"""There it is tomorrow already."""


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
    last_full_mri_on: date | None
    status: CalendarStatus
    guideline: str
    """Title of the guideline that the site declared."""
    waiting: bool
    """The worker has not yet looked who it is."""
    problem: str
    fix: str
    enrolled_by: str
    told_on: date | None
    ended_on: date | None
    ended_because: str
    wishes: tuple[ReportWish, ...] = ()
    """What reports in force ask for, and nothing answered."""
    closed_wishes: tuple[ClosedWish, ...] = ()
    critical: tuple[int, ...] = ()
    """Critical results of the patient that nobody has acknowledged."""


@dataclass(frozen=True)
class AskedOfStudy:
    """What a rule of the calendar asks of one study: sequences by name. No dates: readers may see it."""

    rule_id: str
    guideline: str
    sequences: tuple[str, ...]


def calendar(
    session: Session, site: str, today: date, guidelines: SiteGuidelines, *, ended: bool = False
) -> list[PatientRow]:
    """Every patient of a site (empty: of every site), most overdue first; `ended` those taken off instead."""
    chosen = select(Enrolment).where(
        col(Enrolment.ended_on).is_not(None) if ended else col(Enrolment.ended_on).is_(None)
    )
    if site:
        chosen = chosen.where(Enrolment.site == site)
    enrolments = session.exec(chosen.order_by(col(Enrolment.id))).all()
    if not enrolments:
        return []  # the MRIs of all others are not read for nobody: with thousands enrolled that takes seconds
    seen = seen_mris(session, today + DAYS_FOR_SITES_EAST, site=site, ended=ended)
    unanswered = unacknowledged(session, site)
    rows = (
        replace(
            _row(each, today, seen, guidelines),
            critical=unanswered.get((each.site, each.patient_hash or ""), ()),
        )
        for each in enrolments
    )
    return sorted(rows, key=_most_urgent)


def unacknowledged(session: Session, site: str) -> Mapping[tuple[str, str], tuple[int, ...]]:
    """(Site, patient hash) -> the critical results that nobody has acknowledged, oldest first."""
    chosen = (
        select(CriticalResult.ids(), Study.site, Study.patient_hash)
        .join(Case, col(Case.id) == col(CriticalResult.case_id))
        .join(Study, col(Study.id) == col(Case.study_id))
        .where(*is_unanswered())
        .order_by(CriticalResult.ids())
    )
    found: dict[tuple[str, str], tuple[int, ...]] = {}
    for number, of_site, patient_hash in session.exec(chosen.where(Study.site == site) if site else chosen):
        if patient_hash:
            found[of_site, patient_hash] = (*found.get((of_site, patient_hash), ()), number)
    return found


def patient_row(session: Session, enrolment_id: int, today: date, guidelines: SiteGuidelines) -> PatientRow:
    """One patient of the calendar. Raises NoResultFound."""
    own = session.exec(select(Enrolment).where(Enrolment.id == enrolment_id)).one()
    hashes = {own.patient_hash} if own.patient_hash else set()
    return _row(own, today, seen_mris(session, today + DAYS_FOR_SITES_EAST, hashes), guidelines)


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
    own = enrolled(session, study, patient_hash)
    day = day_of(study_date)
    if day is None:
        return (own is not None if is_kept else None), None
    last = seen_before(session, study, patient_hash, day, own).mris.last_on
    months = round((day - last).days / DAYS_A_MONTH, 2) if last else None
    return (own is not None if is_kept else None), months


def asked_of(
    session: Session, study: Study, patient_hash: str, study_date: str, guidelines: SiteGuidelines
) -> AskedOfStudy | None:
    """What the rule that this study answers asks of it by name; None for who is not enrolled, or without a day."""
    own, day = enrolled(session, study, patient_hash), day_of(study_date)
    if own is None or day is None:
        return None
    seen, guideline = seen_before(session, study, patient_hash, day, own), guidelines.of(study.site)
    wishes = still_open(seen.wishes, read_closed(own.closed_wishes))
    due = next_due(day, risk_of(own), seen.mris, wishes, guideline)
    if due is None:
        return None
    full = standard_table().full_mri.sequences if due.is_full else ()
    wanted = tuple(name for name in SEQUENCE_NAMES if name in {*due.sequences, *full})
    return AskedOfStudy(due.rule_id, guideline.title, wanted)


def enrolled(session: Session, study: Study, patient_hash: str) -> Enrolment | None:
    """The open entry of a study's patient; None for who is not on the calendar."""
    at_site = and_(col(Enrolment.site) == study.site, col(Enrolment.ended_on).is_(None))
    return session.exec(select(Enrolment).where(at_site, Enrolment.patient_hash == patient_hash)).first()


def seen_before(
    session: Session, study: Study, patient_hash: str, day: date, own: Enrolment | None
) -> SeenMris:
    """What was known on the day before a study, of the site's word as well."""
    seen = seen_mris(session, day - timedelta(days=1), {patient_hash}, without=study.id)
    known = seen.get(patient_hash, SeenMris())
    return replace(known, mris=_with_word(known, own, before=day) if own else known.mris)


def _with_word(known: SeenMris, enrolment: Enrolment, *, before: date = date.max) -> LastMris:
    """What was seen, and what the site says, unless the study of that day is known and could not look for PML.

    Without a last full MRI of its own, its last one may have been full. Where contrast was given does not depend on
    whether PML could be looked for.
    """
    seen = known.mris
    said, said_full = (
        day if day and day < before and day not in known.unread_on else None
        for day in (enrolment.last_mri_on, enrolment.last_full_mri_on)
    )
    contrast = enrolment.last_contrast_mri_on
    contrast = contrast if contrast and contrast < before else None
    unsaid = None if said_full or said == seen.last_on else said
    words: dict[str, date | None] = {
        **dict.fromkeys(standard_table().full_mri.sequences, said_full),
        "t1_contrast": contrast,
    }
    by_sequence = {name: _newest(seen.seen(name), words.get(name)) for name in SEQUENCE_NAMES}
    return LastMris(
        _newest(seen.last_on, said, said_full),
        _newest(seen.full_on, said_full),
        _newest(seen.unsaid_on, unsaid),
        enrolment.created_at.date(),
        tuple((name, day) for name, day in by_sequence.items() if day),
    )


def _newest(*days: date | None) -> date | None:
    return max((day for day in days if day), default=None)


def risk_of(row: Enrolment) -> PatientRisk:
    """What the rules reckon with."""
    known = {name: getattr(row, name) for name in PatientRisk.__dataclass_fields__}
    return PatientRisk(
        **{
            **known,
            "jcv_status": JcvStatus(row.jcv_status),
            "treatments": read_treatments(row.treatments),
        }
    )


def _row(
    enrolment: Enrolment, today: date, seen: Mapping[str, SeenMris], guidelines: SiteGuidelines
) -> PatientRow:
    known = seen.get(enrolment.patient_hash or "", SeenMris())
    mris, risk, guideline = (
        _with_word(known, enrolment),
        risk_of(enrolment),
        guidelines.of(enrolment.site),
    )
    closed = read_closed(enrolment.closed_wishes)
    wishes = tuple(wish for wish in still_open(known.wishes, closed) if is_open(wish, mris))
    return PatientRow(
        enrolment.saved_id,
        enrolment.site,
        enrolment.label,
        enrolment.pseudonym,
        risk,
        enrolment.last_mri_on,
        mris.last_on,
        mris.full_on,
        status(today, risk, mris, wishes, guideline),
        guideline.title,
        enrolment.patient_hash is None,
        enrolment.problem,
        enrolment.fix,
        enrolment.enrolled_by,
        enrolment.overdue_told_on,
        enrolment.ended_on,
        enrolment.ended_because,
        wishes,
        closed,
    )


def _most_urgent(row: PatientRow) -> tuple[bool, bool, date, int]:
    """A critical result that nobody acknowledged comes first, then what cannot be reckoned with."""
    due = row.status.next_due
    unknown = row.status.state == "unknown_data" or bool(row.problem)
    return (not row.critical, not unknown, due.due_by if due else date.max, row.id)
