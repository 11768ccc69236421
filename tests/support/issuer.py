"""A real OpenID provider for tests, and a browser that goes between it and a gateway."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from support.web_gateway import WebGateway

LINK = "https://gateway.example"
"""How people reach the gateway, by its settings; the browser of the tests knows where it really is."""
SECRET = "a secret of the client"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ana": {"name": "Dr. Ana Kovač", "shown": "ana.k", "groups": ["pml-readers", "everywhere"]},
    "bea": {"name": "Bea", "shown": "ana.k", "groups": ["pml-readers", "everywhere"]},
    "nora": {"name": "Nora", "shown": "nora", "groups": ["pml-coordinators", "neuro-north"]},
    "sam": {"name": "Sam", "shown": "sam", "groups": ["pml-coordinators", "neuro-south"]},
    "cleo": {"name": "Cleo", "shown": "cleo", "groups": ["pml-coordinators", "everywhere"]},
    "dora": {"name": "Dora", "shown": "dora", "groups": ["pml-readers", "neuro-north", "neuro-south"]},
    "emil": {"name": "Emil", "shown": "emil", "groups": ["cardiology", "everywhere"]},
    "finn": {"name": "Finn", "shown": "finn", "groups": ["pml-readers"]},
    "gita": {"name": "Gita", "shown": "admin", "groups": ["pml-it", "pml-readers", "everywhere"]},
}
"""Persons at the issuer; `bea` has the name at the issuer that `ana` has, `gita` that of a local account."""
MAPPING = {
    "roles": ["pml-it=admin", "pml-readers=reader", "pml-coordinators=coordinator"],
    "sites": ["neuro-north=north", "neuro-south=south", "everywhere=*"],
    "scopes": ["openid", "profile", "groups"],
}


@contextmanager
def issuer() -> Iterator[str]:
    """The provider in a process of its own; its address."""
    program = Path(__file__).with_name("issuer_program.py")
    client = {
        "id": "gateway",
        "secret": SECRET,
        "uri": LINK,
        "back": f"{LINK}/sign-in/issuer/back",
        "out": f"{LINK}/sign-in",
    }
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            others = {"id": "another", **{key: value for key, value in client.items() if key != "id"}}
            process.stdin.write(json.dumps({"people": PEOPLE, "clients": [client, others]}) + "\n")
            process.stdin.flush()
            address = process.stdout.readline().strip()
            assert address, "the provider did not start"
            yield f"http://{address}"
        finally:
            process.kill()


def settings_for(address: str, **more: Any) -> dict[str, Any]:
    """Tables of the settings of a gateway whose persons sign in there."""
    oidc = {"issuer": address, "client_id": "gateway", "client_secret": SECRET, "timeout": 10.0}
    return {"oidc": oidc | MAPPING | more, "notify": {"link": LINK}}


@dataclass
class Browser:
    """Cookies of its own at the gateway and at the issuer."""

    web: WebGateway
    issuer: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=20))

    def __post_init__(self) -> None:
        self.gateway = self.web.client()
        self.web.clients.append(self.issuer)

    def is_at_issuer(self, person: str, since: float | None = None) -> None:
        """Somebody signed in at the issuer, now or then."""
        self.issuer.cookies.clear()
        self.issuer.cookies.set("person", person)
        self.issuer.cookies.set("since", str(time.time() if since is None else since))

    def begin(self, wanted: str = "/") -> str:
        """Press the button; where the gateway sends the browser."""
        answer = self.gateway.get("/sign-in/issuer", params={"next": wanted})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def at_issuer(self, address: str) -> str:
        """Go to the issuer, which sends the browser back; the path at the gateway."""
        answer = self.issuer.get(address)
        assert answer.status_code == 302, answer.text
        target = urlsplit(answer.headers["location"])
        assert f"{target.scheme}://{target.netloc}" == LINK, answer.headers["location"]
        return f"{target.path}?{target.query}"

    def sign_in(self, person: str, wanted: str = "/") -> httpx.Response:
        """The whole way; the gateway's answer to the issuer's."""
        self.is_at_issuer(person)
        return self.gateway.get(self.at_issuer(self.begin(wanted)))

    def session(self) -> dict[str, str]:
        """Who is signed in here now."""
        told: dict[str, str] = self.gateway.get("/api/session").json()
        return told


def target_of(page: httpx.Response) -> str:
    """Where a page of ours leads on by itself."""
    led = re.search(r'content="0; url=([^"]*)"', page.text)
    assert led, page.text
    return unescape(led[1])


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
