"""Read models of what stayed here: held objects with their decisions, and the de-identification manifests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.records.tables.cases import HeldObject, Manifest
from gateway.records.tables.studies import Instance


@dataclass(frozen=True)
class HeldRow:
    """One object of a case that may not leave by itself; nothing in it names a patient."""

    id: int
    instance_id: int
    series_number: int | None
    kind: str
    what: str
    frames: int
    reason: str
    problem: str
    fix: str
    releasable: bool
    stops_case: bool
    decision: str
    decided_by: str
    why: str
    decided_at: datetime | None


@dataclass(frozen=True)
class ManifestRow:
    """One kept manifest."""

    id: int
    generation: int
    digest: str
    blob: str
    made_at: datetime


def held_objects_of(session: Session, case_id: int) -> tuple[HeldRow, ...]:
    """The held objects of a case: those it waits for first, then by series and arrival."""
    found = session.exec(select(HeldObject).where(HeldObject.case_id == case_id)).all()
    # The columns have the same names on purpose.
    rows = [HeldRow(**{name: getattr(row, name) for name in HeldRow.__dataclass_fields__}) for row in found]
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                not (row.stops_case and row.decision == "waiting"),
                row.series_number is None,
                row.series_number or 0,
                row.instance_id,
            ),
        )
    )


def held_object(session: Session, case_id: int, held_id: int) -> tuple[HeldRow, str] | None:
    """A held object and the blob of its original; None when the case has no such object."""
    row = session.get(HeldObject, held_id)
    if row is None or row.case_id != case_id:
        return None
    shown = HeldRow(**{name: getattr(row, name) for name in HeldRow.__dataclass_fields__})
    return shown, session.get_one(Instance, row.instance_id).blob


def manifests(session: Session, case_id: int) -> tuple[ManifestRow, ...]:
    """Every manifest of a case, newest first."""
    found = session.exec(
        select(Manifest).where(Manifest.case_id == case_id).order_by(col(Manifest.id).desc())
    )
    return tuple(ManifestRow(m.saved_id, m.generation, m.digest, m.blob, m.made_at) for m in found)
