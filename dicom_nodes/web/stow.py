"""Read the answer to a STOW-RS request: which instances are stored, which failed and why.

Standard: PS3.18 10.5.3 and Table 10.5.3-1 (200, 202, 409), Annex I (the response data set).
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from dicom_nodes.outcomes import Outcome

_REFERENCED, _FAILED = "00081199", "00081198"
_INSTANCE, _FAILURE, _WARNING = "00081155", "00081197", "00081196"
_GENERAL_FAILURE = 0x0110


@dataclass(frozen=True)
class StoreResponse:
    """`stored`: UID -> warning reason or None. `failed`: UID -> failure reason. An instance in neither list
    gets `otherwise` with `detail`."""

    stored: dict[str, int | None] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    otherwise: Outcome = Outcome.REFUSED
    detail: str = ""


# What it means for an instance that the answer does not mention, by HTTP status.
_BY_STATUS: dict[int, tuple[Outcome, str]] = {
    200: (Outcome.ACCEPTED, "stored"),
    # 202 without a word about this instance: it is not known to be stored, so it is sent again.
    202: (Outcome.TRY_AGAIN, "the node took the request but does not say whether it has this instance"),
    400: (Outcome.REFUSED, "the node does not understand the request"),
    401: (Outcome.REFUSED, "the node wants other credentials; check token or password of this node"),
    403: (Outcome.REFUSED, "the node does not let us store; have that right given to us there"),
    404: (Outcome.REFUSED, "there is no STOW-RS service at this url; check url of this node"),
    408: (Outcome.TRY_AGAIN, "the node did not wait for the whole request"),
    409: (Outcome.REFUSED, "the node stored nothing of this request and gives no reason for this instance"),
    413: (Outcome.REFUSED, "the node takes no request of this size; raise its limit"),
    415: (Outcome.REFUSED, "the node does not take this transfer syntax"),
    429: (Outcome.TRY_AGAIN, "the node is too busy"),
}


def read_response(status: int, body: bytes) -> StoreResponse:
    """The outcome lists of an answer, whatever its content type says (JSON or XML; servers mislabel it)."""
    outcome, detail = _BY_STATUS.get(
        status,
        (Outcome.TRY_AGAIN, "the node has a problem")
        if status >= 500
        else (Outcome.REFUSED, "the node refuses"),
    )
    dataset = _from_json(body) or _from_xml(body)
    stored: dict[str, int | None] = {}
    failed: dict[str, int] = {}
    for item in _items(dataset, _REFERENCED):
        stored[_text(item, _INSTANCE)] = _number(item, _WARNING)
    for item in _items(dataset, _FAILED):
        reason = _number(item, _FAILURE)
        failed[_text(item, _INSTANCE)] = _GENERAL_FAILURE if reason is None else reason
    if status == 200 and dataset and not stored and not failed:
        outcome, detail = _BY_STATUS[202]
    return StoreResponse(stored, failed, outcome, f"{detail} (HTTP {status})")


def _from_json(body: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        content = json.loads(body)
        if isinstance(content, list) and content:
            content = content[0]
        if isinstance(content, dict):
            return content
    return {}


def _from_xml(body: bytes) -> dict[str, Any]:
    """The Native DICOM Model (PS3.19 A.1) in the shape of DICOM JSON, as far as an answer needs it."""
    # Entities can only be declared in a document type; an answer needs none, so none is parsed.
    if not body.lstrip().startswith(b"<") or b"<!DOCTYPE" in body:
        return {}
    try:
        root: Element = fromstring(body)
    except (ParseError, ValueError):
        return {}
    return _xml_items(root)


def _xml_items(parent: Element) -> dict[str, Any]:
    dataset: dict[str, Any] = {}
    for attribute in parent:
        tag = attribute.get("tag")
        if tag is None:
            continue
        values: list[Any] = []
        for child in attribute:
            name = child.tag.rsplit("}", 1)[-1]
            values.append(_xml_items(child) if name == "Item" else (child.text or "").strip())
        dataset[tag.upper()] = {"Value": values}
    return dataset


def _items(dataset: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    entry = dataset.get(tag)
    values = entry.get("Value") if isinstance(entry, dict) else None
    return [item for item in values or [] if isinstance(item, dict)]


def _text(item: dict[str, Any], tag: str) -> str:
    entry = item.get(tag)
    values = entry.get("Value") if isinstance(entry, dict) else None
    return str(values[0]) if values else ""


def _number(item: dict[str, Any], tag: str) -> int | None:
    text = _text(item, tag)
    with contextlib.suppress(ValueError):
        return int(text)
    return None
