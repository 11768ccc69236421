"""Who is asking, may they, and did they mean to: sessions, roles, and two proofs on each unsafe request.

A browser proves intent by its Origin header (always sent with unsafe requests) *and* by the session's CSRF token in the
form field `csrf` or the header `X-CSRF-Token`. The cookie is HttpOnly and SameSite=Strict besides. Programs may sign in
with HTTP Basic where DICOMweb expects it. The limits on guesses are in `brakes`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from gateway.errors import NotAllowed
from gateway.records import accounts, ledger
from gateway.records.accounts import HalfSignIn, Viewer
from gateway.records.ledger import SignIn
from gateway.web.foundation.brakes import LONGEST_WAIT_S, Look, SignInBrakes, busy
from gateway.web.foundation.context import Context, WebContext, context_of
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import SignInNeeded, TooManyRequests, retry_after, status_of
from gateway.web.foundation.rights import Right, has
from gateway.web.foundation.templates import render
from gateway.web.foundation.whence import address_of, device_for, keep_device, whence_of, with_device

COOKIE = "gateway_session"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MOST_FILES = 50_000
"""Files in one plain upload form: a 4D study has tens of thousands."""
BASIC_LIFETIME = timedelta(minutes=10)
MOST_IN_LINE = 16
"""Requests of programs that wait for a sign-in: with the line of `brakes`, fewer than the threads that answer pages."""

POLLED = frozenset({"/api/queue"})
"""What an open page asks for by itself: it keeps no session alive that nobody uses."""

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api", tags=["session"])


def check_origin(request: Request) -> None:
    """Refuse a request that another site made a browser send. A program sends neither header and needs the token."""
    claimed = request.headers.get("origin") or request.headers.get("referer")
    try:
        foreign = claimed is not None and urlsplit(claimed).netloc != request.headers.get("host", "")
    except ValueError:
        foreign = True
    if foreign or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotAllowed(
            "This request was made by another site.", "Open the page of the gateway itself and try again."
        )


def may(right: Right | None = None, *, basic: bool = False) -> Callable[[Request], Awaitable[Viewer]]:
    """The dependency of every page and service: the viewer, when they have the right and meant it.

    Raises SignInNeeded or NotAllowed. `basic` also takes HTTP Basic credentials, which no browser form can forge.
    """

    async def viewer_of(request: Request) -> Viewer:
        context = context_of(request)
        if request.method in UNSAFE:
            check_origin(request)
        viewer = await run_in_threadpool(_basic_viewer, request, context) if basic else None
        if viewer is None:
            token = request.cookies.get(COOKIE, "")
            viewer = await run_in_threadpool(_session_viewer, request, context, token) if token else None
            if viewer is None:
                raise SignInNeeded("Nobody is signed in.", "Sign in first.")
            _check_right(request, viewer, right)
            if request.method in UNSAFE:
                await _check_token(request, viewer)
        _check_right(request, viewer, right)
        return viewer

    return viewer_of


def _session_viewer(request: Request, context: WebContext, token: str) -> Viewer | None:
    viewer = accounts.session_of(context.database, token, idle_time(context))
    is_used = viewer is not None and request.url.path not in POLLED
    if is_used and accounts.is_worth_noting(context.database, token):
        ledger.note_seen(context.database, token)
    return viewer


def idle_time(context: WebContext) -> timedelta:
    """How long a session may be left alone."""
    return timedelta(minutes=context.settings.web.idle_minutes)


def _check_right(request: Request, viewer: Viewer, right: Right | None) -> None:
    request.state.viewer = viewer  # for the audit trail, whatever comes of it
    if right is not None and not has(viewer, right):
        request.state.lacks_right = True
        raise NotAllowed(
            f"Your role ({viewer.role}) may not {right}.", "Ask an administrator if you need to."
        )


async def half_signed_in(request: Request) -> HalfSignIn:
    """The dependency of the pages between password and second factor. Raises SignInNeeded, NotAllowed."""
    if request.method in UNSAFE:
        check_origin(request)
    half = await run_in_threadpool(
        accounts.half_sign_in, context_of(request).database, request.cookies.get(COOKIE, "")
    )
    if half is None:
        raise SignInNeeded("This sign-in has ended.", "Sign in again.")
    if request.method in UNSAFE:
        await _check_token(request, half)
    return half


async def _check_token(request: Request, viewer: Viewer | HalfSignIn) -> None:
    sent = request.headers.get("x-csrf-token")
    kind = request.headers.get("content-type", "")
    if sent is None and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        form = await request.form(max_files=MOST_FILES)
        sent = str(form.get("csrf", ""))
    if not secrets.compare_digest((sent or "").encode(), viewer.csrf.encode()):
        raise NotAllowed(
            "The request does not carry this session's token.", "Load the page again and repeat it."
        )


@dataclass
class BasicSessions:
    """Sessions of programs, kept in memory by a hash of their credentials: argon2 once, not for every request."""

    tokens: dict[str, str] = field(default_factory=dict)
    turns: list[threading.Lock] = field(default_factory=lambda: [threading.Lock() for _ in range(256)])
    line: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MOST_IN_LINE))
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def viewer(self, request: Request, context: WebContext, login: str, password: str) -> Viewer:
        """Who these credentials are; raises NotAllowed or TooManyRequests."""
        known = hashlib.blake2b(f"{login}\0{password}".encode(), key=self.salt).hexdigest()
        viewer = self._known(context, known)
        if viewer is None:
            with self._turn(known):  # a program's connections at once are one guess, not as many
                viewer = self._known(context, known)
                if viewer is None:
                    with guess(request, login):
                        self.tokens[known], viewer = ledger.sign_in(
                            context.database,
                            _counting(context, login),
                            password,
                            BASIC_LIFETIME,
                            whence_of(request),
                            wanted_of=context.settings.web.second_factor_roles,
                        )
                    _note_emergency(context, viewer)
        return viewer

    @contextmanager
    def _turn(self, known: str) -> Iterator[None]:
        turn = self.turns[int(known[:2], 16)]
        if not self.line.acquire(blocking=False):
            raise busy()
        try:
            if not turn.acquire(timeout=LONGEST_WAIT_S):
                raise busy()
            try:
                yield
            finally:
                turn.release()
        finally:
            self.line.release()

    def _known(self, context: WebContext, known: str) -> Viewer | None:
        token = self.tokens.get(known)
        return accounts.session_of(context.database, token) if token is not None else None


def _basic_viewer(request: Request, context: WebContext) -> Viewer | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SignInNeeded(
            "The Authorization header cannot be read.", "Send login:password in UTF-8 as Base64."
        ) from None
    sessions: BasicSessions = request.app.state.basic_sessions
    try:
        return sessions.viewer(request, context, login, password)
    except NotAllowed as error:
        raise SignInNeeded(error.problem, error.fix) from None


# ---------------------------------------------------------------- signing in and out


def local_path(wanted: str) -> str:
    """A path on this server to go to after the sign-in; anything that could lead elsewhere becomes the queue."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    safe = (
        wanted.startswith("/")
        and not wanted.startswith(("//", "/\\"))
        and not parts.scheme
        and not parts.netloc
    )
    return wanted if safe and "\\" not in wanted and wanted.isprintable() else "/"


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/") -> HTMLResponse:  # noqa: A002  the query parameter's usual name
    """The form. A link from another site arrives without the strict cookie: one reload from here brings it."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return render(request, "reload.html", None, target=local_path(next))
    return render(request, "sign_in.html", None, next=local_path(next), problem="", fix="", login="")


@router.post("/sign-in")
def sign_in(request: Request, context: Context, fields: Posted) -> Response:
    """Open a session; a wrong password shows the form again."""
    check_origin(request)
    login, password = first(fields, "login"), "".join(fields.get("password", []))
    wanted = local_path(first(fields, "next"))
    try:
        begun = begin(request, context, login, password)
    except (NotAllowed, TooManyRequests) as error:
        again = render(
            request,
            "sign_in.html",
            None,
            status=status_of(error),
            next=wanted,
            problem=error.problem,
            fix=error.fix,
            login=login,
        )
        if isinstance(error, TooManyRequests):
            again.headers["Retry-After"] = retry_after(error)
        return again
    if begun.viewer is None:
        wanted = f"/sign-in/{begun.stage}?{urlencode({'next': wanted})}"
    return with_session(RedirectResponse(wanted, status_code=303), context, begun.token, request)


@router.post("/sign-out")
def sign_out(request: Request, context: Context, _viewer: Annotated[Viewer, Depends(may())]) -> Response:
    """End the session."""
    ledger.sign_out(context.database, request.cookies[COOKIE])
    after = "/sign-in/issuer/out" if context.settings.oidc.issuer else "/sign-in"
    response = RedirectResponse(after, status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


class Credentials(BaseModel):
    """What a program signs in with."""

    login: str
    password: str
    code: str = Field("", max_length=100, description="of the second factor, where the account has one")


@api.post("/session", status_code=201)
def open_session(request: Request, context: Context, credentials: Credentials) -> Response:
    """Sign in: sets the session cookie and tells the CSRF token that each change must carry as X-CSRF-Token."""
    check_origin(request)
    begun = begin(request, context, credentials.login, credentials.password)
    token, viewer = begun.token, begun.viewer
    if viewer is None:
        try:
            if begun.stage != "code" or not credentials.code:
                raise NotAllowed(*CODE_WANTED[begun.stage])
            token, viewer = finish(request, context, begun.token, credentials.login, credentials.code)
        finally:
            ledger.sign_out(context.database, begun.token)
    return with_session(JSONResponse(_told(viewer), status_code=201), context, token, request)


CODE_WANTED = {
    "code": ("This account signs in with a second factor.", "Send the code of the authenticator as `code`."),
    "set-up": ("This account needs a second factor and has none yet.", "Sign in on the page /sign-in."),
}
"""What a program is told by the stage of its sign-in."""


@api.get("/session")
def session(viewer: Annotated[Viewer, Depends(may())]) -> dict[str, str]:
    """Who is signed in, and the CSRF token."""
    return _told(viewer)


def guess(request: Request, login: str) -> AbstractContextManager[Look]:
    """The brakes around one look at a password for this login; TooManyRequests before anything is hashed."""
    brakes: SignInBrakes = request.app.state.sign_in_brakes
    known = accounts.is_known(context_of(request).database, login, whence_of(request).places)
    return brakes.guess(login, address_of(request), is_known=known)


def guess_to_sign(request: Request, viewer: Viewer) -> AbstractContextManager[Look]:
    """The same for somebody who is signed in and signs."""
    brakes: SignInBrakes = request.app.state.sign_in_brakes
    return brakes.signature(viewer.csrf)


def begin(request: Request, context: WebContext, login: str, password: str) -> SignIn:
    """A session, or half of one; raises NotAllowed or TooManyRequests."""
    whence = with_device(whence_of(request), device_for(request))
    with guess(request, login) as look:
        begun = ledger.begin_sign_in(
            context.database,
            _counting(context, login),
            password,
            _lifetime(context),
            whence,
            wanted_of=context.settings.web.second_factor_roles,
        )
        look.is_half = begun.viewer is None
    if begun.viewer is not None:
        _note_emergency(context, begun.viewer)
    return begun


def _counting(context: WebContext, login: str) -> str:
    """The login; with an issuer alone every other than that for emergencies is as one that nobody has: the same time,
    the same answer."""
    oidc = context.settings.oidc
    return login if not oidc.only or (oidc.break_glass and login == oidc.break_glass) else ""


def _note_emergency(context: WebContext, viewer: Viewer) -> None:
    if context.settings.oidc.break_glass and viewer.login == context.settings.oidc.break_glass:
        ledger.note_emergency(context.database, viewer.account_id, viewer.login)


def finish(request: Request, context: WebContext, token: str, login: str, code: str) -> tuple[str, Viewer]:
    """The session of a half sign-in, by its code; a wrong code is braked as a wrong password is."""
    whence = with_device(whence_of(request), device_for(request))
    brakes: SignInBrakes = request.app.state.sign_in_brakes
    with brakes.code(login, address_of(request)):
        token, viewer = ledger.finish_sign_in(context.database, token, code, _lifetime(context), whence)
    _note_emergency(context, viewer)
    return token, viewer


def finish_set_up(request: Request, context: WebContext, token: str) -> str:
    """The token of the session of a sign-in whose second factor was just set up."""
    whence = with_device(whence_of(request), device_for(request))
    token, viewer = ledger.finish_set_up(context.database, token, _lifetime(context), whence)
    _note_emergency(context, viewer)
    return token


def _told(viewer: Viewer) -> dict[str, str]:
    return {
        "login": viewer.login,
        "display_name": viewer.display_name,
        "role": viewer.role,
        "site": viewer.site,
        "csrf": viewer.csrf,
    }


def _lifetime(context: WebContext) -> timedelta:
    return timedelta(hours=context.settings.web.session_hours)


def with_session(
    response: Response, context: WebContext, token: str, request: Request | None = None
) -> Response:
    """The response with the session's cookie, and the one that this browser is known by."""
    web = context.settings.web
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(web.session_hours * 3600),
        path="/",
        secure=web.secure_cookies,
        httponly=True,
        samesite="strict",
    )
    if request is not None:
        keep_device(response, device_for(request), secure=web.secure_cookies)
    return response
