"""Wishes of reports that a person closed: known by what was asked, so that another wish never counts as closed."""

from __future__ import annotations

from datetime import date

import pytest

from routing_rules.surveillance.closed_wishes import (
    SAID,
    ClosedWish,
    in_words,
    name_of,
    read_closed,
    still_open,
)
from routing_rules.surveillance.due_dates import ReportWish, wish
from routing_rules.surveillance.guidelines import WishKind

DAY = date(2026, 1, 1)
ASKED = wish(WishKind.CONTRAST, DAY)
OTHERS = [
    wish(WishKind.CONTRAST, date(2026, 1, 2)),
    wish(WishKind.URGENT, DAY),
    wish(WishKind.REPEAT, DAY, ("flair",)),
    wish(WishKind.REPEAT, DAY, ("flair", "dwi")),
    ReportWish(DAY, 14, 28),
    ReportWish(DAY, 90, 90),
]


def closed(one: ReportWish) -> ClosedWish:
    """As the records keep it, and read again."""
    [read] = read_closed([ClosedWish(name_of(one), in_words(one), "carla", "2026-02-01", "why").kept()])
    return read


@pytest.mark.parametrize("one", [ASKED, *OTHERS])
def test_a_person_closes_one_wish_and_no_other(one: ReportWish) -> None:
    """Another day, kind, interval, or other sequences to repeat: asked anew."""
    every = [ASKED, *OTHERS]
    assert still_open(every, [closed(one)]) == tuple(each for each in every if each is not one)


def test_what_two_reports_of_a_day_ask_alike_is_asked_once() -> None:
    """So that closing it closes it."""
    assert still_open([ASKED, ASKED], []) == (ASKED,)
    assert still_open([ASKED, ASKED], [closed(ASKED)]) == ()


def test_every_wish_is_said_with_its_day() -> None:
    """To a coordinator, in words."""
    assert set(SAID) == set(WishKind)
    assert in_words(OTHERS[3]) == (
        "The report of the MRI of 2026-01-01 asks for a repeat of the MRI (FLAIR, DWI with b = 1000 s/mm²)."
    )
    assert in_words(OTHERS[5]).endswith("asks for a follow-up MRI by 90 days after it.")
