"""Can a stack hold a brain: computed by hand for known boxes, and the same from wherever one looks."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing_rules.protocol.coverage import best, coverage, covered_by, worst
from routing_rules.protocol.requirements import standard_protocol
from routing_rules.protocol.verdict import BrainCoverage, Coverage
from routing_rules.series.series import Stack
from support.objects.series_facts import one, stack

BRAIN = standard_protocol().brain
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


def box(
    directions: tuple[float, ...], row: float | None, column: float | None, across: float | None
) -> Stack:
    """A stack with these lengths along a row, down a column and across its slices."""
    return Stack(directions=directions, row_mm=row, column_mm=column, normal_mm=across)


def tilted(degrees: float) -> tuple[float, ...]:
    """An axial plane turned about the left-right axis."""
    angle = math.radians(degrees)
    return (1.0, 0.0, 0.0, 0.0, math.cos(angle), math.sin(angle))


@pytest.mark.parametrize(
    ("stack", "judged"),
    [
        # left-right, front-back, head-foot in turn, against 120/145/110 and 140/170/130 mm
        (box(AXIAL, 230, 230, 144), BrainCoverage.WHOLE),
        (box(AXIAL, 140, 170, 130), BrainCoverage.WHOLE),
        (box(AXIAL, 230, 230, 101), BrainCoverage.PART),
        (box(AXIAL, 230, 230, 12), BrainCoverage.PART),
        (box(AXIAL, 230, 230, 118), BrainCoverage.DOUBTFUL),
        (box(AXIAL, 100, 230, 144), BrainCoverage.PART),
        (box(AXIAL, 230, 140, 144), BrainCoverage.PART),
        # sagittal: rows run front to back, columns head to foot, slices left to right
        (box(SAGITTAL, 256, 256, 160), BrainCoverage.WHOLE),
        (box(SAGITTAL, 256, 256, 125), BrainCoverage.DOUBTFUL),
        (box(SAGITTAL, 256, 256, 90), BrainCoverage.PART),
        (box(SAGITTAL, 256, 100, 160), BrainCoverage.PART),
        (box(CORONAL, 200, 200, 150), BrainCoverage.DOUBTFUL),
        (box(CORONAL, 200, 200, 180), BrainCoverage.WHOLE),
        (box(AXIAL, None, 230, 144), BrainCoverage.UNKNOWN),
        (box(AXIAL, 230, 230, None), BrainCoverage.UNKNOWN),
        (box(AXIAL, None, None, 12), BrainCoverage.PART),
        (replace(box(AXIAL, 230, 230, 144), missing_mm=50.0), BrainCoverage.PART),
    ],
)
def test_a_box_holds_a_brain_or_part_of_it(stack: Stack, judged: BrainCoverage) -> None:
    """Each plane is asked for each direction; what is too short decides, then what is not known."""
    assert coverage(stack, BRAIN).brain is judged


def test_a_tilted_stack_is_asked_for_more() -> None:
    """At 30 degrees an ellipsoid of 130 by 170 mm is hypot(130 cos 30, 170 sin 30) = 141.1 mm wide across slices."""
    covered = coverage(box(tilted(30), 230, 230, 135), BRAIN)
    across = covered.extents[2]
    assert (across.axis, across.covered_mm, across.usual_mm) == ("head to foot", 135, 141.1)
    assert across.least_mm == round(math.hypot(110 * math.cos(math.pi / 6), 145 * 0.5), 1)
    assert covered.brain is BrainCoverage.DOUBTFUL
    assert coverage(box(AXIAL, 230, 230, 135), BRAIN).brain is BrainCoverage.WHOLE


def test_an_oblique_direction_says_so() -> None:
    """Over 37 degrees from every axis it is only nearest to one."""
    names = [one.axis for one in coverage(box(tilted(40), 230, 230, 150), BRAIN).extents]
    assert names == ["left to right", "front to back, oblique", "head to foot, oblique"]


@settings(max_examples=50, deadline=None)
@given(
    degrees=st.floats(-60, 60),
    row=st.floats(80, 260),
    column=st.floats(80, 260),
    across=st.floats(10, 200),
    flips=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 2),
)
def test_the_sign_of_a_direction_does_not_matter(
    degrees: float, row: float, column: float, across: float, flips: tuple[float, float]
) -> None:
    """Rows from the left or right, slices from head or feet, prone or supine: the same box holds the same brain."""
    directions = tilted(degrees)
    turned = tuple(value * flips[place // 3] for place, value in enumerate(directions))
    one, other = (coverage(box(way, row, column, across), BRAIN) for way in (directions, turned))
    assert one == other
    # The other way round about the slices: rows become columns.
    swapped = coverage(box((*directions[3:], *directions[:3]), column, row, across), BRAIN)
    assert swapped.brain is one.brain


def test_the_stack_that_covers_most_stands() -> None:
    """In any order: a whole one before a cut one; nothing known before known to be part is a whole one's chance."""
    whole, cut, slab, unknown = (
        box(AXIAL, 230, 230, 144),
        box(AXIAL, 230, 230, 118),
        box(AXIAL, 230, 230, 12),
        box(AXIAL, None, None, None),
    )
    for stacks in ([slab, unknown, cut, whole], [whole, cut, unknown, slab]):
        chosen = best(stacks, BRAIN)
        assert chosen is not None
        assert chosen[0] is whole
    chosen = best([slab, unknown], BRAIN)
    assert chosen is not None
    assert chosen[0] is unknown
    assert best([], BRAIN) is None


def test_of_diffusion_the_images_that_count_cover() -> None:
    """b = 0 of the whole head does not cover for b = 1000 of a slab; where none counts, all are looked at."""
    plain, weighted = stack(b_value=0.0), stack(b_value=1000.0, normal_mm=20.0)
    protocol = standard_protocol()
    assert covered_by(one("dwi", stacks=(plain, weighted)), protocol).brain is BrainCoverage.PART
    assert covered_by(one("dwi", stacks=(plain,)), protocol).brain is BrainCoverage.WHOLE
    assert covered_by(one("flair", stacks=()), protocol).brain is BrainCoverage.UNKNOWN


def test_the_worst_direction_is_named() -> None:
    """The one that holds least of a usual brain; none where nothing is known."""
    shortest = worst(coverage(box(AXIAL, 130, 230, 100), BRAIN))
    assert shortest is not None
    assert shortest.axis == "head to foot"
    assert worst(Coverage(BrainCoverage.UNKNOWN)) is None
