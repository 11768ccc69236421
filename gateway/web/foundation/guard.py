"""What surrounds every answer: security headers, and a limit on how much a request may send."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.foundation.problems import TooLarge, problem

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # NiiVue's letters are a picture in its own text
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers then send "Origin: null" with forms, which the origin check would refuse.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000"
SMALL_REQUEST = 2_000_000
"""Bytes of any request that is no upload: a report with fifty lesions takes a twentieth."""
LARGE_PATHS = ("/upload", "/api/uploads", "/dicom-web")


class Guard:
    """ASGI middleware; raw, because it has to see chunks of uploads as they come."""

    def __init__(self, app: ASGIApp, *, max_upload_mb: int, https: bool) -> None:
        self.app = app
        self.largest_upload = max_upload_mb * 1_000_000
        self.headers = HEADERS | ({"Strict-Transport-Security": HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.largest_upload if scope["path"].startswith(LARGE_PATHS) else SMALL_REQUEST
        # Static files are asked for again with their ETag; everything else may hold something about a patient.
        caching = "no-cache" if scope["path"].startswith("/static/") else "no-store"
        seen, started = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
            return message

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", caching)
            await send(message)

        async def unless_too_large(message: Message) -> None:
            # Beyond the limit the guard itself answers: frameworks report a body cut short as 400.
            if seen <= limit or started:
                await with_headers(message)

        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            await _refusal(limit)(scope, receive, with_headers)
            return
        try:
            await self.app(scope, counted, unless_too_large)
        except TooLarge:
            if started:
                raise
        if seen > limit and not started:
            await _refusal(limit)(scope, receive, with_headers)


def _refusal(limit: int) -> Response:
    error = _too_large(limit)
    return problem(413, "TooLarge", error.problem, error.fix)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The request is larger than {limit / 1e6:g} MB.", "Send less at once, or raise [web] max_upload_mb."
    )
