"""A mail server and a webhook, small and real, that keep what they are told."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass
class Heard:
    """What a listener was told; `status` is what it answers next."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    status: int = 200


@contextmanager
def mail_server() -> Iterator[Heard]:
    """SMTP on the loopback address, as much of RFC 5321 as one client needs; a `status` of 550 refuses senders."""
    heard = Heard()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 test")
            while line := self.rfile.readline():
                verb = line.split()[0].upper() if line.split() else b""
                if verb == b"DATA":
                    self._say("354 go on")
                    body = b"".join(iter(self.rfile.readline, b".\r\n"))
                    heard.mails.append(cast(EmailMessage, message_from_bytes(body, policy=policy.default)))
                    self._say("250 kept")
                elif verb == b"QUIT":
                    self._say("221 bye")
                    return
                elif verb == b"MAIL" and heard.status != 200:
                    self._say(f"{heard.status} not from you")
                else:
                    self._say("250 ok")

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)) as port:
        heard.port = port
        yield heard


@contextmanager
def webhook() -> Iterator[Heard]:
    """An HTTP service that keeps every JSON body posted to it."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            heard.tokens.append(self.headers.get("Authorization", ""))
            self.send_response(heard.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silence."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        heard.port = port
        yield heard


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
