"""What a study shows is one line: each sequence, with a mark where it is not known or not as asked for."""

from __future__ import annotations

import pytest

from routing_rules.protocol.sequences_shown import line_of
from routing_rules.series.series import SeriesFacts
from support.objects.series_facts import GOOD, one, stack


@pytest.mark.parametrize(
    ("series", "line"),
    [
        (GOOD, "dwi flair t1 t1_contrast t2"),
        ((one("trace"), one("t1")), "dwi t1"),
        ((one("t1", stacks=(stack(slices=1, normal_mm=3.0),)),), "t1-"),
        ((one("t1", stacks=()),), "t1?"),
        ((one("t1", stacks=()), one("t1", series_instance_uid="b")), "t1"),
        ((one("t1_contrast", confidence=0.5),), "t1? t1_contrast?"),
        ((one("pd", also=("t2",)),), "t2?"),
        ((one("dwi", b_values=(0.0, 50.0)),), "dwi-"),
        ((one("swi"),), "none"),
        ((one("other"),), ""),
        ((), ""),
        (
            tuple(one("flair", series_instance_uid=u, stacks=(stack(normal_mm=60.0),)) for u in "ab"),
            "flair?",
        ),
    ],
)
def test_a_study_as_one_line(series: tuple[SeriesFacts, ...], line: str) -> None:
    """The best series of a kind counts; a series that another kind names says nothing by itself."""
    assert line_of(series) == line
