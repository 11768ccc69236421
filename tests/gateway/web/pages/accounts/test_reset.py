"""A new password by a one-time link."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gateway.records import ledger
from support.web_gateway import PASSWORD, WebGateway, running

HOUR = timedelta(hours=1)
NEW = "another long one"


def test_the_link_sets_the_password_once(web: WebGateway) -> None:
    """Pasted whole, or its secret alone; what is wrong with the password is said, and the link still works."""
    number = web.add("rita", "reader")
    secret = ledger.make_reset_link(web.database, number, HOUR, "test")
    client = web.client()
    typed = {"link": f"http://127.0.0.1:8080/reset#{secret}", "new": NEW, "again": NEW}
    for wrong in ({"again": "something else 12"}, {"new": "short", "again": "short"}):
        refused = client.post("/reset", data=typed | wrong)
        assert (refused.status_code, secret in refused.text) == (422, True)
    done = client.post("/reset", data=typed)
    assert (done.status_code, "rita" in done.text) == (200, True)
    assert client.post("/sign-in", data={"login": "rita", "password": NEW}).status_code == 303
    assert client.post("/sign-in", data={"login": "rita", "password": PASSWORD}).status_code == 403
    assert client.post("/reset", data=typed).status_code == 403


def test_guessing_at_links_is_braked_and_no_other_site_can_try(tmp_path: Path) -> None:
    """429 after some; what another page sends is refused before."""
    with running(tmp_path) as web:
        client, typed = web.client(), {"link": "x" * 43, "new": NEW, "again": NEW}
        assert (
            client.post("/reset", data=typed, headers={"Origin": "https://evil.example"}).status_code == 403
        )
        answers = [client.post("/reset", data=typed) for _ in range(7)]
        assert [answer.status_code for answer in answers[:5]] == [403] * 5
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
