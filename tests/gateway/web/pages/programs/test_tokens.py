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


def test_an_administrator_of_one_site_has_its_tokens_alone(web: WebGateway) -> None:
    """A token of another site's would store studies there: neither given, seen nor revoked, by site or by node."""
    web.add("keeper", "admin", "south")
    everywhere, keeper = web.client("admin"), web.client("keeper")
    assert web.context.directory().get("hospital").site == "north"
    of_each = {
        "of-north": {"site": "north", "node": ""},
        "of-node": {"site": "", "node": "hospital"},
        "of-south": {"site": "south", "node": ""},
    }
    for name, whose in of_each.items():
        assert everywhere.post("/clients", data=FORM | {"name": name} | whose).status_code == 200
    for name in ("of-north", "of-node"):
        answer = keeper.post("/clients", data=FORM | {"name": "stranger"} | of_each[name])
        assert (answer.status_code, 'id="token"' in answer.text) == (403, False)
        assert name not in answer.text
        assert keeper.post(f"/clients/{name}/revoke").status_code == 404
    page = keeper.get("/clients").text
    assert ("of-south" in page, "<option>hospital</option>" in page) == (True, False)
    assert keeper.post("/clients/of-south/revoke").status_code == 303
    own = keeper.post("/clients", data=FORM | {"name": "of-south-2"} | of_each["of-south"])
    assert (own.status_code, 'id="token"' in own.text) == (200, True)
    with web.database.read() as session:
        revoked = {row.name for row in credentials.clients(session) if row.revoked_at is not None}
    assert revoked & of_each.keys() == {"of-south"}
