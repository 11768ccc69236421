"""Tokens of programs at the services: RFC 6750, scopes, brakes, and whose the objects are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from gateway.records import credentials, ledger
from gateway.records.tables.credentials import Client
from gateway.records.tables.studies import Study
from support.objects.dicom_files import study_file
from support.web_gateway import WebGateway, running


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebGateway]:
    """A gateway of this test's own: the brakes remember wrong tokens."""
    with running(tmp_path) as gateway:
        yield gateway


def stow(web: WebGateway, token: str, study: str, scheme: str = "Bearer") -> httpx.Response:
    """One object by STOW-RS with a token."""
    head = {"Content-Type": "application/dicom", "Authorization": f"{scheme} {token}".strip()}
    return web.client().post("/dicom-web/studies", content=study_file(study), headers=head)


def study_of(web: WebGateway, uid: str) -> Study | None:
    """The study of that UID, once it is kept."""
    with web.database.read() as session:
        return session.exec(select(Study).where(Study.study_instance_uid == uid)).first()


def test_a_token_of_a_node_stores_as_that_node(web: WebGateway) -> None:
    """The study has the node's name and site, and no account."""
    token = ledger.add_client(web.database, "pacs", ["stow"], node="hospital")
    assert stow(web, token, "1.2.6001", scheme="bearer").status_code == 200
    study = study_of(web, "1.2.6001")
    assert study is not None
    assert (study.sender, study.site, study.uploaded_by) == ("hospital", "north", None)


def test_a_token_of_a_site_uploads_for_it(web: WebGateway) -> None:
    """The study belongs to the site and has no sender."""
    token = ledger.add_client(web.database, "script", ["stow"], site="south")
    assert stow(web, token, "1.2.6002").status_code == 200
    study = study_of(web, "1.2.6002")
    assert study is not None
    assert (study.sender, study.site, study.uploaded_by) == ("", "south", None)


def test_a_token_of_a_node_that_is_gone_stores_nothing(web: WebGateway) -> None:
    """Its objects would belong to nobody; the answer says what to do."""
    token = ledger.add_client(web.database, "pacs", ["stow"], node="elsewhere")
    answer = stow(web, token, "1.2.6003")
    assert (answer.status_code, "nodes.yaml" in answer.json()["fix"]) == (403, True)
    assert study_of(web, "1.2.6003") is None


def test_no_token_is_answered_with_both_ways_in(web: WebGateway) -> None:
    """RFC 6750 3: a challenge without an error where nothing was shown."""
    answer = web.client().post(
        "/dicom-web/studies", content=b"", headers={"Content-Type": "application/dicom"}
    )
    assert answer.status_code == 401
    assert (
        answer.headers["WWW-Authenticate"] == 'Basic realm="gateway", charset="UTF-8", Bearer realm="gateway"'
    )


@pytest.mark.parametrize("token", ["", "x", "gwc_" + "A" * 43, "gwc_" + "A" * 5000, "gwc_~"])
def test_a_token_that_nobody_was_given_is_invalid(web: WebGateway, token: str) -> None:
    """401 with invalid_token, and nothing is stored."""
    answer = stow(web, token, "1.2.6004")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="gateway", error="invalid_token"'
    assert study_of(web, "1.2.6004") is None


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_token_that_ended_is_invalid_from_then_on(web: WebGateway, end: str) -> None:
    """The next request already; the trail has it."""
    token = ledger.add_client(web.database, "pacs", ["stow"], node="hospital")
    assert stow(web, token, "1.2.6005").status_code == 200
    if end == "revoked":
        ledger.revoke_client(web.database, "pacs")
    else:
        with web.database.write("test") as session:
            row = session.exec(select(Client)).one()
            row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    answer = stow(web, token, "1.2.6006")
    assert (answer.status_code, end in answer.json()["detail"]) == (401, True)
    assert study_of(web, "1.2.6006") is None


def test_a_token_without_the_scope_may_not(web: WebGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """403 with insufficient_scope and the scope that is missing."""
    monkeypatch.setitem(credentials.SCOPES, "look", "look")
    token = ledger.add_client(web.database, "viewer", ["look"], node="hospital")
    answer = stow(web, token, "1.2.6007")
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="stow"' in answer.headers["WWW-Authenticate"]


def test_a_token_opens_no_page_and_no_other_service(web: WebGateway) -> None:
    """It is for what its scopes say, and no session."""
    token = ledger.add_client(web.database, "pacs", ["stow"], node="hospital")
    client = web.client()
    for path in ("/api/queue", "/metrics", "/api/session"):
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {token}"}).status_code == 303


def test_who_tries_tokens_is_braked_and_who_has_one_is_not(web: WebGateway) -> None:
    """429 with Retry-After after some; a good token from the same address goes on storing."""
    good = ledger.add_client(web.database, "pacs", ["stow"], node="hospital")
    answers = [stow(web, credentials.new_token(), "1.2.6008") for _ in range(8)]
    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert stow(web, good, "1.2.6009").status_code == 200


def test_the_last_use_is_noted(web: WebGateway) -> None:
    """When, and from where."""
    token = ledger.add_client(web.database, "pacs", ["stow"], node="hospital")
    stow(web, token, "1.2.6010")
    with web.database.read() as session:
        [row] = credentials.clients(session)
    assert row.last_used_at is not None
    assert row.last_address == "127.0.0.1"
