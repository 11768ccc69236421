"""Errors as answers: the right status, problem+json for programs, a page for people, and no identity in either."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Path

from dicom_nodes.errors import NodeUnreachable
from gateway import errors
from gateway.errors import Conflict, GatewayError, Invalid, InvalidReport, KeyMissing, NotAllowed, NotThere
from gateway.web.foundation import problems
from gateway.web.foundation.problems import (
    BadRequest,
    SignInNeeded,
    TooLarge,
    Unsupported,
    problem,
    status_of,
)

UID = "1.2.840.113619.2.55.3.604688119.971"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (SignInNeeded, 401),
        (NotAllowed, 403),
        (NotThere, 404),
        (Conflict, 409),
        (errors.WrongState, 409),
        (errors.AlreadySigned, 409),
        (errors.NotClaimed, 409),
        (TooLarge, 413),
        (Unsupported, 415),
        (Invalid, 422),
        (KeyMissing, 503),
        (errors.SettingsError, 500),
        (BadRequest, 400),
        (GatewayError, 400),
    ],
)
def test_each_error_has_its_status(kind: type[GatewayError], status: int) -> None:
    """The most special one that fits decides."""
    assert status_of(kind("It is wrong.", "Mend it.")) == status


def test_no_row_of_the_table_hides_a_later_one() -> None:
    """A row behind its own base would never be reached."""
    kinds = [kind for kind, _ in problems.STATUS]
    hidden = [
        later.__name__
        for place, later in enumerate(kinds)
        for earlier in kinds[:place]
        if issubclass(later, earlier) and later is not earlier
    ]
    assert hidden == []


def test_a_problem_is_told_as_rfc_9457_says() -> None:
    """Type, title and status; detail and fix where there are any; no UID in any text."""
    told = problem(404, "NotThere", f"There is no MR.{UID}.", "Look at the queue.", problems=[UID], empty="")
    assert told.media_type == "application/problem+json"
    assert (told.status_code, json.loads(bytes(told.body))) == (
        404,
        {
            "type": "/problems/not-there",
            "title": "Not there",
            "status": 404,
            "detail": "There is no MR.(UID withheld).",
            "fix": "Look at the queue.",
            "problems": ["(UID withheld)"],
        },
    )


RAISED: dict[str, Exception] = {
    "not-there": NotThere("There is no case 7.", "Look at the queue."),
    "report": InvalidReport(["Border: not answered.", "T2: not answered."]),
    "node": NodeUnreachable("hospital does not answer.", "Start it."),
    "sign-in": SignInNeeded("Nobody is signed in.", "Sign in first."),
    "http": HTTPException(405, "Method Not Allowed"),
    "bug": ValueError(f"Doe^Jane {UID}"),
}


def application() -> FastAPI:
    """An application whose addresses raise, for programs and for people."""
    app = FastAPI()
    problems.install(app)

    @app.get("/api/raise/{name}")
    @app.get("/raise/{name}")
    @app.get("/dicom-web/raise/{name}")
    @app.post("/raise/{name}")
    def raised(name: str) -> None:
        raise RAISED[name]

    @app.get("/api/number/{number}")
    def number(number: Annotated[int, Path(le=9)]) -> int:
        return number

    return app


def ask(path: str, method: str = "GET") -> httpx.Response:
    """The answer to one request."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=application(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.request(method, path)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        (
            "not-there",
            404,
            {"title": "Not there", "detail": "There is no case 7.", "fix": "Look at the queue."},
        ),
        ("report", 422, {"problems": ["Border: not answered.", "T2: not answered."]}),
        (
            "node",
            502,
            {"title": "Node unreachable", "detail": "hospital does not answer.", "fix": "Start it."},
        ),
        ("http", 405, {"title": "Method not allowed", "detail": "Method Not Allowed."}),
        ("sign-in", 401, {"title": "Sign in needed"}),
    ],
)
def test_a_program_gets_json_and_a_person_a_page(name: str, status: int, told: dict[str, Any]) -> None:
    """The same problem in the form that fits whoever asked."""
    for_program = ask(f"/api/raise/{name}")
    assert (for_program.status_code, for_program.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    assert for_program.json() | told == for_program.json()
    page = ask(f"/raise/{name}")
    if name == "sign-in":
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/raise/sign-in")
        return
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    for name_of_text in told.keys() & {"detail", "fix"}:
        assert told[name_of_text] in page.text


def test_only_services_with_http_basic_are_challenged() -> None:
    """A browser would otherwise ask for a password by itself when a script of a page calls the API."""
    assert ask("/dicom-web/raise/sign-in").headers["www-authenticate"].startswith("Basic")
    assert "www-authenticate" not in ask("/api/raise/sign-in").headers


def test_a_form_that_needs_a_sign_in_leads_to_the_queue_afterwards() -> None:
    """Its address takes no GET."""
    assert ask("/raise/sign-in", "POST").headers["location"] == "/sign-in?next=/"


@pytest.mark.parametrize("path", ["/api/raise/bug", "/raise/bug"])
def test_a_bug_tells_nothing_of_what_it_was_about(path: str) -> None:
    """The exception's text can quote a patient: neither answer has it."""
    answer = ask(path)
    assert answer.status_code == 500
    assert "nothing was changed" in answer.text
    for hidden in ("Doe", UID, "ValueError"):
        assert hidden not in answer.text


def test_a_rejected_value_is_not_repeated() -> None:
    """Only where and what: what was sent can hold anything."""
    answer = ask("/api/number/Doe^Jane")
    assert answer.status_code == 422
    assert answer.json()["problems"][0].startswith("path.number: ")
    assert "Doe" not in answer.text


def test_an_address_that_is_not_there_is_told() -> None:
    """As a page, in words."""
    assert "There is no such page." in ask("/nowhere").text
