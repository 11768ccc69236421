"""STOW-RS (PS3.18 10.5): every part through the intake, with an answer for each."""

from __future__ import annotations

import httpx
import pytest
from pydicom import Dataset
from sqlmodel import select

from support.objects.dicom_files import study_file
from support.web_gateway import PASSWORD, WebGateway

BOUNDARY = "a-boundary"
TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def related(*parts: bytes) -> bytes:
    """A multipart/related body."""
    made = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in parts
    )
    return made + f"--{BOUNDARY}--\r\n".encode()


def stow(
    web: WebGateway, body: bytes, path: str = "", content_type: str = TYPE, login: str = "north"
) -> httpx.Response:
    """POST to the STOW-RS service with HTTP Basic."""
    return web.client().post(
        f"/dicom-web/studies{path}",
        content=body,
        headers={"Content-Type": content_type},
        auth=httpx.BasicAuth(login, PASSWORD),
    )


def test_stow_keeps_every_part_and_says_so(web: WebGateway) -> None:
    """200 with the references of what was stored."""
    answer = stow(web, related(study_file("2.25.6001", 1), study_file("2.25.6001", 2)))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    told = Dataset.from_json(answer.text)
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == web.stored("2.25.6001")
    assert "FailedSOPSequence" not in told


def test_stow_says_which_part_failed(web: WebGateway) -> None:
    """202 when some were stored, 409 when none, with the reason of each."""
    some = stow(web, related(study_file("2.25.6002"), b"garbage"))
    assert some.status_code == 202
    assert Dataset.from_json(some.text).FailedSOPSequence[0].FailureReason == 0xC000
    assert stow(web, related(b"garbage")).status_code == 409


def test_stow_into_a_study_refuses_instances_of_another(web: WebGateway) -> None:
    """The study in the address is binding."""
    answer = stow(web, related(study_file("2.25.6003", 1)), "/2.25.6999")
    assert answer.status_code == 409
    assert web.stored("2.25.6003") == []
    assert stow(web, related(study_file("2.25.6003", 1)), "/2.25.6003").status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/dicom+json", 415),
        (b"", 'multipart/related; type="application/dicom"', 400),
        (b"", TYPE, 400),
        (b"no boundary in here", TYPE, 400),
        (b"", 'multipart/related; type="application/dicom+xml"; boundary=a', 415),
    ],
)
def test_stow_refuses_what_it_cannot_take(
    web: WebGateway, body: bytes, content_type: str, status: int
) -> None:
    """Wrong media types and broken bodies are problems, not crashes."""
    answer = stow(web, body, content_type=content_type)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_stow_is_for_those_who_send(web: WebGateway) -> None:
    """A reader's account stores nothing; a wrong password is challenged."""
    assert stow(web, related(study_file("2.25.6004")), login="reader").status_code == 403
    wrong = web.client().post(
        "/dicom-web/studies", content=b"", auth=httpx.BasicAuth("north", "wrong wrong wrong")
    )
    assert wrong.status_code == 401
    assert web.stored("2.25.6004") == []


def test_an_account_that_a_senders_entry_names_stores_as_that_node(web: WebGateway) -> None:
    """So that the report of a study that came by STOW-RS can be returned."""
    from gateway.records.tables.studies import Study

    web.add("hospital", "coordinator", "north")
    assert stow(web, related(study_file("2.25.6005")), login="hospital").status_code == 200
    with web.database.read() as session:
        study = session.exec(select(Study).where(Study.study_instance_uid == "2.25.6005")).one()
    assert (study.sender, study.site, study.received_by, study.uploaded_by) == (
        "hospital",
        "north",
        "stow-rs",
        None,
    )


def test_an_account_that_a_readers_entry_names_sends_back_what_it_made(web: WebGateway) -> None:
    """What a reading site stores by STOW-RS is about the studies it reads: no study of its own."""
    from gateway.records.tables.cases import Reply

    web.add("reading-site", "coordinator", "reading")
    assert stow(web, related(study_file("2.25.6006")), login="reading-site").status_code == 200
    assert web.stored("2.25.6006") == []
    with web.database.read() as session:
        reply = session.exec(select(Reply).where(Reply.study_instance_uid == "2.25.6006")).one()
    assert (reply.node, reply.received_by, reply.uploaded_by) == ("reading-site", "stow-rs", None)


def test_an_account_that_is_only_called_like_a_node_stores_for_its_own_site(web: WebGateway) -> None:
    """Whoever may make accounts cannot make a node; what it sends is an upload."""
    from gateway.records.tables.studies import Study

    web.add("far", "coordinator", "south")
    assert stow(web, related(study_file("2.25.6015")), login="far").status_code == 200
    with web.database.read() as session:
        study = session.exec(select(Study).where(Study.study_instance_uid == "2.25.6015")).one()
    assert (study.sender, study.site) == ("", "south")


def test_an_account_of_a_node_stores_from_its_addresses_only(web: WebGateway) -> None:
    """The password alone, taken elsewhere, stores nothing; and it is said why."""
    web.add("far-sender", "coordinator", "north")
    refused = stow(web, related(study_file("2.25.6016")), login="far-sender")
    assert refused.status_code == 403
    assert "127.0.0.1" in refused.json()["detail"]
    assert "nodes.yaml" in refused.json()["fix"]
    assert web.stored("2.25.6016") == []


def test_stow_of_a_body_that_was_cut_short_is_refused(web: WebGateway) -> None:
    """Never 200: the sender would believe that all is kept. Sent again whole, all is."""
    whole = related(study_file("2.25.6007", 1), study_file("2.25.6007", 2))
    assert stow(web, whole[:-200]).status_code == 400
    assert stow(web, whole).status_code == 200
    assert web.stored("2.25.6007") == ["2.25.6007.1", "2.25.6007.2"]
