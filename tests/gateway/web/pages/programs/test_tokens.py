"""The page of tokens: for administrators, a token shown once, revoked by a button."""

from __future__ import annotations

import re

import pytest

from gateway.records import credentials
from support.web_gateway import WebGateway

FORM = {"name": "scanner", "scope": "stow", "node": "hospital", "site": "", "days": "30"}


@pytest.mark.parametrize("login", ["reader", "lead", "north"])
def test_only_administrators_give_tokens(web: WebGateway, login: str) -> None:
    """Neither seen nor given by the others."""
    client = web.client(login)
    assert client.get("/clients").status_code == 403
    assert client.post("/clients", data=FORM).status_code == 403
    assert client.post("/clients/scanner/revoke").status_code == 403


def test_a_token_is_shown_once_and_revoked_by_a_button(web: WebGateway) -> None:
    """On the answer that gives it; never on the page again."""
    client = web.client("admin")
    answer = client.post("/clients", data=FORM | {"name": "scanner-north"})
    assert answer.status_code == 200
    shown = re.search(r'<output id="token">([^<]+)</output>', answer.text)
    assert shown
    token = shown[1]
    assert credentials.TOKEN.fullmatch(token)
    page = client.get("/clients").text
    assert token not in page
    assert "scanner-north" in page
    assert "in force" in page
    assert client.post("/clients/scanner-north/revoke").status_code == 303
    assert "revoked" in client.get("/clients").text


@pytest.mark.parametrize(
    "wrong",
    [{"name": "Ü"}, {"days": "x"}, {"days": "0"}, {"site": "north"}, {"node": "nowhere"}, {"scope": "all"}],
)
def test_what_cannot_be_is_told_on_the_page(web: WebGateway, wrong: dict[str, str]) -> None:
    """With the form below, and no token."""
    answer = web.client("admin").post("/clients", data=FORM | wrong)
    assert answer.status_code == 422
    assert 'action="/clients"' in answer.text
    assert 'id="token"' not in answer.text


def test_a_programs_name_is_needed_to_revoke(web: WebGateway) -> None:
    """404 for one that is not there."""
    assert web.client("admin").post("/clients/nobody/revoke").status_code == 404
