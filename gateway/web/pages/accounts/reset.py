"""A new password by a one-time link. The secret stands behind the #, which no browser sends: no log has it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gateway.errors import GatewayError, Invalid, NotAllowed, NotThere
from gateway.records import ledger
from gateway.web.foundation.access import check_origin, guess
from gateway.web.foundation.context import Context
from gateway.web.foundation.forms import Posted, first
from gateway.web.foundation.problems import TooManyRequests, retry_after, status_of
from gateway.web.foundation.templates import render

router = APIRouter(include_in_schema=False)

GUESSED = "a one-time link"
"""What wrong links of an address are counted under."""


class LinkRefused(NotAllowed):
    """The link is nobody's, or was."""


@router.get("/reset")
def reset_page(request: Request) -> Response:
    """The form for a new password; a script puts the secret of the link into it."""
    return _page(request)


def _page(request: Request, error: GatewayError | None = None, secret: str = "", login: str = "") -> Response:
    page = render(
        request,
        "reset.html",
        None,
        status=200 if error is None else status_of(error),
        secret=secret,
        login=login,
        problem=error.problem if error else "",
        fix=error.fix if error else "",
    )
    if isinstance(error, TooManyRequests):
        page.headers["Retry-After"] = retry_after(error)
    return page


@router.post("/reset")
def reset(request: Request, context: Context, fields: Posted) -> Response:
    """Set the password; the link is worth nothing afterwards."""
    check_origin(request)
    secret = first(fields, "link").rpartition("#")[2]
    new, again = ("".join(fields.get(name, [])) for name in ("new", "again"))
    try:
        same_twice(new, again)
        with guess(request, GUESSED):
            try:
                login = ledger.use_reset_link(context.database, secret, new)
            except NotThere as error:  # a guess, until the contrary is known
                raise LinkRefused(error.problem, error.fix) from None
    except (LinkRefused, Invalid, TooManyRequests) as error:
        return _page(request, error, secret)
    return _page(request, login=login)


def same_twice(new: str, again: str) -> None:
    """Raise Invalid unless a new password was typed the same way twice."""
    if new != again:
        raise Invalid("The two passwords differ.", "Type the new password the same way twice.")
