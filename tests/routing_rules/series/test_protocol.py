"""The protocol verdict says what can be read, by which series, and what to send again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.series.protocol import ProtocolVerdict, Readability, assess
from routing_rules.series.reader_overrule import Overrule, effective, sender_letter
from routing_rules.series.series import SeriesFacts, SeriesKind


def one(kind: str, **more: object) -> SeriesFacts:
    """A good series of this kind."""
    base = SeriesFacts(
        f"uid-{kind}",
        "MR",
        "",
        SeriesKind(kind),
        0.95,
        slice_thickness_mm=3.0,
        three_d=False,
        coverage_mm=140.0,
        b_values=(0.0, 1000.0) if kind in ("dwi", "trace") else (),
        series_number=len(kind),
    )
    return replace(base, **more)  # type: ignore[arg-type]


GOOD = (one("flair"), one("t2"), one("dwi"), one("t1_contrast"))


def test_a_full_protocol_is_readable() -> None:
    """FLAIR, T2 and DWI with b = 1000 in thin slices, and T1 with contrast when suspected, have no limits."""
    verdict = assess(GOOD, suspected=True)
    assert (verdict.readability, verdict.limits, verdict.resend) == (Readability.READABLE, (), ())
    assert [(each.name, each.met, each.by_series) for each in verdict.requirements] == [
        ("flair", True, "uid-flair"),
        ("t2", True, "uid-t2"),
        ("dwi", True, "uid-dwi"),
        ("t1_contrast", True, "uid-t1_contrast"),
    ]


def test_a_trace_series_is_diffusion() -> None:
    """Trace images with b = 1000 meet the requirement for DWI."""
    assert (
        assess((one("flair"), one("t2"), one("trace")), suspected=False).readability is Readability.READABLE
    )


def test_what_contradicts_a_series_is_told_with_its_number() -> None:
    """A requirement that is met says which series meets it and what speaks against that; it is no limit by itself."""
    doubted = replace(GOOD[0], caveats=("an echo-planar FLAIR",), series_number=7)
    verdict = assess((doubted, *GOOD[1:]), suspected=False)
    assert verdict.requirements[0].note == "series 7: an echo-planar FLAIR"
    assert (verdict.readability, verdict.limits) == (Readability.READABLE, ())


@pytest.mark.parametrize("missing", ["flair", "t2", "dwi"])
def test_an_essential_series_is_missing(missing: str) -> None:
    """Without FLAIR, T2 or diffusion the study is not readable, and the sender is told what to send."""
    verdict = assess([each for each in GOOD if each.kind != missing], suspected=False)
    assert verdict.readability is Readability.NOT_READABLE
    assert [each.name for each in verdict.requirements if not each.met] == [missing]
    assert len(verdict.resend) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (one("flair", slice_thickness_mm=5.0), "5 mm thick"),
        (one("flair", slice_thickness_mm=None), "thickness is not stated"),
        (one("t2", coverage_mm=40.0), "covers 40 mm only"),
        (one("t2", confidence=0.6), "uncertain (60%)"),
        (one("dwi", b_values=()), "b-value is not stated"),
        (one("dwi", b_values=(0.0, 2500.0)), "wanted is about 1000"),
        (one("dwi", slice_thickness_mm=6.0), "at most 5 mm"),
    ],
)
def test_what_limits_the_reading(changed: SeriesFacts, words: str) -> None:
    """Thick, short, uncertain or differently weighted series leave the study readable, with the limit in words."""
    series = [changed if each.kind is changed.kind else each for each in GOOD]
    verdict = assess(series, suspected=True)
    assert verdict.readability is Readability.READABLE_WITH_LIMITS
    assert len(verdict.limits) == 1
    assert words in verdict.limits[0]


@pytest.mark.parametrize(("kind", "name"), [("t1_contrast", "t1_contrast"), ("dwi", "dwi"), ("trace", "dwi")])
def test_what_is_not_proven_does_not_meet_contrast_or_diffusion(kind: str, name: str) -> None:
    """A guess from words: the verdict names the series and what to confirm; a proven one goes first."""
    rest = [each for each in GOOD if each.kind != name]
    guessed = one(kind, confidence=0.6, series_number=9)
    verdict = assess((*rest, guessed), suspected=True)
    (wanted,) = (each for each in verdict.requirements if each.name == name)
    assert (wanted.met, wanted.by_series) == (False, guessed.series_instance_uid)
    assert wanted.note.startswith("series 9: recognition is uncertain (60%); please confirm that ")
    assert any(line.endswith(f"{wanted.note}.") for line in verdict.resend)
    proven = one(name, series_instance_uid="uid-proven", slice_thickness_mm=9.0, coverage_mm=40.0)
    (wanted,) = (
        each for each in assess((*rest, guessed, proven), suspected=True).requirements if each.name == name
    )
    assert (wanted.met, wanted.by_series) == (True, "uid-proven")


def test_three_d_needs_no_stated_thickness() -> None:
    """A 3D FLAIR without a stated thickness is thin enough; a thick 3D is not."""
    rest = (one("t2"), one("dwi"))
    thin = assess((one("flair", three_d=True, slice_thickness_mm=None), *rest), suspected=False)
    thick = assess((one("flair", three_d=True, slice_thickness_mm=5.0), *rest), suspected=False)
    assert thin.readability is Readability.READABLE
    assert thick.readability is Readability.READABLE_WITH_LIMITS


def test_contrast_is_wanted_only_when_pml_is_suspected() -> None:
    """Without T1 with contrast surveillance is complete, and a suspicion is readable with limits."""
    series = GOOD[:3]
    assert assess(series, suspected=False).readability is Readability.READABLE
    verdict = assess(series, suspected=True)
    assert verdict.readability is Readability.READABLE_WITH_LIMITS
    probable = assess((*series, one("t1", contrast_probable=True)), suspected=True)
    assert "please confirm" in probable.requirements[-1].note


def test_the_better_series_is_chosen() -> None:
    """Of two FLAIR series the one without limits meets the requirement."""
    thick = one("flair", series_instance_uid="uid-a", slice_thickness_mm=5.0)
    verdict = assess((thick, *GOOD), suspected=False)
    assert verdict.requirements[0].by_series == "uid-flair"
    assert verdict.readability is Readability.READABLE


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


def test_the_letter_to_the_sender_says_what_to_send() -> None:
    """What was found, what is asked for, and that it can be added; a readable study needs no request."""
    letter_ = sender_letter(assess((one("flair", slice_thickness_mm=5.0), one("dwi")), suspected=True))
    assert (
        letter_.splitlines()[0] == "The study cannot be read as it is: PML can neither be seen nor excluded."
    )
    assert "- FLAIR: slices are 5 mm thick, wanted are at most 3 mm" in letter_
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


SERIES = st.builds(
    one,
    st.sampled_from([kind.value for kind in SeriesKind]),
    series_instance_uid=st.sampled_from(["a", "b", "c"]),
    slice_thickness_mm=st.none() | st.floats(0.5, 10),
    confidence=st.floats(0, 1),
    b_values=st.sampled_from([(), (0.0,), (1000.0,), (2500.0,)]),
    three_d=st.none() | st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(series=st.lists(SERIES, max_size=5), suspected=st.booleans())
def test_the_verdict_is_total_stable_and_can_be_stored(series: list[SeriesFacts], suspected: bool) -> None:
    """Any series give a verdict; their order does not matter; a good series more never makes it worse."""
    verdict = assess(series, suspected=suspected)
    assert assess(series[::-1], suspected=suspected).readability is verdict.readability
    assert ProtocolVerdict.from_json(verdict.to_json()) == verdict
    order = list(Readability)
    better = assess([*series, one("flair", series_instance_uid="z")], suspected=suspected)
    assert order.index(better.readability) <= order.index(verdict.readability)
