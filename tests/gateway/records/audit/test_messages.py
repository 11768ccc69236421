"""Rows of the trail are DICOM audit messages that fit the schema of PS3.15 A.5.1, and name no patient."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest

from gateway.records.audit import messages
from gateway.records.audit.events import EVENTS
from gateway.records.tables.administration import AuditEvent
from support.judges.audit_message import misfits


def event(action: str = "case looked at", **columns: Any) -> AuditEvent:
    """A sealed row."""
    usual: dict[str, Any] = {
        "id": 7,
        "at": datetime(2026, 3, 1, 8, 0, 0, 120_000, tzinfo=UTC),
        "who": "ana",
        "address": "10.1.2.3",
        "action": action,
        "subject": "case 12",
        "case_id": 12,
        "outcome": "done",
        "place": 7,
        "seal": "ab" * 32,
    }
    return AuditEvent(**{**usual, "detail": {}, **columns})


def message(row: AuditEvent) -> Element:
    """As it is sent."""
    return fromstring(messages.message(row, "gateway-north"))


@pytest.mark.parametrize("action", [*EVENTS, "linked to the patient of study 2"])
@pytest.mark.parametrize("who", ["ana", "gateway", "command line (root)"])
def test_every_event_fits_the_schema(action: str, who: str) -> None:
    """Also rows from before there was a table, whoever did it."""
    assert (
        list(misfits(message(event(action, who=who, address="" if who == "gateway" else "host.name")))) == []
    )


def test_a_message_says_who_what_from_where_on_which_case_and_how_it_ended() -> None:
    """In the fields that a repository sorts by."""
    root = message(event("access refused", outcome="refused", detail={"again": 3}))
    what, who, gateway, source, thing = root
    assert what.attrib == {
        "EventActionCode": "E",
        "EventDateTime": "2026-03-01T08:00:00.120+00:00",
        "EventOutcomeIndicator": "4",
    }
    assert [child.attrib["csd-code"] for child in what] == ["110113", "110132", "access-refused"]
    assert who.attrib == {
        "UserID": "ana",
        "UserIsRequestor": "true",
        "NetworkAccessPointID": "10.1.2.3",
        "NetworkAccessPointTypeCode": "2",
    }
    assert (gateway.attrib["UserID"], source.attrib["AuditSourceID"]) == ("gateway-north", "gateway-north")
    told = {one.attrib["type"]: one.attrib["value"] for one in thing.iter("ParticipantObjectDetail")}
    assert {name: base64.b64decode(value).decode() for name, value in told.items()} == {
        "case": "12",
        "again": "3",
        "place": "7",
        "seal": "ab" * 32,
    }
    assert thing.attrib["ParticipantObjectID"] == "case 12"


def test_a_sign_in_has_no_object() -> None:
    """As PS3.15 A.5.3.11 has it."""
    assert message(event("signed in")).find("ParticipantObjectIdentification") is None


def test_what_a_person_typed_stays_here() -> None:
    """Whatever it is called, unless it is a name of ours; lists and texts alike."""
    detail = {"why": "Maria Muster called", "files": ["Muster"], "what": "Muster", "node": "pacs", "n": 1}
    sent = messages.message(event("case parked", detail=detail), "gateway")
    decoded = [
        base64.b64decode(one.attrib["value"]).decode()
        for one in fromstring(sent).iter("ParticipantObjectDetail")
    ]
    assert not any("Muster" in text for text in decoded)
    assert "pacs" in decoded


def test_hostile_texts_stay_texts() -> None:
    """A login is chosen by people."""
    root = message(event(who='"><x y="\u0085&', subject="case 1 <&>"))
    assert list(misfits(root)) == []
    assert root.findall("ActiveParticipant")[0].attrib["UserID"] == '"><x y="\u0085&'
