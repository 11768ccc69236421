"""How surely a map of change shows a new lesion: drawn heads, seen twice, with lesions planted in the second visit.

What the map is tuned by was found on the heads of seeds 1 to 11; those scored are others. A pair has lesions of 2 to
15 mm (the diameter of a sphere of their volume, some stretched to flames), 20 to 50 % brighter than white matter, in
white matter anywhere, two of them grown out of old ones. A mark is right within 2 mm of a lesion; any other is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gateway.imaging.change.change_map import change_map
from gateway.imaging.change.outcome import ChangeMap
from score.tally import Score
from support.planted import Lesion, Visit, between, lesions_of, rigid, volume

HEADINGS = (
    "between the visits",
    "pairs",
    "3 mm and more found",
    "2 mm",
    "3 mm",
    "4 mm",
    "5 to 6 mm",
    "8 to 15 mm",
    "false marks a pair",
    "kind right",
    "refused",
)
SEEDS = (101, 102, 103)
DIAMETERS = (2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 15.0)
GROWN = (5.0, 8.0)
BANDS = ((2.0, 2.0), (3.0, 3.0), (4.0, 4.0), (5.0, 6.0), (8.0, 15.0))
LEAST_SENSITIVITY, MOST_FALSE = 0.95, 2.0
SEEN_FROM_MM, THICK_FROM_MM = 3.0, 5.0
"""From which diameter on lesions are to be shown; a slice of 3 mm has only a part of a smaller one in its voxels."""
_THICK_MM = 2.0
_NEAR_MM = 2.0
_ANGLE = (3.0, -2.0, 4.0, 4.0, -3.0, 2.0)


@dataclass(frozen=True)
class Scenario:
    """What differs between two visits, and how far the alignment is out."""

    name: str
    prior: Visit
    current: Visit
    error_mm: float = 0.0


SCENARIOS = (
    Scenario("motion, new noise", Visit(), Visit(motion=_ANGLE)),
    Scenario("the same, aligned with an error of 0.3 mm", Visit(), Visit(motion=_ANGLE), 0.3),
    Scenario(
        "another coil, scale and contrast, 1.5 times the noise",
        Visit(noise=12, bias=0.15, scale=0.4),
        Visit(noise=20, bias=-0.12, scale=1.5, contrast=0.9, motion=_ANGLE),
        0.15,
    ),
    Scenario("ventricles 1.2 mm wider", Visit(), Visit(atrophy_mm=0.6, motion=_ANGLE), 0.15),
    Scenario(
        "all of these",
        Visit(noise=16, bias=0.15, scale=0.4),
        Visit(noise=18, bias=-0.12, scale=1.5, contrast=0.9, atrophy_mm=0.6, motion=_ANGLE),
        0.3,
    ),
    Scenario("prior of 3 mm, current of 1 mm", Visit(spacing=(0.9, 3.0)), Visit(motion=_ANGLE), 0.15),
    Scenario("prior of 1 mm, current of 3 mm", Visit(), Visit(spacing=(0.9, 3.0), motion=_ANGLE), 0.15),
)


@dataclass(frozen=True)
class Answer:
    """What one pair gave."""

    found: tuple[tuple[Lesion, bool], ...]
    false: int
    kinds: tuple[bool, ...]
    """Of each lesion found, whether it was named rightly as new or grown."""
    refused: str = ""


def answer(scenario: Scenario, seed: int) -> Answer:
    """Draw a pair, have its map made, and compare its marks with what was planted."""
    lesions = lesions_of(seed, DIAMETERS, GROWN)
    prior = volume(seed, scenario.prior, (), noise_seed=1)
    current = volume(seed, scenario.current, lesions, noise_seed=2)
    made = change_map(current, prior, between(scenario.prior, scenario.current, scenario.error_mm))
    if not isinstance(made, ChangeMap):
        return Answer(tuple((lesion, False) for lesion in lesions), 0, (), made.why)
    back = np.linalg.inv(rigid(scenario.current.motion))
    kinds: dict[int, bool] = {}
    false = made.more
    for component in made.components:
        point = (back @ [*component.point, 1])[:3]
        near = [i for i, lesion in enumerate(lesions) if _holds(lesion, point)]
        false += not near
        for i in near:
            kinds[i] = (component.kind == "grown") == lesions[i].grown
    return Answer(
        tuple((lesion, i in kinds) for i, lesion in enumerate(lesions)), false, tuple(kinds.values())
    )


def _holds(lesion: Lesion, point: np.ndarray) -> bool:
    reach = lesion.diameter / 2 * lesion.stretch ** (2 / 3) + _NEAR_MM
    return float(np.linalg.norm(point - np.asarray(lesion.point))) < reach


def score() -> Score:
    """The table, and each scenario that is below the target."""
    rows: list[tuple[object, ...]] = []
    failed: list[str] = []
    everything: list[Answer] = []
    for scenario in SCENARIOS:
        answers = [answer(scenario, seed) for seed in SEEDS]
        everything += answers
        rows.append((scenario.name, *_line(answers)))
        failed += _below(scenario.name, answers, _least_of(scenario))
    rows.append(("all together", *_line(everything)))
    failed += _below("all together", everything, SEEN_FROM_MM)
    return Score("Planted lesions", HEADINGS, tuple(rows), tuple(failed))


def _line(answers: list[Answer]) -> tuple[object, ...]:
    kinds = [kind for each in answers for kind in each.kinds]
    return (
        len(answers),
        _share(_seen(answers, SEEN_FROM_MM, 100)),
        *(_share(_seen(answers, *band)) for band in BANDS),
        f"{_false(answers):.1f}",
        _share(kinds),
        sum(bool(each.refused) for each in answers),
    )


def _seen(answers: list[Answer], least: float, most: float) -> list[bool]:
    return [found for each in answers for lesion, found in each.found if least <= lesion.diameter <= most]


def _false(answers: list[Answer]) -> float:
    return sum(each.false for each in answers) / len(answers)


def _share(answers: list[bool]) -> str:
    return f"{sum(answers)} of {len(answers)}"


def _least_of(scenario: Scenario) -> float:
    """From which diameter on lesions of this scenario are to be shown, mm."""
    thickest = max(scenario.prior.spacing[1], scenario.current.spacing[1])
    return THICK_FROM_MM if thickest > _THICK_MM else SEEN_FROM_MM


def _below(name: str, answers: list[Answer], least: float) -> Iterator[str]:
    seen = _seen(answers, least, 100)
    if sum(seen) < LEAST_SENSITIVITY * len(seen):
        share = f"{sum(seen) / len(seen):.0%} of lesions of {least:g} mm and more"
        yield f"{name}: {share}, {LEAST_SENSITIVITY:.0%} are wanted"
    if _false(answers) > MOST_FALSE:
        yield f"{name}: {_false(answers):.1f} false marks a pair, {MOST_FALSE:g} are the most"
    yield from (f"{name}: refused, {each.refused}" for each in answers if each.refused)
