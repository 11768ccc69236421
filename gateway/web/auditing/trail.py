"""The middleware that writes a look before the answer that shows it, and lends the caller's address to all lines."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.audit import origin
from gateway.records.database import Database
from gateway.records.ledger.trail.looks import Look
from gateway.web.auditing.repetitions import Repetitions
from gateway.web.auditing.routes import ROUTES, Shown

BRAKED = 429
"""A sign-in that comes too soon, of whomever: nobody is signed in yet."""


class Trail:
    """ASGI middleware. A look that cannot be written is not answered: the write raises, and the page says so."""

    def __init__(self, app: ASGIApp, *, database: Database) -> None:
        self.app = app
        self.repetitions = Repetitions(lambda look: ledger.note_look(database, look))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, self._until_the_end(receive), send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""

        async def after_its_line(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, message["status"], address)
            await send(message)

        with origin.coming_from(address):
            await self.app(scope, receive, after_its_line)

    async def _note(self, scope: Scope, status: int, address: str) -> None:
        state = scope.get("state", {})
        viewer = state.get("viewer")
        if isinstance(viewer, Viewer):
            session = viewer.csrf
            look = _look(scope, status, address, viewer, lacks_right=state.get("lacks_right", False))
        else:
            session, look = "", _braked(scope, status, address)
        if look is not None and not self.repetitions.is_repeated(session, look):
            await run_in_threadpool(self.repetitions.begin, session, look)

    def _until_the_end(self, receive: Receive) -> Receive:
        async def listened() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await run_in_threadpool(self.repetitions.end)
            return message

        return listened


def _braked(scope: Scope, status: int, address: str) -> Look | None:
    if status != BRAKED:
        return None
    return Look("unknown login", "sign-in braked", f"{scope['method']} {_path(scope)}", address)


def _path(scope: Scope) -> str:
    """The address as the routes have it, without the numbers in it; empty for a page that is not there."""
    return getattr(scope.get("route"), "path", "")


def _look(scope: Scope, status: int, address: str, viewer: Viewer, *, lacks_right: bool) -> Look | None:
    """What is told of an answer; a case of another site is answered like one that does not exist."""
    path, numbers = _path(scope), scope.get("path_params", {})
    told = ROUTES.get((scope["method"], path))
    case = numbers.get("case_id")
    case = int(case) if str(case).isdecimal() and int(case) < 2**31 else None
    if lacks_right or (status == 404 and path):
        return Look(viewer.login, "access refused", f"{scope['method']} {path}", address, case)
    if not isinstance(told, Shown) or status >= 400:
        return None
    asked = tuple(scope.get("state", {}).get("asked", ()))
    return Look(viewer.login, told.event, told.subject.format(**numbers), address, case, asked)
