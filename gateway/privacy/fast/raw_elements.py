"""What is read of elements as they are: for admission, for the pixels, and for what is judged together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

from gateway.privacy.deidentify.instance import JUDGED_TOGETHER
from gateway.privacy.fast.repeated_elements import Stretch
from gateway.privacy.profile.safe_private import B_VALUES, GE_FLAG

ADMISSION: Final = (0x00080008, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00280301)
"""What admission looks at (`admission`)."""
SERIES: Final = (0x0020000E, 0x00200011)
"""What tells the kind of a series: SeriesInstanceUID, SeriesNumber."""
_ASKED_FOR: Final = frozenset((*ADMISSION, *SERIES))
_WITH_DIGITS: Final = frozenset({0x0008103E, 0x00280301})
_B_VALUE_PLACES: Final = frozenset((group, low) for group, _, low in (*B_VALUES, GE_FLAG))
_B_VALUE_GROUPS: Final = frozenset(group for group, _ in _B_VALUE_PLACES)


class _Roles(NamedTuple):
    """What an element is read for besides being decided."""

    asked_for: bool
    judged: bool
    with_digits: bool
    describes: bool
    overlay: bool


class ReadAsIs(NamedTuple):
    """What is read of elements as they are: by tag, and the bytes of those that are looked at together."""

    raws: Mapping[int, bytes]
    judged: bytes
    with_digits: bytes
    described: bytes
    overlays: bool

    @classmethod
    def of(cls, stretch: Stretch) -> ReadAsIs:
        """From one stretch of elements."""
        raws: dict[int, bytes] = {}
        judged = with_digits = described = b""
        overlays = False
        for tag, _, start, _, _, end in stretch.found:
            roles = _roles(tag)
            if roles is None:
                continue
            raw = stretch.data[start:end]
            if roles.asked_for:
                raws[tag] = raw
            if roles.judged:
                judged += raw
            if roles.with_digits:
                with_digits += raw
            if roles.describes:
                described += raw
            overlays |= roles.overlay
        return cls(raws, judged, with_digits, described, overlays)


@cache
def _roles(tag: int) -> _Roles | None:
    """What an element is read for; None: for nothing."""
    roles = _Roles(
        tag in _ASKED_FOR,
        tag in JUDGED_TOGETHER or _may_hold_b_value(tag),
        tag in _WITH_DIGITS,
        0x00280002 <= tag <= 0x00280103,
        tag >> 24 == 0x60 and tag & 0xFFFF in (0x0102, 0x3000),
    )
    return roles if any(roles) else None


def _may_hold_b_value(tag: int) -> bool:
    group, number = tag >> 16, tag & 0xFFFF
    return group in _B_VALUE_GROUPS and (
        0x10 <= number <= 0xFF or (number >= 0x1000 and (group, number & 0xFF) in _B_VALUE_PLACES)
    )
