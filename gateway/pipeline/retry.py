"""When to look again after trouble, and when to ask a person: pure."""

from __future__ import annotations

from datetime import timedelta

from gateway.settings import EngineSettings

JITTER = 0.2
"""Share of the delay that varies, so that a hundred cases do not call a PACS at the same second."""


def delay(attempts: int, settings: EngineSettings, chance: float) -> timedelta:
    """Time until the next try: doubles from `retry_first` up to `retry_longest`, then varied by `chance` in 0..1."""
    doubled = settings.retry_first * 2.0 ** min(attempts, 30)
    return timedelta(seconds=min(doubled, settings.retry_longest) * (1 + JITTER * (2 * chance - 1)))


def exhausted(failing_for: timedelta, settings: EngineSettings) -> bool:
    """True when trouble has lasted so long that a person must know."""
    return failing_for >= timedelta(seconds=settings.give_up)
