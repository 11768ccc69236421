"""An issuer that is away, slow, talkative or another: one error, soon, whatever it does."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from gateway.sign_in_settings import OidcSettings
from gateway.web.issuer.provider import AWAY_S, KEYS_AGAIN_S, MOST_BYTES, IssuerAway, Provider

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(socketserver.ThreadingTCPServer):
    """Answers as a test wants it; counts what was asked."""

    allow_reuse_address = daemon_threads = True
    asked: list[str]


@contextmanager
def server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server on a free port: its address, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with Server(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_address[1]}", asked
        finally:
            serving.shutdown()
            thread.join()


def provider(address: str, clock: Callable[[], float] = lambda: 0.0) -> Provider:
    """What the gateway knows of an issuer there."""
    return Provider(
        OidcSettings(issuer=address, client_id="g", roles=("a=admin",), sites=("a=*",), timeout=0.5), clock
    )


def says(body: object, status: int = 200, **headers: str) -> Answer:
    """This, to everything."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(sent)))
        handler.end_headers()
        handler.wfile.write(sent)

    return answer


def described(address: str, **more: Any) -> dict[str, Any]:
    """What an issuer says of itself."""
    return {
        "issuer": address,
        "authorization_endpoint": f"{address}/a",
        "token_endpoint": f"{address}/t",
        "jwks_uri": f"{address}/k",
        "keys": [{"kty": "RSA"}, 7],
    } | more


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for longer than anybody should wait."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            threading.Event().wait(0.05)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says({}, 500), "answers 500"),
        (says({}, 302, Location="http://127.0.0.1:9/"), "answers 302"),
        (says(b"<html>"), "no JSON"),
        (says([]), "no object"),
        (says({"issuer": "https://another.example"}), "names itself otherwise"),
        (says(b" " * (MOST_BYTES + 1)), "does not answer"),
        (drips, "in time"),
    ],
    ids=["failing", "leading elsewhere", "a page", "a list", "another", "endless", "dripping"],
)
def test_what_is_no_issuer_is_told_so(answer: Answer, why: str) -> None:
    """Within the time of the settings; who asks next hears it at once."""
    with server(answer) as (address, asked):
        known = provider(address)
        for _ in range(3):
            with pytest.raises(IssuerAway) as away:
                known.services()
            assert why in away.value.problem
        assert len(asked) == 1, "nobody else waits for it"


def test_an_issuer_that_comes_back_is_asked_again() -> None:
    """After some seconds."""
    now = [0.0]
    broken = [True]
    with server(lambda handler: says({} if broken[0] else described(address))(handler)) as (address, _):
        known = provider(address, lambda: now[0])
        with pytest.raises(IssuerAway):
            known.services()
        broken[0] = False
        now[0] = AWAY_S
        assert known.services().token == f"{address}/t"


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"]
)
def test_a_service_that_anybody_could_listen_to_is_not_used(name: str) -> None:
    """Plain HTTP is for this machine alone."""
    with server(lambda handler: says(described(address, **{name: "http://issuer.example/x"}))(handler)) as (
        address,
        _,
    ):
        with pytest.raises(IssuerAway) as away:
            provider(address).services()
        assert name in away.value.problem


def test_what_is_known_is_remembered_and_keys_are_looked_for_again_not_too_often() -> None:
    """One look an hour; for a key that is missing one a minute."""
    now = [0.0]
    with server(lambda handler: says(described(address))(handler)) as (address, asked):
        known = provider(address, lambda: now[0])
        for _ in range(3):
            known.services()
            assert known.keys() == ({"kty": "RSA"},)
        known.keys(again=True)
        assert asked == ["/.well-known/openid-configuration", "/k"]
        now[0] = KEYS_AGAIN_S
        known.keys(again=True)
        assert asked[2:] == ["/k"]


def test_few_ask_at_once() -> None:
    """The threads that answer pages are not all waiting for an issuer."""
    known = provider("http://127.0.0.1:9")
    turns = [known.turn() for _ in range(9)]
    for turn in turns[:8]:
        turn.__enter__()
    with pytest.raises(IssuerAway):
        turns[8].__enter__()
    for turn in turns[:8]:
        turn.__exit__(None, None, None)
