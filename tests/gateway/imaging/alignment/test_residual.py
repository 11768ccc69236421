"""The residual is how far edges are apart, and the correction brings them together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.imaging.alignment.residual import STEP_MM, Block, blocks, correction, measured
from gateway.imaging.volume import Volume, image_of

AFFINE = ((STEP_MM, 0.0, 0.0, 0.0), (0.0, STEP_MM, 0.0, 0.0), (0.0, 0.0, STEP_MM, 0.0))


def waves(shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Volume:
    """Uneven tissue, moved by so many voxels (x, y, z)."""
    random = np.random.default_rng(1)
    z, y, x = np.mgrid[0:48, 0:48, 0:48].astype(np.float64)
    values = np.zeros(x.shape)
    for _ in range(24):
        a, b, c = random.normal(size=3) * 0.35
        values += np.cos(a * (x - shift[0]) + b * (y - shift[1]) + c * (z - shift[2]) + random.uniform(0, 6))
    return Volume(values.astype(np.float32), AFFINE)


def measure(one: Volume, other: Volume) -> tuple[list[Block], list[Block]]:
    """Everything is inside."""
    inside = image_of(Volume(np.ones_like(one.array), AFFINE))
    return blocks(image_of(one), image_of(other), inside)


@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, -2.0, 1.0), (0.4, 0.3, -0.6)])
def test_a_shift_is_measured_in_mm(shift: tuple[float, float, float]) -> None:
    """Within half a voxel, in its direction, by both sets of blocks."""
    correcting, measuring = measure(waves(), waves(shift))
    told = measured(measuring)
    assert told is not None
    assert told.median_mm == pytest.approx(np.linalg.norm(shift) * STEP_MM, abs=0.3)
    assert np.allclose(correction(correcting)[:3, 3], np.asarray(shift) * STEP_MM, atol=0.75)
    assert told.agreement > 0.9


def test_other_tissue_does_not_agree() -> None:
    """Whatever blocks do to fit."""
    other = waves()
    mirrored = Volume(np.ascontiguousarray(other.array[:, ::-1, ::-1].transpose(1, 2, 0)), AFFINE)
    told = measured(measure(waves(), mirrored)[1])
    assert told is not None
    assert told.median_mm > 1.0
    assert told.agreement < 0.8


@given(
    st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=3), st.lists(st.floats(-5, 5), min_size=3, max_size=3)
)
def test_the_correction_is_the_rigid_motion_of_the_blocks(turn: list[float], shift: list[float]) -> None:
    """Whatever it is, and whatever one block in ten says."""
    random = np.random.default_rng(3)
    middles = random.uniform(-60, 60, (60, 3))
    a, b, c = turn
    skew = np.array([[0, -c, b], [c, 0, -a], [-b, a, 0]])
    angle = float(np.linalg.norm(turn)) or 1.0
    rotation = np.eye(3) + np.sin(angle) / angle * skew + (1 - np.cos(angle)) / angle**2 * skew @ skew
    there = middles @ rotation.T + np.asarray(shift)
    there[::10] += random.normal(size=(6, 3)) * 4
    those = [Block(tuple(m), tuple(t - m), 0.9) for m, t in zip(middles, there, strict=True)]
    made = correction(those)
    if np.linalg.norm(turn):
        assert np.allclose(made[:3, :3], rotation, atol=0.02)
        assert np.allclose(made[:3, 3], shift, atol=0.6)


def test_few_blocks_tell_nothing() -> None:
    """Neither a residual nor a correction."""
    few = [Block((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), 0.9)] * 5
    assert measured(few) is None
    assert np.array_equal(correction(few), np.eye(4))
