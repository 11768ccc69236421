"""What surrounds every answer: headers on each, and no request larger than it may be, announced or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.foundation.guard import HEADERS, SMALL_REQUEST, Guard
from gateway.web.foundation.problems import TooLarge
from support.web_gateway import WebGateway

UPLOAD_MB = 3


async def length_of_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole request, then answers with its length."""
    body = await Request(scope, receive).body()
    await Response(str(len(body)))(scope, receive, send)


async def as_frameworks_do(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 400 to whatever goes wrong while a body comes in."""
    try:
        await Request(scope, receive).body()
    except TooLarge:
        await Response("cut short", 400)(scope, receive, send)


async def answers_first(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins its answer before it has read the request."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await Request(scope, receive).body()
    await send({"type": "http.response.body", "body": b"done"})


def ask(
    path: str = "/x",
    chunks: Sequence[bytes] = (b"",),
    headers: Sequence[tuple[bytes, bytes]] = (),
    app: ASGIApp = length_of_body,
    *,
    https: bool = False,
) -> tuple[int, Headers, bytes]:
    """Status, headers and body of the answer to a request that comes in these chunks."""
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": number + 1 < len(chunks)}
        for number, chunk in enumerate(chunks)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": list(headers)}
    asyncio.run(Guard(app, max_upload_mb=UPLOAD_MB, https=https)(scope, receive, send))
    (start,) = [message for message in sent if message["type"] == "http.response.start"]
    body = b"".join(message.get("body", b"") for message in sent)
    return start["status"], Headers(raw=start["headers"]), body


def test_every_answer_has_the_headers_and_is_not_stored() -> None:
    """The refusal of the guard itself included."""
    announced = [(b"content-length", b"99000000")]
    for status, headers, _ in (ask(), ask(headers=announced)):
        assert status in (200, 413)
        assert {name: headers[name] for name in HEADERS} == HEADERS
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


def test_an_answer_may_choose_a_header_of_its_own() -> None:
    """A picture of a copy may be kept by the browser of the reader."""

    async def picture(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"", headers={"Cache-Control": "private"})(scope, receive, send)

    assert ask(app=picture)[1]["cache-control"] == "private"


def test_static_files_are_asked_for_again() -> None:
    """So that a new version is seen at once; they hold nothing of a patient."""
    assert ask("/static/app.css")[1]["cache-control"] == "no-cache"


def test_behind_https_browsers_are_told_to_stay_there() -> None:
    """For a year."""
    assert ask(https=True)[1]["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/cases/1/report", SMALL_REQUEST),
        ("/upload", UPLOAD_MB * 1_000_000),
        ("/api/uploads", UPLOAD_MB * 1_000_000),
        ("/dicom-web/studies", UPLOAD_MB * 1_000_000),
    ],
)
@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("app", [length_of_body, as_frameworks_do])
def test_one_byte_too_much_is_refused(path: str, limit: int, announced: bool, app: ASGIApp) -> None:
    """Exactly the limit is taken; the refusal is the guard's, whatever a framework makes of a body cut short."""
    whole = [bytes(limit // 4)] * 4
    length = [(b"content-length", str(limit).encode())] if announced else []
    assert ask(path, whole, length)[0] == 200
    longer = [(b"content-length", str(limit + 1).encode())] if announced else []
    status, headers, body = ask(path, [*whole, b"x"], longer, app)
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert f"larger than {limit / 1e6:g} MB".encode() in body


def test_a_length_that_is_no_number_is_counted() -> None:
    """What a request says of itself is not believed."""
    assert ask(chunks=[bytes(SMALL_REQUEST), b"x"], headers=[(b"content-length", b"-1")])[0] == 413
    assert ask(chunks=[bytes(SMALL_REQUEST), b"x"], headers=[(b"content-length", b"1")])[0] == 413


def test_an_answer_that_has_begun_is_broken_off() -> None:
    """Its status cannot be taken back, so the connection ends instead of a second answer in the first."""
    with pytest.raises(TooLarge):
        ask(chunks=[bytes(SMALL_REQUEST), b"x"], app=answers_first)


def test_pages_carry_the_policy_and_the_notice(web: WebGateway) -> None:
    """Scripts come from here only, nothing may frame a page, and the notice is on it."""
    answer = web.client("reader").get("/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "For healthcare professionals only" in answer.text
    assert "style=" not in answer.text
    assert "http://" not in answer.text.replace(web.address, "")


def test_a_large_request_that_is_no_upload_is_refused(web: WebGateway) -> None:
    """A form cannot fill the memory, announced or not."""
    client = web.client("reader")
    case_id = web.case()
    large = b"x" * 3_000_000
    assert client.put(f"/api/cases/{case_id}/report", content=large).status_code == 413

    def pieces() -> object:
        yield from (large[:500_000] for _ in range(6))

    answer = client.put(
        f"/api/cases/{case_id}/report", content=pieces(), headers={"Content-Type": "application/json"}
    )  # type: ignore[arg-type]
    assert answer.status_code == 413
