"""The tables of what the worker made of a case's copies for looking at them: index and volumes, priors laid over.

The files lie below `pictures/{case}/{version}` in the object store; `version` is that of the copies.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import gateway.records.tables.cases  # noqa: F401  a foreign key points at them
from gateway.records.tables.columns import Numbered, one_of

WAITING: Final = "waiting"
MADE: Final = "made"
FAILED: Final = "failed"
STATES: Final = (WAITING, MADE, FAILED)
IS_WAITING: Final = text("state = 'waiting'")
"""Pictures that are still to be made, word for word as their index says it: only so is it used."""


class CasePictures(SQLModel, table=True):
    """The stored index of one case and what became of each volume; a place in the queue of what makes them."""

    __tablename__ = "case_pictures"
    __table_args__ = (
        one_of("state", STATES, "state"),
        Index("ix_case_pictures_waiting", "case_id", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
    )

    case_id: int = Field(primary_key=True, foreign_key="case.id")
    state: str = Field(default=WAITING)
    version: str = Field(default="", description="of the copies the index is of; empty: no index yet")
    index_blob: str = Field(default="", description="key of the StudyIndex as JSON")
    volumes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Stack -> why it has no volume; empty: it has one. A stack that is not in it is still to be made."""
    problem: str = Field(default="", description="why not all of it could be made")
    attempts: int = Field(
        default=0, description="claims since the last piece, counted before the work begins"
    )
    fence: int = Field(
        default=0, description="grows with each claim; an outcome with an older one is refused"
    )
    lease_until: datetime | None = Field(default=None, description="when another worker may take over")
    look_again_at: datetime = Field(description="not before this moment")
    wanted_at: datetime
    made_at: datetime | None = Field(default=None, description="when the last of it was made")


ALIGNED: Final = "aligned"
REFUSED: Final = "refused"
ALIGNMENT_STATES: Final = (WAITING, ALIGNED, REFUSED, FAILED)


class CaseAlignment(Numbered, table=True):
    """A prior of a case laid over it, or why not; a place in the queue of what does that."""

    __tablename__ = "case_alignment"
    __table_args__ = (
        UniqueConstraint("case_id", "prior_case_id"),
        one_of("state", ALIGNMENT_STATES, "state"),
    )

    case_id: int = Field(foreign_key="case.id", index=True)
    prior_case_id: int = Field(foreign_key="case.id", index=True)
    state: str = Field(default=WAITING)
    version: str = Field(description="of the copies of the case")
    prior_version: str = Field(description="of those of the prior")
    kind: str = Field(default="", description="of the series that were laid over one another")
    transform: list[float] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Three rows of four: a point of the prior to the same of the case (LPS, mm); empty: not aligned."""
    residual_mm: float | None = Field(default=None)
    limit_mm: float = Field(default=0.0)
    why: str = Field(default="", description="why it is not aligned")
    attempts: int = Field(default=0, description="claims, counted before the work begins")
    fence: int = Field(default=0)
    lease_until: datetime | None = Field(default=None)
    wanted_at: datetime
    made_at: datetime | None = Field(default=None)
