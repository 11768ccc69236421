"""Who and what was turned away, for the screen: equal refusals are counted, and the rows stay few whatever comes.

A stranger chooses its titles, addresses and classes freely, so strangers share one allowance of rows, and each node has
its own. What exceeds it is counted in one more row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from gateway.records.database import Database
from gateway.records.tables.administration import Refusal

MOST_OF_STRANGERS: Final = 100
MOST_OF_A_NODE: Final = 40
_LONGEST: Final = 500
"""Characters of a text; what a peer sent may be part of it."""


@dataclass(frozen=True)
class NewRefusal:
    """One refusal, or `times` equal ones; `node` is the node or account it comes from, empty for a stranger."""

    calling_ae_title: str
    address: str
    why: str
    fix: str
    node: str = ""
    times: int = 1


def refuse(database: Database, refused: NewRefusal) -> None:
    """Count a refusal."""
    with database.write("refuse") as session:
        count(session, database.now(session), refused)


def count(session: Session, now: datetime, refused: NewRefusal) -> None:
    """The same in the caller's transaction."""
    refused = replace(refused, why=refused.why[:_LONGEST], fix=refused.fix[:_LONGEST])
    of_node = select(func.count()).select_from(Refusal).where(Refusal.node == refused.node)
    is_known = session.exec(
        of_node.where(
            Refusal.calling_ae_title == refused.calling_ae_title,
            Refusal.address == refused.address,
            Refusal.why == refused.why,
        )
    ).one()
    most = MOST_OF_A_NODE if refused.node else MOST_OF_STRANGERS
    if not is_known and session.exec(of_node).one() >= most:
        refused = _others(refused)
    upsert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = Refusal(
        node=refused.node,
        calling_ae_title=refused.calling_ae_title,
        address=refused.address,
        why=refused.why,
        fix=refused.fix,
        times=refused.times,
        first_at=now,
        last_at=now,
    )
    session.execute(
        upsert(Refusal)
        .values(row.model_dump(exclude={"id"}))
        .on_conflict_do_update(
            index_elements=["node", "calling_ae_title", "address", "why"],
            set_={"times": col(Refusal.times) + refused.times, "last_at": now, "fix": refused.fix},
        )
    )


def _others(refused: NewRefusal) -> NewRefusal:
    """The row of everything that has none of its own."""
    if refused.node:
        return replace(
            refused,
            calling_ae_title="",
            address="",
            why="Refused for other reasons, too many to list.",
            fix="The log of the gateway names each.",
        )
    return replace(
        refused,
        calling_ae_title="",
        address="",
        why="Other callers that no node matches, too many to list.",
        fix="The log of the gateway names each; a firewall can keep strangers from the port.",
    )
