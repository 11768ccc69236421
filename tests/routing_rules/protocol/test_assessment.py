"""The protocol verdict says what can be read, by which series, and what to send again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.protocol.assessment import assess, shows
from routing_rules.protocol.reader_overrule import sender_letter
from routing_rules.protocol.verdict import BrainCoverage, ProtocolVerdict, Readability
from routing_rules.series.series import SeriesFacts, SeriesKind
from support.objects.series_facts import GOOD, one, stack


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
        (one("t2", confidence=0.6), "uncertain (60%)"),
        (one("dwi", slice_thickness_mm=6.0), "at most 5 mm"),
        (one("flair", stacks=(stack(spacing_mm=3.9),)), "gaps of 0.9 mm, asked for are none"),
        (
            one("dwi", stacks=(stack(b_value=1000.0, spacing_mm=5.0),)),
            "gaps of 2 mm, asked for are at most 0.9 mm",
        ),
        (
            one("flair", stacks=(stack(pixel_mm=1.8),)),
            "pixels are 1.8 mm wide, asked for are at most 1 x 1 mm",
        ),
        (one("t2", stacks=(stack(missing_mm=3.0),)), "slices are missing between others: 3 mm in all"),
        (
            one("t2", stacks=(stack(normal_mm=118.0),)),
            "covers 118 mm from head to foot, a brain usually takes 130 mm",
        ),
        (one("t2", field_strength_t=0.2), "field strength: 0.2 T, asked for is 1.5 T at least"),
        (one("t2", field_strength_t=None), "field strength: not stated"),
    ],
)
def test_what_limits_the_reading(changed: SeriesFacts, words: str) -> None:
    """Thick, coarse, gappy or uncertain series and a weak field leave it readable, with the limit in words."""
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
    assert (wanted.met, wanted.by_series) == (None, guessed.series_instance_uid)
    assert wanted.note.startswith("series 9: recognition is uncertain (60%); please confirm that ")
    assert any(line.endswith(f"{wanted.note}.") for line in verdict.resend)
    proven = one(name, series_instance_uid="uid-proven", slice_thickness_mm=9.0)
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
    assert verdict.requirements[0].others == ("series 5: slices are 5 mm thick, asked for are at most 3 mm",)


@pytest.mark.parametrize(
    ("changed", "readability", "words"),
    [
        (
            one("flair", stacks=(stack(normal_mm=12.0),)),
            "not_readable",
            "covers 12 mm only from head to foot",
        ),
        (one("t2", stacks=(stack(row_mm=100.0),)), "not_readable", "covers 100 mm only from left to right"),
        (
            one("dwi", stacks=(stack(b_value=1000.0, normal_mm=101.0),)),
            "not_readable",
            "takes 110 mm at least",
        ),
        (
            one("flair", stacks=(stack(missing_mm=100.0),)),
            "not_readable",
            "covers 44 mm only from head to foot",
        ),
        (one("flair", stacks=(stack(spacing_mm=70.0),)), "not_readable", "slices of 3 mm every 70 mm"),
        (one("dwi", b_values=(0.0, 50.0)), "not_readable", "b-values are 0, 50, from 800 to 1200 s/mm²"),
        (one("dwi", b_values=(0.0, 2500.0)), "not_readable", "b-values are 0, 2500"),
        (one("dwi", b_values=()), "unknown", "the b-value is not stated"),
        (one("dwi", confidence=0.6), "unknown", "recognition is uncertain (60%)"),
        (one("flair", stacks=()), "unknown", "how much of the brain it covers is not known"),
        (
            one("t2", stacks=(stack(column_mm=None),)),
            "unknown",
            "how much of the brain it covers is not known",
        ),
        (
            one("t2", stacks=(stack(normal_mm=None),)),
            "unknown",
            "how much of the brain it covers is not known",
        ),
        # What is known of one direction decides, though another is not known.
        (one("t2", stacks=(stack(normal_mm=12.0, row_mm=None),)), "not_readable", "covers 12 mm only"),
    ],
)
def test_whole_brain_and_b_1000_are_essential(changed: SeriesFacts, readability: str, words: str) -> None:
    """Part of the brain or other b-values: not readable. What headers do not say: unknown, and never readable."""
    series = [changed if each.kind is changed.kind else each for each in GOOD]
    verdict = assess(series, suspected=True)
    assert verdict.readability == readability
    assert any(words in limit for limit in verdict.limits), verdict.limits
    (concerned,) = (each for each in verdict.requirements if not each.met)
    assert concerned.met is (False if readability == "not_readable" else None)
    assert len(verdict.resend) == 1
    assert not sender_letter(verdict).startswith("The study can be read")


def test_only_images_with_the_b_value_that_counts_cover_anything() -> None:
    """b = 0 of the whole brain and b = 1000 of one slab do not make diffusion of the whole brain."""
    slab = one("dwi", stacks=(stack(b_value=0.0), stack(b_value=1000.0, normal_mm=20.0)))
    verdict = assess((*GOOD[:2], slab), suspected=False)
    assert verdict.readability is Readability.NOT_READABLE
    assert verdict.requirements[2].coverage is not None
    assert verdict.requirements[2].coverage.brain is BrainCoverage.PART


def test_positions_win_over_the_declared_spacing_and_it_is_said() -> None:
    """A remark where the two differ; it limits nothing by itself."""
    verdict = assess((one("flair", stacks=(stack(declared_spacing_mm=0.3),)), *GOOD[1:]), suspected=False)
    assert verdict.readability is Readability.READABLE
    assert verdict.requirements[0].note == (
        "series 5: SpacingBetweenSlices says 0.3 mm, by their positions slices are 3 mm apart: the positions count"
    )


def test_a_site_may_declare_the_simplified_protocol_for_surveillance() -> None:
    """Without T2 it is then readable with that limit and nothing is asked for; a suspicion wants the full protocol."""
    series = (GOOD[0], GOOD[2])
    verdict = assess(series, suspected=False, simplified=True)
    assert (verdict.readability, verdict.simplified) == (Readability.READABLE_WITH_LIMITS, True)
    assert verdict.limits == (
        "T2: no such series was recognised; the site declared FLAIR and DWI for surveillance",
    )
    assert (verdict.resend, verdict.requirements[1].essential) == ((), False)
    said = "It was judged by the protocol that the site declared for surveillance: FLAIR and DWI."
    assert said in sender_letter(verdict)
    assert said not in sender_letter(assess(series, suspected=True, simplified=True))
    assert assess(series[:1], suspected=False, simplified=True).readability is Readability.NOT_READABLE
    full = assess(series, suspected=True, simplified=True)
    assert (full.readability, full.simplified) == (Readability.NOT_READABLE, False)
    assert assess(series, suspected=False).readability is Readability.NOT_READABLE


@pytest.mark.parametrize(
    ("kind", "thickness", "readable"),
    [
        ("flair", 6.0, True),
        ("flair", 12.0, False),
        ("t2", 45.0, False),
        ("dwi", 7.0, True),
        ("dwi", 12.0, False),
    ],
)
def test_slices_can_be_too_thick_to_count_at_all(kind: str, thickness: float, readable: bool) -> None:
    """12 or 45 mm of the whole brain: not readable, in 2D and 3D, stated of the series or of its stack."""
    b_value = 1000.0 if kind == "dwi" else None
    thick = stack(b_value=b_value, thickness_mm=thickness, spacing_mm=thickness)
    for three_d in (False, True):
        for stacks in ((thick,), (replace(thick, thickness_mm=None, spacing_mm=2.0),)):
            spoilt = one(kind, slice_thickness_mm=thickness, three_d=three_d, stacks=stacks)
            verdict = assess([spoilt if each.kind == kind else each for each in GOOD], suspected=True)
            assert (verdict.readability is Readability.READABLE_WITH_LIMITS) is readable
            assert (verdict.readability is Readability.NOT_READABLE) is not readable
            assert f"slices are {thickness:g} mm thick" in verdict.limits[0]


def test_a_thin_stack_beside_a_thick_one_stands_for_the_series() -> None:
    """The thick one covers more and could exclude nothing."""
    beside = one(
        "flair", slice_thickness_mm=20.0, stacks=(stack(thickness_mm=20.0, normal_mm=200.0), stack())
    )
    verdict = assess([beside, *GOOD[1:]], suspected=False)
    assert verdict.readability is Readability.READABLE_WITH_LIMITS


@pytest.mark.parametrize(
    ("lengths", "readability"),
    [
        ((60.0, 60.0), Readability.UNKNOWN),
        ((60.0, 40.0), Readability.NOT_READABLE),
        ((60.0,), Readability.NOT_READABLE),
        ((144.0, 60.0), Readability.READABLE),
    ],
)
def test_two_slabs_may_be_a_whole_brain(lengths: tuple[float, ...], readability: Readability) -> None:
    """Long enough together, nobody knows from lengths alone whether they lie one above the other."""
    slabs = [
        one("flair", series_number=n, series_instance_uid=f"uid-{n}", stacks=(stack(normal_mm=length),))
        for n, length in enumerate(lengths, 4)
    ]
    verdict = assess([*slabs, *GOOD[1:]], suspected=False)
    assert verdict.readability is readability
    if readability is Readability.UNKNOWN:
        assert verdict.limits[0].startswith("FLAIR: series 4 and series 5 each show a part")


@pytest.mark.parametrize(
    ("series", "shown"),
    [
        (one("t1"), True),
        (one("t1_contrast"), True),
        (one("t1", stacks=(stack(slices=1, normal_mm=3.0),)), False),
        (one("t1", stacks=()), None),
        (one("t1", confidence=0.5), True),
        (one("t1_contrast", confidence=0.5), None),
        (one("t1", body_parts=("CSPINE",)), False),
        (one("flair", slice_thickness_mm=12.0, stacks=(stack(thickness_mm=12.0),)), False),
        (one("swi"), None),
    ],
)
def test_a_series_by_itself_shows_the_brain_or_not(series: SeriesFacts, shown: bool | None) -> None:
    """T1 of one image shows nothing; of kinds nobody asks for nothing is said."""
    assert shows(series) is shown


SERIES = st.builds(
    one,
    st.sampled_from([kind.value for kind in SeriesKind]),
    series_instance_uid=st.sampled_from(["a", "b", "c"]),
    slice_thickness_mm=st.none() | st.floats(0.5, 10),
    confidence=st.floats(0, 1),
    b_values=st.sampled_from([(), (0.0,), (1000.0,), (2500.0,)]),
    three_d=st.none() | st.booleans(),
    field_strength_t=st.sampled_from([None, 0.2, 3.0]),
    stacks=st.lists(
        st.builds(
            stack,
            b_value=st.sampled_from([None, 0.0, 1000.0]),
            normal_mm=st.sampled_from([None, 12.0, 118.0, 144.0]),
            missing_mm=st.sampled_from([0.0, 30.0]),
            spacing_mm=st.sampled_from([None, 3.0, 70.0]),
        ),
        max_size=2,
    ).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(series=st.lists(SERIES, max_size=5), suspected=st.booleans())
def test_the_verdict_is_total_stable_and_can_be_stored(series: list[SeriesFacts], suspected: bool) -> None:
    """Any series give a verdict; their order does not matter; a good series more never makes it worse."""
    verdict = assess(series, suspected=suspected)
    assert assess(series[::-1], suspected=suspected).readability is verdict.readability
    assert ProtocolVerdict.from_json(verdict.to_json()) == verdict
    order = (
        Readability.READABLE,
        Readability.READABLE_WITH_LIMITS,
        Readability.UNKNOWN,
        Readability.NOT_READABLE,
    )
    better = assess([*series, one("flair", series_instance_uid="z")], suspected=suspected)
    assert order.index(better.readability) <= order.index(verdict.readability)


@pytest.mark.parametrize("said", [None, 3.0])
def test_a_handful_of_slices_is_no_brain(said: float | None) -> None:
    """Two slices at both ends of the brain leave it between them, whatever their thickness is said to be."""
    far = stack(slices=2, thickness_mm=said, spacing_mm=140.0, declared_spacing_mm=None)
    verdict = assess((one("flair", slice_thickness_mm=said, stacks=(far,)), *GOOD[1:]), suspected=False)
    assert verdict.readability is Readability.NOT_READABLE


def test_one_series_of_two_kinds_does_not_cover_the_brain_twice() -> None:
    """A FLAIR that also holds some T2 says nothing of how much of the brain the T2 covers."""
    mixed = one("flair", also=(SeriesKind.T2,))
    assert assess((mixed, one("dwi")), suspected=False).readability is Readability.UNKNOWN
