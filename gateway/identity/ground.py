"""What a comparison of one attribute comes to: a verdict, and the ground for it in words for people."""

from __future__ import annotations

from enum import Enum, StrEnum


class Verdict(StrEnum):
    """Whether two statements are about one person."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot tell"


class Ground(Enum):
    """Why two values of one attribute are the same, different, or neither for certain."""

    EQUAL = Verdict.SAME, "the same"
    WRITTEN_OTHERWISE = Verdict.SAME, "the same, written otherwise"
    ONE_ISSUER = Verdict.SAME, "the same number; only one of them names its issuer"
    ABSENT = Verdict.CANNOT_TELL, "not stated by both"
    OTHER_ISSUER = Verdict.CANNOT_TELL, "the same number, of different issuers"
    OTHER_SCRIPT = Verdict.CANNOT_TELL, "written in different scripts"
    LESS_SAID = Verdict.CANNOT_TELL, "one says less than the other"
    ALIKE = Verdict.CANNOT_TELL, "alike, but not the same"
    DIFFERS = Verdict.DIFFERENT, "different"

    @property
    def verdict(self) -> Verdict:
        """What follows for this attribute alone."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The ground in words; no value of a patient is in it."""
        return self.value[1]
