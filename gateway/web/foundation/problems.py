"""Errors as answers: RFC 9457 problem+json for programs, a page that says what to do for people."""

from __future__ import annotations

import math
import re
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from dicom_nodes.errors import NodeError
from gateway import logs
from gateway.errors import (
    Conflict,
    GatewayError,
    Invalid,
    InvalidReport,
    KeyMissing,
    NotAllowed,
    NotThere,
    SettingsError,
    WrongState,
)
from gateway.web.foundation.redaction import without_uids
from gateway.web.foundation.templates import render

log = logs.get(__name__)

PROGRAM_PATHS = ("/api/", "/dicom-web", "/healthz", "/readyz", "/metrics", "/openapi.json")
PROGRAM_FILES = (".nii", ".bin")
"""What only scripts of pages ask for."""


class SignInNeeded(NotAllowed):
    """Nobody is signed in."""

    challenge = 'Basic realm="gateway", charset="UTF-8"'


class TooLarge(GatewayError):
    """The request is larger than this gateway takes."""


class Unavailable(GatewayError):
    """Another service that the answer needs is away."""


class BadRequest(GatewayError):
    """The request cannot be understood."""


class TooManyRequests(GatewayError):
    """More than this gateway does at once, or so fast; `retry_after_s` says when to come again."""

    def __init__(self, problem: str, fix: str, *, retry_after_s: float) -> None:
        super().__init__(problem, fix)
        self.retry_after_s = retry_after_s


class BeingMade(TooManyRequests):
    """The worker has not made it yet."""


class NoRoom(TooManyRequests):
    """There is no room for it now."""


class Unsupported(GatewayError):
    """The request's media type is not taken here."""


class NotAcceptable(GatewayError):
    """There is no answer of a media type that the request accepts."""


STATUS: tuple[tuple[type[GatewayError], int], ...] = (
    (SignInNeeded, 401),
    (NotAllowed, 403),
    (TooLarge, 413),
    (NoRoom, 503),
    (BeingMade, 503),
    (TooManyRequests, 429),
    (BadRequest, 400),
    (Unsupported, 415),
    (NotAcceptable, 406),
    (NotThere, 404),
    (Invalid, 422),
    (InvalidReport, 422),
    (Conflict, 409),
    (WrongState, 409),
    (KeyMissing, 503),
    (Unavailable, 503),
    (SettingsError, 500),
    (GatewayError, 400),
)
"""The first row whose error fits decides."""


def status_of(error: GatewayError) -> int:
    """The HTTP status an error is answered with."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def retry_after(error: TooManyRequests) -> str:
    """The value of Retry-After: whole seconds, at least one (RFC 9110 10.2.3)."""
    return str(max(1, math.ceil(error.retry_after_s)))


def for_program(request: Request) -> bool:
    """Whether a program asked (it gets JSON) rather than a person (who gets a page)."""
    return request.url.path.startswith(PROGRAM_PATHS) or request.url.path.endswith(PROGRAM_FILES)


def problem(status: int, title: str, detail: str, fix: str = "", **more: Any) -> JSONResponse:
    """An RFC 9457 answer; `fix` says what the caller can do."""
    kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", title).lower()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", title).capitalize()
    body = {
        "type": f"/problems/{kind}",
        "title": words,
        "status": status,
        "detail": detail,
        "fix": fix,
        **more,
    }
    body = {name: value for name, value in body.items() if value not in ("", None)}
    return JSONResponse(without_uids(body), status_code=status, media_type="application/problem+json")


def answer(request: Request, status: int, title: str, detail: str, fix: str = "", **more: Any) -> Response:
    """The problem in the form that fits whoever asked."""
    if for_program(request):
        return problem(status, title, detail, fix, **more)
    if status == 401:
        wanted = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?next={wanted}", status_code=303)
    phrase = HTTPStatus(status).phrase
    return render(request, "error.html", None, status=status, phrase=phrase, problem=detail, fix=fix)


def install(app: FastAPI) -> None:
    """Teach the application to answer every error."""

    @app.exception_handler(GatewayError)
    async def _gateway_error(request: Request, error: GatewayError) -> Response:
        more = {"problems": error.problems} if isinstance(error, InvalidReport) else {}
        response = answer(request, status_of(error), type(error).__name__, error.problem, error.fix, **more)
        if isinstance(error, TooManyRequests):
            response.headers["Retry-After"] = retry_after(error)
        challenge = getattr(error, "challenge", "")
        asks_itself = request.url.path.startswith("/api/") or request.url.path.endswith(PROGRAM_FILES)
        if challenge and for_program(request) and not asks_itself:
            response.headers["WWW-Authenticate"] = challenge
        return response

    @app.exception_handler(NodeError)
    async def _node_error(request: Request, error: NodeError) -> Response:
        return answer(request, 502, type(error).__name__, error.problem, error.fix)

    @app.exception_handler(HTTPException)
    async def _http_error(request: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        detail = "There is no such page." if error.status_code == 404 else f"{error.detail}."
        return answer(request, error.status_code, phrase.replace(" ", ""), detail, "Go back to the queue.")

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        # Only where and what: the rejected input may hold anything.
        lines = [f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()]
        return answer(
            request, 422, "InvalidRequest", "; ".join(lines), "Correct the fields named.", problems=lines
        )

    @app.exception_handler(Exception)
    async def _bug(request: Request, error: Exception) -> Response:
        log.error("a page failed", method=request.method, exc_info=error)
        detail = "The gateway made a mistake answering this; nothing was changed."
        return answer(
            request, 500, "InternalError", detail, "Try again; if it stays, tell whoever runs the gateway."
        )
