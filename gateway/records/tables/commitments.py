"""Storage commitment both ways: what we asked and were answered, and what we owe those who ask us."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from gateway.lifecycle import ResultState
from gateway.records.tables.columns import Due, one_of


class Commitment(SQLModel, table=True):
    """A storage commitment request of ours (PS3.4 Annex J) and its answer, whenever and however that came."""

    __tablename__ = "commitment"

    transaction_uid: str = Field(primary_key=True)
    node: str = Field(description="the node that was asked: no other may answer")
    unit: str = Field(description="case or reply: what was asked for")
    unit_id: int
    asked: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False), description="SOP Instance UIDs"
    )
    asked_at: datetime
    taken: bool = Field(default=False, description="the node is known to have taken the request")
    committed: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    failed: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    answered_at: datetime | None = Field(default=None, description="None: not yet")


class OwedResult(Due, table=True):
    """A storage commitment request of a node (PS3.4 Annex J), and how far its result has come."""

    __tablename__ = "owed_result"
    __table_args__ = (
        UniqueConstraint("node", "transaction_uid"),
        one_of("state", tuple(ResultState), "state"),
    )

    node: str = Field(description="the node that asked, and is told")
    calling_ae_title: str = Field(description="the title it asked with")
    transaction_uid: str
    state: str = Field(default=ResultState.OWED, index=True)
    wanted: list[Any] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="SOP Class and Instance UID of each object it asked about; empty when nothing is owed any more",
    )
    objects: int = Field(description="how many it asked about")
    kept: int | None = Field(
        default=None, description="how many of them it was told are kept; None: not told yet"
    )
    asked_at: datetime
    reached_at: datetime
