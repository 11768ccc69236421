"""What stops an object here: every error says the problem and the fix, and never quotes a patient's value."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from dicom_nodes.config_files.file_problem import FileProblem, by_line
from gateway.errors import GatewayError


class PrivacyError(GatewayError):
    """Base of this package's errors: `problem` says what is wrong, `fix` what a person can do about it."""


FACE_STAYS = "Its face cannot be taken out, because"
"""In the problem of every object that is held for its face, alone or beside other reasons: who releases it saw that."""


class HeldReason(StrEnum):
    """Why an object is held: short and stable, for records, filters and profiles."""

    # On the way out.
    SOP_CLASS = "sop-class"  # a class of the Standard the profile does not let out
    PRIVATE_SOP_CLASS = "private-sop-class"  # de-identification of these is not defined (PS3.15 E.1)
    BURNED_IN_ANNOTATION = "burned-in-annotation"  # (0028,0301) says YES, or anything but NO
    SCREEN_CAPTURE = "screen-capture"  # ImageType says that it is a copy of a screen
    EMBEDDED_OVERLAY = "embedded-overlay"  # a graphic in unused bits of the pixel data
    FACE = "face"  # it is to leave without a face, and that cannot be done or proven
    INCOMPLETE = "incomplete"  # a UID without which it belongs nowhere is missing, or is none
    UNREADABLE = "unreadable"  # a value is not what its encoding promises
    # On the way back.
    UNKNOWN_STUDY = "unknown-study"  # names no study that was sent out, or another one than this case's
    UNKNOWN_INSTANCE = "unknown-instance"  # refers to an object of the study that was never sent out
    OTHER_PATIENT = "other-patient"  # carries the pseudonym of another patient
    NOT_NEW = "not-new"  # carries the SOP Instance UID of an object that was sent out


class Held(PrivacyError):
    """This object may not leave (or, on the way back, may not pass); the rest of the study can be judged apart.

    `reason` is one of `HeldReason`; `releasable` says whether the profile lets a named person release the object
    (`deidentify(..., released=True)`): only when nothing else stops it.
    """

    def __init__(self, problem: str, fix: str, *, reason: str, releasable: bool = False) -> None:
        super().__init__(problem, fix)
        self.reason = HeldReason(reason)
        self.releasable = releasable


class ProfileError(PrivacyError):
    """A de-identification profile is unusable; `problems` lists every fault of its file, none when there is no such."""

    def __init__(self, problem: str, fix: str, problems: Sequence[FileProblem] = ()) -> None:
        super().__init__(problem, fix)
        self.problems = list(problems)

    @classmethod
    def of(cls, problems: Sequence[FileProblem], fix: str) -> Self:
        """A file with these faults."""
        ordered = by_line(problems)
        return cls(" ".join(problem.told for problem in ordered), fix, ordered)


class PseudonymKeyError(PrivacyError):
    """A pseudonym key is missing, too short or unnamed."""
