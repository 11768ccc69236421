"""The chain of contacts as the records walk along it: names and ways, no address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MAIL: Final = "mail"
WEBHOOK: Final = "webhook"

CRITICAL: Final = "critical result"
REMINDER: Final = "reminder"
URGENT: Final = "urgent case"
NEAR: Final = "target near"
"""Kinds of messages."""


@dataclass(frozen=True)
class Way:
    """A contact by name, and one of mail and webhook."""

    contact: str
    channel: str


@dataclass(frozen=True)
class ChainStep:
    """Who is told at once, and how long is waited for an answer."""

    wait: timedelta
    ways: tuple[Way, ...]
