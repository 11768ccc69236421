"""Two versions of a study side by side, and the decision which of them stands.

Who looks after the studies sees which attributes differ and in how many objects. What they say is read from the
originals for those alone who may see identities, and each look is an audit event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field, StringConstraints
from pydicom import Dataset
from pydicom.errors import InvalidDicomError

from gateway.decoding import files
from gateway.errors import GatewayError, Invalid, NotThere
from gateway.identity.content import Difference, compare
from gateway.identity.pixels import decoded
from gateway.lifecycle import Choice
from gateway.privacy.identifiers.values import UNREADABLE
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.blobs import BlobStore
from gateway.records.tables.conflicts import TWO_IDENTITIES, Conflict
from gateway.records.tables.studies import Instance
from gateway.records.views import conflict_rows, study_rows
from gateway.records.views.conflict_rows import ConflictRow
from gateway.records.views.study_rows import StudyRow
from gateway.web.foundation.case_access import CaseId, Manager
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import render, told_to
from gateway.web.pages.studies import Overseer

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/conflicts", tags=["conflicts"])

UNREADABLE_FILE = (InvalidDicomError, GatewayError, *UNREADABLE)
"""What reading and comparing damaged originals can raise."""
MOST_OBJECTS = 200
"""Objects whose two versions are read for one page; what differs is mostly the same in all."""
LONGEST_REASON = 500


class DecisionIn(BaseModel):
    """Which version stands, why, and how many objects differed when that was decided."""

    choice: Choice
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_REASON)]
    objects: int = Field(ge=0)


@dataclass(frozen=True)
class SaidByBoth:
    """What both versions say of one attribute, and in how many objects."""

    path: str
    first: str
    second: str
    objects: int


def open_conflict(context: WebContext, viewer: Viewer, conflict_id: int) -> tuple[ConflictRow, StudyRow]:
    """A conflict and its study; raises NotThere, also for another site's."""
    with context.database.read() as session:
        row = conflict_rows.row(session, conflict_id)
        study = study_rows.study_row(session, viewer, row.study_id) if row is not None else None
    if row is None or study is None:
        raise NotThere(
            f"There is no conflict {conflict_id}.", "The page of a contested case names its conflict."
        )
    return row, study


@router.get("/conflicts/{conflict_id}")
def conflict_page(request: Request, context: Context, viewer: Overseer, conflict_id: CaseId) -> Response:
    """Both versions side by side; their values only for those who may see identities, which is recorded."""
    return _page(request, context, viewer, conflict_id)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    conflict_id: int,
    error: GatewayError | None = None,
    status: int = 200,
) -> Response:
    row, study = open_conflict(context, viewer, conflict_id)
    may_see = has(viewer, Right.IDENTITIES) and study.forgotten_at is None
    return render(
        request,
        "conflict.html",
        viewer,
        status=status,
        conflict=row,
        study=study,
        values=said_by_both(context, viewer, conflict_id) if may_see else None,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )


def said_by_both(context: WebContext, viewer: Viewer, conflict_id: int) -> list[SaidByBoth]:
    """What the first and the newest version say, attribute by attribute; the look is in the audit trail first."""
    ledger.look_at_versions(context.database, conflict_id, viewer.login)
    with context.database.read() as session:
        conflict = conflict_rows.conflict(session, conflict_id)
        rows = conflict_rows.versions(session, conflict_id)
        named = [session.get(Instance, number) for number in (conflict.first_id, conflict.other_id) if number]
    if conflict.kind == TWO_IDENTITIES:
        return _stated(context.blobs, conflict, [row for row in named if row is not None])
    versions: dict[str, list[Instance]] = {}
    for row in rows:
        versions.setdefault(row.sop_instance_uid, []).append(row)
    said: Counter[tuple[str, str, str]] = Counter()
    for pair in list(versions.values())[:MOST_OBJECTS]:
        said.update(_differences(context.blobs, pair[0], pair[-1]))
    return [SaidByBoth(*key, objects) for key, objects in sorted(said.items())]


def _stated(blobs: BlobStore, conflict: Conflict, named: Sequence[Instance]) -> list[SaidByBoth]:
    """Which two patients the objects of one study name."""
    try:
        headers = [_header(blobs, row) for row in named]
    except UNREADABLE_FILE:
        return []
    if len(headers) < 2:
        return []
    one, other = headers
    return [
        SaidByBoth(
            row["path"], str(one.get(row["path"]) or ""), str(other.get(row["path"]) or ""), row["objects"]
        )
        for row in conflict.differences
    ]


def _differences(blobs: BlobStore, one: Instance, other: Instance) -> list[tuple[str, str, str]]:
    try:
        difference = compare(_header(blobs, one), _header(blobs, other), decoded)
    except UNREADABLE_FILE:
        return [("(one version cannot be read)", "", "")]
    if not isinstance(difference, Difference):
        return []
    pairs = zip(difference.attributes, difference.values, strict=True)
    return [(attribute.path, values.first, values.second) for attribute, values in pairs]


def _header(blobs: BlobStore, instance: Instance) -> Dataset:
    return files.header(blobs.path(instance.blob))


@router.post("/conflicts/{conflict_id}")
def decide_page(
    request: Request, context: Context, viewer: Manager, conflict_id: CaseId, fields: Posted
) -> Response:
    """Decide, and go to where the study is shown; what was overtaken is shown again with the reason."""
    choice, why, objects = first(fields, "choice"), first(fields, "why").strip(), first(fields, "objects")
    try:
        if choice not in tuple(Choice) or not 3 <= len(why) <= LONGEST_REASON or not objects.isdecimal():
            raise Invalid(
                "A decision needs a choice and a reason.",
                f"Choose which version stands and write why, in 3 to {LONGEST_REASON} characters.",
            )
        decision = DecisionIn(choice=Choice(choice), why=why, objects=int(objects))
        _, study = decide(context, viewer, conflict_id, decision)
    except NotThere:
        raise
    except GatewayError as error:
        return _page(request, context, viewer, conflict_id, error, status=409)
    return RedirectResponse(f"/cases/{study.case_ids[0]}" if study.case_ids else "/studies", status_code=303)


@router.post("/conflicts/{conflict_id}/retry")
def retry_conflict(context: Context, viewer: Manager, conflict_id: CaseId) -> Response:
    """Clear the problem of a conflict whose step failed, and look at it at once."""
    open_conflict(context, viewer, conflict_id)
    ledger.retry(context.database, "conflict", conflict_id, viewer.login)
    return RedirectResponse(f"/conflicts/{conflict_id}", status_code=303)


@api.get("/{conflict_id}")
def conflict_json(context: Context, viewer: Overseer, conflict_id: CaseId) -> dict[str, Any]:
    """What differs between two versions of a study, by attribute, and who decided; no value of an object."""
    row, study = open_conflict(context, viewer, conflict_id)
    return {**as_json(row, viewer), "case_ids": list(study.case_ids)}


@api.post("/{conflict_id}/decide")
def decide_json(
    context: Context, viewer: Manager, conflict_id: CaseId, decision: DecisionIn
) -> dict[str, Any]:
    """Decide which version stands: newer, first or neither; 409 when more objects differ than were seen."""
    row, _ = decide(context, viewer, conflict_id, decision)
    return as_json(row, viewer)


def decide(
    context: WebContext, viewer: Viewer, conflict_id: int, decision: DecisionIn
) -> tuple[ConflictRow, StudyRow]:
    """Record the decision. Raises NotThere, WrongState, Conflict."""
    open_conflict(context, viewer, conflict_id)
    ledger.decide_conflict(
        context.database, conflict_id, decision.choice, viewer.login, decision.why, objects=decision.objects
    )
    return open_conflict(context, viewer, conflict_id)


def as_json(row: ConflictRow, viewer: Viewer) -> dict[str, Any]:
    """A conflict as programs read it."""
    return told_to(viewer, asdict(row))
