"""Which other system the next step of a unit talks to, so that one that hangs does not get every worker."""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, literal
from sqlmodel import SQLModel, col

from gateway.lifecycle import CaseState, ReplyState, ResultState
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.commitments import OwedResult


def peer_of(table: type[SQLModel]) -> ColumnElement[str]:
    """The name of that node, as an expression on the unit's row; empty when its step stays in the house."""
    if table is Reply:
        outside = col(Reply.state).in_((ReplyState.RESTORED, ReplyState.RETURNED))
        return case((outside, col(Reply.returns_to)), else_="")
    if table is OwedResult:
        return case((col(OwedResult.state) == ResultState.OWED, col(OwedResult.node)), else_="")
    if table is not Case:
        return literal("")
    return case(
        (col(Case.state) == CaseState.PREPARED, col(Case.destination)),
        (col(Case.state).in_((CaseState.COMPOSED, CaseState.RETURNED)), col(Case.returns_to)),
        else_="",
    )
