"""What a comparison of one attribute comes to: do both agree, and the ground for it in words for people."""

from __future__ import annotations

from enum import Enum, StrEnum


class Agreement(StrEnum):
    """Whether two statements are about one person, or agree in one attribute."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot tell"


class Ground(Enum):
    """Why two values of one attribute are the same, different, or neither for certain."""

    EQUAL = Agreement.SAME, "the same"
    WRITTEN_OTHERWISE = Agreement.SAME, "the same, written otherwise"
    ONE_ISSUER = Agreement.SAME, "the same number; only one of them names its issuer"
    ABSENT = Agreement.CANNOT_TELL, "not stated by both"
    OTHER_ISSUER = Agreement.CANNOT_TELL, "the same number, of different issuers"
    OTHER_SCRIPT = Agreement.CANNOT_TELL, "written in different scripts"
    LESS_SAID = Agreement.CANNOT_TELL, "one says less than the other"
    ALIKE = Agreement.CANNOT_TELL, "alike, but not the same"
    DIFFERS = Agreement.DIFFERENT, "different"

    @property
    def agreement(self) -> Agreement:
        """What follows for this attribute alone."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The ground in words; no value of a patient is in it."""
        return self.value[1]
