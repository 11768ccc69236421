"""What the engine reaches is in the audit trail where somebody else has something from then on."""

from __future__ import annotations

from gateway.records.database import Database
from support.records import FakeClock, audit_events, forwarded_case


def test_what_came_and_what_left_is_told_with_where(database: Database, clock: FakeClock) -> None:
    """A study with its sender and address, copies with their destination; the gateway itself has no address."""
    case_id = forwarded_case(database, clock)
    events = audit_events(database)
    assert [(event.action, event.subject, event.address) for event in events] == [
        ("study received", "study 1", "127.0.0.1"),
        ("copies prepared", f"case {case_id}", ""),
        ("images forwarded", f"case {case_id}", ""),
    ]
    assert events[0].detail == {"sender": "hospital-pacs", "by": "c-store", "objects": 1}
    assert (events[2].detail, events[2].case_id) == ({"study": 1, "node": "reading-site"}, case_id)
