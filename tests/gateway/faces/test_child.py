"""The program that looks for a brain: a volume in even steps along the patient's axes, from the crown down."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from gateway.faces.child import HEAD_STEP_MM, STEP_MM, _below_the_chin, _even_steps, depths_of
from gateway.faces.slices import slices_of
from support.objects.heads import AXIAL, CORONAL, SAGITTAL, head_series, signal


@pytest.mark.parametrize("plane", [AXIAL, CORONAL, SAGITTAL])
def test_slices_of_every_direction_become_the_same_head(
    plane: tuple[tuple[float, float, float], tuple[float, float, float]],
) -> None:
    """Inside the brain, where the signal is smooth, each even voxel has the signal of its place."""
    datasets = head_series(plane, step=3.0, gap=3.0)
    first, second = (slices_of(ds)[0] for ds in datasets[:2])
    step = np.subtract(second.corner, first.corner)
    steps = np.array([step, first.to_next_row, first.to_next_column])
    corner, even = _even_steps(np.stack([ds.pixel_array for ds in datasets]), np.array(first.corner), steps)
    for place in ((0, 0, 0), (20, -30, 10), (-25, 40, 20)):
        at = np.rint((np.array(place) - corner) / STEP_MM).astype(int)
        x, y, z = corner + at * STEP_MM
        there = float(signal(np.array(x), np.array(y), np.array(z)))
        assert even[tuple(at)] == pytest.approx(there, abs=15)


def test_a_neck_is_left_out() -> None:
    """The brain is looked for no more than 175 mm below the crown; the neck is still seen."""
    values = np.zeros((150, 40, 40))
    values[10:140, 5:35, 5:35] = 500.0  # 260 mm of head and neck
    corner, even = _even_steps(values, np.zeros(3), np.array([[0, 0, 2.0], [0, 2.0, 0], [2.0, 0, 0]]))
    assert corner.tolist() == [0, 0, 0]
    assert even.shape == (40, 40, 150)
    assert _below_the_chin(even) * 2 == pytest.approx(139 * 2 - 174)


def test_depths_are_those_of_the_head_alone() -> None:
    """What is bright beside it, a coil or a ghost, is no head; air within 12 mm is beside it, and tissue has its mm."""
    values = np.zeros((40, 40, 40))
    values[10:30, 10:30, 10:30] = 500.0
    values[1:5, 1:5, 34:38] = 500.0
    mask = np.zeros(values.shape, np.bool_)
    mask[14:26, 14:26, 14:26] = True
    depths = depths_of(values, mask)
    assert depths[20, 20, 20] == 2
    assert depths[20, 20, 28] == 2 + 3 * HEAD_STEP_MM
    assert depths[20, 20, 31] == 1
    assert depths[20, 20, 36] == 0
    assert not depths[1:5, 1:5, 34:38].any()


def test_where_nothing_is_bright_there_is_no_head() -> None:
    """Depths of nothing are nothing."""
    assert not depths_of(np.zeros((9, 9, 9)), np.zeros((9, 9, 9), np.bool_)).any()


def test_nothing_but_the_program_loads_what_it_needs() -> None:
    """Whoever takes faces out, and the worker, stay without numba and scipy."""
    code = (
        "import sys, gateway.faces.study, gateway.faces.preparer, gateway.pipeline.steps.prepare\n"
        "print([name for name in ('numba', 'scipy', 'nibabel', 'brainextractor') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_preparing_that_keeps_faces_loads_nothing_of_this() -> None:
    """The step knows of faces only where they go."""
    code = (
        "import sys, gateway.pipeline.steps.prepare\n"
        "print([name for name in sys.modules if name.startswith('gateway.faces')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
