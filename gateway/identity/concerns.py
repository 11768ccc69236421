"""What an attribute is about: a word that records and pages use, too, and which therefore loads no pydicom."""

from __future__ import annotations

from enum import StrEnum


class Concern(StrEnum):
    """What an attribute is about."""

    IDENTITY = "identity"
    PIXELS = "pixels or geometry"
    OTHER = "other"
