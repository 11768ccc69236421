"""Units of the engine's work: what they are, whose journal tells of them, and how one stops for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from gateway.records.ledger.journal import add_line
from gateway.records.ledger.notices import raise_notice
from gateway.records.step_record import NOTHING, StepRecord
from gateway.records.tables.cases import Case, Reply
from gateway.records.tables.commitments import OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Study

UNITS: dict[str, type[Case] | type[Conflict] | type[OwedResult] | type[Reply] | type[Study]] = {
    "case": Case,
    "conflict": Conflict,
    "reply": Reply,
    "result": OwedResult,
    "study": Study,
}
"""What the engine works on; cases go first, because a reader or a sender waits for them."""


@dataclass(frozen=True)
class Claim:
    """A unit of work held by one worker until its lease ends; `fence` proves it is still theirs."""

    unit: str
    """case, conflict, reply, result or study"""
    id: int
    state: str
    fence: int
    attempts: int
    worker: str
    failing_since: datetime | None = None
    peer: str = ""
    """The node that the step in this state talks to, if it talks to one."""


def place_of(row: Case | Conflict | OwedResult | Reply | Study) -> tuple[int | None, int | None]:
    """The study and the case whose journal tells of a unit; a reply that fits no case, and a result, have neither."""
    if isinstance(row, Study):
        return row.id, None
    if isinstance(row, Conflict):
        return row.study_id, None
    if isinstance(row, OwedResult):
        return None, None
    return row.study_id, row.id if isinstance(row, Case) else row.case_id


def park_row(
    session: Session,
    row: Case | Conflict | OwedResult | Reply | Study,
    claim: Claim,
    now: datetime,
    problem: str,
    fix: str,
    record: StepRecord = NOTHING,
) -> None:
    """Stop a unit until a person retries it: in its journal, and as a notice."""
    row.problem, row.fix = problem, fix
    note(session, row, now, "parked", record, problem=problem, fix=fix)
    _raise_notice(session, row, claim, now)


def _raise_notice(
    session: Session, row: Case | Conflict | OwedResult | Reply | Study, claim: Claim, now: datetime
) -> None:
    """Tell those who do not look at a page that a unit needs a person."""
    page = {
        "case": f"/cases/{claim.id}",
        "study": "/studies",
        "reply": "/replies",
        "result": "/nodes",
        "conflict": "/studies",
    }[claim.unit]
    name = {"reply": "Object of a reading site", "result": "Result of storage commitment"}
    case = session.get(Case, row.case_id) if isinstance(row, Reply) and row.case_id else None
    event, site = f"{claim.unit} {claim.id} parked {claim.fence}", case.site if case else ""
    if isinstance(row, OwedResult):  # a sender that takes no result asks for many: one notice a day is enough
        event = f"results owed to {row.node} parked {now.date()}"
    elif not isinstance(row, Reply):
        site = row.site
    raise_notice(
        session,
        now,
        event,
        f"{name.get(claim.unit, claim.unit.title())} {claim.id} needs a person.",
        page,
        site,
    )


def note(
    session: Session,
    row: Case | Conflict | OwedResult | Reply | Study,
    now: datetime,
    what: str,
    record: StepRecord,
    reached: str = "",
    **more: str,
) -> None:
    """A line in the journal of a unit's study and case, if it has them."""
    study_id, case_id = place_of(row)
    if study_id is None:
        return  # a reply that fits no case, a result: its own row and page tell of it
    if isinstance(row, Reply):  # what it reached is not what its case reached
        what, reached = f"object of the reading site: {what}", ""
    add_line(session, study_id, case_id, now, what, reached, detail={**more, **record.note})
