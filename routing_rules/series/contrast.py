"""Was contrast agent given before a series? Evidence from attributes first, words only when those are silent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from routing_rules.series.image_attributes import ImageTraits

NO_AGENT = frozenset(
    {
        "",
        "0",
        "NO",
        "NONE",
        "N/A",
        "NA",
        "WITHOUT",
        "OHNE",
        "NATIV",
        "NATIVE",
        "NEIN",
        "NON",
        "SANS",
        "NULL",
        "NIL",
        "NO CONTRAST",
        "WITHOUT CONTRAST",
        "OHNE KM",
        "KEIN",
        "KEINS",
        "UNENHANCED",
    }
)
"""Values of ContrastBolusAgent that technicians type to say that none was given."""

_GIVEN = re.compile(
    r"(?<![a-z])(post(?![- ]?(?:op|surg|fossa|biops|trauma|partum))|\+?c\+|\+ ?c(?![a-z])|gd|gad|gado\w*|ce|km|"
    r"kontrast|contrast|with contrast|mit km|dotarem|gadovist|clariscan|prohance|elucirem|omniscan|enhanced)(?![a-z])",
    re.IGNORECASE,
)
_NOT_GIVEN = re.compile(
    r"(?<![a-z])(pre(?![- ]?(?:op|surg))|c-|nativ\w*|ohne|without|non[- ]?contrast|w/?o|sans|no (gd|contrast|km)|"
    r"unenhanced)(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ContrastEvidence:
    """`given` is True, False or None (nothing says so)."""

    given: bool | None
    confidence: float
    why: str


def contrast_evidence(images: Sequence[ImageTraits]) -> ContrastEvidence:
    """What the images of one series say about contrast agent (PS3.3 C.7.6.4, C.8.13.4, C.7.6.16.2.12)."""
    administered = {image.agent_administered for image in images} - {""}
    if "YES" in administered:
        return ContrastEvidence(True, 0.98, "ContrastBolusAgentAdministered YES")
    agents = {(image.agent or "").strip().upper() for image in images if image.agent is not None}
    named = sorted(agents - NO_AGENT)
    if named:
        return ContrastEvidence(True, 0.95, "ContrastBolusAgent names an agent")
    if administered == {"NO"}:
        return ContrastEvidence(False, 0.95, "ContrastBolusAgentAdministered NO")
    if any(image.agent_items for image in images):
        return ContrastEvidence(True, 0.9, "ContrastBolusAgentSequence has an agent")
    denied = sorted(agents - {""})
    if denied:
        return ContrastEvidence(False, 0.85, f"ContrastBolusAgent is {denied[0]}")
    details = sorted({name for image in images for name in image.agent_details})
    if details:
        return ContrastEvidence(True, 0.8, f"{', '.join(details)} filled in")
    words = " ".join({image.description for image in images} | {image.protocol_name for image in images})
    words = words.replace("_", " ")
    if _NOT_GIVEN.search(words):
        return ContrastEvidence(False, 0.5, "the description says before contrast")
    said = _GIVEN.search(words)
    if said:
        return ContrastEvidence(True, 0.6, f"the description says {said.group(0)}")
    return ContrastEvidence(None, 0.0, "nothing says whether contrast was given")
