"""Objects that stayed here: how many of which series for everybody; pictures and decisions for those who may decide.

A release needs the right, a look at the picture (recorded), a reason, and a profile that allows it; each decision is
for one object and is audited. The manifests of a case are here too: they say what stayed and what was done to the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from gateway.errors import NotThere
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views.held_object_rows import HeldRow, ManifestRow, held_object, manifests
from gateway.web.foundation.case_access import CaseId, Manager, Reader, open_case
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import BadRequest
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import told_to
from gateway.web.pages.originals import picture
from gateway.web.pages.queue import Looker

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/cases", tags=["cases"])

HeldId = Annotated[int, Path(ge=1, le=2**31 - 1)]
ManifestId = Annotated[int, Path(ge=1, le=2**31 - 1)]
LONGEST_REASON = 500


class DecisionIn(BaseModel):
    """What a person decides about one held object, and why."""

    decision: Literal["released", "left out"]
    why: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_REASON),
        Field(description="the reason, without patient data"),
    ]


def held_counts(rows: Sequence[HeldRow]) -> list[dict[str, Any]]:
    """How many objects of which series stayed and why: no object by itself, nothing about a patient."""
    groups = Counter(
        (row.series_number, row.kind, row.what, row.reason, row.problem, row.decision, row.stops_case)
        for row in rows
        if row.decision != ledger.RELEASED
    )
    names = ("series_number", "kind", "what", "reason", "problem", "decision", "stops_case")
    return [{**dict(zip(names, group, strict=True)), "objects": count} for group, count in groups.items()]


def decide(context: WebContext, viewer: Viewer, case_id: int, held_id: int, decision: DecisionIn) -> None:
    """Release an object or leave it out."""
    open_case(context, viewer, case_id)
    ledger.decide_held(context.database, case_id, held_id, decision.decision, viewer.login, decision.why)


def manifests_of(context: WebContext, viewer: Viewer, case_id: int) -> tuple[ManifestRow, ...]:
    """The manifests of a case, newest first."""
    open_case(context, viewer, case_id)
    with context.database.read() as session:
        return manifests(session, case_id)


@router.get("/cases/{case_id}/held/{held_id}.png")
def original(
    context: Context, viewer: Manager, case_id: CaseId, held_id: HeldId, frame: int = 0, window: str = "full"
) -> Response:
    """One frame of a held original; the look is in the audit trail before the picture is sent."""
    open_case(context, viewer, case_id)
    with context.database.read() as session:
        found = held_object(session, case_id, held_id)
    if found is None or not found[0].frames:
        raise NotThere(
            f"Case {case_id} has no picture of an object {held_id}.", "The case page lists the objects."
        )
    made = picture(context.blobs.path(found[1]), frame, window)
    ledger.look_at_original(context.database, case_id, held_id, viewer.login)
    return Response(made, media_type="image/png")


@router.post("/cases/{case_id}/held/{held_id}")
def decide_page(
    context: Context, viewer: Manager, case_id: CaseId, held_id: HeldId, fields: Posted
) -> Response:
    """Decide from the case page, and go back to it."""
    chosen, why = first(fields, "decision"), first(fields, "why")
    if chosen not in ("released", "left out") or not 3 <= len(why) <= LONGEST_REASON:
        raise BadRequest(
            "A decision needs a reason.", f"Go back and write why, in 3 to {LONGEST_REASON} characters."
        )
    decide(context, viewer, case_id, held_id, DecisionIn(decision=chosen, why=why))
    return RedirectResponse(f"/cases/{case_id}#stayed", status_code=303)


@router.get("/cases/{case_id}/manifests/{manifest_id}.json")
def manifest_file(context: Context, viewer: Reader, case_id: CaseId, manifest_id: ManifestId) -> Response:
    """One manifest word for word, so that its digest can be computed again."""
    row = next((one for one in manifests_of(context, viewer, case_id) if one.id == manifest_id), None)
    if row is None:
        raise NotThere(f"Case {case_id} has no manifest {manifest_id}.", "The case page lists them.")
    name = f"case-{case_id}-manifest-{row.digest[:12]}.json"
    return Response(
        context.blobs.get(row.blob),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@api.get("/{case_id}/held")
def held_json(context: Context, viewer: Looker, case_id: CaseId) -> dict[str, Any]:
    """How many objects of which series stayed here; for those who may decide also each object."""
    rows = open_case(context, viewer, case_id).page.held
    told: dict[str, Any] = {"series": held_counts(rows)}
    if has(viewer, Right.MANAGE):
        told["objects"] = [dict(vars(row)) for row in rows]
    return told_to(viewer, told)


@api.post("/{case_id}/held/{held_id}", status_code=204)
def decide_json(
    context: Context, viewer: Manager, case_id: CaseId, held_id: HeldId, decision: DecisionIn
) -> Response:
    """Release one object or leave it out; fetch its picture first, or a release is refused."""
    decide(context, viewer, case_id, held_id, decision)
    return Response(status_code=204)


@api.get("/{case_id}/manifests")
def manifests_json(context: Context, viewer: Reader, case_id: CaseId) -> dict[str, Any]:
    """The de-identification manifests of a case, newest first, with the address of each."""
    return {
        "manifests": [
            {
                "id": row.id,
                "generation": row.generation,
                "sha256": row.digest,
                "made_at": told_to(viewer, row.made_at),
                "address": f"/cases/{case_id}/manifests/{row.id}.json",
            }
            for row in manifests_of(context, viewer, case_id)
        ]
    }
