"""What the audit trail tells: its table of events."""

from __future__ import annotations

from gateway.records.audit.events import CODES, EVENTS, Event
from reference.marks import table


def audit_events() -> str:
    """Every event, with its codes in a DICOM audit message."""
    rows = (
        (f"`{event.name}`", event.when, event.outcome, *_coded(event), event.action)
        for event in EVENTS.values()
    )
    return table(("event", "written when", "outcome", "EventID", "EventTypeCode", "action"), rows)


def _coded(event: Event) -> tuple[str, str]:
    identity, kind = CODES[event.kind]
    return " ".join(identity), " ".join(kind) if kind is not None else ""
