"""The reading queue: which cases are in which of its views, counted all and read a page at a time.

Thousands of cases are over and stay in the records; a look at the queue must not read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, true
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from gateway.lifecycle import OVER, CaseState
from gateway.records.accounts import Viewer
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import NEEDS_ATTENTION, Case
from gateway.records.views import conflict_rows, reply_rows

PAGE = 100
"""Cases of one page."""
VIEWS = ("open", "to-read", "mine", "parked", "all")
"""`mine`: claimed by the viewer now; `parked`: needs a person's attention; `all` includes what is over."""
_NOT_LISTED = ("verdict", "explanation", "manifest", "composed", "commitment_transactions")


@dataclass(frozen=True)
class QueueRow:
    """One line of the reading queue: pseudonyms only."""

    id: int
    pseudonym: str
    site: str
    state: str
    referral: str
    urgency: str
    readability: str
    overruled: str  # what a reader judged instead; empty: the verdict stands
    rule_title: str
    destination: str
    shifted_study_date: str
    sequences: tuple[str, ...]
    problem: str
    fix: str
    waiting_for: str
    claimed_by: int | None
    claimed_by_name: str
    claimed_until: datetime | None
    late_images: bool
    addendum_wanted: bool
    contested: str  # why nothing of it leaves and nobody signs; empty: it is not contested
    site_report: bool  # the reading site's own report is safe at the sender
    created_at: datetime
    updated_at: datetime
    forgotten_at: datetime | None

    def is_claimed(self, now: datetime) -> bool:
        """Whether a reader holds the case now: a claim ends by itself."""
        return self.claimed_by is not None and self.claimed_until is not None and self.claimed_until > now


@dataclass(frozen=True)
class Queue:
    """One page (from 1) of one view, with how many cases there are in each."""

    view: str
    rows: tuple[QueueRow, ...]
    counts: Mapping[str, int]
    page: int

    @property
    def pages(self) -> int:
        """How many pages this view has; at least one."""
        return _pages(self.counts[self.view])


def queue(session: Session, viewer: Viewer, view: str, page: int, now: datetime) -> Queue:
    """The cases a viewer may see, most urgent first; a page behind the last is the last."""
    conditions = {name: _in_view(name, viewer, now) for name in VIEWS}
    counts = {
        name: session.exec(select(func.count()).select_from(Case).where(condition)).one()
        for name, condition in conditions.items()
    }
    page = min(max(page, 1), _pages(counts[view]))
    return Queue(view, _rows(session, conditions[view], page), counts, page)


def every_case(session: Session, viewer: Viewer) -> Iterator[QueueRow]:
    """All cases a viewer may see, those that are over included."""
    condition = col(Case.site) == viewer.site if viewer.site else true()
    page = 1
    while rows := _rows(session, condition, page):
        yield from rows
        page += 1


def _pages(cases: int) -> int:
    return max(1, -(-cases // PAGE))


def _rows(session: Session, condition: Any, page: int) -> tuple[QueueRow, ...]:
    order = (col(Case.priority), col(Case.created_at), col(Case.id))
    # First their numbers, then they: sorting must not carry the whole rows about.
    numbers = session.exec(
        select(Case.ids()).where(condition).order_by(*order).limit(PAGE).offset((page - 1) * PAGE)
    ).all()
    cases = session.exec(
        select(Case, Account)
        .join(Account, isouter=True)
        .where(col(Case.id).in_(numbers))
        .options(*(defer(getattr(Case, name), raiseload=True) for name in _NOT_LISTED))
        .order_by(*order)
    )
    reported = reply_rows.reported_cases(session, numbers)
    listed = cases.all()
    contested = conflict_rows.contested(session, [case.study_id for case, _ in listed])
    return tuple(
        queue_row(case, holder, contested.get(case.study_id, ("", 0))[0], case.id in reported)
        for case, holder in listed
    )


def _in_view(view: str, viewer: Viewer, now: datetime) -> Any:  # a text is no ColumnElement
    conditions: dict[str, Any] = {
        "open": col(Case.state).in_([state for state in CaseState if state not in OVER]),
        "to-read": and_(col(Case.state) == CaseState.FORWARDED, col(Case.problem) == ""),
        "mine": and_(col(Case.claimed_by) == viewer.account_id, col(Case.claimed_until) > now),
        "parked": NEEDS_ATTENTION,
        "all": true(),
    }
    return and_(conditions[view], col(Case.site) == viewer.site) if viewer.site else conditions[view]


def queue_row(case: Case, holder: Account | None, contested: str, site_report: bool) -> QueueRow:
    """A case as a line of the queue; `holder` is who claimed it last, `contested` why nothing of it leaves."""
    kinds = tuple(dict.fromkeys(str(series.get("kind", "")) for series in case.series))
    return QueueRow(
        case.saved_id,
        case.pseudonym,
        case.site,
        case.state,
        case.referral,
        case.urgency,
        case.readability,
        str(case.overrule.get("readability", "")),
        case.rule_title,
        case.destination,
        case.shifted_study_date,
        kinds,
        case.problem,
        case.fix,
        case.waiting_for,
        case.claimed_by,
        holder.display_name if holder else "",
        case.claimed_until,
        case.late_images,
        case.addendum_wanted,
        contested,
        site_report,
        case.created_at,
        case.updated_at,
        case.forgotten_at,
    )
