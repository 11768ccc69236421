"""A DICOMweb server that answers what the test says: STOW-RS and QIDO-RS on the standard library's HTTP server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, bytes]


@dataclass
class StowServer:
    """`reply` decides the answer to each STOW-RS request from its parts; `instances` answer searches."""

    reply: Callable[[list[bytes]], Reply] = lambda parts: (200, b"")  # noqa: ARG005
    instances: list[str] = field(default_factory=list)
    series: list[Any] = field(default_factory=list)
    """NumberOfSeriesRelatedInstances of each series (2.25.60, 2.25.61 ...) as it is stated; None: left out."""
    study: Any = None
    """NumberOfStudyRelatedInstances."""
    page: int = 1000
    search_status: int = 200
    requests: list[list[bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def __enter__(self) -> StowServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                owner.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.headers.append(dict(self.headers))
                parts = _parts(self.headers["Content-Type"], body)
                owner.requests.append(parts)
                self._answer(*owner.reply(parts))

            def do_GET(self) -> None:
                owner.headers.append(dict(self.headers))
                if urlsplit(self.path).path.endswith("/series"):
                    counts = [
                        {
                            "0020000E": {"vr": "UI", "Value": [f"2.25.6{number}"]},
                            "00201209": {"vr": "IS", "Value": n if isinstance(n, list) else [n]}
                            if n
                            else {"vr": "IS"},
                        }
                        for number, n in enumerate(owner.series)
                    ]
                    self._answer(owner.search_status, json.dumps(counts).encode())
                    return
                if urlsplit(self.path).path.endswith("/studies") and owner.study is not None:
                    self._answer(200, json.dumps([{"00201208": {"vr": "IS", "Value": owner.study}}]).encode())
                    return
                if "/series/" in self.path and owner.study is not None:
                    self._answer(403, b"[]")
                    return
                query = parse_qs(urlsplit(self.path).query)
                offset = int(query.get("offset", ["0"])[0])
                found = owner.instances[offset : offset + owner.page]
                body = json.dumps([{"00080018": {"vr": "UI", "Value": [uid]}} for uid in found]).encode()
                self._answer(owner.search_status, body)

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/dicom+json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Silence."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/dicom-web"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _parts(content_type: str, body: bytes) -> list[bytes]:
    """The parts of a multipart/related body, read by the standard library's own parser's rules."""
    boundary = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode()).get_boundary()
    assert boundary is not None
    pieces = body.split(f"--{boundary}".encode())
    assert pieces[0] in (b"", b"\r\n")
    assert pieces[-1].startswith(b"--")
    contents = []
    for piece in pieces[1:-1]:
        head, content = piece.split(b"\r\n\r\n", 1)
        assert head.strip() == b"Content-Type: application/dicom"
        contents.append(content.removesuffix(b"\r\n"))
    return contents
