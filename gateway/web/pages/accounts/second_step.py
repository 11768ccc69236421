"""After the password: the code of the second factor, or its set-up where the role wants one and there is none yet."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from gateway.errors import GatewayError, NotAllowed
from gateway.records import ledger
from gateway.records.accounts import HalfSignIn
from gateway.records.factors import second_factor
from gateway.web.foundation.access import (
    COOKIE,
    finish,
    finish_set_up,
    guess,
    half_signed_in,
    local_path,
    with_session,
)
from gateway.web.foundation.context import Context
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)

Half = Annotated[HalfSignIn, Depends(half_signed_in)]


@router.get("/sign-in/code")
def code_page(request: Request, half: Half, next: str = "/") -> Response:  # noqa: A002
    """The form for a code of the authenticator, or a recovery code."""
    return _code_page(request, half, next)


def _code_page(
    request: Request, half: HalfSignIn, wanted: str, error: GatewayError | None = None
) -> Response:
    return _refused(request, "sign_in_code.html", half, wanted, error)


def _refused(
    request: Request,
    template: str,
    half: HalfSignIn,
    wanted: str,
    error: GatewayError | None,
    **values: Any,
) -> Response:
    page = render(
        request,
        template,
        None,
        status=200 if error is None else status_of(error),
        half=half,
        next=local_path(wanted),
        problem=error.problem if error else "",
        fix=error.fix if error else "",
        **values,
    )
    if isinstance(error, TooManyRequests):
        page.headers["Retry-After"] = retry_after(error)
    return page


@router.post("/sign-in/code")
def code(request: Request, context: Context, half: Half, fields: Posted) -> Response:
    """Complete the sign-in; a wrong code shows the form again, and counts as a wrong password does."""
    wanted = local_path(first(fields, "next"))
    try:
        token, _ = finish(request, context, request.cookies[COOKIE], half.login, first(fields, "code"))
    except (NotAllowed, TooManyRequests) as error:
        return _code_page(request, half, wanted, error)
    return with_session(RedirectResponse(wanted, status_code=303), context, token, request)


@router.get("/sign-in/set-up")
def set_up_page(request: Request, context: Context, half: Half, next: str = "/") -> Response:  # noqa: A002
    """The secret as a picture and as text, and the form for its first code."""
    return _set_up_page(request, context, half, next)


def _set_up_page(
    request: Request, context: Context, half: HalfSignIn, wanted: str, error: GatewayError | None = None
) -> Response:
    secret = ledger.proposed_secret(context.database, request.cookies[COOKIE])
    if secret is None:  # set up already, in another window
        return RedirectResponse("/sign-in", status_code=303)
    picture = Markup(second_factor.qr_code(secret, half.login))  # made of a library's numbers
    return _refused(request, "sign_in_set_up.html", half, wanted, error, secret=secret, picture=picture)


@router.post("/sign-in/set-up")
def set_up(request: Request, context: Context, half: Half, fields: Posted) -> Response:
    """Take the first code, and show the recovery codes, once."""
    wanted = local_path(first(fields, "next"))
    try:
        with guess(request, half.login):
            codes = ledger.confirm_factor(context.database, request.cookies[COOKIE], first(fields, "code"))
    except (NotAllowed, TooManyRequests) as error:
        return _set_up_page(request, context, half, wanted, error)
    return render(request, "recovery_codes.html", None, codes=codes, half=half, next=wanted)


@router.post("/sign-in/set-up/done")
def set_up_done(request: Request, context: Context, half: Half, fields: Posted) -> Response:
    """Into the gateway: the second factor is set up, and the recovery codes were seen."""
    del half
    token = finish_set_up(request, context, request.cookies[COOKIE])
    wanted = local_path(first(fields, "next"))
    return with_session(RedirectResponse(wanted, status_code=303), context, token, request)
