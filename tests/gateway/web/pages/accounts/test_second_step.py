"""Signing in with a second factor, from the form to the queue."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from support.records import code_of, with_factor
from support.web_gateway import PASSWORD, WebGateway, running


def now() -> datetime:
    """The real clock: the server's is."""
    return datetime.now(UTC)


def fields(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def typed(web: WebGateway, login: str, wanted: str = "/manual") -> tuple[httpx.Client, httpx.Response]:
    """A browser after login and password, and where it was led."""
    client = web.client()
    answer = client.post("/sign-in", data={"login": login, "password": PASSWORD, "next": wanted})
    assert answer.status_code == 303, answer.text
    return client, answer


def test_after_the_password_a_code_is_asked_for_and_leads_on(web: WebGateway) -> None:
    """Until then no page and no service is open; a wrong code shows the form again."""
    _, codes = with_factor(web.database, web.add("fay", "reader"), PASSWORD)
    client, led = typed(web, "fay")
    assert led.headers["location"] == "/sign-in/code?next=%2Fmanual"
    half = client.cookies["gateway_session"]
    assert client.get("/").headers["location"].startswith("/sign-in")
    assert client.get("/api/session").status_code == 401
    page = client.get(led.headers["location"])
    wrong = client.post("/sign-in/code", data={**fields(page), "code": "000000"})
    assert (wrong.status_code, "used already" in wrong.text) == (403, True)
    assert client.post("/sign-in/code", data={"code": codes[0]}).status_code == 403, (
        "without the form's token"
    )
    right = client.post("/sign-in/code", data={**fields(page), "code": codes[0]})
    assert (right.status_code, right.headers["location"]) == (303, "/manual")
    assert client.cookies["gateway_session"] != half
    assert client.get("/manual").status_code == 200
    assert client.get("/sign-in/code").headers["location"].startswith("/sign-in")


def test_a_program_sends_its_code_with_the_password(web: WebGateway) -> None:
    """Without it, it is told; HTTP Basic has no place for it and is refused."""
    _, codes = with_factor(web.database, web.add("gus", "coordinator", "north"), PASSWORD)
    client, typed_ = web.client(), {"login": "gus", "password": PASSWORD}
    refused = client.post("/api/session", json=typed_)
    assert (refused.status_code, "second factor" in refused.text) == (403, True)
    assert client.post("/api/session", json=typed_ | {"code": "000000"}).status_code == 403
    assert client.post("/api/session", json=typed_ | {"code": codes[0]}).status_code == 201
    basic = web.client().post("/dicom-web/studies", auth=httpx.BasicAuth("gus", PASSWORD))
    assert (basic.status_code, "second factor" in basic.text) == (401, True)


def test_wrong_codes_are_braked_as_wrong_passwords_are(tmp_path: Path) -> None:
    """The right password between them forgives none."""
    with running(tmp_path) as web:
        with_factor(web.database, web.add("ana", "reader"), PASSWORD)
        statuses: list[int] = []
        for _ in range(4):
            client = web.client()
            answer = client.post("/sign-in", data={"login": "ana", "password": PASSWORD})
            if answer.status_code == 429:
                statuses.append(429)
                break
            page = client.get("/sign-in/code")
            for _ in range(2):
                statuses.append(
                    client.post("/sign-in/code", data={**fields(page), "code": "000000"}).status_code
                )
        assert statuses[:5] == [403] * 5
        assert statuses[-1] == 429


@pytest.mark.parametrize("role", ["admin", "reader"])
def test_who_must_have_a_second_factor_sets_it_up_on_the_way_in(tmp_path: Path, role: str) -> None:
    """Picture, code, recovery codes, and then the page that was wanted: never a dead end."""
    with running(tmp_path, second_factor_roles=("admin",)) as web:
        web.add("olga", role)
        client, led = typed(web, "olga")
        if role == "reader":
            assert led.headers["location"] == "/manual"
            return
        assert led.headers["location"] == "/sign-in/set-up?next=%2Fmanual"
        assert client.get("/").headers["location"].startswith("/sign-in")
        page = client.get(led.headers["location"])
        assert "<svg" in page.text
        [secret] = re.findall(r">([A-Z2-7]{32})<", page.text)
        assert client.post("/sign-in/set-up", data={**fields(page), "code": "1"}).status_code == 403
        shown = client.post("/sign-in/set-up", data={**fields(page), "code": code_of(secret, now)})
        codes = re.findall(r"<li class=\"mono\">([a-z2-7-]{19})<", shown.text)
        assert (shown.status_code, len(codes)) == (200, 10)
        done = client.post("/sign-in/set-up/done", data=fields(shown))
        assert (done.status_code, done.headers["location"]) == (303, "/manual")
        assert client.get("/manual").status_code == 200
        again, led = typed(web, "olga")
        assert led.headers["location"].startswith("/sign-in/code")
        del again


def test_the_second_step_leads_nowhere_else(web: WebGateway) -> None:
    """Not to another server."""
    _, codes = with_factor(web.database, web.add("hal", "reader"), PASSWORD)
    client, led = typed(web, "hal", "https://evil.example")
    assert led.headers["location"] == "/sign-in/code?next=%2F"
    page = client.get("/sign-in/code?next=//evil.example")
    data = {**fields(page), "code": codes[0], "next": "https://evil.example"}
    assert client.post("/sign-in/code", data=data).headers["location"] == "/"
