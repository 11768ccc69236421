"""What people make of a verdict: the reader's word with its reason, and the letter to the sender's site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from routing_rules.protocol.assessment import assess
from routing_rules.protocol.reader_overrule import Overrule, effective, sender_letter
from routing_rules.protocol.verdict import Readability
from support.objects.series_facts import GOOD, one


def test_the_letter_to_the_sender_says_what_to_send() -> None:
    """What was found, what is asked for, and that it can be added; a readable study needs no request."""
    letter_ = sender_letter(assess((one("flair", slice_thickness_mm=5.0), one("dwi")), suspected=True))
    assert (
        letter_.splitlines()[0]
        == "The study is not readable for the question as it is: PML cannot be excluded."
    )
    assert "- FLAIR: slices are 5 mm thick, asked for are at most 3 mm" in letter_
    assert (
        "- Send a T2 series of the whole brain, 3D or with slices of at most 3 mm: no such series" in letter_
    )
    assert "- Send a T1 series after contrast" in letter_
    assert sender_letter(assess(GOOD, suspected=True)) == "The study has every series that is needed."


def test_the_reader_can_overrule_with_a_reason() -> None:
    """The reader's word counts beside the machine's verdict, needs a reason, and can be stored."""
    verdict = assess(GOOD[:2], suspected=False)
    overrule = Overrule(
        Readability.READABLE_WITH_LIMITS, "DWI is in the report", "ana", datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert effective(verdict, None) is Readability.NOT_READABLE
    assert effective(verdict, overrule) is Readability.READABLE_WITH_LIMITS
    assert Overrule.from_json(overrule.to_json()) == overrule
    with pytest.raises(ValueError, match="needs a reason"):
        replace(overrule, reason="  ")


def test_the_letter_follows_the_reader() -> None:
    """Judged readable it asks for nothing; judged worse it tells the reason, and still what would help."""
    verdict = assess(GOOD[:2], suspected=False)

    def judged(readability: Readability, reason: str) -> str:
        return sender_letter(verdict, Overrule(readability, reason, "ana", datetime(2026, 3, 1, tzinfo=UTC)))

    fine = judged(Readability.READABLE, "diffusion is in series 9")
    assert fine.startswith("The study can be read.\nA reader judged so: diffusion is in series 9")
    assert "send" not in fine
    limited = judged(Readability.READABLE_WITH_LIMITS, "no diffusion")
    assert limited.startswith("The study can be read, with limits.\nA reader judged so: no diffusion")
    assert "Please send into the same study:" in limited
