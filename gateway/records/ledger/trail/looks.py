"""What somebody looked at, or was not let do: the line is committed before the answer goes out."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.records.database import Database
from gateway.records.ledger import audit_trail


@dataclass(frozen=True)
class Look:
    """A look as the trail tells it."""

    who: str
    event: str
    subject: str
    address: str
    case: int | None = None
    asked: tuple[tuple[str, str], ...] = ()
    """What was looked for, by the names of the fields."""
    again: int = 0
    """How often it was repeated, in the line that tells of that."""


def note_look(database: Database, look: Look) -> None:
    """Write a look into the trail."""
    with database.write("note_look") as session:
        audit_trail.append(
            session,
            database.now(session),
            look.who,
            look.event,
            look.subject,
            {**dict(look.asked), **({"again": look.again} if look.again else {})},
            address=look.address,
            case=look.case,
        )
