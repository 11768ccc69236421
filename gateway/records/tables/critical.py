"""The tables of what has to reach somebody: critical results until they are acknowledged, and each message of them."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Index, text
from sqlmodel import Field, col

from gateway.records.tables.cases import Case
from gateway.records.tables.columns import Numbered, one_of

ACKNOWLEDGED_BY: Final = ("", "page", "api", "telephone")
"""Which way it was acknowledged; empty: it was not."""
CHANNELS: Final = ("mail", "webhook")
IS_OPEN: Final = text("acknowledged_at IS NULL")
"""Critical results that wait for somebody, word for word as their index says it: only so is it used."""
IS_UNSENT: Final = text("sent_at IS NULL AND dropped_at IS NULL")
"""Messages still to be sent, word for word as their index says it."""


class CriticalResult(Numbered, table=True):
    """A signed report that somebody at the sender has to acknowledge; it stays open until that happens."""

    __tablename__ = "critical_result"
    __table_args__ = (
        one_of("way", ACKNOWLEDGED_BY, "way"),
        Index("ix_critical_result_open", "next_at", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
    )

    case_id: int = Field(foreign_key="case.id", index=True)
    report_id: int = Field(foreign_key="report.id", unique=True)
    site: str = Field(index=True)
    raised_at: datetime
    step: int = Field(default=0, description="steps of the chain that were rung")
    next_at: datetime | None = Field(
        default=None, description="when the next step is due; None: the chain has ended"
    )
    chain_ended_at: datetime | None = Field(default=None, description="when the lead was rung")
    acknowledged_at: datetime | None = Field(default=None)
    acknowledged_by: str = Field(default="", description="login of who acknowledged, or noted the call")
    way: str = Field(default="", description="page, api or telephone")
    told: str = Field(default="", description="who was told by telephone, as a lead wrote it")
    told_at: datetime | None = Field(default=None, description="when that call was")
    superseded_by: int | None = Field(
        default=None,
        foreign_key="critical_result.id",
        description="the one of a later document, told instead",
    )


def is_unanswered() -> tuple[ColumnElement[bool], ...]:
    """A critical result that waits: nobody acknowledged it, no later one took its place, its patient is not forgotten.

    Of `CriticalResult` joined with its case.
    """
    return (
        col(CriticalResult.acknowledged_at).is_(None),
        col(CriticalResult.superseded_by).is_(None),
        col(Case.forgotten_at).is_(None),
    )


class ContactMessage(Numbered, table=True):
    """One message to one contact by one way; its row says whether it went out, and is its lease."""

    __tablename__ = "contact_message"
    __table_args__ = (
        one_of("channel", CHANNELS, "channel"),
        Index(
            "ix_contact_message_unsent",
            "look_again_at",
            sqlite_where=IS_UNSENT,
            postgresql_where=IS_UNSENT,
        ),
    )

    event: str = Field(unique=True, description="what it is about and to whom; a second one is not made")
    case_id: int = Field(foreign_key="case.id", index=True)
    critical_id: int | None = Field(default=None, foreign_key="critical_result.id", index=True)
    site: str = Field(default="", description="whose chain names the contact; empty: the readers'")
    contact: str = Field(description="name of the contact; its address is read when it is told")
    channel: str = Field(description="mail or webhook")
    kind: str = Field(description="critical result, reminder, urgent case or target near")
    step: int = Field(default=0, description="step of the chain, from 1; 0: of none")
    page: str = Field(description="path of the page that shows it")
    made_at: datetime
    attempts: int = Field(default=0)
    look_again_at: datetime
    sent_at: datetime | None = Field(default=None)
    dropped_at: datetime | None = Field(default=None, description="when it was no longer needed")
    problem: str = Field(default="", description="why the last try failed")
