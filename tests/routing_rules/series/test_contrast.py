"""Contrast agent: what attributes say counts before words, and silence is not "no"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing_rules.series.contrast import NO_AGENT, contrast_evidence
from routing_rules.series.image_attributes import ImageTraits


def given_by(*images: ImageTraits) -> bool | None:
    """The answer alone."""
    return contrast_evidence(images).given


def test_silence_is_unknown() -> None:
    """No attribute and no word: nothing is claimed, and with no confidence."""
    for images in ((), (ImageTraits(),), (ImageTraits(description="t1 se sag"),)):
        evidence = contrast_evidence(images)
        assert (evidence.given, evidence.confidence) == (None, 0.0)


@pytest.mark.parametrize(
    ("image", "given_"),
    [
        (ImageTraits(agent_administered="YES", agent="NONE"), True),
        (ImageTraits(agent="Gadovist", agent_administered="NO"), True),
        (ImageTraits(agent_administered="NO", agent_items=1), False),
        (ImageTraits(agent_items=1, agent="none"), True),
        (ImageTraits(agent="none", agent_details=("ContrastBolusVolume",)), False),
        (ImageTraits(agent="", agent_details=("ContrastBolusVolume",), description="t1 nativ"), True),
        (ImageTraits(agent="ohne KM", description="t1 post gd"), False),
    ],
)
def test_the_stronger_evidence_decides(image: ImageTraits, given_: bool) -> None:
    """Administered before named, named before listed, denied before details, all of them before words."""
    assert given_by(image) is given_


@given(agent=st.sampled_from(sorted(NO_AGENT - {""})), blanks=st.text(" ", max_size=3), small=st.booleans())
def test_an_agent_called_none_is_no_agent(agent: str, blanks: str, small: bool) -> None:
    """However it is typed."""
    typed = blanks + (agent.lower() if small else agent) + blanks
    assert given_by(ImageTraits(agent=typed)) is False


@pytest.mark.parametrize(
    ("words", "given_"),
    [
        ("t1_mprage_post", True),
        ("T1 +C", True),
        ("t1 se ce tra", True),
        ("t1 GADOVIST", True),
        ("t1 pre", False),
        ("t1 w/o contrast", False),
        ("non-contrast t1", False),
        ("t1 ohne KM", False),
        ("post-op control", None),
        ("pre-op planning", None),
        ("posterior fossa", None),
        ("post fossa t2", None),
        ("cerebrum", None),
        ("prescan", None),
    ],
)
def test_words_are_read_whole(words: str, given_: bool | None) -> None:
    """Post-operative is not post-contrast, and letters inside another word are no word."""
    assert given_by(ImageTraits(description=words)) is given_
    assert given_by(ImageTraits(protocol_name=words)) is given_


def test_one_image_with_agent_speaks_for_its_series() -> None:
    """Whatever the order of the images."""
    images = (ImageTraits(agent_administered="NO"), ImageTraits(agent_administered="YES"))
    assert contrast_evidence(images) == contrast_evidence(images[::-1])
    assert given_by(*images) is True


def test_words_are_trusted_less_than_attributes() -> None:
    """Their confidence is below that of every attribute."""
    attributes = (
        ImageTraits(agent_administered="YES"),
        ImageTraits(agent="x"),
        ImageTraits(agent="NO"),
        ImageTraits(agent_details=("ContrastBolusVolume",)),
    )
    words = max(contrast_evidence([ImageTraits(description=said)]).confidence for said in ("pre", "post"))
    assert words < min(contrast_evidence([image]).confidence for image in attributes)
