"""When to look again: longer and longer, never all at once, and a person in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.pipeline.retry import delay, exhausted
from gateway.settings import EngineSettings

SETTINGS = EngineSettings(retry_first=10.0, retry_longest=100.0, give_up=3600.0)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 10), (1, 20), (2, 40), (3, 80), (4, 100), (10**6, 100)]
)
def test_each_failure_doubles_the_pause_up_to_the_longest(attempts: int, seconds: float) -> None:
    """However often it failed, the pause stays a number that can be waited for."""
    assert delay(attempts, SETTINGS, 0.5) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 80), (1.0, 120)])
def test_pauses_vary_by_a_fifth(chance: float, seconds: float) -> None:
    """The longest one as well: many cases that failed together do not come back together."""
    assert delay(9, SETTINGS, chance) == timedelta(seconds=seconds)


def test_a_person_is_asked_when_the_time_to_give_up_is_reached() -> None:
    """Not a moment before."""
    assert not exhausted(timedelta(seconds=3599.9), SETTINGS)
    assert exhausted(timedelta(seconds=3600), SETTINGS)
