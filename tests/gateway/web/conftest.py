"""One running web application per module of tests, with an account of every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.web_gateway import METRICS_TOKEN, WebGateway, running

ACCOUNTS = (
    ("reader", "reader", ""),
    ("second", "reader", ""),
    ("lead", "lead", ""),
    ("north", "coordinator", "north"),
    ("south", "coordinator", "south"),
    ("admin", "admin", ""),
)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """The application; each test makes the cases it needs."""
    folder: Path = tmp_path_factory.mktemp("web")
    with running(folder, max_upload_mb=5, metrics_token=METRICS_TOKEN) as gateway:
        for login, role, site in ACCOUNTS:
            gateway.add(login, role, site, f"Dr. {login.title()}")
        yield gateway
