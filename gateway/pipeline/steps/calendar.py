"""The worker's part of the surveillance calendar: letters opened, dates read, sequences asked for, who is overdue.

Opening needs the pseudonym key: the patient's hash and pseudonym are made as for a received study, so both meet.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from gateway import logs
from gateway.errors import GatewayError
from gateway.identity.numbers import Subject, why_no_number
from gateway.pipeline.context import StepContext
from gateway.pipeline.steps import originals
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.records import ledger, patients
from gateway.records.calendar import AskedOfStudy, asked_of
from gateway.records.database import Database
from gateway.records.identities import sealed_letters
from gateway.records.seen_mris import NO_DATE, day_of
from gateway.records.step_record import NewCase
from gateway.records.tables.studies import Study
from routing_rules.series.attributes import Header, tag_of, text
from routing_rules.surveillance.enrolment_csv import EnrolmentRow
from routing_rules.surveillance.guidelines import SEQUENCE_NAMES, STANDS_FOR

log = logs.get(__name__)

STUDIES_AT_ONCE = 200
"""Studies of before the calendar whose date is read in one tick."""
DATES = tuple(map(tag_of, ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")))


@dataclass(frozen=True)
class OpenedLetters:
    """What became of the letters: numbers only."""

    enrolled: int = 0
    merged: int = 0
    held: int = 0


def open_letters(
    database: Database, key: PseudonymKey, no_patient_ids: Collection[str] = ()
) -> OpenedLetters:
    """Open every letter; one that cannot be opened is held with its fix and tried again. Replicas do no harm."""
    became = {"enrolled": 0, "merged": 0, "held": 0}
    for enrolment_id, site, letter in ledger.unopened_letters(database):
        try:
            patient_id, issuer = sealed_letters.open_letter(key, site, letter)
            if (reason := why_no_number(patient_id, no_patient_ids)) is not None:
                raise GatewayError(
                    f"What was entered as Patient ID is no number of a patient: it {reason}.",
                    "End this enrolment, and enrol the patient with the number under which the site sends studies.",
                )
            told = ledger.keep_opened(
                database, enrolment_id, *_known_as(database, key, site, issuer, patient_id)
            )
        except GatewayError as error:
            ledger.note_unopened(database, enrolment_id, error.problem, error.fix)
            told = "held"
        except IntegrityError:
            # Another process enrolled the same patient in this moment: merged the next time.
            continue
        counted = {"enrolled": "enrolled", "merged": "merged"}.get(told.split(" ")[0], "held")
        became[counted] += bool(told)
    return OpenedLetters(**became)


def _known_as(
    database: Database, key: PseudonymKey, site: str, issuer: str, patient_id: str
) -> tuple[str, str]:
    """Hash and pseudonym of an enrolled number: of the patient whom the records know by it, or new ones.

    Where no issuer was entered, the one patient whose studies have this number, if there is one alone.
    """
    whose = Subject(issuer, patient_id, "", has_number=True)
    with database.read() as session:
        for one in (whose, Subject("", patient_id, "", has_number=True)):
            if known := patients.known(session, key.patient_hashes(site, one)):
                alias = key.alias(site, one, known)
                return alias.patient_hash, alias.pseudonym
        alias = key.alias(site, whose)
        others = [] if issuer.strip() else patients.identities_with_number(session, site, alias.number_hash)
    if len(others) == 1:
        return others[0].patient_hash, others[0].pseudonym
    return alias.patient_hash, alias.pseudonym


def enrol_list(
    database: Database,
    key: PseudonymKey,
    rows: Sequence[EnrolmentRow],
    who: str,
    no_patient_ids: Collection[str] = (),
) -> OpenedLetters:
    """Enrol the rows of a list, and identify them at once: for a command on the machine that has the keys."""
    ledger.publish_letterbox(database, key)
    with database.read() as session:
        public = sealed_letters.public_key(session)
    ledger.enrol(database, [ledger.sealed_enrolment(row, public) for row in rows], who)
    return open_letters(database, key, no_patient_ids)


def study_date(headers: Sequence[Header]) -> str:
    """The day of a study as YYYYMMDD, the earliest its headers say; `none` when none of them says one that exists."""
    for tag in DATES:
        said = {text(header, tag) for header in headers}
        days = sorted(day for day in said if _is_day(day))
        if days:
            return days[0]
    return NO_DATE


def with_wanted(
    context: StepContext, study: Study, patient_hash: str, study_date: str, drafts: Sequence[NewCase]
) -> tuple[NewCase, ...]:
    """The cases of a study with what its patient's calendar asks of it by name; as they are when that is nothing.

    It does not change the verdict, which says whether PML can be seen or excluded: page and letter tell it beside that.
    """
    with context.database.read() as session:
        asked = asked_of(session, study, patient_hash, study_date, context.guidelines)
    if asked is None or not asked.sequences:
        return tuple(drafts)
    return tuple(
        replace(draft, verdict={**draft.verdict, "surveillance": _told(asked, draft.verdict, draft.series)})
        for draft in drafts
    )


def _told(
    asked: AskedOfStudy, verdict: Mapping[str, Any], series: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the verdict judges it tells by itself; `lacks` is what nobody else would tell."""
    judged = {one["name"] for one in verdict["requirements"]}
    kinds = {str(each["kind"]) for each in series}
    kinds |= {STANDS_FOR.get(kind, kind) for kind in kinds}
    lacks = [SEQUENCE_NAMES[name] for name in asked.sequences if name not in judged | kinds]
    return {
        "rule": asked.rule_id,
        "guideline": asked.guideline,
        "asks": [SEQUENCE_NAMES[name] for name in asked.sequences],
        "lacks": lacks,
    }


def read_dates(context: StepContext) -> int:
    """Read the day of studies that were routed before the calendar existed; returns how many were read."""
    unread = select(Study.ids()).where(
        Study.study_date == "", Study.patient_hash != "", col(Study.forgotten_at).is_(None)
    )
    with context.database.read() as session:
        numbers = session.exec(unread.order_by(col(Study.id).desc()).limit(STUDIES_AT_ONCE)).all()
    for number in numbers:
        try:
            headers = originals.headers(context.blobs, originals.kept(context.database, number)[:1])
            day = study_date(headers)
        except GatewayError:
            day = NO_DATE
        ledger.keep_study_date(context.database, number, day)
    return len(numbers)


def tick(context: StepContext) -> None:
    """The hourly look at every calendar."""
    while read_dates(context) == STUDIES_AT_ONCE:
        pass
    if newly := ledger.note_overdue(context.database, context.guidelines):
        log.info("patients became overdue", patients=newly)


def _is_day(said: str) -> bool:
    return said.isdecimal() and day_of(said) is not None
