"""How well priors are laid over: drawn heads that are moved, scanned otherwise, and the heads of others.

Each head is drawn anew on the grid of its scanner in its own pose, so the motion is known exactly and nothing was
resampled. The error is the largest displacement anywhere in the brain. An answer is right when it is shown and within
half a millimetre, or when it is refused; wrong is what is shown and is not.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.alignment.aligned import Alignment, align
from gateway.imaging.study_index import Affine
from score.tally import Score
from support.planted import Visit, between, volume

MOTIONS: Final = 200
STRANGERS: Final = 20
WITHIN_MM: Final = 0.5
HEADINGS = (
    "pairs",
    "number",
    "shown",
    "within 0.5 mm",
    "median error",
    "largest error",
    "refused",
    "wrong and shown",
)
_CORNERS = np.array(list(product((-60.0, 0.0, 60.0), (-75.0, 0.0, 75.0), (-30.0, 20.0, 65.0))))
_HEADS = (4, 5, 6, 7, 8)


@dataclass(frozen=True)
class Pair:
    """A head and its prior, or the prior of another head."""

    name: str
    head: int
    other: int
    current: Visit
    prior: Visit
    seed: int


@dataclass(frozen=True)
class Answer:
    """What became of a pair; the error in mm where it is shown."""

    pair: Pair
    alignment: Alignment
    error_mm: float | None


def pairs(motions: int, strangers: int, seed: int = 1) -> list[Pair]:
    """Motions up to 20 degrees and 20 mm, other resolution, thickness, noise, coil and contrast; then other heads."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(motions + strangers):
        thick = (1.0, 1.0, 3.0)[number % 3]
        prior = Visit(
            spacing=((1.0, 1.3)[number % 2], thick),
            noise=float(random.uniform(8, 20)),
            bias=float(random.uniform(0, 0.3)),
            scale=float(random.uniform(0.5, 2)),
            motion=_motion(random),
            contrast=float(random.uniform(0.7, 1.4)),
        )
        head = _HEADS[number % len(_HEADS)]
        same = number < motions
        name = (
            ("same head, slices of 1 mm", "same head, slices of 3 mm")[thick > 1] if same else "another head"
        )
        made.append(Pair(name, head, head if same else head + 11, Visit(), prior, number))
    return made


def answered(pair: Pair) -> Answer:
    """Draw it and lay it over."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    current = volume(pair.head, pair.current, noise_seed=2 * pair.seed)
    prior = volume(pair.other, pair.prior, noise_seed=2 * pair.seed + 1)
    done = align(current, prior)
    error = None if done.transform is None else error_mm(done.transform, between(pair.prior, pair.current))
    return Answer(pair, done, error)


def error_mm(found: Affine, truth: Affine) -> float:
    """The largest displacement in the brain."""
    a, b = (np.asarray(each, np.float64) for each in (found, truth))
    away = _CORNERS @ (a[:, :3] - b[:, :3]).T + (a[:, 3] - b[:, 3])
    return float(np.linalg.norm(away, axis=1).max())


def score(motions: int = MOTIONS, strangers: int = STRANGERS) -> Score:
    """The table; minutes, on as many cores as there are."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        answers = list(pool.map(answered, pairs(motions, strangers)))
    names = list(dict.fromkeys(answer.pair.name for answer in answers))
    rows = [_row(name, [answer for answer in answers if answer.pair.name == name]) for name in names]
    return Score("Alignment", HEADINGS, tuple(rows), tuple(_failed(answers)))


def _row(name: str, answers: Sequence[Answer]) -> tuple[object, ...]:
    errors = [answer.error_mm for answer in answers if answer.error_mm is not None]
    near = sum(error <= WITHIN_MM for error in errors)
    median = f"{np.median(errors):.2f} mm" if errors else ""
    largest = f"{max(errors):.2f} mm" if errors else ""
    wrong = sum(_is_wrong(answer) for answer in answers)
    return name, len(answers), len(errors), near, median, largest, len(answers) - len(errors), wrong


def _is_wrong(answer: Answer) -> bool:
    stranger = answer.pair.head != answer.pair.other
    return answer.error_mm is not None and (stranger or answer.error_mm > WITHIN_MM)


def _failed(answers: Sequence[Answer]) -> list[str]:
    same = [answer for answer in answers if answer.pair.head == answer.pair.other]
    near = sum(answer.error_mm is not None and answer.error_mm <= WITHIN_MM for answer in same)
    failed = [
        f"pair {answer.pair.seed}, {answer.pair.name}: shown, {answer.error_mm:.2f} mm off"
        for answer in answers
        if _is_wrong(answer)
    ]
    if near < 0.99 * len(same):
        failed.append(f"{near} of {len(same)} pairs of one head are shown within {WITHIN_MM} mm")
    return failed


def _motion(random: np.random.Generator) -> tuple[float, float, float, float, float, float]:
    turn, shift = (_direction(random) * random.uniform(0, 20) for _ in range(2))
    a, b, c, x, y, z = (float(each) for each in (*turn, *shift))
    return a, b, c, x, y, z


def _direction(random: np.random.Generator) -> NDArray[np.float64]:
    made = random.normal(size=3)
    unit: NDArray[np.float64] = made / np.linalg.norm(made)
    return unit
