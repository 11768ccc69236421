"""Tokens of programs: who has one, for what, until when, when it was used last; a new one is shown once.

An administrator of one site sees, gives and revokes those of that site: its uploads' and its nodes'.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from dicom_nodes.errors import NodeError
from dicom_nodes.node import STORING, Node
from gateway.errors import GatewayError, Invalid, NotAllowed, NotThere
from gateway.records import credentials, ledger
from gateway.records.accounts import Viewer
from gateway.records.credentials import DEFAULT_LIFETIME, LONGEST_LIFETIME, SCOPES, ClientRow
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
    own: list[Node] = []
    try:
        own = _nodes(context, viewer)
    except NodeError as broken:
        error = error or broken
    nodes = sorted(node.name for node in own if STORING & node.roles)
    with context.database.read() as session:
        now = context.database.now(session)
        rows = [row for row in credentials.clients(session) if _is_managed(viewer, row, own)]
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
        node, site = first(fields, "node"), first(fields, "site")
        if node:
            context.directory().get(node)
        _check_own(context, viewer, node, site)
        token = ledger.add_client(
            context.database,
            first(fields, "name"),
            fields.get("scope", []),
            node,
            site,
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
    own = _nodes(context, viewer) if viewer.site else []
    with context.database.read() as session:
        named = [row for row in credentials.clients(session) if row.name == name]
    if not any(_is_managed(viewer, row, own) for row in named):
        raise NotThere(
            f"There is no program {name!r}.", "The page Tokens of programs lists those you manage."
        )
    ledger.revoke_client(context.database, name, viewer.login)
    return RedirectResponse("/clients", status_code=303)


def _nodes(context: WebContext, viewer: Viewer) -> list[Node]:
    """The nodes whose tokens are the viewer's to give. Raises NodeError."""
    return [node for node in context.directory() if viewer.site in ("", node.site)]


def _is_managed(viewer: Viewer, row: ClientRow, own: list[Node]) -> bool:
    return viewer.site in ("", row.site) or row.node in {node.name for node in own}


def _check_own(context: WebContext, viewer: Viewer, node: str, site: str) -> None:
    """Raise NotAllowed beyond the viewer's own site: a token stores studies of the site that it is for."""
    foreign_node = node and node not in {each.name for each in _nodes(context, viewer)}
    if viewer.site and (foreign_node or site not in ("", viewer.site)):
        raise NotAllowed(
            f"You give tokens for {viewer.site} and its nodes only.",
            "An administrator of every site can do this.",
        )
