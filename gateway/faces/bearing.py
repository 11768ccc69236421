"""Whether a head lies as its coordinates say, seen in the pixels: without that, planes cut elsewhere and a face stays.

What made the cut are the outline of the brain and the planes. What is looked at here is the rest of the head: where the
tissue lies that is far from the brain. In front and below that is the face, straight below the neck, and anywhere
else there is none. Patients who lay otherwise than the header says, axes that are turned or mirrored and heads tilted
by more than a neck allows show it there, or keep some of it in front of the brain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gateway.faces.brain import Brain, NoBrain
from gateway.faces.head import Head
from gateway.faces.shear import Shear

_FAR_MM: Final = 30.0
"""From the brain: no scalp, skull or forehead is so thick."""
_VERY_FAR_MM: Final = 40.0
"""Nor is what lies behind the brain and beside it, ears and the muscles of the neck, above the neck itself."""
_NECK_DEGREES: Final = -50.0
"""Below the horizontal through the middle of the brain: what lies lower is no longer told from a neck."""
_AHEAD_DEGREES: Final = 45.0
_BEHIND_DEGREES: Final = 120.0


@dataclass(frozen=True)
class Bearing:
    """Millilitres of the head that are far from the brain: those that go, and those that stay, by where they lie.

    `tilt` and `turn` are the degrees from the patient's axes to the longest of the brain: its front upwards (seen from
    the side), and its front to one side (seen from above).
    """

    goes: float
    above: float
    ahead: float
    beside: float
    behind: float
    tilt: float
    turn: float

    @property
    def removed(self) -> float:
        """The part of what lies far in front of the brain that goes."""
        return self.goes / (self.goes + self.ahead) if self.goes else 0.0


_LIMITS: Final = {
    "goes": (
        30.0,
        np.inf,
        "{:.0f} ml lie in front of and below the brain as a face does, and a face has 30 or more",
    ),
    "above": (0.0, 2.0, "{:.0f} ml of tissue lie above the brain, far from it"),
    "ahead": (0.0, 3.0, "{:.0f} ml of tissue would stay in front of the brain, far from it"),
    "beside": (0.0, 8.0, "{:.0f} ml of tissue lie beside the brain, far from it"),
    "behind": (0.0, 8.0, "{:.0f} ml of tissue lie behind the brain, far from it"),
    "tilt": (-8.0, 30.0, "the brain is tilted by {:.0f} degrees"),
    "turn": (-15.0, 15.0, "the brain is turned by {:.0f} degrees"),
}
"""Least, most, and what a person is told.

Worked out on heads turned and mirrored in every way: with these no head passed of which less than 97 of a hundred
parts of the face went (`./dev score faces`).
"""


def bearing_of(brain: Brain, head: Head, shear: Shear) -> Bearing:
    """Where the head's tissue lies that is far from its brain."""
    points, distances = head.further_than(_FAR_MM)
    inside = brain.points()
    from_middle = points - inside.mean(axis=0)
    elevation = np.degrees(np.arctan2(from_middle[:, 2], np.hypot(from_middle[:, 0], from_middle[:, 1])))
    aside = np.abs(np.degrees(np.arctan2(from_middle[:, 0], -from_middle[:, 1])))
    gone = shear.beyond(points)
    below, ahead = elevation <= 0, aside < _AHEAD_DEGREES
    no_neck = below & (elevation > _NECK_DEGREES) & (distances > _VERY_FAR_MM)

    def millilitres(which: NDArray[np.bool_]) -> float:
        return float(which.sum()) * head.step**3 / 1000

    return Bearing(
        goes=millilitres(gone & below & ahead),
        above=millilitres(~gone & ~below),
        ahead=millilitres(~gone & below & ahead),
        beside=millilitres(~gone & no_neck & ~ahead & (aside < _BEHIND_DEGREES)),
        behind=millilitres(~gone & no_neck & (aside >= _BEHIND_DEGREES)),
        tilt=_angle(inside[:, 1], inside[:, 2]),
        turn=_angle(inside[:, 1], inside[:, 0]),
    )


def refuse_wrong_bearing(bearing: Bearing) -> None:
    """Raise NoBrain where the head does not lie as its coordinates say, or where that cannot be told."""
    for name, (least, most, told) in _LIMITS.items():
        value = getattr(bearing, name)
        if not least <= value <= most:
            raise NoBrain(f"nobody can tell that the head lies as its coordinates say: {told.format(value)}")


def _angle(along: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    """From the first axis to the longest of these points, in degrees: -90 to 90, positive where -along has +across."""
    spread = np.cov(-along, across)
    longest = np.linalg.eigh(spread)[1][:, 1]
    return float((np.degrees(np.arctan2(longest[1], longest[0])) + 90) % 180 - 90)
