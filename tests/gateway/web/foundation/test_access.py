"""Who gets in, what each role may do, and that no other site can act in a reader's name."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from gateway.records.tables.administration import WebSession
from gateway.web.application import ROUTERS
from gateway.web.foundation.access import local_path
from support.web_gateway import PASSWORD, WebGateway, running

OPEN_TO_ALL = {
    "/sign-in", "/sign-in/issuer", "/sign-in/issuer/back", "/sign-in/issuer/out",
    "/api/session", "/healthz", "/readyz", "/reset", "/.well-known/security.txt",
}  # fmt: skip


def forms(path: str) -> str:
    """A route's path with numbers filled in."""
    for name in ("case_id", "study_id", "account_id", "series", "number"):
        path = path.replace("{" + name + "}", "1")
    return path.replace("{name}", "x").replace("{form}", "sr").replace("{study_instance_uid}", "1.2.3")


ROUTES = sorted(
    (method, forms(route.path))
    for router in ROUTERS
    for route in router.routes
    for method in (route.methods or set()) - {"HEAD"}  # type: ignore[attr-defined]
)


def test_every_route_but_the_named_ones_needs_an_account(web: WebGateway) -> None:
    """No page and no service answers a stranger, whether it reads or writes."""
    client = web.client()
    for method, path in ROUTES:
        if path in OPEN_TO_ALL and (method, path) != ("GET", "/api/session"):
            continue
        answer = client.request(method, path)
        turned_away = answer.status_code in (401, 303)
        assert turned_away, f"{method} {path} answered {answer.status_code} to a stranger"
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/sign-in")


def test_static_files_and_health_need_no_account(web: WebGateway) -> None:
    """What the sign-in page and monitoring need is open."""
    client = web.client()
    for path in ("/static/app.css", "/static/app.js", "/healthz", "/readyz", "/sign-in"):
        assert client.get(path).status_code == 200, path


def test_sign_in_sets_a_cookie_scripts_and_other_sites_cannot_use(web: WebGateway) -> None:
    """The session cookie is HttpOnly and SameSite=Strict, and the form leads where the reader wanted to go."""
    answer = web.client().post("/sign-in", data={"login": "reader", "password": PASSWORD, "next": "/manual"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/manual")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_wrong_password_is_told_without_saying_what_was_wrong(web: WebGateway) -> None:
    """An unknown login and a wrong password get the same answer."""
    client = web.client()
    answers = {
        client.post("/sign-in", data={"login": login, "password": "wrong wrong wrong"}).text.replace(
            login, ""
        )
        for login in ("reader", "nobody")
    }
    assert len(answers) == 1
    assert "do not fit" in answers.pop()


@pytest.mark.parametrize("way_in", ["page", "api", "basic"])
def test_guesses_are_slowed_at_every_way_in(tmp_path: Path, way_in: str) -> None:
    """429 with Retry-After, the same for a login that exists and for none, and the pages go on."""
    with running(tmp_path) as web:
        stranger = web.client()
        for login in ("admin", "nobody"):
            typed = {"login": login, "password": "wrong"}
            ways_in: dict[str, Callable[[], httpx.Response]] = {
                "page": partial(stranger.post, "/sign-in", data=typed),
                "api": partial(stranger.post, "/api/session", json=typed),
                "basic": partial(stranger.post, "/dicom-web/studies", auth=httpx.BasicAuth(login, "wrong")),
            }
            refused, guesses = ways_in[way_in](), 1
            while (
                refused.status_code != 429 and guesses < 10
            ):  # on a busy machine a guess takes its own delay
                assert refused.status_code == (401 if way_in == "basic" else 403)
                refused, guesses = ways_in[way_in](), guesses + 1
            assert (refused.status_code, guesses > 5) == (429, True)
            assert int(refused.headers["retry-after"]) >= 1
            assert "wrong passwords from this address" in refused.text
        assert stranger.get("/sign-in").status_code == 200


def test_signing_out_ends_the_session_on_the_server(web: WebGateway) -> None:
    """A stolen cookie is worth nothing after the sign-out."""
    client = web.client("reader", own_session=True)
    thief = web.client()
    thief.cookies.update(client.cookies)
    assert thief.get("/api/session").status_code == 200
    assert client.post("/sign-out").status_code == 303
    assert thief.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Referer": "https://evil.example/x"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_request_from_another_site_is_refused(web: WebGateway, headers: dict[str, str]) -> None:
    """Even with cookie and token, a foreign origin changes nothing."""
    case_id = web.case()
    answer = web.client("reader").post(f"/api/cases/{case_id}/claim", headers=headers)
    assert answer.status_code == 403
    assert not web.client("reader").get(f"/api/cases/{case_id}").json()["claimed"]


def test_a_sign_in_that_another_site_makes_is_refused(web: WebGateway) -> None:
    """Nobody can be signed in to somebody else's account by a foreign page."""
    data = {"login": "reader", "password": PASSWORD}
    answer = web.client().post("/sign-in", data=data, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_change_without_the_sessions_token_is_refused(web: WebGateway, token: str) -> None:
    """The CSRF token is needed in the header of programs and in the field of forms."""
    case_id = web.case()
    client = web.client("reader")
    del client.headers["X-CSRF-Token"]
    assert client.post(f"/cases/{case_id}/claim", data={"csrf": token}).status_code == 403
    assert client.post(f"/api/cases/{case_id}/claim", headers={"X-CSRF-Token": token}).status_code == 403


def test_a_form_with_the_token_is_taken(web: WebGateway) -> None:
    """The pages work without any script."""
    case_id = web.case()
    client = web.client("reader")
    token = client.headers.pop("X-CSRF-Token")
    answer = client.post(f"/cases/{case_id}/claim", data={"csrf": token}, headers={"Origin": web.address})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case_id}/report")


ALLOWED = {
    "/": {"reader", "lead", "north", "admin"},
    "/upload": {"north", "admin"},
    "/studies": {"lead", "north", "admin"},
    "/replies": {"lead", "north", "admin"},
    "/surveillance": {"lead", "north", "admin"},
    "/nodes": {"admin"},
    "/accounts": {"admin"},
    "/account": {"reader", "lead", "north", "admin"},
}


@pytest.mark.parametrize("path", sorted(ALLOWED))
def test_each_role_opens_what_it_may_and_nothing_else(web: WebGateway, path: str) -> None:
    """The table of rights, seen from outside."""
    opened = {
        login
        for login in ("reader", "lead", "north", "admin")
        if web.client(login).get(path).status_code == 200
    }
    assert opened == ALLOWED[path]


def test_a_coordinator_cannot_claim_or_report(web: WebGateway) -> None:
    """Those who send do not read."""
    case_id = web.case()
    client = web.client("north")
    assert client.post(f"/api/cases/{case_id}/claim").status_code == 403
    assert client.put(f"/api/cases/{case_id}/report", json={"version": 0, "content": {}}).status_code == 403


def test_only_those_who_manage_park_and_retry(web: WebGateway) -> None:
    """A reader cannot stop a case; a lead can, with a reason, and start it again."""
    case_id = web.case()
    assert web.client("reader").post(f"/cases/{case_id}/park", data={"why": "x"}).status_code == 403
    lead = web.client("lead")
    assert lead.post(f"/cases/{case_id}/park", data={"why": " "}).status_code == 422
    assert lead.post(f"/cases/{case_id}/park", data={"why": "wrong patient?"}).status_code == 303
    assert "wrong patient?" in lead.get(f"/api/cases/{case_id}").json()["problem"]
    assert lead.post(f"/cases/{case_id}/retry").status_code == 303
    assert lead.get(f"/api/cases/{case_id}").json()["problem"] == ""


def test_a_site_sees_its_own_cases_only(web: WebGateway) -> None:
    """Another site's case is answered like one that does not exist, on every address."""
    case_id = web.case(site="south", pseudonym="PML-SOUTHERN")
    north, south = web.client("north"), web.client("south")
    assert south.get(f"/cases/{case_id}").status_code == 200
    for path in (
        f"/cases/{case_id}",
        f"/api/cases/{case_id}",
        f"/api/cases/{case_id}/images",
        f"/api/cases/{case_id}/report",
    ):
        assert north.get(path).status_code == 404, path
    assert "PML-SOUTHERN" not in north.get("/?show=all").text
    assert case_id not in [one["id"] for one in north.get("/api/queue?show=all").json()["cases"]]
    assert all("south" not in row for row in north.get("/studies").text.split("<tr>")[1:])


def test_programs_sign_in_with_basic_where_that_is_usual(web: WebGateway) -> None:
    """DICOMweb takes HTTP Basic; a wrong password is answered with the challenge."""
    client, path = web.client(), "/dicom-web/studies"
    taken = client.post(path, auth=httpx.BasicAuth("north", PASSWORD))
    assert taken.status_code == 415
    refused = client.post(path, auth=httpx.BasicAuth("north", "wrong wrong wrong"))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    garbage = base64.b64encode(b"\xff\xfe").decode()
    assert client.post(path, headers={"Authorization": f"Basic {garbage}"}).status_code == 401


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/cases/3", "/cases/3"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("cases", "/"),
        ("/a\nb", "/"),
        ("", "/"),
    ],
)
def test_the_sign_in_leads_nowhere_else(wanted: str, led_to: str) -> None:
    """The address to go to afterwards stays on this server."""
    assert local_path(wanted) == led_to


def test_a_link_from_another_site_reloads_itself_once(web: WebGateway) -> None:
    """A strict cookie does not come with a link in a mail: one reload from here brings it."""
    answer = web.client().get("/sign-in?next=/cases/7", headers={"Sec-Fetch-Site": "cross-site"})
    assert 'http-equiv="refresh"' in answer.text
    assert "/cases/7" in answer.text


def test_a_session_that_nobody_uses_ends_though_its_page_refreshes_itself(tmp_path: Path) -> None:
    """Polling the queue is no use; opening a page is."""
    with running(tmp_path, idle_minutes=30) as web:
        web.add("reader", "reader")

        def left_alone(minutes: int) -> None:
            with web.database.write("test") as session:
                for row in session.exec(select(WebSession)):
                    row.last_seen_at -= timedelta(minutes=minutes)

        client = web.client("reader")
        left_alone(20)
        assert client.get("/").status_code == 200
        left_alone(20)
        assert client.get("/api/queue").status_code == 200
        left_alone(11)
        assert client.get("/api/queue").status_code == 401
        assert client.get("/").headers["location"].startswith("/sign-in")
