"""Which MRIs of enrolled patients count for the calendar, which of them were full, and what their reports ask for.

An MRI counts when its study became a case, its protocol can be read, with limits or without, and no signed report in
force says that it could not answer the question: one that cannot exclude PML must not silence the calendar. Of each
case the newest document is in force; a correction replaces what the earlier ones asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from gateway.records.report_words import READ, RECOMMENDED, ReportWords, words_of
from gateway.records.tables.cases import Case, DocumentKind, SignedReport
from gateway.records.tables.studies import Enrolment, Study
from routing_rules.protocol.sequence_line import ESSENTIAL, sequences_of
from routing_rules.protocol.verdict import ANSWERS
from routing_rules.surveillance.due_dates import ReportWish, is_open
from routing_rules.surveillance.guidelines import SEQUENCE_NAMES, WishKind, standard_table
from routing_rules.surveillance.windows import LastMris

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Days outside are placeholders: 0001-01-01, 9999-12-31."""
NO_DATE = "none"
"""The headers of a study say no date that exists."""


WITHDRAWN = ReportWords(voids=True, read={}, wishes=())
"""Of a report that was withdrawn: nobody says any more that the study answered the question."""


@dataclass(frozen=True)
class SeenMris:
    """What the records know of one patient's MRIs, and what the reports in force ask for."""

    mris: LastMris = field(default_factory=LastMris)
    wishes: tuple[ReportWish, ...] = ()
    """Those that no MRI received here has answered."""
    unread_on: frozenset[date] = frozenset()
    """Days of studies that do not count: nobody's word makes such a study an MRI that looked for PML."""


@dataclass(frozen=True)
class _Seen:
    """One case of one study: by its protocol, its line of sequences (None: nothing known) and its report in force."""

    day: date
    study_id: int
    can_be_read: bool
    shown: Mapping[str, bool | None] | None
    words: ReportWords | None

    def had(self, name: str) -> bool | None:
        """Whether the study had a sequence; what the report says counts before what was recognised.

        Of T1 no report says how much of the brain it shows: one of a single image stays one. Of a study that can be
        read the essential sequences can, where they are there.
        """
        shown = None if self.shown is None else self.shown.get(name, False)
        if shown is None and self.shown is not None and name in ESSENTIAL and self.can_be_read:
            shown = True
        said = self.words.read.get(name) if self.words else None
        if said is None:
            return shown
        is_part = name == "t1" and self.shown is not None and self.shown.get(name) is False
        return said and not is_part


def seen_mris(
    session: Session,
    until: date,
    patient_hashes: Collection[str] | None = None,
    *,
    site: str = "",
    ended: bool = False,
    without: int | None = None,
) -> dict[str, SeenMris]:
    """Patient's hash -> what was seen until a day: of these patients (None: of all enrolled, or those of a `site`).

    `ended`: of those who were taken off the calendar instead; `without` leaves out one study. One query, which reads
    nothing of patients who are not asked about.
    """
    by_patient: dict[str, list[_Seen]] = {}
    whose = _of_calendar(site, ended) if patient_hashes is None else _of_hashes(patient_hashes)
    for patient_hash, seen in _cases(session, until, whose, without):
        by_patient.setdefault(patient_hash, []).append(seen)
    return {patient: _of_patient(several) for patient, several in by_patient.items()}


def _of_patient(several: Collection[_Seen]) -> SeenMris:
    void = {seen.study_id for seen in several if seen.words and seen.words.voids}
    # A study that one reader could not read does not count, whatever another reader of it says.
    counted = [seen for seen in several if seen.can_be_read and seen.study_id not in void]
    unread = frozenset({seen.day for seen in several} - {seen.day for seen in counted})
    mris = LastMris(
        max((seen.day for seen in counted), default=None),
        max((seen.day for seen in counted if is_full(seen) is True), default=None),
        max((seen.day for seen in counted if is_full(seen) is None), default=None),
        by_sequence=tuple(
            (name, max(days))
            for name in SEQUENCE_NAMES
            if (days := [day for day, had in _had(several, name) if had])
        ),
    )
    wishes = tuple(
        wish
        for seen in several
        for wish in (seen.words.wishes if seen.words else ())
        if is_open(wish, mris) and not _answered_that_day(wish, seen, several, mris)
    )
    return SeenMris(mris, wishes, unread)


def _had(several: Collection[_Seen], name: str) -> Iterator[tuple[date, bool]]:
    """Each study's day, and whether it had a sequence: what one reader of it could not read, it had not."""
    not_read = {seen.study_id for seen in several if seen.words and seen.words.read.get(name) is False}
    for seen in several:
        yield seen.day, bool(seen.had(name)) and seen.study_id not in not_read


def _answered_that_day(wish: ReportWish, of: _Seen, several: Collection[_Seen], mris: LastMris) -> bool:
    """Whether another MRI of the same day had what is asked for: a patient called back at once.

    Of what was not recognised by name only a repeat can be answered so: by an MRI of that day that counts.
    """
    others = [seen for seen in several if seen.day == of.day and seen.study_id != of.study_id]
    if wish.sequences:
        return all(any(had for _, had in _had(others, name)) for name in wish.sequences)
    is_void = of.words is not None and of.words.voids
    return wish.kind is WishKind.REPEAT and is_void and mris.last_on == of.day


def is_full(seen: _Seen) -> bool | None:
    """Whether an MRI was a full one; None where that is not known."""
    had = {seen.had(name) for name in standard_table().full_mri.sequences}
    return False if False in had else None if None in had else True


def full_by(shows: str) -> bool | None:
    """Whether the line of a study that can be read, and has no report yet, is that of a full MRI."""
    return is_full(_Seen(date.min, 0, True, sequences_of(shows), None))


def _of_calendar(site: str, ended: bool) -> ColumnElement[bool]:
    """Whose study it is: a patient's whom a site (empty: any) has on its calendar, or had."""
    is_there = and_(
        col(Enrolment.patient_hash).is_not(None),
        col(Enrolment.ended_on).is_not(None) if ended else col(Enrolment.ended_on).is_(None),
    )
    enrolled = select(Enrolment.patient_hash).where(is_there)
    return col(Study.patient_hash).in_(enrolled.where(Enrolment.site == site) if site else enrolled)


def _of_hashes(patient_hashes: Collection[str]) -> ColumnElement[bool]:
    return col(Study.patient_hash).in_(patient_hashes)


def _cases(
    session: Session, until: date, whose: ColumnElement[bool], without: int | None
) -> Iterator[tuple[str, _Seen]]:
    said = [col(SignedReport.content)[path].as_string() for path in READ]
    chosen = (
        select(  # type: ignore[call-overload]
            Study.patient_hash,
            Study.study_date,
            Study.id,
            _judged(),
            Case.shows,
            SignedReport.id,
            SignedReport.kind,
            *said,
        )
        .join(Case, col(Case.study_id) == col(Study.id))
        .outerjoin(
            SignedReport,
            and_(col(SignedReport.case_id) == col(Case.id), col(SignedReport.version) == _newest_version()),
        )
        .where(_is_dated(until), whose)
        .order_by(col(Study.id), col(Case.id))
    )
    if without is not None:
        chosen = chosen.where(Study.id != without)
    for patient_hash, study_date, study_id, judged, shows, report_id, kind, *answers in session.exec(chosen):
        if day := day_of(study_date):
            words = _words(day, tuple(answers)) if report_id is not None else None
            if kind == DocumentKind.WITHDRAWAL:
                words = WITHDRAWN
            yield patient_hash, _Seen(day, study_id, judged in ANSWERS, sequences_of(shows), words)


@lru_cache(maxsize=16384)
def _words(day: date, answers: tuple[Any, ...]) -> ReportWords:
    """What a report says, from the fields that were read out of it."""
    content: dict[str, Any] = {}
    for path, answer in zip(READ, answers, strict=True):
        *above, name = path
        part = content
        for each in above:
            part = part.setdefault(each, {})
        # A list comes as its JSON text.
        part[name] = json.loads(answer) if path == RECOMMENDED and isinstance(answer, str) else answer
    return words_of(content, day)


def _newest_version() -> Any:
    """The version in force of a case's reports; looked up for each case, so that other sites' reports cost nothing."""
    other = aliased(SignedReport)
    newest = select(func.max(other.version)).where(other.case_id == Case.id)
    return newest.correlate(Case).scalar_subquery()


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


def day_of(said: str) -> date | None:
    """The day of a study as it is kept; None where its headers have none."""
    try:
        day = date.fromisoformat(said) if len(said) == 8 else None
    except ValueError:
        return None
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None
