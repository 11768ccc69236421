"""A row of the trail as a DICOM audit message (PS3.15 A.5.1), for an audit repository.

What goes out names no patient: the objects that took part are a case, a study or another row here, by its number; of
the detail only numbers, codes and names of nodes, rules and keys. What a person typed stays here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC
from ipaddress import ip_address
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from gateway.records.audit.events import CODES, Code, Kind, Outcome, named
from gateway.records.tables.administration import AuditEvent

INDICATORS: Final = {Outcome.DONE: "0", Outcome.REFUSED: "4", Outcome.FAILED: "8"}
"""EventOutcomeIndicator."""
TEXTS: Final = frozenset(
    {
        "by",
        "choice",
        "digest",
        "file",
        "fingerprint",
        "form",
        "format",
        "from",
        "key",
        "node",
        "role",
        "rule",
        "seal",
        "sender",
        "site",
        "to",
    }
)
"""Parts of a detail that go out as texts: names and codes of ours. What a person typed may say anything, and stays."""
OURS: Final = "PML-GATEWAY"
"""The coding scheme of what PS3.16 has no code for."""
_APPLICATION: Final[Code] = ("110150", "Application")
_SYSTEM_OBJECT, _OTHER, _MACHINE_NAME, _IP_ADDRESS = "2", "4", "1", "2"
_NO_OBJECTS: Final = frozenset({Kind.LOGIN, Kind.LOGOUT})
"""User Authentication has no participant object (PS3.15 A.5.3.11)."""


def message(event: AuditEvent, source: str) -> bytes:
    """The message, UTF-8, without an XML declaration or a byte order mark; `source` is AuditSourceID."""
    known = named(event.action)
    identity, kind = CODES[known.kind]
    root = Element("AuditMessage")
    what = SubElement(
        root,
        "EventIdentification",
        EventActionCode=known.action,
        EventDateTime=event.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=INDICATORS[Outcome(event.outcome)],
    )
    _coded(what, "EventID", identity)
    if kind is not None:
        _coded(what, "EventTypeCode", kind)
    _coded(what, "EventTypeCode", (event.action.replace(" ", "-"), event.action), OURS)
    _participants(root, event, source)
    SubElement(
        SubElement(root, "AuditSourceIdentification", AuditSourceID=source),
        "AuditSourceTypeCode",
        {"csd-code": "4"},
    )
    if known.kind not in _NO_OBJECTS:
        _object(root, event)
    return tostring(root, encoding="utf-8", xml_declaration=False, short_empty_elements=True)


def _participants(root: Element, event: AuditEvent, source: str) -> None:
    """Who did it, and the gateway, which says so."""
    if event.who != "gateway":
        person = SubElement(root, "ActiveParticipant", UserID=event.who, UserIsRequestor="true")
        if event.address:
            person.set("NetworkAccessPointID", event.address)
            person.set("NetworkAccessPointTypeCode", _IP_ADDRESS if _is_ip(event.address) else _MACHINE_NAME)
    own = "true" if event.who == "gateway" else "false"
    gateway = SubElement(root, "ActiveParticipant", UserID=source, UserIsRequestor=own)
    _coded(gateway, "RoleIDCode", _APPLICATION)


def _object(root: Element, event: AuditEvent) -> None:
    """What it was done to: by its number here."""
    thing = SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=event.subject,
        ParticipantObjectTypeCode=_SYSTEM_OBJECT,
    )
    kind = event.subject.partition(" ")[0] or "gateway"
    _coded(thing, "ParticipantObjectIDTypeCode", (kind, kind), OURS)
    SubElement(thing, "ParticipantObjectName").text = event.subject
    for name, value in _told(event):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
        encoded = base64.b64encode(text.encode()).decode("ascii")
        SubElement(thing, "ParticipantObjectDetail", type=name, value=encoded)


def _told(event: AuditEvent) -> Iterator[tuple[str, object]]:
    if event.case_id is not None:
        yield "case", event.case_id
    for name, value in event.detail.items():
        if isinstance(value, int | float) or (name in TEXTS and isinstance(value, str)):
            yield name, value
    yield "place", event.place
    yield "seal", event.seal


def _coded(parent: Element, name: str, code: Code, scheme: str = "DCM") -> None:
    value, meaning = code
    SubElement(parent, name, {"csd-code": value, "codeSystemName": scheme, "originalText": meaning})


def _is_ip(address: str) -> bool:
    try:
        ip_address(address)
    except ValueError:
        return False
    return True
