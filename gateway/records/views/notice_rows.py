"""Notices, the channels that tell them, and the certificates they warn of, for the page that shows all."""

from __future__ import annotations

from sqlmodel import Session, col, select

from gateway.records.tables.administration import Channel, Notice, ShownCertificate


def channels(session: Session) -> list[Channel]:
    """Every channel that was ever used."""
    return list(session.exec(select(Channel).order_by(col(Channel.name))))


def newest(session: Session, limit: int = 20) -> list[Notice]:
    """The last notices, newest first."""
    return list(session.exec(select(Notice).order_by(col(Notice.id).desc()).limit(limit)))


def shown_certificates(session: Session) -> list[ShownCertificate]:
    """What each node showed last, by node and use."""
    order = col(ShownCertificate.node), col(ShownCertificate.use)
    return list(session.exec(select(ShownCertificate).order_by(*order)))
