"""One case: its page and JSON, its pictures, and what people do with it: claim, release, park, retry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views.case_rows import CasePage
from gateway.web.foundation import telling
from gateway.web.foundation.case_access import CaseId, Manager, Reader, may_follow, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.report_recipient import recipient_of
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import render, told_to
from gateway.web.pages.conflicts import as_json as conflict_json
from gateway.web.pages.explanation import (
    letter_to_sender,
    shown_conditions,
    shown_overrule,
    shown_requirements,
    shown_series,
)
from gateway.web.pages.gallery import images_of, viewer_series
from gateway.web.pages.held_objects import held_counts, manifests_of
from gateway.web.pages.queue import Looker, as_json
from gateway.web.pages.replies import as_json as reply_json
from gateway.web.pages.spectroscopy.drawing import spectra_of
from gateway.web.pages.verdict import may_judge

AUTHOR = re.compile(r"[0-9]{1,9}")

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/cases", tags=["cases"])


@router.get("/cases/{case_id}")
def case(request: Request, context: Context, viewer: Looker, case_id: CaseId) -> Response:
    """Everything known about a case, as its journal tells it."""
    return _page(request, context, viewer, case_id)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    case_id: int,
    problem: str = "",
    fix: str = "",
    status: int = 200,
) -> Response:
    opened = open_case(context, viewer, case_id)
    page = opened.page
    images = images_of(request, context, viewer, case_id)
    return render(
        request,
        "case.html",
        viewer,
        status=status,
        opened=opened,
        page=page,
        row=page.row,
        told_lines=telling.shown(page.told),
        images=images,
        pictured=viewer_series(images, page),
        spectra=spectra_of(context, viewer, case_id),
        conditions=shown_conditions(page.explanation, viewer, page.rule_id),
        requirements=shown_requirements(page.verdict),
        overrule=shown_overrule(page.overrule),
        may_judge=may_judge(viewer, opened),
        may_follow=may_follow(viewer, opened),
        letter=letter_to_sender(page.verdict, page.overrule),
        series=shown_series(page.series),
        deliveries=_deliveries(page),
        goes_to=recipient_of(context, page),
        held_counts=held_counts(page.held),
        manifests=manifests_of(context, viewer, case_id) if has(viewer, Right.REPORT) else (),
        problem=problem,
        fix=fix,
    )


def _deliveries(page: CasePage) -> list[dict[str, Any]]:
    """Outcomes summed per direction, node and outcome: 150 equal lines tell no more than one."""
    lines: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for row in page.deliveries:
        key = (row.direction, row.node, row.outcome, row.detail)
        line = lines.setdefault(
            key,
            {
                "direction": row.direction,
                "node": row.node,
                "outcome": row.outcome,
                "detail": row.detail,
                "objects": 0,
                "at": row.at,
            },
        )
        line["objects"] += 1
        line["at"] = max(line["at"], row.at)
    return list(lines.values())


# ---------------------------------------------------------------- what people do


def claim(context: WebContext, viewer: Viewer, case_id: int) -> datetime:
    """Hold a case for this reader, or prolong the hold; returns until when."""
    open_case(context, viewer, case_id)
    return ledger.claim_case(
        context.database, case_id, viewer.account_id, timedelta(minutes=context.settings.web.claim_minutes)
    )


def take_over(context: WebContext, viewer: Viewer, case_id: int, author_id: int) -> int:
    """Hold a case and begin its report with another reader's draft; returns the version of the own one."""
    open_case(context, viewer, case_id)
    lease = timedelta(minutes=context.settings.web.claim_minutes)
    return ledger.take_over_draft(context.database, case_id, viewer.account_id, author_id, lease)


def release(context: WebContext, viewer: Viewer, case_id: int) -> None:
    """Give a claim back; leads give back anybody's."""
    open_case(context, viewer, case_id)
    ledger.release_case(context.database, case_id, viewer.account_id, anybodys=has(viewer, Right.MANAGE))


@router.post("/cases/{case_id}/claim")
def claim_page(context: Context, viewer: Reader, case_id: CaseId) -> Response:
    """Claim and go to the form; a lost race is told by the error page with the holder's name."""
    claim(context, viewer, case_id)
    return RedirectResponse(f"/cases/{case_id}/report", status_code=303)


@router.post("/cases/{case_id}/report/take-over")
def take_over_page(context: Context, viewer: Reader, case_id: CaseId, fields: Posted) -> Response:
    """Claim, and begin with what another reader left."""
    author = first(fields, "author")
    take_over(context, viewer, case_id, int(author) if AUTHOR.fullmatch(author) else 0)
    return RedirectResponse(f"/cases/{case_id}/report", status_code=303)


@router.post("/cases/{case_id}/release")
def release_page(context: Context, viewer: Reader, case_id: CaseId) -> Response:
    """Give back and return to the case."""
    release(context, viewer, case_id)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/park")
def park_page(
    request: Request, context: Context, viewer: Manager, case_id: CaseId, fields: Posted
) -> Response:
    """Stop a case by hand; a reason is required, because somebody else will have to decide when it is gone."""
    why = first(fields, "why")[:500]
    if not why:
        return _page(
            request,
            context,
            viewer,
            case_id,
            "Parking needs a reason.",
            "Write why the case has to wait.",
            422,
        )
    open_case(context, viewer, case_id)
    ledger.park_case(context.database, case_id, viewer.login, why)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/retry")
def retry_page(context: Context, viewer: Manager, case_id: CaseId) -> Response:
    """Clear the problem and look at the case at once."""
    open_case(context, viewer, case_id)
    ledger.retry(context.database, "case", case_id, viewer.login)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@router.post("/cases/{case_id}/correct")
def correct_page(context: Context, viewer: Manager, case_id: CaseId) -> Response:
    """Send the report again under the identity that stands, naming the one it corrects."""
    open_case(context, viewer, case_id)
    ledger.correct_report(context.database, case_id, viewer.login)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


@api.post("/{case_id}/correct")
def correct_json(context: Context, viewer: Manager, case_id: CaseId) -> dict[str, int]:
    """Send the report again under the identity that stands; 409 where no correction is wanted."""
    open_case(context, viewer, case_id)
    ledger.correct_report(context.database, case_id, viewer.login)
    return {"case": case_id}


@api.get("/{case_id}")
def case_json(context: Context, viewer: Looker, case_id: CaseId) -> dict[str, Any]:
    """A case with its journal, verdict, recognised series and deliveries."""
    opened = open_case(context, viewer, case_id)
    page = opened.page
    overrule = shown_overrule(page.overrule)
    more: Mapping[str, Any] = {
        "generation": page.generation,
        "rule_id": page.rule_id,
        "rule_version": page.rule_version,
        "report_goes_to": recipient_of(context, page).told,
        "returned_as": page.returned_as,
        "profile": page.profile,
        "manifest": page.manifest,
        "held": held_counts(page.held),
        "conflicts": [conflict_json(row, viewer) for row in page.conflicts],
        "correction_wanted": page.correction_wanted,
        "has_number": page.has_number,
        "person_of": page.person_of,
        "requirements": shown_requirements(page.verdict),
        "overrule": overrule,
        "letter": letter_to_sender(page.verdict, page.overrule),
        "series": shown_series(page.series),
        "explanation": shown_conditions(page.explanation, viewer, page.rule_id),
        "journal": [
            {
                "at": line.at,
                "what": line.what,
                "reached": line.reached,
                "who": line.who,
                "detail": line.detail,
            }
            for line in page.journal
        ],
        "deliveries": _deliveries(page),
        "told": telling.as_json(page.told),
        "critical": [critical.id for critical in page.critical],
        "replies": [reply_json(row, viewer) for row in page.replies],
        "echoes": page.echoes,
        "draft_version": page.draft.version if page.draft else 0,
        "left_drafts": [
            {"author": left.author_id, "name": left.author_name, "saved_at": left.saved_at}
            for left in page.left_drafts
            if has(viewer, Right.REPORT)
        ],
        "signed": {
            "by": page.report.signer_name,
            "at": page.report.signed_at,
            "digest": page.report.digest,
        }
        if page.report
        else None,
    }
    return {**as_json(page.row, viewer, opened.now), **told_to(viewer, more)}


@api.post("/{case_id}/claim")
def claim_json(context: Context, viewer: Reader, case_id: CaseId) -> dict[str, str]:
    """Hold a case; 409 with the holder's name when somebody was faster."""
    return {"claimed_until": claim(context, viewer, case_id).isoformat()}


class TakeOver(BaseModel):
    """Whose draft to begin with: `author` of `left_drafts`."""

    author: int = Field(ge=1, le=2**31 - 1)


@api.post("/{case_id}/report/take-over")
def take_over_json(
    context: Context, viewer: Reader, case_id: CaseId, wanted: Annotated[TakeOver, Body()]
) -> dict[str, int]:
    """Hold a case and begin its report with another reader's draft, which the journal tells; 409 when it is held."""
    return {"version": take_over(context, viewer, case_id, wanted.author)}


@api.post("/{case_id}/release", status_code=204)
def release_json(context: Context, viewer: Reader, case_id: CaseId) -> Response:
    """Give a claim back."""
    release(context, viewer, case_id)
    return Response(status_code=204)
