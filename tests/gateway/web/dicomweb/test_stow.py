"""STOW-RS (PS3.18 10.5): every part by the one door, with an answer for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from pydicom import Dataset
from sqlmodel import select

from gateway.errors import GatewayError
from gateway.intake import OUT_OF_RESOURCES, SUCCESS
from gateway.web.dicomweb.stow import (
    CANNOT_UNDERSTAND,
    PROCESSING_FAILURE,
    StoreResponse,
    boundary_of,
    parts_of,
)
from gateway.web.foundation.problems import BadRequest, Unsupported
from support.dicom_files import study_file
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


def test_an_account_named_like_a_sender_stores_as_that_node(web: WebGateway) -> None:
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


def test_an_account_named_like_a_reader_sends_back_what_it_made(web: WebGateway) -> None:
    """What a reading site stores by STOW-RS is about the studies it reads: no study of its own."""
    from gateway.records.tables.studies import Reply

    web.add("reading-site", "coordinator", "reading")
    assert stow(web, related(study_file("2.25.6006")), login="reading-site").status_code == 200
    assert web.stored("2.25.6006") == []
    with web.database.read() as session:
        reply = session.exec(select(Reply).where(Reply.study_instance_uid == "2.25.6006")).one()
    assert (reply.node, reply.received_by, reply.uploaded_by) == ("reading-site", "stow-rs", None)


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([SUCCESS, SUCCESS], 200),
        ([SUCCESS, CANNOT_UNDERSTAND], 202),
        ([SUCCESS, OUT_OF_RESOURCES], 202),
        ([CANNOT_UNDERSTAND, PROCESSING_FAILURE], 409),
        ([OUT_OF_RESOURCES, CANNOT_UNDERSTAND], 409),
        ([OUT_OF_RESOURCES, OUT_OF_RESOURCES], 503),
    ],
)
def test_the_status_says_what_became_of_all_parts(statuses: list[int], status: int) -> None:
    """PS3.18 Table 10.5.3-1; only where there was no room at all is the sender asked to come again."""
    answers = StoreResponse()
    for number, each in enumerate(statuses):
        answers.add("1.2.840.10008.5.1.4.1.1.4", f"2.25.{number}", each)
    told = answers.response()
    assert (told.status_code, told.headers.get("retry-after")) == (status, "60" if status == 503 else None)
    body = Dataset.from_json(bytes(told.body).decode())
    assert len(body.get("ReferencedSOPSequence", [])) == statuses.count(SUCCESS)
    reasons = [item.FailureReason for item in body.get("FailedSOPSequence", [])]
    assert reasons == [each for each in statuses if each != SUCCESS]


def test_a_part_that_names_no_instance_is_answered_without_one() -> None:
    """An empty UID would be a wrong one."""
    answers = StoreResponse()
    answers.add("", "", CANNOT_UNDERSTAND)
    [item] = Dataset.from_json(bytes(answers.response().body).decode()).FailedSOPSequence
    assert [element.keyword for element in item] == ["FailureReason"]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', "abc"),
        ('Multipart/Related; boundary="a b;c"; type=application/DICOM', "a b;c"),
        ("multipart/related; boundary=abc", "abc"),
    ],
)
def test_the_boundary_is_found_however_it_is_written(content_type: str, boundary: str) -> None:
    """Quoted or not, in any order; the type may be missing."""
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    ("content_type", "error"),
    [
        ("multipart/form-data; boundary=abc", Unsupported),
        ('multipart/related; type="application/dicom+json"; boundary=abc', Unsupported),
        ("", Unsupported),
        ("multipart/related; type=application/dicom", BadRequest),
    ],
)
def test_what_is_no_multipart_of_dicom_is_refused(content_type: str, error: type[GatewayError]) -> None:
    """415 for another media type, 400 for one without a boundary."""
    with pytest.raises(error) as refused:
        boundary_of(content_type)
    assert refused.value.fix


class Slowly:
    """A request whose body comes a few bytes at a time."""

    def __init__(self, body: bytes, size: int) -> None:
        self.chunks = [body[at : at + size] for at in range(0, len(body), size)]
        self.taken = 0

    async def stream(self) -> AsyncIterator[bytes]:
        """The chunks, then the end, as Starlette tells it."""
        for chunk in self.chunks:
            self.taken += 1
            yield chunk
        yield b""


def parts(request: Slowly) -> list[tuple[bytes, int]]:
    """Each part with how many chunks had come by then."""

    async def collected() -> list[tuple[bytes, int]]:
        return [(part, request.taken) async for part in parts_of(request, BOUNDARY)]  # type: ignore[arg-type]

    return asyncio.run(collected())


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_parts_are_whole_however_the_body_is_cut(size: int) -> None:
    """Also where a part holds what looks like a boundary, and one that is empty."""
    wanted = [b"one", b"", f"\r\n--{BOUNDARY[:-1]}\r\n".encode() + bytes(range(256)) * 3]
    assert [part for part, _ in parts(Slowly(related(*wanted), size))] == wanted


def test_a_part_is_given_out_before_the_next_has_come() -> None:
    """One in memory at a time, not a study."""
    request = Slowly(related(b"a" * 1000, b"b" * 1000), 100)
    first, second = parts(request)
    assert first[1] < second[1] <= len(request.chunks)


@pytest.mark.parametrize("missing", [1, 5, 300, 1100])
def test_a_body_without_its_closing_boundary_is_a_problem(missing: int) -> None:
    """What had come whole was given out; the sender hears that the rest did not come."""
    whole = related(b"a" * 1000, b"b" * 1000).removesuffix(b"\r\n")
    assert len(parts(Slowly(whole, 100))) == 2
    with pytest.raises(BadRequest):
        parts(Slowly(whole[:-missing], 100))


def test_stow_of_a_body_that_was_cut_short_is_refused(web: WebGateway) -> None:
    """Never 200: the sender would believe that all is kept. Sent again whole, all is."""
    whole = related(study_file("2.25.6007", 1), study_file("2.25.6007", 2))
    assert stow(web, whole[:-200]).status_code == 400
    assert stow(web, whole).status_code == 200
    assert web.stored("2.25.6007") == ["2.25.6007.1", "2.25.6007.2"]
