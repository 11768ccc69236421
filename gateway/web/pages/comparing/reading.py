"""What the viewer of a case shows where: layouts filled with its stacks and those of the prior beside it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from gateway.imaging.layouts import (
    Candidate,
    begins_with,
    candidates,
    filled,
    kinds_by_number,
    system_of,
)
from gateway.imaging.study_index import StudyIndex
from gateway.records.accounts import Viewer
from gateway.records.views.alignment_rows import AlignmentRow, alignments
from gateway.records.views.earlier_cases import EarlierCase, earlier_cases
from gateway.web.foundation.case_access import CaseId, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.images import Pictures
from gateway.web.pages.explanation import shown_series
from gateway.web.pages.gallery import copies_seen
from gateway.web.pages.images.change import shown_change
from gateway.web.pages.lesion_history import marks_before
from gateway.web.pages.queue import Looker

api = APIRouter(prefix="/api/cases", tags=["cases"])

NOT_COMPARED: Final = {
    "flair": "It has no FLAIR.",
    "not_readable": "It was not readable.",
    "pictures": "None of its pictures are kept here.",
    "contested": "Whose it is is contested.",
    "same_day": "It is of the same day.",
    "own": "Whose the present study is is contested.",
}
"""Why an earlier study is not put beside the present one by itself; a reader may."""


@api.get("/{case_id}/reading")
def reading(request: Request, context: Context, viewer: Looker, case_id: CaseId, prior: int = 0) -> Response:
    """The layouts of a case with a stack for each pane, and its earlier studies; `prior`: the case to stand beside it.

    Without one the last comparable study stands there.
    """
    page = open_case(context, viewer, case_id).page
    contested = bool(page.row.contested)
    with context.database.read() as session:
        earlier_ones = earlier_cases(session, viewer, case_id)
        laid_over = alignments(session, case_id)
    priors = [
        _prior(context, viewer, earlier, laid_over.get(earlier.case_id), own_contested=contested)
        for earlier in earlier_ones
    ]
    chosen = _chosen(priors, prior)
    index, own, made = _stacks(request, context, viewer, case_id)
    others = None
    if chosen is not None:
        prior_index, others, prior_made = _stacks(request, context, viewer, chosen)
        if chosen in laid_over:
            kind = laid_over[chosen].kind
            shown = next(each for each in priors if each["case"] == chosen)
            shown["alignment"]["systems"] = {
                "current": system_of(index, [each for each in own if each.key in made], kind),
                "prior": system_of(prior_index, [each for each in others if each.key in prior_made], kind),
            }
    return JSONResponse(
        {
            "case": case_id,
            "pseudonym": page.row.pseudonym,
            "images": f"/api/cases/{case_id}/images",
            "priors": priors,
            "chosen_prior": chosen,
            "change_map": shown_change(context, viewer, case_id, chosen),
            "lesions_before": marks_before(page, chosen),
            "layout": begins_with(page.row.referral, context.layouts),
            "layouts": [
                {
                    "name": layout.name,
                    "title": layout.title,
                    "key": str(number),
                    "panes": [asdict(pane) for pane in filled(layout, own, others)],
                }
                for number, layout in enumerate(context.layouts, start=1)
            ],
        },
        headers={"Cache-Control": "private, no-cache"},
    )


def _prior(
    context: WebContext,
    viewer: Viewer,
    earlier: EarlierCase,
    laid_over: AlignmentRow | None,
    *,
    own_contested: bool,
) -> dict[str, Any]:
    """An earlier case as the time line shows it; `own_contested`: the present one may be of somebody else."""
    page = open_case(context, viewer, earlier.case_id).page
    kinds = {series["kind"] for series in shown_series(page.series)}
    reasons = {
        "own": own_contested,
        "contested": earlier.is_contested,
        "same_day": earlier.days == 0,
        "pictures": not copies_seen(context, viewer, earlier.case_id).version,
        "flair": "flair" not in kinds,
        "not_readable": earlier.readability == "not_readable",
    }
    why_not = next((NOT_COMPARED[name] for name, applies in reasons.items() if applies), "")
    day = earlier.shifted_study_date
    return {
        "case": earlier.case_id,
        "days": earlier.days,
        "label": _interval(earlier.days),
        "study_day": f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else "",
        "comparable": not why_not,
        "why_not": why_not,
        "images": f"/api/cases/{earlier.case_id}/images",
        "report": f"/cases/{earlier.case_id}/report" if earlier.has_report else None,
        "alignment": {"state": "none"} if laid_over is None else asdict(laid_over),
    }


def _interval(days: int) -> str:
    if days == 0:
        return "the same day"
    return f"{days} day{'s' if days != 1 else ''} earlier"


def _chosen(priors: list[dict[str, Any]], wanted: int) -> int | None:
    """The case asked for, if it is one of them; else the last comparable one."""
    cases = [int(prior["case"]) for prior in priors]
    if wanted in cases:
        return wanted
    return next((int(prior["case"]) for prior in priors if prior["comparable"]), None)


def _stacks(
    request: Request, context: WebContext, viewer: Viewer, case_id: int
) -> tuple[StudyIndex, list[Candidate], set[str]]:
    """The index of a case, what layouts choose among, and the keys of the volumes that were made."""
    page = open_case(context, viewer, case_id).page
    pictures: Pictures = request.app.state.pictures
    copies = copies_seen(context, viewer, case_id)
    index = pictures.index(copies)
    volumes = copies.pictures.volumes if copies.pictures is not None else {}
    made = {key for key, why in volumes.items() if not why}
    return index, candidates(index, kinds_by_number(page.series)), made
