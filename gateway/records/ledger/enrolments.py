"""Who is on a site's surveillance calendar: enrolled by its coordinator, identified by the worker, edited, ended.

What a coordinator enters about who it is lies here only as a sealed letter (`sealed_letters`), and only until
the worker has opened it: then the keyed hash and the pseudonym take its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, select

from gateway.errors import NotThere
from gateway.records.database import Database
from gateway.records.identities import sealed_letters
from gateway.records.ledger import audit_trail
from gateway.records.tables.administration import LetterboxKey
from gateway.records.tables.studies import Enrolment, ForgottenPatient
from routing_rules.surveillance.closed_wishes import ClosedWish, in_words, name_of
from routing_rules.surveillance.due_dates import ReportWish
from routing_rules.surveillance.enrolment_csv import EnrolmentRow
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.risk import PatientRisk as PatientRisk
from routing_rules.surveillance.treatments import MOST, Drug, read_treatments, written

if TYPE_CHECKING:
    from gateway.privacy.pseudonyms import PseudonymKey


@dataclass(frozen=True)
class NewEnrolment:
    """One patient as a coordinator entered them; `letter` says who it is, sealed."""

    site: str
    label: str
    letter: bytes
    risk: PatientRisk
    last_mri_on: date | None = None


def sealed_enrolment(row: EnrolmentRow, public_key: bytes) -> NewEnrolment:
    """A row of a list as it may be kept: who it is sealed to the worker."""
    letter = sealed_letters.seal(public_key, row.site, row.patient_id, row.issuer)
    return NewEnrolment(row.site, row.label, letter, row.risk, row.last_mri_on)


def publish_letterbox(database: Database, key: PseudonymKey) -> None:
    """Let the other roles know the public key that letters are sealed to; the worker does so when it starts."""
    public = sealed_letters.public_of(key).hex()
    with database.write("publish_letterbox") as session:
        row = session.get(LetterboxKey, sealed_letters.NAME)
        if row is None or row.public_key != public:
            session.merge(
                LetterboxKey(name=sealed_letters.NAME, public_key=public, published_at=database.now(session))
            )


def enrol(database: Database, entries: Sequence[NewEnrolment], who: str) -> list[int]:
    """Put patients on the calendar; returns the numbers of the entries. A known patient is recognised when opened."""
    with database.write("enrol") as session:
        now = database.now(session)
        rows = [
            Enrolment(
                site=entry.site,
                label=entry.label,
                letter=entry.letter,
                **columns_of(entry.risk),
                last_mri_on=entry.last_mri_on,
                enrolled_by=who,
                created_at=now,
                updated_at=now,
            )
            for entry in entries
        ]
        session.add_all(rows)
        session.flush()
        for site in sorted({entry.site for entry in entries}):
            numbers = [row.id for row in rows if row.site == site]
            audit_trail.append(
                session, now, who, "patients enrolled", f"site {site}", {"enrolments": numbers}
            )
        return [row.saved_id for row in rows]


def unopened_letters(database: Database) -> list[tuple[int, str, bytes]]:
    """The letters that nobody has opened yet, oldest first: number of the entry, site, letter."""
    with database.read() as session:
        found = session.exec(select(Enrolment).where(Enrolment.letter != None).order_by("id"))  # noqa: E711  SQL's IS NOT
        return [(row.saved_id, row.site, row.letter or b"") for row in found]


def keep_opened(database: Database, enrolment_id: int, patient_hash: str, pseudonym: str) -> str:
    """Replace a letter by what is kept of it; returns what became of it, empty when somebody else was faster.

    An entry of a patient who is enrolled already is merged into theirs: what it knows counts, what it does not stays.
    """
    with database.write("open_letter") as session:
        row = _locked(session, enrolment_id)
        if row is None or row.letter is None:
            return ""
        now = database.now(session)
        row.letter, row.problem, row.fix, row.updated_at = None, "", "", now
        forgotten = select(ForgottenPatient).where(ForgottenPatient.patient_hash == patient_hash)
        known = session.exec(
            select(Enrolment).where(Enrolment.patient_hash == patient_hash).with_for_update()
        ).first()
        if session.exec(forgotten).first() is not None:
            became = "patient was forgotten"
            row.problem = "This patient was forgotten on request, and is not enrolled."
            row.fix = "End this entry. To treat the patient again: gateway readmit, then enrol anew."
        elif known is not None:
            became = f"merged into enrolment {known.id}"
            _merge(known, row)
            known.updated_at, known.ended_on, known.ended_because = now, None, ""
            session.delete(row)
        else:
            became = "enrolled"
            row.patient_hash, row.pseudonym = patient_hash, pseudonym
        audit_trail.append(
            session, now, "gateway", "letter opened", f"enrolment {enrolment_id}", {"became": became}
        )
        return became


def note_unopened(database: Database, enrolment_id: int, problem: str, fix: str) -> None:
    """A letter cannot be opened: the page says so, and the worker tries again."""
    with database.write("letter_unopened") as session:
        row = _locked(session, enrolment_id)
        if row is not None and row.letter is not None:
            row.problem, row.fix = problem, fix


def edit_enrolment(
    database: Database, enrolment_id: int, label: str, risk: PatientRisk, last_mri_on: date | None, who: str
) -> None:
    """Replace what is known of a patient's risk. Raises NotThere."""
    with database.write("edit_enrolment") as session:
        row, now = _existing(session, enrolment_id), database.now(session)
        known = columns_of(risk)
        changed = [name for name, value in known.items() if getattr(row, name) != value]
        changed += ["last_mri_on"] if row.last_mri_on != last_mri_on else []
        for name, value in known.items():
            setattr(row, name, value)
        row.label, row.last_mri_on, row.updated_at = label, last_mri_on, now
        audit_trail.append(
            session, now, who, "enrolment edited", f"enrolment {enrolment_id}", {"changed": changed}
        )


def end_enrolment(database: Database, enrolment_id: int, who: str, why: str) -> None:
    """Take a patient off the calendar; an entry nobody could identify is deleted. Raises NotThere."""
    with database.write("end_enrolment") as session:
        row, now = _existing(session, enrolment_id), database.now(session)
        if row.patient_hash is None:
            session.delete(row)
        else:
            row.ended_on, row.ended_because, row.overdue_told_on = now.date(), why, None
            row.updated_at = now
        audit_trail.append(session, now, who, "enrolment ended", f"enrolment {enrolment_id}", {"why": why})


def judge_wish(
    database: Database, enrolment_id: int, wish: ReportWish | ClosedWish, who: str, why: str
) -> None:
    """Close a wish of a report that nothing will answer, or ask for one again that was closed. Raises NotThere."""
    with database.write("judge_wish") as session:
        row, now = _existing(session, enrolment_id), database.now(session)
        name = wish.wish if isinstance(wish, ClosedWish) else name_of(wish)
        others = [each for each in row.closed_wishes if each["wish"] != name]
        if isinstance(wish, ReportWish):
            closed = ClosedWish(name, in_words(wish), who, now.date().isoformat(), why)
            row.closed_wishes, event = [*others, closed.kept()], "wish closed"
        else:
            row.closed_wishes, event = others, "wish asked again"
        row.updated_at = now
        # Its kind alone: the day of the MRI stays in the records.
        audit_trail.append(
            session, now, who, event, f"enrolment {enrolment_id}", {"wish": name.split()[0], "why": why}
        )


def columns_of(risk: PatientRisk) -> dict[str, Any]:
    """What is known of a risk as the columns keep it: the treatments as their line of text."""
    known = {name: getattr(risk, name) for name in PatientRisk.__dataclass_fields__}
    return {**known, "treatments": written(risk.treatments)}


def _merge(known: Enrolment, newer: Enrolment) -> None:
    """What the newer entry knows counts; periods of natalizumab replace months and an end that were kept before."""
    treatments = read_treatments(newer.treatments)
    if Drug.NATALIZUMAB in {each.drug for each in treatments}:
        known.months_on_natalizumab = known.recorded_on = known.stopped_on = None
    elif treatments:  # a list of the next drug alone does not say that there was no natalizumab
        kept = [each for each in read_treatments(known.treatments) if each.drug is Drug.NATALIZUMAB]
        newest = treatments[max(0, len(kept) + len(treatments) - MOST) :]
        newer.treatments = written(read_treatments(written([*kept, *newest])))
    if newer.jcv_status == JcvStatus.UNKNOWN and newer.jcv_index is None:
        newer.tested_on = None  # the day of a test without its result makes no earlier result newer
    for name in PatientRisk.__dataclass_fields__:
        value = getattr(newer, name)
        if value not in (None, "", JcvStatus.UNKNOWN):
            setattr(known, name, value)
    if newer.jcv_status != JcvStatus.UNKNOWN and newer.tested_on is None:
        known.tested_on = None  # the day that is kept is that of an earlier test
    known.label = newer.label or known.label
    known.last_mri_on = newer.last_mri_on or known.last_mri_on


def _locked(session: Session, enrolment_id: int) -> Enrolment | None:
    return session.exec(select(Enrolment).where(Enrolment.id == enrolment_id).with_for_update()).first()


def _existing(session: Session, enrolment_id: int) -> Enrolment:
    row = _locked(session, enrolment_id)
    if row is None or row.ended_on is not None:
        raise NotThere(
            f"There is no enrolment {enrolment_id} on the calendar.", "The page lists those that are open."
        )
    return row
