"""Contrast agent: attributes before words, disagreement is unknown, and silence is not "no"."""

from __future__ import annotations

from typing import Any

import pytest

from routing_rules.protocol.assessment import assess
from routing_rules.series.contrast import contrast_evidence, seconds_of_day
from routing_rules.series.image_attributes import ImageTraits
from routing_rules.series.recognition import PROVEN, SeriesKind, classify_study
from support.objects.mr_headers import series

T1 = {"ScanningSequence": "SE", "RepetitionTime": 550, "EchoTime": 9, "SeriesDate": "20260101"}


def given_by(*images: ImageTraits) -> bool | None:
    """The answer alone."""
    return contrast_evidence(images).given


def test_silence_is_unknown() -> None:
    """No attribute and no word: nothing is claimed, and with no confidence."""
    for images in ((), (ImageTraits(),), (ImageTraits(description="t1 se sag"),)):
        evidence = contrast_evidence(images)
        assert (evidence.given, evidence.confidence, evidence.caveats) == (None, 0.0, ())


@pytest.mark.parametrize(
    ("image", "given_"),
    [
        (ImageTraits(agent_administered="YES"), True),
        (ImageTraits(agent_administered="NO"), False),
        (ImageTraits(agent="none", agent_administered="NO"), False),
        (ImageTraits(agent="Gadovist"), True),
        (ImageTraits(agent="Kowalczewska", agent_amounts=(7.5,)), None),
        (ImageTraits(agent="NaCl 0.9% 20 ml", agent_amounts=(20.0,)), None),
        (ImageTraits(agent_meanings=("Sodium chloride",), agent_amounts=(20.0,)), None),
        (
            ImageTraits(agent="REMOVED", agent_started_at="101500", acquired_at="20260101102000"),
            None,
        ),
        (ImageTraits(agent="REMOVED", agent_administered="YES"), True),
        (ImageTraits(agent_started_at="235959", acquired_at="20260101100000"), None),
        (ImageTraits(agent_started_at="060000", acquired_at="20260101100000"), None),
        (ImageTraits(agent_meanings=("Gadobutrol",)), True),
        (ImageTraits(agent_meanings=("None",)), False),
        (ImageTraits(agent_amounts=(7.5,)), True),
        (ImageTraits(agent_amounts=(0.0, 0.0)), False),
        (ImageTraits(agent_started_at="101500", acquired_at="20260101102000"), True),
        (ImageTraits(agent_started_at="102500", acquired_at="20260101102000"), False),
        (ImageTraits(agent_started_at="235900", acquired_at="20260102000100"), True),
        (ImageTraits(agent_started_at="101500"), None),
        (ImageTraits(agent_started_at="000000", acquired_at="20260101000000"), None),
    ],
)
def test_each_attribute_speaks(image: ImageTraits, given_: bool | None) -> None:
    """Administered, name, code, amount, start of the injection; a time alone says nothing."""
    assert given_by(image) is given_


@pytest.mark.parametrize(
    "image",
    [
        ImageTraits(agent_administered="YES", agent="NONE"),
        ImageTraits(agent_administered="NO", agent="Gadovist"),
        ImageTraits(agent="none", agent_amounts=(7.5,)),
        ImageTraits(agent="Gadovist", agent_amounts=(0.0,)),
        ImageTraits(agent="Gadovist", agent_started_at="102500", acquired_at="20260101102000"),
        ImageTraits(agent_meanings=("Gadobutrol", "None")),
    ],
)
def test_attributes_that_disagree_leave_it_open(image: ImageTraits) -> None:
    """Both sides are named, and people are told."""
    evidence = contrast_evidence([image])
    assert evidence.given is None
    assert evidence.why.startswith("contrast is contradictory: ")
    assert evidence.caveats


def test_what_is_not_understood_is_unknown_whatever_the_description_says() -> None:
    """A placeholder hides the answer; a guess from words would be one."""
    evidence = contrast_evidence([ImageTraits(agent="ANONYMIZED", description="t1 post KM")])
    assert (evidence.given, evidence.caveats) == (
        None,
        ("ContrastBolusAgent says nothing that is understood",),
    )


def test_words_count_where_attributes_are_silent_and_cast_doubt_where_not() -> None:
    """The attribute decides, less sure, and the contradiction is told."""
    assert given_by(ImageTraits(description="t1 post KM")) is True
    assert given_by(ImageTraits(protocol_name="t1 nativ")) is False
    assert given_by(ImageTraits(description="t1 nativ", protocol_name="t1 KM")) is None
    sure = contrast_evidence([ImageTraits(agent="Gadovist")])
    doubted = contrast_evidence([ImageTraits(agent="Gadovist", description="t1 nativ")])
    assert (doubted.given, doubted.caveats != ()) == (True, True)
    assert doubted.confidence < sure.confidence


def test_one_frame_after_the_injection_speaks_for_its_series() -> None:
    """Frames before it say NO; the order does not matter."""
    images = (ImageTraits(agent_administered="NO"), ImageTraits(agent_administered="YES"))
    assert contrast_evidence(images) == contrast_evidence(images[::-1])
    assert given_by(*images) is True


def test_words_are_trusted_less_than_attributes() -> None:
    """What they say is never proven."""
    for said in ("pre", "post"):
        assert contrast_evidence([ImageTraits(description=said)]).confidence < PROVEN


def study(*many: dict[str, Any]) -> list[Any]:
    """A study of T1 series, numbered from 1."""
    headers = [
        each for number, one in enumerate(many, start=1) for each in series(number, 2, **{**T1, **one})
    ]
    return classify_study(headers)


def test_a_t1_before_the_injection_of_another_series_has_no_contrast() -> None:
    """Silent, it has none; with an agent named it is open, and not taken for one with contrast."""
    after = {"SeriesTime": "103000", "ContrastBolusAgent": "Gadovist", "ContrastBolusStartTime": "102500"}
    silent, named, enhanced = study(
        {"SeriesTime": "100000"}, {"SeriesTime": "101000", "ContrastBolusAgent": "Gadovist"}, after
    )
    assert (silent.kind, silent.contrast) == (SeriesKind.T1, False)
    assert (named.kind, named.contrast) == (SeriesKind.T1, None)
    assert "acquired before the injection that series 3 states" in named.caveats
    assert (enhanced.kind, enhanced.contrast) == (SeriesKind.T1_CONTRAST, True)


@pytest.mark.parametrize("agent", ["REMOVED", "k.A.", "unknown", ""])
def test_unknown_contrast_does_not_meet_the_requirement_and_the_verdict_asks(agent: str) -> None:
    """Suspected PML wants a T1 with contrast; the sentence names the series and what to say."""
    (found,) = study({"ContrastBolusAgent": agent})
    verdict = assess([found], suspected=True)
    (wanted,) = (one for one in verdict.requirements if one.name == "t1_contrast")
    assert (wanted.met, found.contrast) == (False, None)
    assert wanted.note.startswith("contrast of series 1 is unknown (")
    assert wanted.note.endswith("): please say whether it was given before")
    assert any(line.endswith(f"{wanted.note}.") for line in verdict.resend)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("101500.25", 36_900),
        ("1015", 36_900),
        ("10:15:00", 36_900),
        ("000000", None),
        ("235959", None),
        ("2500", None),
        ("", None),
    ],
)
def test_a_time_of_day_is_read_as_scanners_write_it(time: str, seconds: float | None) -> None:
    """Midnight sharp and the last second of the day are no time."""
    assert seconds_of_day(time) == seconds
