"""What pages show of a rule's explanation, the protocol verdict and the recognised series.

The records keep these as JSON written by `routing_rules`; here only the named fields are let through, so that a field
added there later (a UID, a description) does not appear on a page by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from gateway.records.accounts import Viewer
from gateway.web.foundation.redaction import typed_by_hospital
from gateway.web.foundation.rights import Right, has
from routing_rules.matching import Explanation, nearest
from routing_rules.protocol.reader_overrule import Overrule, effective, sender_letter
from routing_rules.protocol.verdict import Coverage, ProtocolVerdict, Readability

HIDDEN = "(text of the hospital)"


def shown_explanations(explanations: Iterable[Any], viewer: Viewer) -> list[dict[str, Any]]:
    """Each rule that was looked at: did it apply, and its conditions with what was expected and what was found."""
    return [
        {
            "rule_id": str(stored.get("rule_id", "")),
            "version": str(stored.get("version", stored.get("rule_version", ""))),
            "matched": bool(stored.get("matched")),
            "conditions": [
                _condition(line, viewer)
                for line in stored.get("conditions") or ()
                if isinstance(line, Mapping)
            ],
        }
        for stored in explanations
        if isinstance(stored, Mapping)
    ]


def shown_conditions(explanations: Iterable[Any], viewer: Viewer, rule_id: str) -> list[dict[str, Any]]:
    """The conditions of the rule that applied."""
    shown = shown_explanations(explanations, viewer)
    for one in sorted(shown, key=lambda each: (each["rule_id"] != rule_id, not each["matched"])):
        return list(one["conditions"])
    return []


def nearest_rule(explanations: Iterable[Any], viewer: Viewer) -> dict[str, Any] | None:
    """The rule that came nearest to applying, with the fewest conditions that would have had to be otherwise."""
    stored = [Explanation.from_json(one) for one in explanations if isinstance(one, Mapping)]
    found = nearest(stored)
    if found is None:
        return None
    # Studies of a version that did not keep `lacking` show every condition that spoke against the rule.
    lacking = found.lacking or found.missing
    missing = [_condition(asdict(line), viewer) for line in lacking]
    return {"rule_id": found.rule_id, "title": found.title, "missing": missing}


def _condition(line: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    fact = str(line.get("fact", ""))
    value = line.get("found")
    if typed_by_hospital(fact) and not _says_nothing(value) and not has(viewer, Right.STUDIES):
        value = HIDDEN
    # Below `not`, an unmet test speaks for the rule.
    negated = list(line.get("path") or ()).count("not") % 2 == 1
    operator = str(line.get("operator", "")).replace("_", " ")
    return {
        "fact": fact,
        "operator": f"not: {operator}" if negated else operator,
        "expected": _text(line.get("expected")),
        "found": _text(value),
        "met": bool(line.get("met")) is not negated,
    }


def _says_nothing(value: Any) -> bool:
    """Whether a value holds no text: nothing was typed, or it is a number or a truth value."""
    if isinstance(value, list | tuple):
        return all(map(_says_nothing, value))
    return value is None or value == "" or isinstance(value, bool | int | float)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_text(part) for part in value) or "–"
    return str(value)


def shown_requirements(verdict: Mapping[str, Any]) -> dict[str, Any]:
    """The protocol verdict: each requirement (met None: not known), what covers it, and the limits in words."""
    requirements = [
        {
            "name": str(one.get("label") or one.get("name", "")),
            "met": None if "met" in one and one["met"] is None else bool(one.get("met")),
            "note": _text(one.get("note") or ""),
            "covers": _covers(one.get("coverage")),
            "others": [_text(other) for other in one.get("others") or ()],
        }
        for one in verdict.get("requirements") or ()
        if isinstance(one, Mapping)
    ]
    return {
        "requirements": requirements,
        "limits": [*(_text(limit) for limit in verdict.get("limits") or ()), *_lacking(verdict)],
        "resend": [_text(line) for line in verdict.get("resend") or ()],
        "simplified": bool(verdict.get("simplified")),
    }


def _covers(stored: Any) -> str:
    """What a series covers in each direction, in words; empty where nothing is known."""
    if not isinstance(stored, Mapping):
        return ""
    covered = Coverage.from_json(stored)
    known = [one for one in covered.extents if one.covered_mm is not None]
    return ", ".join(f"{_number(one.covered_mm)} mm {one.axis}" for one in known)


def letter_to_sender(verdict: Mapping[str, Any], overrule: Mapping[str, Any]) -> str:
    """What the sender's site is told about the protocol and what its patient's calendar asks for beyond it.

    "" when nothing is wrong, or nothing is known.
    """
    if "readability" not in verdict:
        return ""
    found = ProtocolVerdict.from_json(verdict)
    judged = Overrule.from_json(overrule) if overrule else None
    letter = "" if effective(found, judged) is Readability.READABLE else sender_letter(found, judged)
    return "\n".join(part for part in (letter, *_lacking(verdict)) if part)


def _lacking(verdict: Mapping[str, Any]) -> list[str]:
    """What the surveillance calendar asks for by name and the study lacks, in a sentence."""
    wanted = verdict.get("surveillance") or {}
    lacks = ", ".join(map(_text, wanted.get("lacks") or ()))
    guideline = _text(wanted.get("guideline"))
    told = f"For this patient the surveillance calendar ({guideline}) also asks for {lacks}, which this study lacks."
    return [told] if lacks else []


def shown_overrule(overrule: Mapping[str, Any]) -> dict[str, Any] | None:
    """A reader's own judgement of the protocol; None when the gateway's verdict stands."""
    if not overrule:
        return None
    judged = Overrule.from_json(overrule)
    return {"readability": str(judged.readability), "why": judged.reason, "by": judged.by, "at": judged.at}


def shown_series(series: Iterable[Any]) -> list[dict[str, Any]]:
    """The recognised series: kind and measures. No description: the hospital typed it."""
    return [
        {
            "series_number": stored.get("series_number"),
            "kind": str(stored.get("kind", "other")),
            "confidence": float(stored.get("confidence") or 0.0),
            "images": int(stored.get("images") or stored.get("instances") or 0),
            "thickness_mm": _number(stored.get("slice_thickness_mm")),
            "three_d": stored.get("three_d"),
            "plane": str(stored.get("plane") or ""),
            "b_values": [_number(value) for value in stored.get("b_values") or ()],
            "contrast": stored.get("contrast"),
            "caveats": _caveats(stored),
        }
        for stored in series
        if isinstance(stored, Mapping)
    ]


def _caveats(stored: Mapping[str, Any]) -> list[str]:
    """What speaks against the kind of a series; of a T1 also what contrast rests on, and that it is unknown."""
    told = [_text(one) for one in stored.get("caveats") or ()]
    if str(stored.get("kind")) == "t1" and stored.get("contrast") is None:
        why = _text(stored.get("contrast_why") or "")
        told.append(f"contrast unknown: {why}" if why else "contrast unknown")
    return told


def _number(value: Any) -> str:
    """A measure without needless zeros; empty when unknown."""
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return ""
