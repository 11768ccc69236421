"""A reader asks for the pictures of a case once more, on its page and by JSON."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.records.tables.pictures import WAITING, CasePictures
from support.pictures import make
from support.web_gateway import WebGateway, phantom, running


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A gateway with a reader."""
    with running(tmp_path_factory.mktemp("again")) as gateway:
        gateway.add("anna", "reader")
        yield gateway


@pytest.mark.parametrize("path", ["/cases/{}/pictures", "/api/cases/{}/pictures"])
def test_pictures_are_asked_for_again(web: WebGateway, path: str) -> None:
    """The page has a button, the worker has work, journal and page tell it."""
    case_id = web.case()
    web.images(case_id, phantom())
    make(web, case_id)
    client = web.client("anna")
    assert f'action="/cases/{case_id}/pictures"' in client.get(f"/cases/{case_id}").text
    answer = client.post(path.format(case_id), data={"csrf": client.headers["X-CSRF-Token"]})
    assert answer.status_code in (202, 303)
    with web.database.read() as session:
        assert session.get_one(CasePictures, case_id).state == WAITING
    assert "pictures made again" in client.get(f"/cases/{case_id}").text


def test_a_case_without_copies_says_what_to_do(web: WebGateway) -> None:
    """409; its page offers nothing."""
    case_id = web.case()
    client = web.client("anna")
    answer = client.post(f"/api/cases/{case_id}/pictures")
    assert answer.status_code == 409
    assert "made by themselves" in answer.text
    assert f'action="/cases/{case_id}/pictures"' not in client.get(f"/cases/{case_id}").text
