"""The surveillance calendar: who of a site's patients needs an MRI when, and why; enrolling, editing, ending.

A coordinator sees the own site, an administrator every site; a lead sees numbers of sites. Dates here are the real
ones, so no role sees them that sees the shifted dates of the same pseudonyms at work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from gateway.records.accounts import Viewer
from gateway.records.calendar import PatientRow
from gateway.web.foundation import enrolling
from gateway.web.foundation.calendar_access import (
    Calendar,
    CalendarViewer,
    Enroller,
    EnrolmentId,
    read_calendar,
)
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.enrolling import Imported, as_cell
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import BadRequest
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import render
from gateway.web.pages import calendar_plot
from routing_rules.surveillance.closed_wishes import in_words, name_of
from routing_rules.surveillance.due_dates import CalendarState
from routing_rules.surveillance.enrolment_cells import ImportProblem
from routing_rules.surveillance.enrolment_csv import COLUMNS
from routing_rules.surveillance.guidelines import SEQUENCE_NAMES, Guideline, SiteGuidelines, standard_table
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.treatments import written
from routing_rules.surveillance.unused import unused_inputs

router = APIRouter(include_in_schema=False)

VIEWS: Mapping[str, str] = {
    "all": "All",
    CalendarState.MISSING: "No MRI yet",
    CalendarState.OVERDUE: "Overdue",
    CalendarState.DUE: "Due",
    CalendarState.UNKNOWN_DATA: "Data missing",
    CalendarState.NOT_DUE: "Not due",
    "held": "Held",
    "ended": "Ended",
}
MOST_ROWS = 250
"""Each row has a form: the page shows the most urgent ones, and finds the others."""
ASKED_AS = {
    "prior_immunosuppression": "immunosuppression before",
    "dosing_interval_weeks": "weeks between doses",
}
"""What the form calls an input, where its column is called otherwise."""
DONE = {
    "enrolled": "Enrolled. The worker looks who it is within a minute; then the identifier is gone from here.",
    "edited": "The changes are kept.",
    "ended": "Taken off the calendar.",
    "closed": "The wish is closed, with the reason.",
    "asked_again": "The wish counts again.",
}


def chosen(calendar_: Calendar, view: str) -> tuple[PatientRow, ...]:
    """The patients of one view."""
    match view:
        case "all":
            return calendar_.patients
        case "ended":
            return calendar_.ended
        case "held":
            return tuple(row for row in calendar_.patients if row.problem)
    return tuple(row for row in calendar_.patients if not row.waiting and row.status.state == view)


@router.get("/surveillance")
def surveillance_page(
    request: Request,
    context: Context,
    viewer: CalendarViewer,
    show: str = "all",
    find: str = "",
    done: str = "",
) -> Response:
    """The calendar, most urgent first."""
    return _page(request, context, viewer, show=show, find=find.strip(), done=DONE.get(done, ""))


@router.post("/surveillance")
def enrol_page(request: Request, context: Context, viewer: Enroller, fields: Posted) -> Response:
    """Enrol one patient from the form; what cannot be read is told with the form as it was filled."""
    cells = {name: first(fields, name) for name in COLUMNS}
    enrolment_id, problems = enrolling.enrol_one(context, viewer, cells)
    if enrolment_id is None:
        return _page(request, context, viewer, status=422, problems=problems, entered=cells)
    return RedirectResponse("/surveillance?done=enrolled", status_code=303)


@router.post("/surveillance/import")
async def import_page(request: Request, context: Context, viewer: Enroller) -> Response:
    """Enrol the good lines of a CSV file and tell what is wrong with the others."""
    async with request.form() as form:
        upload = form.get("file")
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise BadRequest("No file was chosen.", "Go back and choose a CSV file.")
        content = await upload.read()
        site = str(form.get("site", ""))
    imported = await run_in_threadpool(enrolling.enrol_list, context, viewer, content, site)
    return await run_in_threadpool(
        _page, request, context, viewer, status=200 if imported.enrolled else 422, imported=imported
    )


@router.post("/surveillance/{enrolment_id}")
def edit_page(
    request: Request, context: Context, viewer: Enroller, enrolment_id: EnrolmentId, fields: Posted
) -> Response:
    """Replace what is known of a patient's risk."""
    cells = {name: first(fields, name) for name in COLUMNS}
    problems = enrolling.change(context, viewer, enrolment_id, cells)
    if problems:
        return _page(request, context, viewer, status=422, problems=problems)
    return RedirectResponse(f"/surveillance?done=edited#patient-{enrolment_id}", status_code=303)


@router.post("/surveillance/{enrolment_id}/end")
def end_page(context: Context, viewer: Enroller, enrolment_id: EnrolmentId, fields: Posted) -> Response:
    """Take a patient off the calendar; a reason is required."""
    enrolling.end(context, viewer, enrolment_id, first(fields, "why"))
    return RedirectResponse("/surveillance?done=ended", status_code=303)


@router.post("/surveillance/{enrolment_id}/wish")
def wish_page(context: Context, viewer: Enroller, enrolment_id: EnrolmentId, fields: Posted) -> Response:
    """Close a wish of a report that nothing will answer, or ask for a closed one again; a reason is required."""
    closed = first(fields, "do") != "ask_again"
    enrolling.judge_wish(
        context, viewer, enrolment_id, first(fields, "wish"), first(fields, "why"), closed=closed
    )
    done = "closed" if closed else "asked_again"
    return RedirectResponse(f"/surveillance?done={done}#patient-{enrolment_id}", status_code=303)


def risk_values(row: PatientRow) -> dict[str, str]:
    """What is known of a patient as the fields of the form; unknown is empty."""
    known = {**vars(row.risk), "last_mri_on": row.said_last_mri_on}
    told = {name: as_cell(value) for name, value in known.items()}
    return {
        **told,
        "treatments": written(row.risk.treatments),
        "jcv_status": "" if row.risk.jcv_status is JcvStatus.UNKNOWN else str(row.risk.jcv_status),
    }


def guidelines_shown(
    declared: SiteGuidelines, calendar_: Calendar, viewer: Viewer
) -> list[tuple[str, Guideline, tuple[str, ...]]]:
    """Each site with its guideline, and what is asked about a patient and changes no date under it."""
    own_sites = {summary.site for summary in calendar_.summaries} | ({viewer.site} if viewer.site else set())
    return [(site, declared.of(site), unused_inputs(declared.of(site))) for site in sorted(own_sites)]


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    *,
    show: str = "all",
    find: str = "",
    status: int = 200,
    done: str = "",
    problems: Sequence[ImportProblem] = (),
    entered: Mapping[str, str] | None = None,
    imported: Imported | None = None,
) -> Response:
    calendar_ = read_calendar(context, viewer)
    view = show if show in VIEWS else "all"
    wanted = find.casefold()
    rows = [row for row in chosen(calendar_, view) if wanted in f"{row.label} {row.pseudonym}".casefold()]
    own_sites = enrolling.sites(context, viewer) if has(viewer, Right.ENROL) else []
    values: dict[str, Any] = {
        "today": calendar_.today,
        "sites": calendar_.summaries,
        "state_bar": calendar_plot.state_bar,
        "month_bars": calendar_plot.month_bars,
        "order": calendar_plot.ORDER,
        "views": VIEWS,
        "shown": view,
        "counts": {name: len(chosen(calendar_, name)) for name in VIEWS},
        "find": find,
        "patients": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "own_sites": own_sites,
        "site_options": [("", "–"), *((site, site) for site in own_sites)],
        "columns": [name for name in COLUMNS if name != "patient_id"],
        "risk_values": risk_values,
        "wish_name": name_of,
        "wish_words": in_words,
        "notes": standard_table().notes,
        "sequence_names": SEQUENCE_NAMES,
        "asked_as": ASKED_AS,
        "guidelines": guidelines_shown(context.guidelines, calendar_, viewer),
        "done": done,
        "problems": problems,
        "entered": entered or {},
        "imported": imported,
    }
    return render(request, "surveillance.html", viewer, status=status, **values)
