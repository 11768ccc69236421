"""Sign-in by the issuer: begun, answered, ended; and the signer asked there once more.

The answer comes from another site, so the strict cookie of a session neither comes with it nor with where it leads:
every way ends on a page of ours that leads on. What went wrong is told on the page of the sign-in, where the local way
in stays.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gateway import logs
from gateway.errors import GatewayError, NotThere
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.web.foundation.access import local_path, with_session
from gateway.web.foundation.brakes import SignInBrakes
from gateway.web.foundation.context import Context, WebContext
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.templates import render
from gateway.web.foundation.whence import address_of, whence_of
from gateway.web.issuer.claims import Unmapped, person_of

if (
    TYPE_CHECKING
):  # the libraries of the flow are loaded when somebody signs in by it, and never without an issuer
    from gateway.web.issuer.provider import Provider

ASKED = "gateway_asked"
TOKEN = "gateway_issued"
PLACE = "/sign-in/issuer"
OUT = f"{PLACE}/out"
ASKED_S = 600
LONGEST_PATH = 1000
LONGEST_COOKIE = 3800
"""Browsers keep cookies of 4 kB; without the token the issuer asks whether the person means to sign out."""
TOO_LONG = "-"
"""Kept instead of a longer token: the issuer has a session to end, or the next person would be in by a click."""
SAID = {
    "access_denied": "it does not let you sign in here, or you declined",
    "login_required": "nobody signed in there",
    "interaction_required": "it has to ask you something first",
    "consent_required": "you have to agree there first",
    "temporarily_unavailable": "it is overloaded",
    "server_error": "it failed",
}
"""Errors that an issuer tells by the browser (RFC 6749 4.1.2.1); its own words are not shown."""

router = APIRouter(include_in_schema=False)
log = logs.get(__name__)


@dataclass(frozen=True)
class Asked:
    """What this browser asked the issuer, as its cookie remembers it."""

    seed: str
    wanted: str
    to_sign: bool


@router.get(PLACE)
def begin(request: Request, context: Context, next: str = "/") -> Response:  # noqa: A002  as at /sign-in
    """Go to the issuer to sign in; one that is away is told on the page of the sign-in."""
    from gateway.web.issuer import flow

    wanted = local_path(next)
    asked = Asked(flow.new_seed(), wanted if len(wanted) <= LONGEST_PATH else "/", to_sign=False)
    try:
        address = flow.question(provider_of(request), own_address(context), asked.seed)
    except GatewayError as error:
        return _again(request, error, asked.wanted)
    return _asking(RedirectResponse(address, status_code=303), context, asked)


@router.get(f"{PLACE}/back")
def back(
    request: Request, context: Context, code: str = "", state: str = "", error: str = "", iss: str = ""
) -> Response:
    """The issuer's answer: a session for whom it names, or the reason why there is none."""
    asked = _asked(request)
    try:
        claims, token = _claims(request, context, asked, code, state, error, iss)
        if asked.to_sign:
            response = _signer(request, context, asked, claims)
        else:
            response = _signed_in(request, context, asked, claims, token)
    except GatewayError as refused:
        response = _again(request, refused, asked.wanted)
    response.delete_cookie(ASKED, path=PLACE)
    return response


@router.get(OUT)
def out(request: Request, context: Context) -> Response:
    """After our session, the one at the issuer is ended too; where that cannot be, the page of the sign-in comes."""
    from gateway.web.issuer import flow

    token, target = request.cookies.get(TOKEN, ""), ""
    if token:
        try:
            hint = "" if token == TOO_LONG else token
            target = flow.end_address(provider_of(request), own_address(context), hint)
        except GatewayError as error:
            log.warning("not signed out at the issuer", problem=error.problem)
    response: Response = RedirectResponse("/sign-in", status_code=303)
    if target:
        response = render(request, "reload.html", None, target=target)
    response.delete_cookie(TOKEN, path=OUT)
    return response


def ask_signer(
    request: Request, context: WebContext, viewer: Viewer, case_id: int, back: str = "report"
) -> Response:
    """Send a signer without a password here to the issuer, which has to see them authenticate themselves now.

    `back` is the page of the case that they come back to.
    """
    from gateway.web.issuer import flow

    asked = Asked(flow.new_seed(), f"/cases/{case_id}/{back}", to_sign=True)
    address = flow.question(provider_of(request), own_address(context), asked.seed, ask_again=True)
    ledger.ask_signer(context.database, viewer.csrf, viewer.account_id, case_id, asked.seed)
    return _asking(render(request, "reload.html", None, target=address), context, asked)


def provider_of(request: Request) -> Provider:
    """The issuer of this application. Raises NotThere where the settings name none."""
    from gateway.web.issuer.provider import Provider

    state = request.app.state
    settings = state.context.settings.oidc
    if not settings.issuer:
        raise NotThere("There is no sign-in by an issuer here.", "Sign in with your login and password.")
    if not hasattr(state, "provider"):
        state.provider = Provider(settings)
    provider: Provider = state.provider
    return provider


def own_address(context: WebContext) -> str:
    """How people reach this gateway, by its settings: a request's Host header is anybody's word."""
    return context.settings.notify.link.rstrip("/")


def _claims(
    request: Request, context: WebContext, asked: Asked, code: str, state: str, error: str, iss: str
) -> tuple[dict[str, object], str]:
    """What the issuer says of the person, believed; a doubtful answer is counted among what was turned away."""
    from gateway.web.issuer import flow
    from gateway.web.issuer.tokens import TokenRefused

    provider = provider_of(request)
    try:
        if not flow.is_ours(asked.seed, state):
            raise TokenRefused("it is no answer to what this browser asked, or came too late")
        if iss != provider.settings.issuer and (iss or provider.services().names_itself):
            raise TokenRefused("another issuer gave it")
        if error or not code:
            raise NotThere(
                f"You are not signed in: of the issuer we hear that {SAID.get(error, 'it says no')}.",
                "Begin again, or ask whoever runs the issuer.",
            )
        brakes: SignInBrakes = request.app.state.sign_in_brakes
        with brakes.answer(
            address_of(request)
        ):  # a stranger's made-up codes would be the issuer's work, and ours
            return flow.exchanged(provider, own_address(context), asked.seed, code)
    except TokenRefused as refused:
        address = address_of(request)
        told = f"A sign-in by the issuer was refused: {refused.why}."
        ledger.refuse(context.database, ledger.NewRefusal("", address, told, refused.fix))
        raise


def _signed_in(
    request: Request, context: WebContext, asked: Asked, claims: dict[str, object], token: str
) -> Response:
    settings, web = context.settings.oidc, context.settings.web
    try:
        person = person_of(claims, settings)
    except Unmapped as refused:
        ledger.refuse_issued(context.database, settings.issuer, str(claims["sub"]), refused.why)
        raise
    whence = whence_of(request)
    lifetime = timedelta(hours=web.session_hours)
    secret, _ = ledger.sign_in_by_issuer(context.database, person, lifetime, whence)
    page = render(request, "reload.html", None, target=local_path(asked.wanted))
    response = with_session(page, context, secret)
    response.set_cookie(
        TOKEN,
        token if len(token) <= LONGEST_COOKIE else TOO_LONG,
        max_age=int(web.session_hours * 3600),
        path=OUT,
        secure=web.secure_cookies,
        httponly=True,
        samesite="strict",
    )
    return response


def _signer(request: Request, context: WebContext, asked: Asked, claims: dict[str, object]) -> Response:
    from gateway.web.issuer.tokens import TokenRefused, auth_time

    settings = context.settings.oidc
    at = auth_time(claims)
    if at is None:
        raise TokenRefused("it does not say when you were asked (auth_time)")
    case_id = ledger.prove_signer(
        context.database,
        asked.seed,
        settings.issuer,
        str(claims["sub"]),
        at,
        timedelta(seconds=settings.clock_skew),
    )
    return render(request, "reload.html", None, target=f"/cases/{case_id}/report#signature")


def _again(request: Request, error: GatewayError, wanted: str) -> Response:
    page = render(
        request,
        "sign_in.html",
        None,
        status=status_of(error),
        next=local_path(wanted),
        problem=error.problem,
        fix=error.fix,
        login="",
    )
    if isinstance(error, TooManyRequests):
        page.headers["Retry-After"] = retry_after(error)
    return page


def _asking(response: Response, context: WebContext, asked: Asked) -> Response:
    """Lax, for the answer comes from the issuer's site; it is no session and opens nothing by itself."""
    value = json.dumps([asked.seed, asked.wanted, asked.to_sign])
    response.set_cookie(
        ASKED,
        urlsafe_b64encode(value.encode()).decode(),
        max_age=ASKED_S,
        path=PLACE,
        secure=context.settings.web.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response


def _asked(request: Request) -> Asked:
    """What the cookie remembers; nothing, where it is none of ours."""
    try:
        seed, wanted, to_sign = json.loads(urlsafe_b64decode(request.cookies.get(ASKED, "")))
    except (ValueError, TypeError, binascii.Error):
        return Asked("", "/", to_sign=False)
    return Asked(str(seed), local_path(str(wanted)), to_sign is True)
