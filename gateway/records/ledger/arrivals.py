"""What came in, and what was turned away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.lifecycle import StudyState, move_study
from gateway.records.database import Database
from gateway.records.ledger.journal import add_line
from gateway.records.tables.studies import Instance, Study


@dataclass(frozen=True)
class Origin:
    """Who sent an object and how; what no data set says."""

    site: str
    sender: str
    calling_ae_title: str
    called_ae_title: str
    address: str
    received_by: str
    uploaded_by: int | None


@dataclass(frozen=True)
class NewInstance(Origin):
    """A kept instance, before it has a row."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str
    blob: str
    size: int


@dataclass(frozen=True)
class Kept:
    """What the records say about an instance; `blob` is where its bytes are, which may be an earlier copy."""

    study_id: int
    blob: str


def keep_instance(database: Database, instance: NewInstance, quiet: timedelta) -> int:
    """Remember one instance whose bytes are already durable; returns the study's id."""
    return keep_instances(database, [instance], quiet)[0].study_id


def keep_instances(database: Database, instances: Sequence[NewInstance], quiet: timedelta) -> list[Kept]:
    """Remember instances whose bytes are already durable, all in one transaction; one answer for each instance.

    The same bytes again change nothing. The same UID with other bytes keeps both and parks the study.
    A study that was complete starts its next generation, and cases not yet reported are amended.
    """
    by_study: dict[tuple[str, str], list[NewInstance]] = {}
    for instance in instances:
        by_study.setdefault((instance.site, instance.study_instance_uid), []).append(instance)
    kept: dict[tuple[str, str, str, str], Kept] = {}
    with database.write("keep_instances") as session:
        now = database.now(session)
        for key in sorted(by_study):  # one order for all writers, or two could wait for each other
            for instance, blob in _keep_in_study(session, by_study[key], now, quiet):
                kept[_identity(instance)] = blob
    return [kept[_identity(instance)] for instance in instances]


def _identity(instance: NewInstance) -> tuple[str, str, str, str]:
    return instance.site, instance.study_instance_uid, instance.sop_instance_uid, instance.digest


def _keep_in_study(
    session: Session, instances: Sequence[NewInstance], now: datetime, quiet: timedelta
) -> Iterator[tuple[NewInstance, Kept]]:
    study = _study_of(session, instances[0], now, quiet)
    known: dict[str, dict[str, str]] = {}
    columns = select(Instance.sop_instance_uid, Instance.digest, Instance.blob).where(
        Instance.study_id == study.saved_id,
        col(Instance.sop_instance_uid).in_({instance.sop_instance_uid for instance in instances}),
    )
    for sop_instance_uid, digest, blob in session.exec(columns):
        known.setdefault(sop_instance_uid, {})[digest] = blob
    new: list[dict[str, object]] = []
    for instance in instances:
        same_uid = known.setdefault(instance.sop_instance_uid, {})
        if instance.digest not in same_uid:
            if not new and study.state != StudyState.RECEIVED:
                _reopen(session, study, now)
            new.append(_row(study, instance, now, in_conflict=bool(same_uid)))
            if same_uid:
                _conflict(session, study, instance, now)
            same_uid[instance.digest] = instance.blob
        yield instance, Kept(study.saved_id, same_uid[instance.digest])
    if not new:
        return
    session.execute(insert(Instance), new)
    study.instances += len(new)
    study.last_instance_at = now
    # Never later than it was: instances that trickle in must not put off the look at the hard cap.
    study.look_again_at = min(study.look_again_at, now + quiet)
    # A completion that is being decided right now does not know these instances: its result is refused.
    study.fence += 1
    study.lease_owner, study.lease_until = "", None


def _row(study: Study, instance: NewInstance, now: datetime, *, in_conflict: bool) -> dict[str, object]:
    return {
        "study_id": study.saved_id,
        "sop_class_uid": instance.sop_class_uid,
        "sop_instance_uid": instance.sop_instance_uid,
        "series_instance_uid": instance.series_instance_uid,
        "transfer_syntax_uid": instance.transfer_syntax_uid,
        "digest": instance.digest,
        "blob": instance.blob,
        "size": instance.size,
        "generation": study.generation,
        "in_conflict": in_conflict,
        "received_at": now,
    }


def _conflict(session: Session, study: Study, instance: NewInstance, now: datetime) -> None:
    study.problem = "Two different objects with the same SOP Instance UID were received; both are kept."
    study.fix = "Ask the sender which one is right; then retry the study, which uses the first one received."
    add_line(
        session,
        study.saved_id,
        None,
        now,
        "conflicting instance received",
        detail={"sop_class_uid": instance.sop_class_uid},
    )


def _study_of(session: Session, instance: NewInstance, now: datetime, quiet: timedelta) -> Study:
    """The study's row, locked; inserted first when it is new (two associations may both try)."""
    upsert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = Study(
        site=instance.site,
        sender=instance.sender,
        calling_ae_title=instance.calling_ae_title,
        called_ae_title=instance.called_ae_title,
        address=instance.address,
        received_by=instance.received_by,
        uploaded_by=instance.uploaded_by,
        study_instance_uid=instance.study_instance_uid,
        first_instance_at=now,
        last_instance_at=now,
        look_again_at=now + quiet,
    ).model_dump(exclude={"id"})
    inserted = session.execute(
        upsert(Study)
        .values(values)
        .on_conflict_do_nothing(index_elements=["site", "study_instance_uid"])
        .returning(col(Study.id))
    ).scalar_one_or_none()
    study = session.exec(
        select(Study)
        .where(Study.site == instance.site, Study.study_instance_uid == instance.study_instance_uid)
        .with_for_update()
    ).one()
    if inserted is not None:
        add_line(
            session,
            study.saved_id,
            None,
            now,
            "first instance received",
            StudyState.RECEIVED,
            detail={
                "sender": instance.sender or "upload",
                "calling_ae_title": instance.calling_ae_title,
                "by": instance.received_by,
            },
        )
    return study


def _reopen(session: Session, study: Study, now: datetime) -> None:
    """Late images: the next generation of the same study."""
    study.state = move_study(StudyState(study.state), StudyState.RECEIVED)
    study.generation += 1
    study.first_instance_at = now  # the hard cap counts from here
    study.attempts, study.failing_since, study.waiting_for = 0, None, ""
    add_line(
        session,
        study.saved_id,
        None,
        now,
        "late images: new generation",
        StudyState.RECEIVED,
        detail={"generation": study.generation},
    )
