"""Which MRIs of enrolled patients count for the calendar, which of them were full, and what their reports ask for.

An MRI counts when its study became a case, its protocol can be read, with limits or without, and no signed report in
force says that it could not answer the question: one that cannot exclude PML must not silence the calendar. Of each
case the newest document is in force; a correction replaces what the earlier ones asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlmodel import Session, col, select

from gateway.records.report_words import VOIDING, voids, wishes_of
from gateway.records.tables.cases import Case, SignedReport
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.protocol.verdict import ANSWERS
from routing_rules.surveillance.due_dates import ReportWish
from routing_rules.surveillance.guidelines import STANDS_FOR, WishKind, standard_table
from routing_rules.surveillance.windows import LastMris

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Days outside are placeholders: 0001-01-01, 9999-12-31."""
NO_DATE = "none"
"""The headers of a study say no date that exists."""


@dataclass(frozen=True)
class SeenMris:
    """What the records know of one patient's MRIs, and what the reports in force ask for."""

    mris: LastMris = field(default_factory=LastMris)
    wishes: tuple[ReportWish, ...] = ()
    unread_on: frozenset[date] = frozenset()
    """Days of studies that do not count: nobody's word makes such a study an MRI that looked for PML."""


@dataclass(frozen=True)
class _Seen:
    """One case of one study: by its protocol and by its report, and whether it is full (None: no series recognised)."""

    day: date
    study_id: int
    case_id: int
    can_be_read: bool
    is_void: bool
    is_full: bool | None


def seen_mris(
    session: Session,
    until: date,
    patient_hashes: Collection[str] | None = None,
    *,
    site: str = "",
    without: int | None = None,
) -> dict[str, SeenMris]:
    """Patient's hash -> what was seen until a day: of these patients (None: of all enrolled, or those of a `site`).

    `without` leaves out one study.
    """
    by_patient: dict[str, list[_Seen]] = {}
    for patient_hash, seen in _cases(session, until, patient_hashes, site, without):
        by_patient.setdefault(patient_hash, []).append(seen)
    last = {patient: _last_mris(several) for patient, several in by_patient.items()}
    open_cases = {
        seen.case_id: (patient, seen.day)
        for patient, several in by_patient.items()
        for seen in several
        if last[patient].last_on is None or seen.day >= (last[patient].last_on or seen.day)
    }
    wishes: dict[str, list[ReportWish]] = {}
    for case_id, content in _in_force(session, open_cases):
        patient, day = open_cases[case_id]
        # An MRI of the same day that counts is another one: it repeats what could not be read.
        is_repeated = voids(content) and last[patient].last_on == day
        wishes.setdefault(patient, []).extend(
            each for each in wishes_of(content, day) if not (is_repeated and each.kind is WishKind.REPEAT)
        )
    return {
        patient: SeenMris(mris, tuple(wishes.get(patient, ())), _unread_on(by_patient[patient]))
        for patient, mris in last.items()
    }


def _counted(several: Collection[_Seen]) -> list[_Seen]:
    """A study that one reader could not read does not count, whatever another reader of it says."""
    void = {seen.study_id for seen in several if seen.is_void}
    return [seen for seen in several if seen.can_be_read and seen.study_id not in void]


def _unread_on(several: Collection[_Seen]) -> frozenset[date]:
    return frozenset({seen.day for seen in several} - {seen.day for seen in _counted(several)})


def _last_mris(several: Collection[_Seen]) -> LastMris:
    counted = _counted(several)
    return LastMris(
        max((seen.day for seen in counted), default=None),
        max((seen.day for seen in counted if seen.is_full), default=None),
        max((seen.day for seen in counted if seen.is_full is None), default=None),
    )


def _cases(
    session: Session, until: date, patient_hashes: Collection[str] | None, site: str, without: int | None
) -> list[tuple[str, _Seen]]:
    newest = _newest_versions()
    said = [col(SignedReport.content)[path].as_string() for path in VOIDING]
    chosen = (
        select(  # type: ignore[call-overload]
            Study.patient_hash, Study.study_date, Study.id, Case.id, Case.series, _judged(), *said
        )
        .join(Case, col(Case.study_id) == col(Study.id))
        .outerjoin(newest, newest.c.case_id == col(Case.id))
        .outerjoin(
            SignedReport,
            and_(
                col(SignedReport.case_id) == newest.c.case_id, col(SignedReport.version) == newest.c.version
            ),
        )
        .where(_is_dated(until))
    )
    if patient_hashes is None:
        chosen = chosen.join(Enrolment, col(Enrolment.patient_hash) == col(Study.patient_hash))
        if site:
            chosen = chosen.where(Enrolment.site == site)
    else:
        chosen = chosen.where(col(Study.patient_hash).in_(patient_hashes))
    if without is not None:
        chosen = chosen.where(Study.id != without)
    rows = []
    for patient_hash, study_date, study_id, case_id, series, judged, *answers in session.exec(chosen):
        if day := day_of(study_date):
            can_be_read, is_void = judged in ANSWERS, voids(_content(answers))
            rows.append((patient_hash, _Seen(day, study_id, case_id, can_be_read, is_void, is_full(series))))
    return rows


def _content(answers: Collection[Any]) -> dict[str, Any]:
    """The answers that were read out of a report, where a report has them."""
    content: dict[str, Any] = {}
    for path, answer in zip(VOIDING, answers, strict=True):
        *above, name = path
        part = content
        for each in above:
            part = part.setdefault(each, {})
        part[name] = answer
    return content


def _in_force(session: Session, cases: Collection[int]) -> list[tuple[int, Mapping[str, Any]]]:
    newest = _newest_versions()
    chosen = (
        select(SignedReport.case_id, SignedReport.content)
        .join(newest, newest.c.case_id == col(SignedReport.case_id))
        .where(col(SignedReport.case_id).in_(cases), col(SignedReport.version) == newest.c.version)
    )
    return [(case_id, content) for case_id, content in session.exec(chosen.order_by(col(SignedReport.id)))]


def _newest_versions() -> Any:
    return (
        select(SignedReport.case_id, func.max(SignedReport.version).label("version"))
        .group_by(col(SignedReport.case_id))
        .subquery()
    )


def _judged() -> ColumnElement[str]:
    """Whether a case can be read: where a reader overruled the verdict on the protocol, the reader's word."""
    return func.coalesce(col(Case.overrule)["readability"].as_string(), col(Case.readability))


def _is_dated(until: date) -> ColumnElement[bool]:
    """Studies still kept, with a day until this one: a later day is a wrong clock."""
    return and_(
        col(Study.forgotten_at).is_(None),
        col(Study.study_date).not_in(("", NO_DATE)),
        col(Study.study_date) <= f"{until:%Y%m%d}",
    )


def is_full(series: Collection[Mapping[str, Any]]) -> bool | None:
    """Whether recognised series are a full MRI; None where none was recognised at all."""
    kinds = {str(each.get("kind")) for each in series}
    kinds |= {STANDS_FOR.get(kind, kind) for kind in kinds}
    return kinds.issuperset(standard_table().full_mri.sequences) if kinds - {"other"} else None


def day_of(said: str) -> date | None:
    """The day of a study as it is kept; None where its headers have none."""
    try:
        day = date.fromisoformat(said) if len(said) == 8 else None
    except ValueError:
        return None
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None
