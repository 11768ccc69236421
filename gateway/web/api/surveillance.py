"""The surveillance calendar for programs: the same rights, the same checks, JSON and CSV."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from gateway.errors import Invalid
from gateway.records.calendar import PatientRow
from gateway.web.foundation import enrolling
from gateway.web.foundation.calendar_access import CalendarViewer, Enroller, EnrolmentId, read_calendar
from gateway.web.foundation.context import Context
from gateway.web.foundation.problems import problem
from gateway.web.foundation.redaction import without_uids
from gateway.web.foundation.rights import Right, has
from routing_rules.surveillance.closed_wishes import in_words, name_of
from routing_rules.surveillance.enrolment_cells import ImportProblem
from routing_rules.surveillance.enrolment_csv import LONGEST_LABEL
from routing_rules.surveillance.risk import JcvStatus
from routing_rules.surveillance.sites import SiteSummary
from routing_rules.surveillance.treatments import FORM, written

api = APIRouter(prefix="/api/surveillance", tags=["surveillance"])


class RiskBody(BaseModel):
    """What is known of a patient's risk; whatever is left out or null is not known."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field("", max_length=LONGEST_LABEL, description="a register number; no name, no birth date")
    enrolled_on: date | None = None
    jcv_status: JcvStatus = JcvStatus.UNKNOWN
    jcv_index: float | None = None
    months_on_natalizumab: float | None = None
    recorded_on: date | None = Field(None, description="the day the months are of; without it today")
    prior_immunosuppression: bool | None = None
    dosing_interval_weeks: float | None = None
    stopped_on: date | None = None
    tested_on: date | None = Field(None, description="the day of the antibody test")
    treatments: str = Field("", max_length=2000, description=f"periods, as {FORM}")
    last_mri_on: date | None = None
    last_full_mri_on: date | None = Field(
        None, description="the last one that was full; the manual says what that is"
    )
    last_contrast_mri_on: date | None = Field(None, description="the last one at which contrast was given")

    def cells(self) -> dict[str, str]:
        """The same as the fields of a form."""
        return {name: enrolling.as_cell(value) for name, value in self.model_dump(mode="json").items()}


class EnrolmentBody(RiskBody):
    """A patient to enrol. PatientID and issuer are sealed at once and cannot be read back here."""

    patient_id: str = Field(min_length=1, max_length=64, description="PatientID as the PACS sends it")
    issuer: str = Field("", max_length=64, description="IssuerOfPatientID, if the PACS sends one")
    site: str = Field("", description="only for accounts of every site")


class Ending(BaseModel):
    """Why a patient is taken off the calendar."""

    why: str = Field(min_length=1, max_length=500, description="the reason, without patient data")


class WishBody(BaseModel):
    """A wish of a report that a person closes, or asks for again."""

    wish: str = Field(max_length=100, description="its name, as the calendar lists it")
    closed: bool = Field(True, description="false: a closed wish counts again")
    why: str = Field(min_length=1, max_length=500, description="the reason, without patient data")


@api.get("")
def calendar_json(context: Context, viewer: CalendarViewer, site: str = "") -> dict[str, Any]:
    """Numbers of each site; for coordinators and administrators also each patient, most urgent first."""
    found = read_calendar(context, viewer, site)
    told: dict[str, Any] = {"today": found.today.isoformat()}
    full = has(viewer, Right.ENROL)
    told["sites"] = [_site(one, with_months=full) for one in found.summaries]
    if full:
        told["patients"] = [patient_json(row) for row in (*found.patients, *found.ended)]
    return without_uids(told)


@api.post("", status_code=201)
def enrol_json(context: Context, viewer: Enroller, body: EnrolmentBody) -> Response:
    """Enrol one patient; the worker identifies it within a minute."""
    enrolment_id, problems = enrolling.enrol_one(context, viewer, body.cells())
    if enrolment_id is None:
        return _refused(problems)
    return JSONResponse({"id": enrolment_id}, status_code=201)


@api.post("/import")
async def import_json(request: Request, context: Context, viewer: Enroller, site: str = "") -> Response:
    """Enrol the good lines of a CSV list (the body); answers with the number and with every bad line and its fix."""
    content = await request.body()
    found = await run_in_threadpool(enrolling.enrol_list, context, viewer, content, site)
    body = {
        "enrolled": found.enrolled,
        "problems": [vars(one) for one in found.problems],
        "ignored_columns": list(found.ignored_columns),
    }
    return JSONResponse(without_uids(body))


@api.put("/{enrolment_id}", status_code=204)
def edit_json(context: Context, viewer: Enroller, enrolment_id: EnrolmentId, body: RiskBody) -> Response:
    """Replace what is known of a patient's risk."""
    problems = enrolling.change(context, viewer, enrolment_id, body.cells())
    return _refused(problems) if problems else Response(status_code=204)


@api.post("/{enrolment_id}/end", status_code=204)
def end_json(context: Context, viewer: Enroller, enrolment_id: EnrolmentId, body: Ending) -> Response:
    """Take a patient off the calendar."""
    enrolling.end(context, viewer, enrolment_id, body.why)
    return Response(status_code=204)


@api.post("/{enrolment_id}/wish", status_code=204)
def wish_json(context: Context, viewer: Enroller, enrolment_id: EnrolmentId, body: WishBody) -> Response:
    """Close a wish of a report that nothing will answer, with the reason, or ask for a closed one again."""
    enrolling.judge_wish(context, viewer, enrolment_id, body.wish, body.why, closed=body.closed)
    return Response(status_code=204)


def patient_json(row: PatientRow) -> dict[str, Any]:
    """A patient as programs of their own site read it; dates are ISO 8601."""
    due = row.status.next_due
    return {
        "id": row.id,
        "site": row.site,
        "label": row.label,
        "pseudonym": row.pseudonym,
        "state": None if row.waiting else str(row.status.state),
        "days_overdue": row.status.days_overdue,
        "last_mri_on": _iso(row.last_mri_on),
        "last_full_mri_on": _iso(row.last_full_mri_on),
        "guideline": row.guideline,
        "due_from": _iso(due.due_from if due else None),
        "due_by": _iso(due.due_by if due else None),
        "rule": due.rule_id if due else "",
        "source": due.source if due else "",
        "assumptions": list(due.assumptions) if due else [],
        "sequences": list(due.sequences) if due else [],
        "is_full": due.is_full if due else False,
        "full_mri_due_by": _iso(row.status.next_full.due_by if row.status.next_full else None),
        "antibody_test_by": _iso(row.status.antibody_test_by),
        "questions": list(row.status.questions),
        "explanation": row.status.explanation,
        "risk": {
            **{
                name: _iso(value) if isinstance(value, date) else value
                for name, value in vars(row.risk).items()
            },
            "treatments": written(row.risk.treatments),
            "last_mri_on": _iso(row.said_last_mri_on),
        },
        "waiting": row.waiting,
        "problem": row.problem,
        "fix": row.fix,
        "ended_on": _iso(row.ended_on),
        "ended_because": row.ended_because,
        "critical": list(row.critical),
        "wishes": [{"wish": name_of(each), "said": in_words(each)} for each in row.wishes],
        "closed_wishes": [each.kept() for each in row.closed_wishes],
    }


def _site(one: SiteSummary, *, with_months: bool) -> dict[str, Any]:
    told = {"site": one.site, "patients": one.patients, "counts": {str(k): v for k, v in one.counts.items()}}
    return told | ({"due_by_month": dict(one.due_by_month)} if with_months else {})


def _refused(problems: tuple[ImportProblem, ...]) -> Response:
    error = Invalid("; ".join(f"{one.column}: {one.problem}" for one in problems) + ".", problems[0].fix)
    return problem(422, "Invalid", error.problem, error.fix, problems=[vars(one) for one in problems])


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
