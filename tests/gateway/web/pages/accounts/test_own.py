"""The own account: password, sessions, second factor."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.records import code_of, with_factor
from support.web_gateway import PASSWORD, WebGateway, running

NEW = "another long one"


def test_everybody_changes_their_own_password_and_nobody_stays_signed_in_elsewhere(web: WebGateway) -> None:
    """The present one is asked for; each refusal says what to do."""
    web.add("pia", "reader")
    here, elsewhere = (web.client("pia", own_session=True) for _ in range(2))
    typed = {"old": PASSWORD, "new": NEW, "again": NEW}
    for wrong, status in (
        ({"old": "wrong"}, 403),
        ({"again": "x"}, 422),
        ({"new": "pia pia pia 12", "again": "pia pia pia 12"}, 422),
    ):
        assert here.post("/account/password", data=typed | wrong).status_code == status
    assert elsewhere.get("/account").status_code == 200
    assert here.post("/account/password", data=typed).headers["location"] == "/account?done=password"
    assert here.get("/account?done=password").text.count("every other session has ended") == 1
    assert elsewhere.get("/account").status_code == 303


def test_own_sessions_are_seen_and_ended(web: WebGateway) -> None:
    """The one that looks is marked and stays."""
    web.add("sue", "reader")
    here, first, second = (web.client("sue", own_session=True) for _ in range(3))
    page = here.get("/account").text
    assert page.count('name="session"') == 2
    assert page.count("this one") == 1
    name = re.findall(r'name="session" value="(\w+)"', page)[0]
    assert here.post("/account/sessions/end", data={"session": name}).status_code == 303
    assert sorted(one.get("/account").status_code for one in (first, second)) == [200, 303]
    assert here.post("/account/sessions/end", data={"session": "0" * 16}).status_code == 404
    assert here.post("/account/sessions/end").status_code == 303
    assert here.get("/account").text.count('name="session"') == 0
    assert {one.get("/account").status_code for one in (first, second)} == {303}


def test_a_second_factor_is_set_up_and_taken_away_by_its_owner(web: WebGateway) -> None:
    """Password, picture, first code, recovery codes once; away again by password and code."""
    web.add("uma", "reader")
    client = web.client("uma", own_session=True)
    assert client.post("/account/second-factor", data={"password": "wrong"}).status_code == 403
    assert client.post("/account/second-factor", data={"password": PASSWORD}).status_code == 303
    page = client.get("/account").text
    assert "<svg" in page
    [secret] = re.findall(r">([A-Z2-7]{32})<", page)
    assert client.post("/account/second-factor/confirm", data={"code": "1"}).status_code == 403
    code = code_of(secret, lambda: datetime.now(UTC))
    shown = client.post("/account/second-factor/confirm", data={"code": code}).text
    codes = re.findall(r"<li class=\"mono\">([a-z2-7-]{19})<", shown)
    assert len(codes) == 10
    page = client.get("/account").text
    assert "10 recovery codes are left" in page
    assert not [one for one in (*codes, secret) if one in page]
    typed = {"password": PASSWORD, "code": code}
    assert client.post("/account/second-factor/remove", data=typed).status_code == 403, "a code works once"
    elsewhere = web.client()
    signed_in = {"login": "uma", "password": PASSWORD, "code": codes[1]}
    assert elsewhere.post("/api/session", json=signed_in).status_code == 201
    assert client.post("/account/second-factor/remove", data=typed | {"code": codes[0]}).status_code == 303
    assert "None: the password alone" in client.get("/account").text
    assert elsewhere.get("/account").status_code == 303, "whoever came in by it does not stay"


def test_what_a_role_must_have_its_owner_does_not_take_away(tmp_path: Path) -> None:
    """Another one may replace it."""
    with running(tmp_path, second_factor_roles=("reader",)) as web:
        _, codes = with_factor(web.database, web.add("ana", "reader"), PASSWORD)
        client = web.client()
        typed = {"login": "ana", "password": PASSWORD, "code": codes[0]}
        client.headers["X-CSRF-Token"] = client.post("/api/session", json=typed).json()["csrf"]
        removed = client.post("/account/second-factor/remove", data={"password": PASSWORD, "code": codes[1]})
        assert (removed.status_code, "Your role" in removed.text) == (403, True)
        assert "Take it away" not in client.get("/account").text


@pytest.mark.parametrize(
    "path", ["password", "sessions/end", "second-factor", "second-factor/confirm", "second-factor/remove"]
)
def test_no_other_site_changes_an_account(web: WebGateway, path: str) -> None:
    """Each change carries the session's token."""
    client = web.client("reader")
    del client.headers["X-CSRF-Token"]
    assert client.post(f"/account/{path}", data={"password": PASSWORD}).status_code == 403
