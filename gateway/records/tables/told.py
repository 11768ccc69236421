"""The table of what a hospital told about the patient of a study, and of what the order in its images says."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

import gateway.records.tables.cases  # noqa: F401  a foreign key points at them


class HospitalContext(SQLModel, table=True):
    """What a hospital told; its texts are shown to readers once the worker has looked at this version of them."""

    __tablename__ = "hospital_context"

    study_id: int = Field(primary_key=True, foreign_key="study.id")
    version: int = Field(default=0, description="grows with each change; 0: nothing was told")
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    contacts: str = Field(default="", description="whom to call at the hospital")
    told_by: str = Field(default="", description="login of who told last")
    told_at: datetime | None = Field(default=None)
    checked: int = Field(
        default=0, description="version whose texts the worker has compared with the originals"
    )
    withheld: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Fields whose text says something of this patient: no reader sees them."""
    order_of: int = Field(default=0, description="generation of the study whose order was read; 0: not yet")
    order: list[Any] = Field(default_factory=list, sa_column=Column("order_texts", JSON, nullable=False))
    """What the order says and anybody may read: pairs of attribute and text."""
    order_hidden: int = Field(default=0, description="texts of the order that are not shown")
