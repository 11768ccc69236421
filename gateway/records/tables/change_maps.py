"""The table of maps of change: of a case against a prior case, wanted once both are aligned."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel

import gateway.records.tables.cases  # noqa: F401  a foreign key points at them
from gateway.records.tables.columns import one_of

WAITING: Final = "waiting"
MADE: Final = "made"
NONE: Final = "none"
STATES: Final = (WAITING, MADE, NONE)
IS_WAITING: Final = text("state = 'waiting'")
"""Maps that are still to be made, word for word as their index says it."""


class CaseChangeMap(SQLModel, table=True):
    """What became bright between two cases of one patient: the voxels lie with the pictures of the current case."""

    __tablename__ = "case_change_map"
    __table_args__ = (
        one_of("state", STATES, "state"),
        Index("ix_case_change_map_waiting", "case_id", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
    )

    case_id: int = Field(primary_key=True, foreign_key="case.id")
    prior_case_id: int = Field(primary_key=True, foreign_key="case.id")
    state: str = Field(default=WAITING)
    version: str = Field(description="of the copies of the case, as its pictures have it")
    prior_version: str
    stack: str = Field(description="key of the FLAIR volume")
    prior_stack: str
    transform: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    """Rigid, 3 rows of 4: mm of the prior to mm of the case (LPS)."""
    result: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Its components and figures (`decoding.changes.Changes`)."""
    why: str = Field(default="", description="why there is none")
    attempts: int = Field(default=0, description="claims, counted before the work begins")
    fence: int = Field(
        default=0, description="grows with each claim; an outcome with an older one is refused"
    )
    lease_until: datetime | None = Field(default=None, description="when another worker may take over")
    wanted_at: datetime
    made_at: datetime | None = Field(default=None)
