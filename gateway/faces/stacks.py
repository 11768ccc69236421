"""The series that show the whole head, and the slices of one of them as a volume.

One is enough for each frame of reference: the planes of its brain are those of every series in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from gateway.faces.slices import Slice, frame_of_reference, series_of, slices_of
from gateway.privacy.errors import Held
from gateway.privacy.identifiers.values import UNREADABLE_VALUE

Key = TypeVar("Key")

_KINDS: Final = ("t1", "t1_contrast", "flair", "t2", "pd")
"""In these a brain looks as brainextractor knows it; the earlier the better, as long as the head is covered."""
_LEAST_SLICES: Final = 16
_WIDEST_GAP_MM: Final = 8.0
_LEAST_EXTENT_MM: Final = 90.0
"""In every direction: a slab that is thinner shows too little of a brain to know its lower border."""
_EVEN: Final = 0.1
"""How much distances between slices may differ, as a part of one."""


@dataclass(frozen=True)
class Volume:
    """Values (slices, rows, columns) and where they lie: the first voxel's middle and the steps along each axis, mm."""

    values: NDArray[np.generic] = field(repr=False)
    corner: tuple[float, ...]
    steps: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Stack(Generic[Key]):
    """Frames of one series in order along their normal: whose object, which frame of it, where."""

    kind: str
    frames: tuple[tuple[Key, int, Slice], ...]

    @property
    def gap(self) -> NDArray[np.float64]:
        """The mean step from slice to slice, in mm."""
        first, last = (np.asarray(self.frames[at][2].corner) for at in (0, -1))
        step: NDArray[np.float64] = (last - first) / (len(self.frames) - 1)
        return step

    def volume(self, pixels: Callable[[Key, int], NDArray[np.generic]]) -> Volume:
        """The volume, of the pixels (rows, columns) of each frame; raises what `pixels` raises."""
        first = self.frames[0][2]
        values = np.stack([pixels(key, frame) for key, frame, _ in self.frames])
        steps = (tuple(float(part) for part in self.gap), first.to_next_row, first.to_next_column)
        return Volume(values, first.corner, steps)


def whole_heads(
    objects: Iterable[tuple[Key, Dataset]], kind_of: Callable[[Dataset], str | None]
) -> Mapping[str, Sequence[Stack[Key]]]:
    """Stacks that may show a whole head, by frame of reference, the best first; from headers with their keys."""
    series: dict[tuple[str, str, str], list[tuple[Key, int, Slice]]] = {}
    for key, header in objects:
        try:
            kind = kind_of(header)
            if kind not in _KINDS:
                continue
            where, frames = frame_of_reference(header), slices_of(header)
            uid = series_of(header)
        except (Held, *UNREADABLE_VALUE):  # it is held later, with its reason
            continue
        group = series.setdefault((where, uid, kind), [])
        group += [(key, number, frame) for number, frame in enumerate(frames)]
    heads: dict[str, list[Stack[Key]]] = {}
    for (where, _, kind), frames_of_series in series.items():
        stack = _stacked(kind, frames_of_series)
        if stack is not None:
            heads.setdefault(where, []).append(stack)
    for stacks in heads.values():
        stacks.sort(key=lambda stack: (np.linalg.norm(stack.gap) > 2.0, _KINDS.index(stack.kind)))
    return heads


def _stacked(kind: str, frames: list[tuple[Key, int, Slice]]) -> Stack[Key] | None:
    """Parallel slices at even distances that cover a head, the first at each place; None: they are no such stack."""
    first = frames[0][2]
    normal = first.normal
    for _, _, frame in frames:
        same = (frame.rows, frame.columns) == (first.rows, first.columns)
        if not same or not np.allclose(
            (*frame.to_next_row, *frame.to_next_column),
            (*first.to_next_row, *first.to_next_column),
            atol=1e-2,
        ):
            return None
    at: dict[float, tuple[Key, int, Slice]] = {}
    for one in frames:
        at.setdefault(round(float(normal @ np.asarray(one[2].corner)), 1), one)
    places = sorted(at)
    if len(places) < _LEAST_SLICES:
        return None
    gaps = np.diff(places)
    even = float(np.abs(gaps - gaps.mean()).max()) <= max(_EVEN * float(gaps.mean()), 0.11)
    extents = (
        len(places) * float(gaps.mean()),
        first.rows * float(np.linalg.norm(first.to_next_row)),
        first.columns * float(np.linalg.norm(first.to_next_column)),
    )
    if not even or float(gaps.mean()) > _WIDEST_GAP_MM or min(extents) < _LEAST_EXTENT_MM:
        return None
    return Stack(kind, tuple(at[place] for place in places))
