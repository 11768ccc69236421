"""Two versions of a study's objects under the same UIDs, or two patients in one study: what differs, and who decided.

No value of an object is here: only which attributes differ, and in how many objects. The values stand in the originals.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field

from gateway.lifecycle import OPEN_CONFLICT, Choice, ConflictState
from gateway.records.tables.columns import Due, one_of

_OPEN = text(f"state IN ({', '.join(sorted(repr(str(state)) for state in OPEN_CONFLICT))})")


TWO_IDENTITIES = "two identities"
"""The kind of a conflict between objects of one study that name different patients."""


class Conflict(Due, table=True):
    """One question about one study; while it is open the study is contested. A study has one open at most."""

    __tablename__ = "conflict"
    __table_args__ = (
        one_of("state", tuple(ConflictState), "state"),
        one_of("choice", ("", *Choice), "choice"),
        Index(
            "uq_conflict_open_of_study", "study_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )

    study_id: int = Field(foreign_key="study.id", index=True)
    site: str
    state: str = Field(default=ConflictState.RECEIVED, index=True)
    kind: str = Field(default="", description="the gravest difference, in words; empty: not compared yet")
    objects: int = Field(default=0, description="how many objects differ")
    differences: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Per attribute that differs: `path` (keywords, no values), `concern`, `objects` (in how many)."""
    kinds: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """How many objects differ in each kind."""
    senders: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The nodes that sent the later versions; an empty text is an account."""
    first_id: int | None = Field(
        default=None, description="of two identities: an instance that states the first"
    )
    other_id: int | None = Field(default=None, description="of two identities: one that states the other")
    choice: str = Field(default="", description="newer, first or neither; empty: not decided")
    decided_by: str = Field(default="")
    why: str = Field(default="")
    decided_at: datetime | None = Field(default=None)
    received_at: datetime = Field(description="when the first differing version came")
    last_at: datetime = Field(description="when the last one came")
    reached_at: datetime
