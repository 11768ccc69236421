"""What came in, and what was turned away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlalchemy import select as select_columns
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.lifecycle import Standing, StudyState, move_study
from gateway.records.database import Database
from gateway.records.ledger.conflicts import contested
from gateway.records.ledger.journal import add_line
from gateway.records.tables.conflicts import Conflict
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

    The same bytes again change nothing but who sent them, unless they were set aside. The same UID with other bytes
    keeps both and contests the study until they are compared. New objects of a study that was complete start its next
    generation, and cases not yet reported are amended.
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
    known: dict[str, dict[str, _Version]] = {}
    columns = select_columns(
        col(Instance.sop_instance_uid),
        col(Instance.digest),
        col(Instance.blob),
        col(Instance.standing),
        col(Instance.senders),
    ).where(
        col(Instance.study_id) == study.saved_id,
        col(Instance.sop_instance_uid).in_({instance.sop_instance_uid for instance in instances}),
    )
    for sop_instance_uid, digest, blob, stands, senders in session.execute(columns):
        known.setdefault(sop_instance_uid, {})[digest] = _Version(blob, stands, tuple(senders))
    new: list[dict[str, object]] = []
    also_sent: dict[tuple[str, str], list[str]] = {}
    in_force = 0
    for instance in instances:
        versions = known.setdefault(instance.sop_instance_uid, {})
        version = versions.get(instance.digest)
        others = [other.standing for digest, other in versions.items() if digest != instance.digest]
        standing = contested.standing_on_arrival(others, version.standing if version else None)
        if standing is not None:
            conflict_id = None
            if standing == Standing.UNCOMPARED:
                conflict_id = _contested_with(session, study, instance, now).saved_id
            else:
                if not in_force and study.state != StudyState.RECEIVED:
                    _reopen(session, study, now)
                if versions:
                    contested.note_awaited(session, study.saved_id, now)
                in_force += 1
            if version is None:
                new.append(_row(study, instance, now, standing, conflict_id))
            else:  # it was set aside, and the sender says it again
                _stand_again(session, study, instance, now, standing, conflict_id)
            version = versions[instance.digest] = _Version(
                version.blob if version else instance.blob,
                standing,
                version.senders if version else _senders(instance),
            )
        assert version is not None
        if not set(_senders(instance)) <= set(version.senders):
            senders = (*version.senders, *_senders(instance))
            versions[instance.digest] = replace(version, senders=senders)
            also_sent[instance.sop_instance_uid, instance.digest] = list(senders)
        yield instance, Kept(study.saved_id, version.blob)
    if new:
        session.execute(insert(Instance), new)
    for (sop_instance_uid, digest), by in also_sent.items():
        same = (
            col(Instance.study_id) == study.saved_id,
            col(Instance.sop_instance_uid) == sop_instance_uid,
            col(Instance.digest) == digest,
        )
        session.execute(update(Instance).where(*same).values(senders=by))
    if not in_force:
        return
    study.instances += in_force
    study.last_instance_at = now
    # Never later than it was: instances that trickle in must not put off the look at the hard cap.
    study.look_again_at = min(study.look_again_at, now + quiet)
    # A completion that is being decided right now does not know these instances: its result is refused.
    study.fence += 1
    study.lease_owner, study.lease_until = "", None


@dataclass(frozen=True)
class _Version:
    """One version of an object that is kept: where its bytes are and where it stands."""

    blob: str
    standing: str
    senders: tuple[str, ...]


def _senders(instance: NewInstance) -> tuple[str, ...]:
    """The node it came from, if it came from one."""
    return (instance.sender,) if instance.sender else ()


def _row(
    study: Study, instance: NewInstance, now: datetime, standing: Standing, conflict_id: int | None
) -> dict[str, object]:
    return {
        "study_id": study.saved_id,
        "sop_class_uid": instance.sop_class_uid,
        "sop_instance_uid": instance.sop_instance_uid,
        "series_instance_uid": instance.series_instance_uid,
        "transfer_syntax_uid": instance.transfer_syntax_uid,
        "digest": instance.digest,
        "blob": instance.blob,
        "size": instance.size,
        "senders": list(_senders(instance)),
        "generation": study.generation,
        "standing": standing,
        "conflict_id": conflict_id,
        "received_at": now,
    }


def _contested_with(session: Session, study: Study, instance: NewInstance, now: datetime) -> Conflict:
    """The conflict of a study that this version belongs to, and with it the other versions of its UID."""
    conflict = contested.join(session, study, instance.sender, now)
    session.execute(
        update(Instance)
        .where(
            col(Instance.study_id) == study.saved_id,
            col(Instance.sop_instance_uid) == instance.sop_instance_uid,
            # What an earlier decision set aside is no answer to this question, unless it is sent again.
            col(Instance.standing).not_in((Standing.SAME, Standing.SET_ASIDE)),
        )
        .values(conflict_id=conflict.saved_id)
    )
    return conflict


def _stand_again(
    session: Session,
    study: Study,
    instance: NewInstance,
    now: datetime,
    standing: Standing,
    conflict_id: int | None,
) -> None:
    session.execute(
        update(Instance)
        .where(
            col(Instance.study_id) == study.saved_id,
            col(Instance.sop_instance_uid) == instance.sop_instance_uid,
            col(Instance.digest) == instance.digest,
        )
        .values(standing=standing, conflict_id=conflict_id, generation=study.generation, received_at=now)
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
