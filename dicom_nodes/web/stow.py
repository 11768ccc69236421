"""Read the answer to a STOW-RS request: which instances are stored, which failed and why.

Standard: PS3.18 10.5.3 and Table 10.5.3-1 (200, 202, 409), Annex I (the response data set).
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from dicom_nodes.outcomes import Answered, InstanceOutcome, Meaning, Outcome, meaning, of_status
from dicom_nodes.web.dicom_json import items, number, text

_REFERENCED, _FAILED = "00081199", "00081198"
_INSTANCE, _FAILURE, _WARNING = "00081155", "00081197", "00081196"
_GENERAL_FAILURE = 0x0110


@dataclass(frozen=True)
class StoreResponse:
    """`stored`: UID -> warning reason or None. `failed`: UID -> failure reason. An instance in neither list
    gets `otherwise`, what the HTTP status means."""

    stored: dict[str, int | None]
    failed: dict[str, int]
    status: int
    otherwise: Meaning

    def outcome(self, sop_instance_uid: str) -> InstanceOutcome:
        """What is said of one instance."""
        uid = sop_instance_uid
        if uid in self.failed:
            failed = of_status(uid, self.failed[uid])
            # "Failed" with a reason that means success would be a contradiction; believe the list.
            accepted = failed.outcome is Outcome.ACCEPTED
            return replace(failed, outcome=Outcome.REFUSED) if accepted else failed
        if uid in self.stored:
            warning = self.stored[uid]
            if warning is None:
                return InstanceOutcome(uid, Outcome.ACCEPTED, 0, "stored")
            warned = of_status(uid, warning)
            # The list says that it is stored; a reason that means something else does not undo that.
            return (
                warned if warned.outcome.delivered else replace(warned, outcome=Outcome.WARNING, tries=None)
            )
        said = self.otherwise
        detail = f"{said.text} (HTTP {self.status})"
        return InstanceOutcome(uid, said.outcome, None, detail, said.fix, said.tries)


def read_response(status: int, body: bytes) -> StoreResponse:
    """The outcome lists of an answer, whatever its content type says (JSON or XML; servers mislabel it)."""
    dataset = _from_json(body) or _from_xml(body)
    stored: dict[str, int | None] = {}
    failed: dict[str, int] = {}
    for item in items(dataset, _REFERENCED):
        stored[text(item, _INSTANCE)] = number(item, _WARNING)
    for item in items(dataset, _FAILED):
        reason = number(item, _FAILURE)
        failed[text(item, _INSTANCE)] = _GENERAL_FAILURE if reason is None else reason
    silent = status == 200 and dataset and not stored and not failed
    return StoreResponse(stored, failed, status, meaning(Answered.HTTP, 202 if silent else status))


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
