"""A verdict is a record that can be kept, and read again by later versions."""

from __future__ import annotations

from routing_rules.protocol.assessment import assess
from routing_rules.protocol.verdict import ANSWERS, ProtocolVerdict, Readability
from support.objects.series_facts import GOOD


def test_a_verdict_is_read_as_it_was_kept() -> None:
    """With what each series covers, direction by direction."""
    verdict = assess(GOOD, suspected=True)
    kept = ProtocolVerdict.from_json(verdict.to_json())
    assert kept == verdict
    assert kept.requirements[0].coverage is not None
    assert [one.axis for one in kept.requirements[0].coverage.extents] == [
        "left to right",
        "front to back",
        "head to foot",
    ]


def test_what_is_not_known_is_no_answer() -> None:
    """Only what is readable, with limits or without, looked for PML."""
    assert set(Readability) - ANSWERS == {Readability.NOT_READABLE, Readability.UNKNOWN}


def test_a_verdict_of_an_earlier_version_still_loads() -> None:
    """Without coverage, other series and the declared protocol, which it did not know."""
    line = {"name": "flair", "met": True, "by_series": "4", "note": "series 4", "label": "FLAIR"}
    stored = {"readability": "readable_with_limits", "requirements": [line], "limits": ["FLAIR: thick"]}
    verdict = ProtocolVerdict.from_json(stored)
    assert verdict.readability is Readability.READABLE_WITH_LIMITS
    assert (verdict.requirements[0].coverage, verdict.requirements[0].others) == (None, ())
    assert (verdict.requirements[0].essential, verdict.simplified, verdict.resend) == (True, False, ())
    assert ProtocolVerdict.from_json({**verdict.to_json(), "newer": 1}) == verdict
