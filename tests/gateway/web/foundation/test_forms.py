"""The fields of a posted form, as pages get them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.web.foundation.forms import Posted, first

application = FastAPI()


@application.post("/")
def fields_of(fields: Posted) -> dict[str, list[str]]:
    """What a page would get."""
    return fields


def post(**request: Any) -> dict[str, list[str]]:
    """The fields of one request."""

    async def posted() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.post("/", **request)

    fields: dict[str, list[str]] = asyncio.run(posted()).json()
    return fields


def test_a_field_keeps_all_its_values_in_their_order() -> None:
    """As a list with several ticked answers sends them."""
    body = "sites=thalamus&why=%C3%BCber&sites=caudate&empty="
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(content=body, headers=kind) == {
        "sites": ["thalamus", "caudate"],
        "why": ["über"],
        "empty": [""],
    }


def test_an_uploaded_file_is_no_field() -> None:
    """Its content is not text."""
    files = {"file": ("a.dcm", b"\0\1"), "text": (None, "words")}
    assert post(files=files) == {"text": ["words"]}


def test_a_request_without_a_form_has_no_field() -> None:
    """A page that needs one says so itself."""
    assert post(content=b"{}", headers={"Content-Type": "application/json"}) == {}


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"why": ["  wrong patient? "]}, "why", "wrong patient?"),
        ({"why": ["first", "second"]}, "why", "first"),
        ({"why": []}, "why", ""),
        ({}, "why", ""),
    ],
)
def test_the_first_value_is_taken_trimmed(fields: dict[str, list[str]], name: str, value: str) -> None:
    """A field that was not sent is empty, like one that was left empty."""
    assert first(fields, name) == value
