"""Tokens of programs: who has one, for what, until when, when it was used last; a new one is shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from dicom_nodes.errors import NodeError
from dicom_nodes.node import STORING
from gateway.errors import GatewayError, Invalid
from gateway.records import credentials, ledger
from gateway.records.accounts import Viewer
from gateway.records.credentials import DEFAULT_LIFETIME, LONGEST_LIFETIME, SCOPES
from gateway.web.foundation.access import may
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import status_of
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)

Runner = Annotated[Viewer, Depends(may(Right.RUN))]
Name = Annotated[str, Path(max_length=40)]


@router.get("/clients")
def clients_page(request: Request, context: Context, viewer: Runner) -> Response:
    """Programs that call with a token of their own, and the form that gives one."""
    return _page(request, context, viewer)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    token: str = "",
    error: GatewayError | NodeError | None = None,
    status: int = 200,
) -> Response:
    nodes: list[str] = []
    try:
        nodes = sorted(node.name for node in context.directory() if STORING & node.roles)
    except NodeError as broken:
        error = error or broken
    with context.database.read() as session:
        rows, now = credentials.clients(session), context.database.now(session)
    return render(
        request,
        "clients.html",
        viewer,
        status=status,
        clients=[(row, row.state(now)) for row in rows],
        nodes=nodes,
        scopes=SCOPES,
        days=DEFAULT_LIFETIME.days,
        most_days=LONGEST_LIFETIME.days,
        token=token,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )


@router.post("/clients")
def add_page(request: Request, context: Context, viewer: Runner, fields: Posted) -> Response:
    """Give a program a token, shown on this answer and never again."""
    days = first(fields, "days")
    try:
        if not days.isdecimal() or len(days) > 5:
            raise Invalid("The number of days is no number.", f"Use 1 to {LONGEST_LIFETIME.days}.")
        node = first(fields, "node")
        if node:
            context.directory().get(node)
        token = ledger.add_client(
            context.database,
            first(fields, "name"),
            fields.get("scope", []),
            node,
            first(fields, "site"),
            timedelta(days=int(days)),
            viewer.login,
        )
    except GatewayError as error:
        return _page(request, context, viewer, error=error, status=status_of(error))
    except NodeError as error:
        return _page(request, context, viewer, error=error, status=422)
    return _page(request, context, viewer, token=token)


@router.post("/clients/{name}/revoke")
def revoke_page(context: Context, viewer: Runner, name: Name) -> Response:
    """End a program's token at once."""
    ledger.revoke_client(context.database, name, viewer.login)
    return RedirectResponse("/clients", status_code=303)
