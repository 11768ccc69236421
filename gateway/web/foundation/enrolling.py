"""Enrolling from a page, a list or a program: read, checked, and sealed before anything is kept.

The web role has no key: who a patient is leaves this module only as a letter to the worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.errors import Invalid, NotThere
from gateway.records import calendar, ledger
from gateway.records.accounts import Viewer
from gateway.records.identities import sealed_letters
from gateway.web.foundation.context import WebContext
from routing_rules.surveillance.closed_wishes import ClosedWish, name_of
from routing_rules.surveillance.due_dates import ReportWish
from routing_rules.surveillance.enrolment_cells import ImportProblem
from routing_rules.surveillance.enrolment_csv import (
    EnrolmentRow,
    read_enrolment,
    read_enrolments,
    read_risk,
    text_of,
)


@dataclass(frozen=True)
class Imported:
    """What became of a list: good lines are enrolled, the others are told with their fix."""

    enrolled: int
    problems: tuple[ImportProblem, ...]
    ignored_columns: tuple[str, ...] = ()


def today(context: WebContext) -> date:
    """The database's day, UTC."""
    with context.database.read() as session:
        return context.database.now(session).date()


def sites(context: WebContext, viewer: Viewer) -> list[str]:
    """The sites this viewer may enrol for."""
    if viewer.site:
        return [viewer.site]
    with context.database.read() as session:
        known = calendar.sites(session)
    return sorted({*known, *(node.site for node in context.directory() if node.site)})


def enrol_one(
    context: WebContext, viewer: Viewer, cells: Mapping[str, str]
) -> tuple[int | None, tuple[ImportProblem, ...]]:
    """Enrol one patient from fields named as the columns of a list; the number of the entry, or the problems."""
    allowed = sites(context, viewer)
    row, problems = read_enrolment(cells, today(context), allowed[0] if len(allowed) == 1 else "")
    if row is None:
        return None, problems
    wrong = _of_another_site(row, allowed)
    if wrong is not None:
        return None, (wrong,)
    [enrolment_id] = _keep(context, viewer, [row])
    return enrolment_id, ()


def enrol_list(context: WebContext, viewer: Viewer, content: bytes, default_site: str) -> Imported:
    """Enrol the good lines of a list."""
    allowed = sites(context, viewer)
    found = read_enrolments(text_of(content), today(context), viewer.site or default_site)
    foreign = {row.line: wrong for row in found.rows if (wrong := _of_another_site(row, allowed))}
    good = [row for row in found.rows if row.line not in foreign]
    if good:
        _keep(context, viewer, good)
    problems = sorted((*found.problems, *foreign.values()), key=lambda one: one.line)
    return Imported(len(good), tuple(problems), found.ignored_columns)


def change(
    context: WebContext, viewer: Viewer, enrolment_id: int, cells: Mapping[str, str]
) -> tuple[ImportProblem, ...]:
    """Replace what is known of a patient's risk; the problems, when nothing was changed. Raises NotThere."""
    check_own(context, viewer, enrolment_id)
    risk, last, label, problems = read_risk(cells, today(context))
    if not problems:
        ledger.edit_enrolment(context.database, enrolment_id, label, risk, last, viewer.login)
    return problems


def end(context: WebContext, viewer: Viewer, enrolment_id: int, why: str) -> None:
    """Take a patient off the calendar. Raises Invalid without a reason, NotThere."""
    check_own(context, viewer, enrolment_id)
    if not why.strip():
        raise Invalid(
            "Ending needs a reason.", "Write why, without patient data: it stays in the audit trail."
        )
    ledger.end_enrolment(context.database, enrolment_id, viewer.login, why.strip()[:500])


def judge_wish(
    context: WebContext, viewer: Viewer, enrolment_id: int, name: str, why: str, *, closed: bool
) -> None:
    """Close a wish of a report, or ask again for a closed one. Raises Invalid without a reason, NotThere."""
    check_own(context, viewer, enrolment_id)
    if not why.strip():
        raise Invalid(
            "Closing a wish, or asking again, needs a reason.",
            "Write why, without patient data: it stays on the page and in the audit trail.",
        )
    with context.database.read() as session:
        now = context.database.now(session).date()
        row = calendar.patient_row(session, enrolment_id, now, context.guidelines)
    known: dict[str, ReportWish | ClosedWish] = (
        {name_of(each): each for each in row.wishes}
        if closed
        else {each.wish: each for each in row.closed_wishes}
    )
    if name not in known:
        raise NotThere(
            f"No {'open' if closed else 'closed'} wish of enrolment {enrolment_id} is called {name[:60]!r}.",
            "Load the calendar again: an MRI or a report may have come meanwhile.",
        )
    ledger.judge_wish(context.database, enrolment_id, known[name], viewer.login, why.strip()[:500])


def check_own(context: WebContext, viewer: Viewer, enrolment_id: int) -> None:
    """Raises NotThere for another site's entry, as for one that does not exist."""
    with context.database.read() as session:
        site = calendar.site_of(session, enrolment_id)
    if site is None or (viewer.site and site != viewer.site):
        raise NotThere(f"There is no enrolment {enrolment_id}.", "The page lists those you may see.")


def as_cell(value: object) -> str:
    """A value as a form or a list has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_another_site(row: EnrolmentRow, allowed: list[str]) -> ImportProblem | None:
    if row.site in allowed:
        return None
    fix = f"Write {' or '.join(allowed)}." if allowed else "Give a node or an account this site first."
    said = "is not one you may enrol for" if row.site else "is empty"
    return ImportProblem(row.line, "site", said, row.site[:40], fix)


def _keep(context: WebContext, viewer: Viewer, rows: list[EnrolmentRow]) -> list[int]:
    with context.database.read() as session:
        public = sealed_letters.public_key(session)
    return ledger.enrol(
        context.database, [ledger.sealed_enrolment(row, public) for row in rows], viewer.login
    )
