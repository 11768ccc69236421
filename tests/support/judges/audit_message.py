"""The schema of DICOM audit messages (PS3.15 A.5.1.1) as a table, and what of a message does not fit it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

TOKEN = r"\S(.*\S)?"
ANY = r"(?s).*"
BOOLEAN = "true|false|0|1"
BASE64 = r"[A-Za-z0-9+/]*={0,2}"
DATE_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?"


def _up_to(last: int) -> str:
    return "|".join(str(number) for number in range(1, last + 1))


@dataclass(frozen=True)
class Rule:
    """What an element may have: `!` behind the name of an attribute says that it must; children are in this order."""

    attributes: Mapping[str, str] = field(default_factory=dict)
    children: str = ""
    """A regular expression over the names of the children, each with a blank behind it."""
    text: str = ""


_CODED = Rule({"csd-code!": TOKEN, "codeSystemName!": TOKEN, "displayName": TOKEN, "originalText!": TOKEN})
SCHEMA: Mapping[str, Rule] = {
    "AuditMessage": Rule(
        children="EventIdentification (ActiveParticipant )+AuditSourceIdentification "
        "(ParticipantObjectIdentification )*"
    ),
    "EventIdentification": Rule(
        {"EventActionCode": "[CRUDE]", "EventDateTime!": DATE_TIME, "EventOutcomeIndicator!": "0|4|8|12"},
        "EventID (EventTypeCode )*(EventOutcomeDescription )?",
    ),
    "EventID": _CODED,
    "EventTypeCode": _CODED,
    "EventOutcomeDescription": Rule(text=ANY),
    "ActiveParticipant": Rule(
        {
            "UserID!": ANY,
            "AlternativeUserID": ANY,
            "UserName": ANY,
            "UserIsRequestor!": BOOLEAN,
            "NetworkAccessPointID": TOKEN,
            "NetworkAccessPointTypeCode": _up_to(5),
        },
        "(RoleIDCode )*(MediaIdentifier )?",
    ),
    "RoleIDCode": _CODED,
    "MediaIdentifier": Rule(children="MediaType "),
    "MediaType": _CODED,
    "AuditSourceIdentification": Rule(
        {"AuditEnterpriseSiteID": TOKEN, "AuditSourceID!": TOKEN}, "(AuditSourceTypeCode )*"
    ),
    "AuditSourceTypeCode": Rule(
        {"csd-code!": TOKEN, "codeSystemName": TOKEN, "displayName": TOKEN, "originalText": TOKEN}
    ),
    "ParticipantObjectIdentification": Rule(
        {
            "ParticipantObjectID!": TOKEN,
            "ParticipantObjectTypeCode": _up_to(4),
            "ParticipantObjectTypeCodeRole": _up_to(26),
            "ParticipantObjectDataLifeCycle": _up_to(15),
            "ParticipantObjectSensitivity": TOKEN,
        },
        "ParticipantObjectIDTypeCode (ParticipantObjectName |ParticipantObjectQuery )"
        "(ParticipantObjectDetail )*(ParticipantObjectDescription )*",
    ),
    "ParticipantObjectIDTypeCode": _CODED,
    "ParticipantObjectName": Rule(text=TOKEN),
    "ParticipantObjectQuery": Rule(text=BASE64),
    "ParticipantObjectDetail": Rule({"type!": TOKEN, "value!": BASE64}),
}
"""What we use of it; of ParticipantObjectDescription, which names instances by their UIDs, nothing is sent."""


def misfits(element: Element) -> Iterator[str]:
    """Every place that does not fit the schema."""
    rule = SCHEMA.get(element.tag)
    if rule is None:
        yield f"{element.tag}: not in the schema"
        return
    known = {name.rstrip("!"): pattern for name, pattern in rule.attributes.items()}
    for name, value in element.attrib.items():
        if name not in known:
            yield f"{element.tag}: attribute {name} is not in the schema"
        elif not re.fullmatch(known[name], value):
            yield f"{element.tag}: {name}={value!r}"
    for name in rule.attributes:
        if name.endswith("!") and name[:-1] not in element.attrib:
            yield f"{element.tag}: {name[:-1]} is missing"
    if not re.fullmatch(rule.children, "".join(f"{child.tag} " for child in element)):
        yield f"{element.tag}: children {[child.tag for child in element]}"
    if not re.fullmatch(rule.text, element.text or ""):
        yield f"{element.tag}: text {element.text!r}"
    for child in element:
        yield from misfits(child)
