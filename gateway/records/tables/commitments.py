"""The table of what we owe those who ask us for storage commitment."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field

from gateway.lifecycle import ResultState
from gateway.records.tables.columns import Due, one_of


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
