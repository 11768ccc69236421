"""Received studies, for those who run the gateway: how far each has come, why, and what a person may decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from gateway.errors import Invalid
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views import study_rows
from gateway.records.views.study_rows import StudyRow
from gateway.web.foundation.access import may
from gateway.web.foundation.case_access import CaseId, Manager, visible_study
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render, told_to
from gateway.web.pages.explanation import letter_to_sender, nearest_rule, shown_explanations

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/studies", tags=["studies"])

Overseer = Annotated[Viewer, Depends(may(Right.STUDIES))]


@router.get("/studies")
def studies_page(request: Request, context: Context, viewer: Overseer) -> Response:
    """The newest studies of the viewer's site, also those no rule applied to, with the reason."""
    with context.database.read() as session:
        studies = study_rows.studies(session, viewer)
    reasons = {study.id: shown_explanations(study.explanation, viewer) for study in studies}
    nearest = {
        study.id: nearest_rule(study.explanation, viewer) for study in studies if study.state == "UNMATCHED"
    }
    rules = [(rule.id, rule.title) for rule in context.rules().rules if rule.enabled]
    letters = {case["id"]: case["letter"] for study in studies for case in cases_of(study)}
    return render(
        request,
        "studies.html",
        viewer,
        studies=studies,
        reasons=reasons,
        nearest=nearest,
        rules=rules,
        letters=letters,
    )


def cases_of(study: StudyRow) -> list[dict[str, Any]]:
    """Each case of a study, how its protocol is judged, and what the sender's site is told about that."""
    return [
        {
            "id": case.id,
            "destination": case.destination,
            "state": case.state,
            "readability": case.readability,
            "overruled": case.overruled or None,
            "letter": letter_to_sender(case.verdict, case.overrule),
        }
        for case in study.cases
    ]


@router.post("/studies/{study_id}/retry")
def retry_study(context: Context, viewer: Manager, study_id: CaseId) -> Response:
    """Clear a study's problem and look at it at once."""
    visible_study(context, viewer, study_id)
    ledger.retry(context.database, "study", study_id, viewer.login)
    return RedirectResponse("/studies", status_code=303)


@router.post("/studies/{study_id}/go-on")
def go_on_page(context: Context, viewer: Manager, study_id: CaseId, fields: Posted) -> Response:
    """Let a held study pass what holds it; a reason is required."""
    go_on(context, viewer, study_id, first(fields, "why"))
    return RedirectResponse("/studies", status_code=303)


@router.post("/studies/{study_id}/route")
def route_page(context: Context, viewer: Manager, study_id: CaseId, fields: Posted) -> Response:
    """Put an unmatched study under a rule; a reason is required."""
    route(context, viewer, study_id, first(fields, "rule"), first(fields, "why"))
    return RedirectResponse("/studies", status_code=303)


@api.get("")
def studies_json(context: Context, viewer: Overseer) -> dict[str, Any]:
    """The newest studies with state, reasons and, where no rule applied, the nearest one."""
    with context.database.read() as session:
        studies = study_rows.studies(session, viewer)
    told = [
        {
            **{key: value for key, value in asdict(study).items() if key not in ("explanation", "cases")},
            "case_ids": study.case_ids,
            "cases": cases_of(study),
            "nearest_rule": nearest_rule(study.explanation, viewer) if study.state == "UNMATCHED" else None,
        }
        for study in studies
    ]
    return {"studies": told_to(viewer, told)}


@api.post("/{study_id}/go-on")
def go_on_json(context: Context, viewer: Manager, study_id: CaseId, body: dict[str, str]) -> dict[str, Any]:
    """Let a held study pass what holds it: `{"why": …}`."""
    go_on(context, viewer, study_id, body.get("why", ""))
    return {"study": study_id}


@api.post("/{study_id}/route")
def route_json(context: Context, viewer: Manager, study_id: CaseId, body: dict[str, str]) -> dict[str, Any]:
    """Put an unmatched study under a rule: `{"rule": …, "why": …}`."""
    route(context, viewer, study_id, body.get("rule", ""), body.get("why", ""))
    return {"study": study_id}


def go_on(context: WebContext, viewer: Viewer, study_id: int, why: str) -> None:
    """Record the decision. Raises Invalid without a reason, NotThere, WrongState."""
    visible_study(context, viewer, study_id)
    ledger.let_go_on(context.database, study_id, viewer.login, _reason(why))


def route(context: WebContext, viewer: Viewer, study_id: int, rule_id: str, why: str) -> None:
    """Record the decision. Raises Invalid without a reason or for an unknown rule, NotThere, WrongState."""
    visible_study(context, viewer, study_id)
    known = [rule.id for rule in context.rules().rules if rule.enabled]
    if rule_id not in known:
        raise Invalid(
            f"There is no rule {rule_id!r}.",
            f"Choose one of: {', '.join(known) or 'none, the rules are empty'}.",
        )
    ledger.route_by_hand(context.database, study_id, rule_id, viewer.login, _reason(why))


def _reason(why: str) -> str:
    if not why.strip():
        raise Invalid("This needs a reason.", "Write why, without patient data: it stays in the journal.")
    return why.strip()[:500]
