"""The own account: password, sessions, second factor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from gateway.errors import GatewayError, Invalid, NotAllowed, NotThere, WrongState
from gateway.records import credentials, ledger
from gateway.records.accounts import Viewer, token_hash
from gateway.records.factors import second_factor
from gateway.records.views import account_rows
from gateway.web.foundation.access import COOKIE, guess_to_sign, idle_time, may
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.templates import render
from gateway.web.pages.accounts.reset import same_twice

router = APIRouter(include_in_schema=False)

Own = Annotated[Viewer, Depends(may())]
DONE = {
    "password": "Your password is changed; every other session has ended.",
    "session": "The session has ended.",
    "sessions": "Every other session has ended.",
    "factor": "The second factor is taken away; every other session has ended.",
}
"""What the page says after a change."""


@router.get("/account")
def account_page(request: Request, context: Context, viewer: Own, done: str = "") -> Response:
    """The own account: what it may, its sessions, and the forms."""
    return _page(request, context, viewer, done=DONE.get(done, ""))


def _page(
    request: Request,
    context: WebContext,
    viewer: Viewer,
    error: GatewayError | None = None,
    *,
    done: str = "",
    codes: tuple[str, ...] = (),
) -> Response:
    token, idle = request.cookies[COOKIE], idle_time(context)
    with context.database.read() as session:
        now = context.database.now(session)
        account = account_rows.account_of(session, now, idle, number=viewer.account_id)
        sessions = account_rows.sessions(session, viewer.account_id, now, idle, token_hash(token))
    secret = ledger.proposed_secret(context.database, token)
    page = render(
        request,
        "account.html",
        viewer,
        status=200 if error is None else status_of(error),
        account=account,
        sessions=sessions,
        secret=secret,
        picture=Markup(second_factor.qr_code(secret, viewer.login)) if secret else None,
        codes=codes,
        issued=credentials.is_issued(context.database, viewer.account_id),
        required=viewer.role in context.settings.web.second_factor_roles,
        done=done,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )
    if isinstance(error, TooManyRequests):
        page.headers["Retry-After"] = retry_after(error)
    return page


@router.post("/account/password")
def change_password(request: Request, context: Context, viewer: Own, fields: Posted) -> Response:
    """Replace the own password; the present one is asked for, and every other session ends."""
    old, new, again = ("".join(fields.get(name, [])) for name in ("old", "new", "again"))
    try:
        same_twice(new, again)
        with guess_to_sign(request, viewer):
            ledger.change_password(context.database, viewer.account_id, request.cookies[COOKIE], old, new)
    except (Invalid, NotAllowed, TooManyRequests, WrongState) as error:
        return _page(request, context, viewer, error)
    return RedirectResponse("/account?done=password", status_code=303)


@router.post("/account/sessions/end")
def end_session(request: Request, context: Context, viewer: Own, fields: Posted) -> Response:
    """End one of the own sessions, or all others."""
    if name := first(fields, "session"):
        try:
            ledger.end_session(context.database, viewer.account_id, name, viewer.login)
        except NotThere as error:
            return _page(request, context, viewer, error)
        return RedirectResponse("/account?done=session", status_code=303)
    ledger.end_sessions(context.database, viewer.account_id, viewer.login, keep=request.cookies[COOKIE])
    return RedirectResponse("/account?done=sessions", status_code=303)


@router.post("/account/second-factor")
def propose_factor(request: Request, context: Context, viewer: Own, fields: Posted) -> Response:
    """Begin to set up a second factor: the password is asked for, the secret is shown."""
    try:
        with guess_to_sign(request, viewer):
            password = "".join(fields.get("password", []))
            ledger.propose_factor(context.database, request.cookies[COOKIE], password)
    except (NotAllowed, NotThere, TooManyRequests) as error:
        return _page(request, context, viewer, error)
    return RedirectResponse("/account#second-factor", status_code=303)


@router.post("/account/second-factor/confirm")
def confirm_factor(request: Request, context: Context, viewer: Own, fields: Posted) -> Response:
    """Its first code sets it up; the recovery codes are shown on this answer and never again."""
    try:
        with guess_to_sign(request, viewer):
            codes = ledger.confirm_factor(context.database, request.cookies[COOKIE], first(fields, "code"))
    except (NotAllowed, NotThere, TooManyRequests) as error:
        return _page(request, context, viewer, error)
    return _page(request, context, viewer, codes=tuple(codes))


@router.post("/account/second-factor/remove")
def remove_factor(request: Request, context: Context, viewer: Own, fields: Posted) -> Response:
    """Take the own second factor away: password and a code are asked for, and the role must not want it."""
    try:
        if viewer.role in context.settings.web.second_factor_roles:
            raise NotAllowed("Your role signs in with a second factor.", "Set up another one instead.")
        with guess_to_sign(request, viewer):
            password = "".join(fields.get("password", []))
            ledger.check_password(
                context.database, viewer.account_id, password, first(fields, "code"), with_code=True
            )
    except (NotAllowed, TooManyRequests) as error:
        return _page(request, context, viewer, error)
    ledger.remove_factor(context.database, viewer.account_id, viewer.login, keep=request.cookies[COOKIE])
    return RedirectResponse("/account?done=factor", status_code=303)
