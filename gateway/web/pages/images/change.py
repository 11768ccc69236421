"""The map of change of a case against a prior one: its voxels, and what the viewer says of it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.errors import NotThere
from gateway.imaging.gzip_parts import Parts, header_of
from gateway.records.accounts import Viewer
from gateway.records.tables.change_maps import MADE, WAITING, CaseChangeMap
from gateway.records.views import picture_rows
from gateway.web.foundation.case_access import CaseId
from gateway.web.foundation.context import Context, WebContext
from gateway.web.pages.gallery import copies_seen
from gateway.web.pages.images.volume import RELOAD, StoredVolume, being_made, served
from gateway.web.pages.queue import Looker
from routing_rules.statements.table import cited, text_of

router = APIRouter(include_in_schema=False)

CAPTION = ("change-map-caution", "change-map-figures")
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
        "caption": text_of(*CAPTION),
        "source": cited(*CAPTION),
    }
    if prior is None:
        return {**shown, "why": "There is no earlier study to compare with."}
    if row is None:
        return {**shown, "why": NOT_WANTED}
    if row.state != MADE:
        return {**shown, "why": row.why}
    components = [
        {each: component[each] for each in ("number", "kind", "volume_ml", "point")}
        for component in row.result["components"]
    ]
    return {
        **shown,
        "volume": f"/cases/{case_id}/change/{prior}.nii",
        "stack": row.stack,
        "components": components,
        "dropped": row.result["dropped"],
        "more": row.result["more"],
    }


def _row(context: WebContext, viewer: Viewer, case_id: int, prior: int) -> CaseChangeMap | None:
    """The map of these copies of both, for one who may see both; raises NotThere for a case that is not theirs."""
    case, other = (copies_seen(context, viewer, each) for each in (case_id, prior))
    with context.database.read() as session:
        row = picture_rows.change_of(session, case_id, prior)
        if row is None or (row.version, row.prior_version) != (case.version, other.version):
            return None
        return row
