"""The accounts page: what an administrator does for others, and what one of a site cannot."""

from __future__ import annotations

import re

import pytest

from support.records import with_factor
from support.web_gateway import PASSWORD, WebGateway

NEW = "another long one"


def add(web: WebGateway, login: str, as_: str = "admin", **fields: str) -> str:
    """Add an account on the page; the page that answers."""
    typed = {"login": login, "display_name": f"Dr. {login}", "role": "reader", "site": "north"} | fields
    return web.client(as_).post("/accounts", data=typed).text


def link_in(page: str) -> str:
    """The secret of the one-time link that a page shows."""
    [found] = re.findall(r"/reset#([A-Za-z0-9_-]{43})", page)
    return str(found)


def test_an_account_is_added_and_its_owner_sets_the_password(web: WebGateway) -> None:
    """The link is shown once; nobody else ever knows the password."""
    page = add(web, "nina")
    [number] = re.findall(r"/accounts/(\d+)/scope", page)
    assert "/reset#" not in web.client("admin").get(f"/accounts/{number}").text
    done = web.client().post("/reset", data={"link": link_in(page), "new": NEW, "again": NEW})
    assert done.status_code == 200
    assert web.client().post("/sign-in", data={"login": "nina", "password": NEW}).status_code == 303
    listed = web.client("admin").get("/accounts").text
    assert all(word in listed for word in ("nina", "Dr. nina", "never"))
    assert "already an account" in add(web, "nina")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"role": "coordinator", "site": ""}, "for one site"),
        ({"role": "coordinator", "site": "", "every_site": "yes"}, "for one site"),
        ({"role": "admin", "site": ""}, "not said which site"),
        ({"role": "reader", "site": "north", "every_site": "yes"}, "contradict"),
        ({"role": "king"}, "not a role"),
    ],
)
def test_a_site_is_never_open_by_default(web: WebGateway, fields: dict[str, str], problem: str) -> None:
    """The form is shown again with what was typed and what to do."""
    page = add(web, "otto", **fields)
    assert problem in page
    assert 'value="otto"' in page


def test_an_account_is_disabled_enabled_changed_and_its_sessions_end(web: WebGateway) -> None:
    """From the page, each at once."""
    number = web.add("vera", "reader")
    vera, admin = web.client("vera", own_session=True), web.client("admin")
    assert 'name="session"' in admin.get(f"/accounts/{number}").text
    assert admin.post(f"/accounts/{number}/sessions/end").status_code == 303
    assert vera.get("/account").status_code == 303
    vera = web.client("vera", own_session=True)
    assert admin.post(f"/accounts/{number}/disable").status_code == 303
    assert vera.get("/account").status_code == 303
    assert web.client().post("/sign-in", data={"login": "vera", "password": PASSWORD}).status_code == 403
    assert admin.post(f"/accounts/{number}/reset").status_code == 409, "a disabled account gets no link"
    assert admin.post(f"/accounts/{number}/enable").status_code == 303
    changed = admin.post(f"/accounts/{number}/scope", data={"role": "lead", "site": "south"})
    assert changed.status_code == 303
    assert web.client("vera", own_session=True).get("/api/session").json()["site"] == "south"


def test_the_last_administrator_stays(web: WebGateway) -> None:
    """Disabled, or made less: the page says what to do first."""
    admin = web.client("admin")
    [number] = re.findall(r'/accounts/(\d+)"><b>admin<', admin.get("/accounts").text)
    for path, data in (("disable", {}), ("scope", {"role": "reader", "every_site": "yes"})):
        refused = admin.post(f"/accounts/{number}/{path}", data=data)
        assert (refused.status_code, "last administrator" in refused.text) == (409, True)
    assert admin.get("/accounts").status_code == 200


def test_a_lost_second_factor_is_taken_away(web: WebGateway) -> None:
    """Alone, or together with the password."""
    number = web.add("wim", "reader")
    with_factor(web.database, number, PASSWORD)
    admin = web.client("admin")
    assert "set up" in admin.get(f"/accounts/{number}").text
    assert admin.post(f"/accounts/{number}/second-factor/remove").status_code == 303
    assert web.client("wim", own_session=True).get("/account").status_code == 200
    with_factor(web.database, number, PASSWORD)
    page = admin.post(f"/accounts/{number}/reset", data={"second_factor": "yes"}).text
    web.client().post("/reset", data={"link": link_in(page), "new": NEW, "again": NEW})
    client = web.client()
    assert client.post("/sign-in", data={"login": "wim", "password": NEW}).headers["location"] == "/"


def test_an_administrator_of_a_site_stays_within_it(web: WebGateway) -> None:
    """Other accounts are as if they were not there; neither every site nor another site can be given."""
    web.add("boss", "admin", "north")
    own, other = web.add("xena", "reader", "north"), web.add("yves", "reader", "south")
    boss = web.client("boss")
    listed = boss.get("/accounts").text
    assert ("xena" in listed, "yves" in listed, "Dr. Admin" in listed) == (True, False, False)
    for path in ("", "/scope", "/disable", "/enable", "/reset", "/second-factor/remove", "/sessions/end"):
        ask = boss.get if not path else boss.post
        assert ask(f"/accounts/{other}{path}").status_code == 404
    for more in ({"site": "south"}, {"site": "", "every_site": "yes"}):
        assert boss.post(f"/accounts/{own}/scope", data={"role": "admin", **more}).status_code == 403
        assert "accounts of north only" in add(web, "zoe", "boss", **more)
    assert (
        boss.post(f"/accounts/{own}/scope", data={"role": "coordinator", "site": "north"}).status_code == 303
    )


def test_nobody_else_opens_the_page(web: WebGateway) -> None:
    """A lead manages cases, not people."""
    for login in ("reader", "lead", "north"):
        assert web.client(login).get("/accounts").status_code == 403
        assert web.client(login).post("/accounts/1/disable").status_code == 403
    assert web.client().get("/accounts").status_code == 303
