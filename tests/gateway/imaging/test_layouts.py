"""Panes are filled by what a series is; what is not there is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imaging.layouts import LAYOUTS, Candidate, Layout, Wanted, begins_with, filled

FLAIR = Candidate("s0-0", "flair", None, 160, True, 1.0, "M")
STUDY = (
    FLAIR,
    replace(FLAIR, key="s1-0", thickness=5.0, images=30),
    replace(FLAIR, key="s2-0", kind="t2"),
    replace(FLAIR, key="s3-0", kind="dwi", b_value=0.0),
    replace(FLAIR, key="s3-1", kind="dwi", b_value=1000.0),
    replace(FLAIR, key="s3-2", kind="dwi", b_value=2500.0),
    replace(FLAIR, key="s4-0", kind="adc", part=""),
    replace(FLAIR, key="s5-0", kind="swi", part="P"),
    replace(FLAIR, key="s5-1", kind="swi", part="M"),
)
BY_NAME = {layout.name: layout for layout in LAYOUTS}


def test_surveillance_shows_flair_beside_the_prior_and_diffusion() -> None:
    """The thin FLAIR before the thick one; b = 1000, neither 0 nor 2500."""
    chosen = filled(BY_NAME["surveillance"], STUDY, STUDY[1:2])
    assert [(each.of, each.stack) for each in chosen] == [
        ("current", "s0-0"),
        ("prior", "s1-0"),
        ("current", "s3-1"),
        ("current", "s4-0"),
    ]


def test_what_is_missing_is_said_and_nothing_else_stands_in_its_place() -> None:
    """No b = 0 for b = 1000, no T1 without contrast for one with it, no current FLAIR for the prior's."""
    without = [each for each in STUDY if each.b_value != 1000.0]
    told = {each.label: each for each in filled(BY_NAME["suspected_pml"], without, None)}
    assert told["DWI b1000"].missing == "No DWI b1000 was recognised in this study."
    assert told["T1 with contrast"].stack is None
    assert told["Prior FLAIR"].missing == "No prior study to compare with."
    assert told["SWI"].stack == "s5-1", "magnitude before phase"
    [prior] = [each for each in filled(BY_NAME["surveillance"], STUDY, []) if each.of == "prior"]
    assert prior.missing == "No FLAIR was recognised in the prior study."


@pytest.mark.parametrize(
    ("wanted", "there", "shown"),
    [
        (1000.0, (0.0, 700.0, 800.0, 1400.0, 1500.0), 800.0),
        (1000.0, (0.0, 700.0, 1500.0), None),
        (2500.0, (1000.0, 2000.0, 3000.0), 2000.0),
        (0.0, (50.0, 5.0, 1000.0), 5.0),
        (0.0, (1000.0,), None),
    ],
)
def test_the_nearest_b_value_is_taken_and_none_that_is_another(
    wanted: float, there: tuple[float, ...], shown: float | None
) -> None:
    """Of two that are as near the one that has the lower key, as their order says nothing."""
    stacks = [replace(FLAIR, key=f"s0-{b}", kind="dwi", b_value=b) for b in there]
    [pane] = filled(Layout("own", "Own", (Wanted("DWI", ("dwi",), b_value=wanted),)), stacks, None)
    assert pane.stack == (None if shown is None else f"s0-{shown}")


def test_a_trace_is_taken_before_single_directions() -> None:
    """Where both are at b = 1000."""
    trace = replace(FLAIR, key="s9-0", kind="trace", b_value=1000.0)
    assert filled(BY_NAME["diffusion"], (*STUDY, trace), None)[0].stack == "s9-0"


@given(st.permutations(STUDY), st.sampled_from(LAYOUTS))
def test_the_order_of_the_series_does_not_matter(order: list[Candidate], layout: object) -> None:
    """The same panes show the same stacks."""
    assert filled(layout, order, order) == filled(layout, STUDY, STUDY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("referral", "name"),
    [("suspected_pml", "suspected_pml"), ("surveillance", "surveillance"), ("", "surveillance")],
)
def test_a_case_begins_with_the_layout_of_its_referral(referral: str, name: str) -> None:
    """Suspected PML asks for more sequences."""
    assert begins_with(referral) == name


def test_each_layout_has_a_name_of_its_own() -> None:
    """They are in addresses and on number keys."""
    assert len(BY_NAME) == len(LAYOUTS) <= 9
