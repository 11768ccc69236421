"""The web application as it is put together: it answers, without keys, on what the settings name."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from fastapi import FastAPI

from gateway.assembly.gateway import open_gateway
from gateway.assembly.web import web
from gateway.settings import Settings


def test_the_pages_answer_on_the_records_of_the_settings(tmp_path: Path) -> None:
    """Alive, a page for signing in, and the way there from the queue; no key was made for it."""
    settings = Settings.model_validate(
        {
            "storage": {
                "database": f"sqlite:///{tmp_path}/gateway.sqlite",
                "objects": tmp_path / "objects",
                "keys": tmp_path / "keys",
            },
            "files": {"nodes": tmp_path / "nodes.yaml", "rules": tmp_path / "rules"},
        }
    )
    gateway = open_gateway(settings)
    assert asyncio.run(statuses(web(gateway), "/healthz", "/sign-in", "/")) == [200, 200, 303]
    gateway.intake.close()
    gateway.database.close()
    assert not (tmp_path / "keys").exists()


async def statuses(application: FastAPI, *paths: str) -> list[int]:
    """What the application answers to somebody who is not signed in."""
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return [(await client.get(path)).status_code for path in paths]
