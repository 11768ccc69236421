"""What stops an object here: every error says the problem and the fix, and never quotes a patient's value."""

from __future__ import annotations

from gateway.errors import GatewayError


class PrivacyError(GatewayError):
    """Base of this package's errors: `problem` says what is wrong, `fix` what a person can do about it."""


class Held(PrivacyError):
    """This object may not leave (or, on the way back, may not pass); the rest of the study can be judged apart."""


class ProfileError(PrivacyError):
    """A de-identification profile is unusable; `problems` lists every fault found, not only the first."""

    def __init__(self, problems: list[str], fix: str) -> None:
        super().__init__("; ".join(problems), fix)
        self.problems = problems


class PseudonymKeyError(PrivacyError):
    """A pseudonym key is missing, too short or unnamed."""
