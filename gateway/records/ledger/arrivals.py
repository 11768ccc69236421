"""What came in, and what was turned away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.lifecycle import StudyState, move_study
from gateway.records.database import Database
from gateway.records.ledger.journal import tell
from gateway.records.tables import (
    Instance,
    Refusal,
    Study,
)


@dataclass(frozen=True)
class InstanceFact:
    """A kept instance, before it has a row."""

    site: str
    sender: str
    calling_ae_title: str
    called_ae_title: str
    address: str
    received_by: str
    uploaded_by: int | None
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str
    blob: str
    size: int


def keep_instance(database: Database, fact: InstanceFact, quiet: timedelta) -> int:
    """Remember an instance whose bytes are already durable; returns the study's id.

    The same bytes again change nothing. The same UID with other bytes keeps both and parks the study.
    A study that was complete starts its next generation, and cases not yet reported are amended.
    """
    with database.write("keep_instance") as session:
        now = database.now(session)
        study = _study_of(session, fact, now, quiet)
        assert study.id is not None
        same_uid = session.exec(
            select(Instance).where(
                Instance.study_id == study.id, Instance.sop_instance_uid == fact.sop_instance_uid
            )
        ).all()
        if any(known.digest == fact.digest for known in same_uid):
            return study.id
        late = study.state != StudyState.RECEIVED
        if late:
            _reopen(session, study, now)
        session.add(
            Instance(
                study_id=study.id,
                sop_class_uid=fact.sop_class_uid,
                sop_instance_uid=fact.sop_instance_uid,
                series_instance_uid=fact.series_instance_uid,
                transfer_syntax_uid=fact.transfer_syntax_uid,
                digest=fact.digest,
                blob=fact.blob,
                size=fact.size,
                generation=study.generation,
                in_conflict=bool(same_uid),
                received_at=now,
            )
        )
        study.instances += 1
        study.last_instance_at = now
        study.look_again_at = now + quiet
        # A completion that is being decided right now does not know this instance: its outcome is refused.
        study.fence += 1
        study.lease_owner, study.lease_until = "", None
        if same_uid:
            study.problem = (
                "Two different objects with the same SOP Instance UID were received; both are kept."
            )
            study.fix = (
                "Ask the sender which one is right; then retry the study, which uses the first one received."
            )
            tell(
                session,
                study.id,
                None,
                now,
                "conflicting instance received",
                detail={"sop_class_uid": fact.sop_class_uid},
            )
        return study.id


def _study_of(session: Session, fact: InstanceFact, now: datetime, quiet: timedelta) -> Study:
    """The study's row, locked; inserted first when it is new (two associations may both try)."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = Study(
        site=fact.site,
        sender=fact.sender,
        calling_ae_title=fact.calling_ae_title,
        called_ae_title=fact.called_ae_title,
        address=fact.address,
        received_by=fact.received_by,
        uploaded_by=fact.uploaded_by,
        study_instance_uid=fact.study_instance_uid,
        first_instance_at=now,
        last_instance_at=now,
        look_again_at=now + quiet,
    ).model_dump(exclude={"id"})
    inserted = session.execute(
        insert(Study)
        .values(values)
        .on_conflict_do_nothing(index_elements=["site", "study_instance_uid"])
        .returning(col(Study.id))
    ).scalar_one_or_none()
    study = session.exec(
        select(Study)
        .where(Study.site == fact.site, Study.study_instance_uid == fact.study_instance_uid)
        .with_for_update()
    ).one()
    if inserted is not None:
        assert study.id is not None
        tell(
            session,
            study.id,
            None,
            now,
            "first instance received",
            StudyState.RECEIVED,
            detail={
                "sender": fact.sender or "upload",
                "calling_ae_title": fact.calling_ae_title,
                "by": fact.received_by,
            },
        )
    return study


def _reopen(session: Session, study: Study, now: datetime) -> None:
    """Late images: the next generation of the same study."""
    study.state = move_study(StudyState(study.state), StudyState.RECEIVED)
    study.generation += 1
    study.attempts, study.failing_since, study.waiting_for = 0, None, ""
    assert study.id is not None
    tell(
        session,
        study.id,
        None,
        now,
        "late images: new generation",
        StudyState.RECEIVED,
        detail={"generation": study.generation},
    )


def refuse(database: Database, calling_ae_title: str, address: str, why: str, fix: str) -> None:
    """Show on a screen that somebody or something was turned away; equal refusals are counted."""
    with database.write("refuse") as session:
        now = database.now(session)
        known = session.exec(
            select(Refusal).where(
                Refusal.calling_ae_title == calling_ae_title, Refusal.address == address, Refusal.why == why
            )
        ).first()
        if known is None:
            known = Refusal(
                calling_ae_title=calling_ae_title,
                address=address,
                why=why,
                fix=fix,
                times=0,
                first_at=now,
                last_at=now,
            )
        known.times += 1
        known.last_at = now
        known.fix = fix
        session.add(known)
