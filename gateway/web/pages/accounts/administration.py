"""The accounts, for administrators: added, changed, disabled, helped in again. One of a site sees that site's only."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from gateway.errors import GatewayError, Invalid, NotAllowed, NotThere
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.credentials import check_not_for_emergencies
from gateway.records.ledger import Scope
from gateway.records.tables.administration import ROLES
from gateway.records.views import account_rows
from gateway.records.views.account_rows import AccountRow
from gateway.web.foundation import enrolling
from gateway.web.foundation.access import idle_time, may
from gateway.web.foundation.case_access import CaseId
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, PostedForm, first
from gateway.web.foundation.problems import status_of
from gateway.web.foundation.rights import Right
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)

Administrator = Annotated[Viewer, Depends(may(Right.ACCOUNTS))]


@router.get("/accounts")
def accounts_page(request: Request, context: Context, viewer: Administrator) -> Response:
    """Every account that the viewer manages, and the form for a new one."""
    return _list(request, context, viewer)


def _list(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    error: GatewayError | None = None,
    entered: PostedForm | None = None,
) -> Response:
    with context.database.read() as session:
        found = account_rows.accounts(session, context.database.now(session), idle_time(context))
    return render(
        request,
        "accounts.html",
        viewer,
        status=200 if error is None else status_of(error),
        accounts=[row for row in found if account_rows.may_manage(viewer, row)],
        sites=enrolling.sites(context, viewer),
        roles=ROLES,
        entered=entered or {},
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )


@router.post("/accounts")
def add_account(request: Request, context: Context, viewer: Administrator, fields: Posted) -> Response:
    """Make an account that nobody knows the password of, and the link by which its owner sets one."""
    try:
        scope = _scope(viewer, fields)
        number = ledger.add_user(
            context.database,
            first(fields, "login"),
            first(fields, "display_name"),
            scope.role,
            scope.site,
            secrets.token_urlsafe(32),
            viewer.login,
            every_site=scope.every_site,
        )
    except GatewayError as error:
        return _list(request, context, viewer, error=error, entered=fields)
    return _link(request, context, viewer, number)


@router.get("/accounts/{account_id}")
def account_page(request: Request, context: Context, viewer: Administrator, account_id: CaseId) -> Response:
    """One account, its sessions, and what can be done about it."""
    return _page(request, context, viewer, account_id)


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    account_id: int,
    error: GatewayError | None = None,
    link: str = "",
) -> Response:
    account = _managed(context, viewer, account_id)
    with context.database.read() as session:
        now = context.database.now(session)
        sessions = account_rows.sessions(session, account_id, now, idle_time(context))
    return render(
        request,
        "managed_account.html",
        viewer,
        status=200 if error is None else status_of(error),
        account=account,
        sessions=sessions,
        sites=enrolling.sites(context, viewer),
        roles=ROLES,
        link=link,
        hours=context.settings.web.reset_hours,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )


@router.post("/accounts/{account_id}/scope")
def change_account(
    request: Request, context: Context, viewer: Administrator, account_id: CaseId, fields: Posted
) -> Response:
    """Another role or site; the account's sessions end."""
    account = _managed(context, viewer, account_id)
    try:
        scope = _scope(viewer, fields)
        if scope != Scope("admin", every_site=True):
            check_not_for_emergencies(account.login, context.settings.oidc.break_glass)
        ledger.change_account(context.database, account_id, scope, viewer.login)
    except GatewayError as error:
        return _page(request, context, viewer, account_id, error)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


@router.post("/accounts/{account_id}/disable")
def disable_account(
    request: Request, context: Context, viewer: Administrator, account_id: CaseId
) -> Response:
    """Let nobody sign in with it; its sessions end."""
    account = _managed(context, viewer, account_id)
    try:
        check_not_for_emergencies(account.login, context.settings.oidc.break_glass)
        ledger.disable_account(context.database, account_id, viewer.login)
    except GatewayError as error:
        return _page(request, context, viewer, account_id, error)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


@router.post("/accounts/{account_id}/enable")
def enable_account(context: Context, viewer: Administrator, account_id: CaseId) -> Response:
    """Let it sign in again."""
    _managed(context, viewer, account_id)
    ledger.enable_account(context.database, account_id, viewer.login)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


@router.post("/accounts/{account_id}/reset")
def reset_account(
    request: Request, context: Context, viewer: Administrator, account_id: CaseId, fields: Posted
) -> Response:
    """A link for a new password, shown on this answer and never again."""
    _managed(context, viewer, account_id)
    try:
        return _link(request, context, viewer, account_id, with_factor=bool(first(fields, "second_factor")))
    except GatewayError as error:
        return _page(request, context, viewer, account_id, error)


def _link(
    request: Request, context: WebContext, viewer: Viewer, account_id: int, *, with_factor: bool = False
) -> Response:
    secret = ledger.make_reset_link(
        context.database,
        account_id,
        timedelta(hours=context.settings.web.reset_hours),
        viewer.login,
        with_factor=with_factor,
    )
    link = f"{context.settings.notify.link.rstrip('/')}/reset#{secret}"
    return _page(request, context, viewer, account_id, link=link)


@router.post("/accounts/{account_id}/second-factor/remove")
def remove_factor(context: Context, viewer: Administrator, account_id: CaseId) -> Response:
    """Take the second factor away, for who lost it and every recovery code."""
    _managed(context, viewer, account_id)
    ledger.remove_factor(context.database, account_id, viewer.login)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


@router.post("/accounts/{account_id}/sessions/end")
def end_sessions(
    request: Request, context: Context, viewer: Administrator, account_id: CaseId, fields: Posted
) -> Response:
    """End one session, or all."""
    _managed(context, viewer, account_id)
    try:
        if name := first(fields, "session"):
            ledger.end_session(context.database, account_id, name, viewer.login)
        else:
            ledger.end_sessions(context.database, account_id, viewer.login)
    except NotThere as error:
        return _page(request, context, viewer, account_id, error)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


def _managed(context: WebContext, viewer: Viewer, account_id: int) -> AccountRow:
    """The account; raises NotThere also for one that belongs to another site."""
    with context.database.read() as session:
        now = context.database.now(session)
        account = account_rows.account_of(session, now, idle_time(context), number=account_id)
    if account is None or not account_rows.may_manage(viewer, account):
        raise NotThere(f"There is no account {account_id}.", "The page Accounts lists those you manage.")
    return account


def _scope(viewer: Viewer, fields: PostedForm) -> Scope:
    """What the form wants an account to be; raises NotAllowed beyond the viewer's own site, Invalid."""
    site = first(fields, "site") or (viewer.site if not first(fields, "every_site") else "")
    scope = Scope(first(fields, "role"), site, bool(first(fields, "every_site")))
    if len(site) > 64 or not site.isprintable():
        raise Invalid("This site cannot be used.", "Write it as nodes.yaml does.")
    if viewer.site and (scope.every_site or scope.site != viewer.site):
        raise NotAllowed(
            f"You manage the accounts of {viewer.site} only.", "An administrator of every site can do this."
        )
    return scope
