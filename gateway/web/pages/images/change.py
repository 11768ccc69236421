"""The map of change of a case against a prior one: its voxels, and what the viewer says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.errors import NotThere
from gateway.imaging.gzip_parts import Parts, header_of
from gateway.records.accounts import Viewer
from gateway.records.tables.change_maps import MADE, WAITING, CaseChangeMap
from gateway.records.tables.pictures import ALIGNED
from gateway.records.views import alignment_rows, picture_rows
from gateway.web.foundation.case_access import CaseId
from gateway.web.foundation.context import Context, WebContext
from gateway.web.pages.gallery import copies_seen
from gateway.web.pages.images.volume import RELOAD, StoredVolume, being_made, served
from gateway.web.pages.queue import Looker
from routing_rules.statements.table import cited, text_of

router = APIRouter(include_in_schema=False)

CAUTION, THIN, THICK = "change-map-caution", "change-map-figures-thin", "change-map-figures-thick"
NOT_TRIED = "change-map-not-tried"
THICK_FROM_MM, THICKEST_TRIED_MM = 2.0, 3.2
"""The evaluation had slices of 1 mm, and in one of the two studies of 3 mm."""
NOT_WANTED = "These two studies are not aligned, or one has no FLAIR volume."


@router.get("/cases/{case_id}/change/{prior}.nii")
def change_volume(
    request: Request, context: Context, viewer: Looker, case_id: CaseId, prior: int
) -> Response:
    """The map as a volume on the grid of the case's FLAIR: units of noise, 0 where nothing became bright.

    503 while the worker has not made it; 404 with the reason where there is none.
    """
    row = _row(context, viewer, case_id, prior)
    if row is None:
        raise NotThere(NOT_WANTED, "Compare the two series by eye.")
    if row.state == WAITING:
        raise being_made("This map of change is being made.")
    if row.state != MADE:
        raise NotThere(f"There is no map of change: {row.why}.", "Compare the two series by eye.")
    name = picture_rows.change_name(prior)
    path = context.blobs.path(picture_rows.volume_key(case_id, row.version, name))
    try:
        parts = Parts.from_json(
            json.loads(context.blobs.get(picture_rows.parts_key(case_id, row.version, name)))
        )
    except FileNotFoundError:
        raise NotThere("This map of change is no longer kept.", RELOAD) from None
    stored = StoredVolume(path, parts)
    known_as = f"{row.version} {row.prior_version} {row.fence} {name}"
    return served(request, stored, header_of(path, parts), known_as)


def shown_change(context: WebContext, viewer: Viewer, case_id: int, prior: int | None) -> dict[str, Any]:
    """What the viewer says of the map of a case against a prior: state `made`, `waiting` or `none`, and why not."""
    row = None if prior is None else _row(context, viewer, case_id, prior)
    shown: dict[str, Any] = {
        "state": "none" if row is None else row.state,
        "why": "",
        "volume": None,
        "stack": "",
        "components": [],
        "dropped": 0,
        "more": 0,
        "caption": text_of(CAUTION, THIN, THICK),
        "source": cited(CAUTION, THIN, THICK),
    }
    if prior is None:
        return {**shown, "why": "There is no earlier study to compare with."}
    if row is None:
        return {**shown, **_not_yet(context, case_id, prior)}
    if row.state != MADE:
        return {**shown, "why": row.why}
    components = [
        {each: component[each] for each in ("number", "kind", "volume_ml", "point")}
        for component in row.result["components"]
    ]
    slices = row.result.get("slices_mm", [])
    statements = (CAUTION, *figures_for(slices))
    own = "" if len(slices) != 2 else f" Here: slices of {slices[0]:g} mm, of the prior {slices[1]:g} mm."
    return {
        **shown,
        "caption": text_of(*statements) + own,
        "source": cited(*statements),
        "volume": f"/cases/{case_id}/change/{prior}.nii",
        "stack": row.stack,
        "components": components,
        "dropped": row.result["dropped"],
        "more": row.result["more"],
    }


def _not_yet(context: WebContext, case_id: int, prior: int) -> dict[str, Any]:
    """There is no row: it is wanted as soon as both have their volumes (again), or the two are not aligned."""
    with context.database.read() as session:
        alignment = alignment_rows.alignments(session, case_id).get(prior)
    if alignment is not None and alignment.state == ALIGNED and alignment.kind == "flair":
        return {"state": WAITING, "why": ""}
    return {"why": NOT_WANTED}


def figures_for(slices_mm: Sequence[float]) -> tuple[str, ...]:
    """Which figures of the evaluation hold for two volumes of these slices; all of them where that is not known."""
    if len(slices_mm) != 2:
        return THIN, THICK
    thin, thick = sorted(slices_mm)
    if thick < THICK_FROM_MM:
        return (THIN,)
    if thin < THICK_FROM_MM and thick <= THICKEST_TRIED_MM:
        return (THICK,)
    return THICK, NOT_TRIED


def _row(context: WebContext, viewer: Viewer, case_id: int, prior: int) -> CaseChangeMap | None:
    """The map of these copies of both, for one who may see both; raises NotThere for a case that is not theirs."""
    case, other = (copies_seen(context, viewer, each) for each in (case_id, prior))
    with context.database.read() as session:
        row = picture_rows.change_of(session, case_id, prior)
        if row is None or (row.version, row.prior_version) != (case.version, other.version):
            return None
        return row
