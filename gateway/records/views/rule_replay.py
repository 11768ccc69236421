"""Studies as they were when they were routed, for draft rules to be tried on. Only looks."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from gateway.records.tables.studies import Study
from routing_rules.facts import StudyFacts
from routing_rules.replay import StoredStudy


def studies_since(session: Session, since: datetime) -> tuple[StoredStudy, ...]:
    """Every study whose first instance came at or after `since` and whose facts were read, oldest first."""
    rows = session.exec(
        select(Study).where(col(Study.first_instance_at) >= since).order_by(col(Study.first_instance_at))
    )
    return tuple(
        StoredStudy(f"study {row.id}", _utc(row.first_instance_at), row.site, StudyFacts.from_json(row.facts))
        for row in rows
        if row.facts
    )


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
