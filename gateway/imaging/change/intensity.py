"""The prior as the current scanner would have shown it: coil, scale and contrast, without what changed in between.

All three are fitted with what does not fit left out, so that lesions, old or new, few or many, do not count.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ORDER = 3
_SAMPLES = 60_000
_ROUNDS = 6
_BINS = 48


def matched(
    prior: NDArray[np.float32], current: NDArray[np.float32], tissue: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The prior with the coil, the scale and the contrast of the current volume; `tissue`: where both show brain."""
    ratio = _fitted(np.log(current[tissue] / prior[tissue]).astype(np.float32), tissue)
    return transfer((prior * ratio).astype(np.float32), current, tissue)


def evened(values: NDArray[np.float32], white: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 where it is as bright as the white matter thereabouts; `white`: what is about as bright as white matter."""
    field = np.maximum(_fitted(np.log(values[white]), white, order=2), np.float32(1e-6))
    return (values / field).astype(np.float32)


def _fitted(logs: NDArray[np.float32], where: NDArray[np.bool_], order: int = _ORDER) -> NDArray[np.float32]:
    """A smooth positive field, from logarithms at places; what lies beyond the spread of the others is left out."""
    axes = [np.linspace(-1, 1, size, dtype=np.float32) for size in where.shape]
    step = max(1, logs.size // _SAMPLES)
    places = np.nonzero(where)
    at = [axis[place[::step]] for axis, place in zip(axes, places, strict=True)]
    seen = logs[::step].astype(np.float64)
    powers = [p for p in product(range(order + 1), repeat=3) if sum(p) <= order]
    terms = np.stack([at[0] ** i * at[1] ** j * at[2] ** k for i, j, k in powers], axis=1).astype(np.float64)
    weights: NDArray[np.floating[Any]] = np.ones(seen.size)
    factors: NDArray[np.floating[Any]] = np.zeros(len(powers))
    for _ in range(_ROUNDS):
        left = terms * weights[:, None]
        factors = np.linalg.solve(left.T @ terms + 1e-6 * np.eye(len(powers)), left.T @ seen)
        rest = seen - terms @ factors
        spread = 1.4826 * np.median(np.abs(rest)) + 1e-6
        weights = np.square(np.clip(1 - np.square(rest / (3 * spread)), 0, 1))
    field = np.zeros(where.shape, np.float32)
    for (i, j, k), factor in zip(powers, factors, strict=True):
        field += np.float32(factor) * (
            (axes[0] ** i)[:, None, None] * (axes[1] ** j)[None, :, None] * (axes[2] ** k)[None, None, :]
        )
    return np.exp(field)


def transfer(
    prior: NDArray[np.float32], current: NDArray[np.float32], tissue: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """The prior's brightness as the current volume shows it: the median there of all that is as bright here."""
    before, now = prior[tissue], current[tissue]
    edges = np.quantile(before, np.linspace(0.002, 0.998, _BINS + 1))
    edges = np.unique(edges)
    which = np.digitize(before, edges)
    points = [
        (float(np.median(before[which == b])), float(np.median(now[which == b])))
        for b in range(1, len(edges))
        if np.count_nonzero(which == b) > 50
    ]
    if len(points) < 4:
        return prior
    x, y = np.asarray(points).T
    # Brighter stays brighter: where few voxels make a median fall back, the one before counts.
    y = np.maximum.accumulate(y)
    below, above = y[0] / max(x[0], 1e-6), y[-1] / x[-1]
    mapped = np.interp(prior, x, y)
    mapped = np.where(prior < x[0], prior * below, mapped)
    result: NDArray[np.float32] = np.where(prior > x[-1], prior * above, mapped).astype(np.float32)
    return result
