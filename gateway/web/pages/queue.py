"""The reading queue: a page, its rows for the script that refreshes them, and JSON with an ETag for pollers."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.views.queue import Queue, QueueRow, queue
from gateway.web.foundation.access import may
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render, told_to

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api", tags=["queue"])

Looker = Annotated[Viewer, Depends(may(Right.LOOK))]
Reporter = Annotated[Viewer, Depends(may(Right.REPORT))]

SHOWN = {"open": "Open", "to-read": "To read", "mine": "Mine", "parked": "Needs attention", "all": "All"}
"""What people call the views (gateway.records.views.queue)."""


def read_queue(context: WebContext, viewer: Viewer, show: str, page: int) -> tuple[Queue, datetime]:
    """A page of a view (`open` when there is no such view), with the database's moment that claims are judged by."""
    with context.database.read() as session:
        now = context.database.now(session)
        return queue(session, viewer, show if show in SHOWN else "open", page, now), now


@router.get("/")
def queue_page(
    request: Request, context: Context, viewer: Looker, show: str = "open", page: int = 1
) -> Response:
    """The queue, most urgent first."""
    return render(request, "queue.html", viewer, **_values(context, viewer, show, page))


@router.get("/queue/rows")
def queue_rows(
    request: Request, context: Context, viewer: Looker, show: str = "open", page: int = 1
) -> Response:
    """The table alone, for the script."""
    return render(request, "queue_table.html", viewer, **_values(context, viewer, show, page))


@router.post("/queue/next")
def next_page(context: Context, viewer: Reporter) -> Response:
    """Claim the next case and go to its report; the error page says so where none waits."""
    return RedirectResponse(f"/cases/{_next(context, viewer)}/report", status_code=303)


@api.post("/queue/next")
def next_json(context: Context, viewer: Reporter) -> dict[str, int]:
    """Claim the most urgent case that nobody holds; 404 where none waits."""
    return {"case_id": _next(context, viewer)}


def _next(context: WebContext, viewer: Viewer) -> int:
    lease = timedelta(minutes=context.settings.web.claim_minutes)
    return ledger.claim_next(context.database, viewer.account_id, viewer.site, lease)


def _values(context: WebContext, viewer: Viewer, show: str, page: int) -> dict[str, Any]:
    queue_page, now = read_queue(context, viewer, show, page)
    return {
        "rows": queue_page.rows,
        "shown": queue_page.view,
        "views": SHOWN,
        "counts": queue_page.counts,
        "page": queue_page.page,
        "pages": queue_page.pages,
        "claimed": {row.id for row in queue_page.rows if row.is_claimed(now)},
        # The script asks what changed since exactly these rows.
        "etag": etag_of(body_of(queue_page, viewer, now)),
    }


def body_of(found: Queue, viewer: Viewer, now: datetime) -> bytes:
    """The JSON of a page of cases."""
    cases = [as_json(row, viewer, now) for row in found.rows]
    return json.dumps({"cases": cases, "page": found.page, "pages": found.pages}, ensure_ascii=False).encode()


def etag_of(body: bytes) -> str:
    """An entity tag of the answer itself: a claim that ends by time changes the queue without any write."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether whoever asks has the answer with this ETag already (`If-None-Match`)."""
    asked = request.headers.get("if-none-match", "").split(",")
    return etag in [tag.strip().removeprefix("W/") for tag in asked]


def as_json(row: QueueRow, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """A case as programs read it; times are ISO 8601 with a zone, or ages for who sees pseudonyms alone."""
    claimed = row.is_claimed(now)
    return told_to(
        viewer,
        {
            "id": row.id,
            "pseudonym": row.pseudonym,
            "site": row.site,
            "state": row.state,
            "referral": row.referral,
            "urgency": row.urgency,
            "readability": row.readability,
            "overruled": row.overruled or None,
            "rule": row.rule_title,
            "destination": row.destination,
            "study_date": row.shifted_study_date,
            "sequences": list(row.sequences),
            "problem": row.problem,
            "fix": row.fix,
            "waiting_for": row.waiting_for,
            "claimed": claimed,
            "claimed_by": row.claimed_by_name if claimed else "",
            "claimed_by_me": claimed and row.claimed_by == viewer.account_id,
            "claimed_until": row.claimed_until if claimed else None,
            "late_images": row.late_images,
            "addendum_wanted": row.addendum_wanted,
            "contested": row.contested or None,
            "site_report": row.site_report,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "forgotten_at": row.forgotten_at,
        },
    )


@api.get("/queue")
def queue_json(
    request: Request, context: Context, viewer: Looker, show: str = "open", page: int = 1
) -> Response:
    """The queue as JSON; answers 304 to an `If-None-Match` with the ETag of the last answer while nothing changed.

    `show` is a view (open, to-read, mine, parked, all); a page has 100 cases, and `pages` says how many there are.
    """
    found, now = read_queue(context, viewer, show, page)
    body = body_of(found, viewer, now)
    etag = etag_of(body)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
