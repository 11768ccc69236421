"""A study without a patient number linked by a person to the patient of another study, and taken apart again.

Nothing but the link is written here: who the patient is then, and what that changes, is worked out where the key is,
when the study is routed again.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from gateway.errors import NotThere, WrongState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.conflicts.contested import refuse_if_contested
from gateway.records.ledger.conflicts.settlement import begin_again
from gateway.records.ledger.journal import add_line
from gateway.records.tables.studies import Study


def link_person(database: Database, study_id: int, other_id: int, who: str, why: str) -> None:
    """Say that a study without a number is about the patient of another study of its site.

    Raises NotThere, and WrongState where it has a number, is contested, is linked already, or others are linked to it.
    """
    with database.write("link_person") as session:
        study, other = _kept(session, study_id), _kept(session, other_id)
        if other.site != study.site or other.id == study.id:
            raise NotThere(
                f"There is no other study {other_id} of this site.", "The page of studies shows every number."
            )
        _refuse_if_numbered(study)
        refuse_if_contested(session, study_id, f"Study {study_id} cannot be linked")
        person_of = other.person_of or other.saved_id
        if study.person_of is not None:
            raise WrongState(
                f"Study {study_id} is linked to study {study.person_of} already.", "Take them apart first."
            )
        linked = session.exec(
            select(Study.ids()).where(Study.person_of == study_id).order_by(col(Study.id))
        ).all()
        if linked:
            raise WrongState(
                f"Other studies are linked to study {study_id}: {', '.join(map(str, linked))}.",
                f"Link study {other_id} to it instead, or take those apart first.",
            )
        if other.has_number is None:
            raise WrongState(
                f"Nobody has read yet whose study {other_id} is.", "Wait until it is routed, then try again."
            )
        study.person_of = person_of
        what = f"linked to the patient of study {person_of}"
        _tell(session, study, database.now(session), "study linked", what, who, why, person_of)


def unlink_person(database: Database, study_id: int, who: str, why: str) -> None:
    """Let a linked study be its own person again. Raises NotThere, WrongState."""
    with database.write("unlink_person") as session:
        study = _kept(session, study_id)
        if study.person_of is None:
            raise WrongState(f"Study {study_id} is not linked to another.", "There is nothing to take apart.")
        refuse_if_contested(session, study_id, f"Study {study_id} cannot be taken apart")
        other, study.person_of = study.person_of, None
        what = f"taken apart from the patient of study {other}"
        _tell(session, study, database.now(session), "study taken apart", what, who, why, other)


def end_link(session: Session, study: Study, now: datetime) -> None:
    """Let the number that a study states by now say whose it is, and no longer the link."""
    add_line(session, study.saved_id, None, now, f"has a number: linked to study {study.person_of} no longer")
    study.person_of = None


def look_at_persons(database: Database, study_id: int, other_id: int, who: str) -> None:
    """Write into the audit trail that somebody looks at what two studies say about their patients."""
    with database.write("look_at_persons") as session:
        now, subject = database.now(session), f"studies {study_id} and {other_id}"
        audit_trail.append(session, now, who, "persons looked at", subject, {})


def _kept(session: Session, study_id: int) -> Study:
    study = session.exec(select(Study).where(Study.id == study_id).with_for_update()).first()
    if study is None or study.forgotten_at is not None:
        raise NotThere(f"There is no study {study_id}.", "The page of studies shows every number.")
    return study


def _refuse_if_numbered(study: Study) -> None:
    if study.has_number is None:
        raise WrongState(
            f"Nobody has read yet whether study {study.id} has a patient number.",
            "Wait until it is routed, then try again.",
        )
    if study.has_number:
        raise WrongState(
            f"Study {study.id} has a patient number, which says whose it is.",
            "If the number is wrong, let the sender correct it and send the study again.",
        )


def _tell(
    session: Session, study: Study, now: datetime, action: str, what: str, who: str, why: str, other: int
) -> None:
    """The journal, the audit trail, and everything that rests on whose the study is back to where it begins."""
    add_line(session, study.saved_id, None, now, what, who=who, detail={"why": why})
    audit_trail.append(session, now, who, action, f"study {study.id}", {"study": other, "why": why})
    begin_again(session, study, now, "begins again: it was decided whose study it is")
