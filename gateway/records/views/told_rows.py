"""What a hospital told, as a viewer may see it: readers see a text only after the worker has looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, or_
from sqlmodel import Session, col, select

from gateway.lifecycle import BEFORE_THE_REPORT
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.tables.told import HospitalContext
from gateway.reporting.hospital_context import CONTACTS, FREE_TEXTS

MOST_AT_ONCE = 20


@dataclass(frozen=True)
class ToldRow:
    """What was told of a study, without what this viewer may not see yet."""

    values: Mapping[str, str]
    contacts: str
    told_by: str
    told_at: datetime | None
    version: int
    is_checked: bool
    """The worker has looked at the texts; before that no reader sees them."""
    withheld: tuple[str, ...]
    """Fields with a text that says something of the patient."""
    order: tuple[tuple[str, str], ...]
    order_hidden: int

    @property
    def is_empty(self) -> bool:
        """There is nothing to show."""
        return not (self.version or self.order or self.order_hidden)


@dataclass(frozen=True)
class Unlooked:
    """A study whose told texts or order the worker has still to look at."""

    study_id: int
    version: int
    generation: int
    texts: Mapping[str, str]


def of_study(session: Session, study_id: int, *, as_typed: bool) -> ToldRow | None:
    """What was told of a study: as its site typed it, or what was looked at and may be read by others."""
    row = session.get(HospitalContext, study_id)
    if row is None:
        return None
    checked = row.checked == row.version
    hidden = set() if as_typed else set(row.withheld) if checked else set(FREE_TEXTS)
    return ToldRow(
        {name: str(value) for name, value in row.content.items() if name not in hidden},
        "" if CONTACTS in hidden else row.contacts,
        row.told_by,
        row.told_at,
        row.version,
        checked,
        tuple(row.withheld),
        tuple((str(attribute), str(text)) for attribute, text in row.order),
        row.order_hidden,
    )


def unlooked(session: Session) -> list[Unlooked]:
    """Studies with a case that the worker has to look at, oldest first: new texts, or a new generation of images."""
    of_it = col(Case.study_id) == col(Study.id)
    has_case = exists().where(of_it)
    waits = exists().where(and_(of_it, col(Case.state).in_(sorted(BEFORE_THE_REPORT))))
    missing = or_(
        col(HospitalContext.study_id).is_(None), col(HospitalContext.order_of) != col(Study.generation)
    )
    chosen = (
        select(Study.id, Study.generation, HospitalContext)
        .join(HospitalContext, col(HospitalContext.study_id) == col(Study.id), isouter=True)
        .where(
            col(Study.forgotten_at).is_(None),
            has_case,
            or_(
                and_(missing, waits),
                and_(
                    col(HospitalContext.study_id).is_not(None),
                    col(HospitalContext.checked) != col(HospitalContext.version),
                ),
            ),
        )
        .order_by(col(Study.id))
        .limit(MOST_AT_ONCE)
    )
    return [
        Unlooked(
            study_id,
            row.version if row else 0,
            generation,
            _texts(row) if row else {},
        )
        for study_id, generation, row in session.exec(chosen)
        if study_id is not None
    ]


def _texts(row: HospitalContext) -> dict[str, str]:
    every = {**row.content, CONTACTS: row.contacts}
    return {name: str(every[name]) for name in FREE_TEXTS if every.get(name)}
