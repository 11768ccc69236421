"""Notices and the channels that tell them, for the page that shows both."""

from __future__ import annotations

from sqlmodel import Session, col, select

from gateway.records.tables.administration import Channel, Notice


def channels(session: Session) -> list[Channel]:
    """Every channel that was ever used."""
    return list(session.exec(select(Channel).order_by(col(Channel.name))))


def newest(session: Session, limit: int = 20) -> list[Notice]:
    """The last notices, newest first."""
    return list(session.exec(select(Notice).order_by(col(Notice.id).desc()).limit(limit)))
