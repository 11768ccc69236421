"""`Authorization: Bearer`: which program calls, and whether its token is for this (RFC 6750).

A token that is right costs one look at the records. One that is not counts as a wrong password of its address, in the
same brakes: 2**256 tokens cannot be guessed, but whoever tries must not cost the others their answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from gateway.errors import NotAllowed
from gateway.records import credentials, ledger
from gateway.records.accounts import Viewer
from gateway.records.credentials import ClientRow
from gateway.records.ledger.credentials.clients import USE_IS_NOTED_AFTER
from gateway.web.foundation.access import guess, may
from gateway.web.foundation.context import WebContext, context_of
from gateway.web.foundation.problems import SignInNeeded
from gateway.web.foundation.rights import Right

REALM = 'Bearer realm="gateway"'
GUESSED = "a program's token"
"""What wrong tokens of an address are counted under, beside the address itself; no login has spaces."""
NEW_ONE = "An administrator gives a new one: gateway clients add"


class TokenRefused(SignInNeeded):
    """The token is nobody's, or was (RFC 6750 3.1: invalid_token)."""

    challenge = f'{REALM}, error="invalid_token"'


class ScopeMissing(NotAllowed):
    """The token is good, but not for this (RFC 6750 3.1: insufficient_scope)."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This token may not {credentials.SCOPES[scope]}.",
            f"An administrator can give a token with the scope {scope}.",
        )
        self.challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'


def called_by(scope: str, right: Right) -> Callable[[Request], Awaitable[Viewer | ClientRow]]:
    """The dependency of a service: the program whose token is for `scope`, or an account that has `right`."""
    of_account = may(right, basic=True)

    async def caller_of(request: Request) -> Viewer | ClientRow:
        token = token_of(request)
        if token is None:
            try:
                return await of_account(request)
            except SignInNeeded as error:
                error.challenge = f"{error.challenge}, {REALM}"
                raise
        return await run_in_threadpool(_client, request, context_of(request), token, scope)

    return caller_of


def token_of(request: Request) -> str | None:
    """What stands after Bearer; None where the request names another way in, or none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _client(request: Request, context: WebContext, token: str, scope: str) -> ClientRow:
    with context.database.read() as session:
        client, now = credentials.client_of(session, token), context.database.now(session)
    address = request.client.host if request.client is not None else ""
    if client is None:
        with guess(request, GUESSED):
            raise TokenRefused("This token is nobody's.", NEW_ONE)
    if client.state(now) != "in force":
        with guess(request, GUESSED):
            ledger.refuse_client(context.database, client, client.state(now), address)
            raise TokenRefused(f"This token is {client.state(now)}.", NEW_ONE)
    if scope not in client.scopes:
        with guess(request, GUESSED):
            ledger.refuse_client(context.database, client, f"scope {scope}", address)
            raise ScopeMissing(scope)
    moved = client.last_address != address
    if client.last_used_at is None or moved or now - client.last_used_at >= USE_IS_NOTED_AFTER:
        ledger.note_client_use(context.database, client, address)
    return client
