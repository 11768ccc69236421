"""What speaks against a series, and what follows from it."""

from __future__ import annotations

import pytest

from routing_rules.protocol.assessment import assess
from routing_rules.protocol.checks import Candidate, Effect, elsewhere
from routing_rules.protocol.requirements import standard_protocol
from routing_rules.protocol.verdict import Readability
from routing_rules.series.series import SeriesFacts
from support.objects.series_facts import GOOD, one, stack

PROTOCOL = standard_protocol()
FLAIR = PROTOCOL.requirements[0]


@pytest.mark.parametrize(
    ("series", "effects"),
    [
        (one("flair"), []),
        (one("flair", stacks=(stack(spacing_mm=6.0),)), [Effect.LIMIT]),
        (one("flair", stacks=(stack(spacing_mm=6.2),)), [Effect.NOT_MET]),
        (one("flair", stacks=(stack(thickness_mm=None),)), []),
        (one("flair", stacks=()), [Effect.NOT_KNOWN]),
        (one("flair", stacks=(stack(pixel_mm=1.05),)), []),
        (one("flair", three_d=True, slice_thickness_mm=None), []),
        (one("flair", three_d=True, slice_thickness_mm=5.0), [Effect.LIMIT]),
    ],
)
def test_what_follows_from_one_shortfall(series: SeriesFacts, effects: list[Effect]) -> None:
    """A gap as wide as the slice is a limit; wider, most of the brain lies between slices. Unknown is no gap."""
    assert [each.effect for each in Candidate.of(FLAIR, PROTOCOL, series).shortfalls()] == effects


def test_only_a_known_word_names_another_region() -> None:
    """Never what people typed around it; a head beside it makes it the head."""
    assert elsewhere(one("t2", body_parts=("CSPINE OF MUELLER",))) == "SPINE"
    assert elsewhere(one("t2", body_parts=("CSPINE", "HEAD"))) == ""
    assert elsewhere(one("t2", body_parts=("CSPINE", "SOMETHING"))) == ""
    assert elsewhere(one("t2")) == ""


def test_a_spine_does_not_stand_in_for_the_brain() -> None:
    """A T2 whose body part is the neck meets nothing; one that only words place there is a limit."""
    spine = one("t2", body_parts=("CSPINE",))
    verdict = assess((one("flair"), spine, one("dwi")), suspected=False)
    assert verdict.readability is Readability.NOT_READABLE
    assert verdict.requirements[1].note == "series 2 shows SPINE, not the head"
    assert (
        assess((one("flair", body_parts=("HEADNECK",)), *GOOD[1:]), suspected=False).readability
        is Readability.READABLE
    )
    worded = assess((one("flair"), one("t2", description="t2_tse_sag_HWS"), one("dwi")), suspected=False)
    assert worded.limits == ("T2: its description names another region (HWS)",)
    both = assess((one("t2", description="T2 sag C-Spine", series_instance_uid="a"), *GOOD), suspected=False)
    assert both.readability is Readability.READABLE
