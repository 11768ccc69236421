"""What each role may do, as one table."""

from __future__ import annotations

from enum import StrEnum

from gateway.records.accounts import Viewer


class Right(StrEnum):
    """One thing an account may do; its value completes the sentence 'You may not …'."""

    LOOK = "look at cases"
    REPORT = "claim and report cases"
    MANAGE = "release, park and retry cases"
    SEND = "upload studies"
    STUDIES = "see received studies"
    CALENDAR = "see how many surveillance MRIs are due"
    ACKNOWLEDGE = "acknowledge a critical result for the hospital"
    ENROL = "see and change the surveillance calendar"
    IDENTITIES = "see what two versions of a study say about the patient"
    RUN = "see nodes and numbers of the gateway"
    ACCOUNTS = "manage accounts"
    AUDIT = "see the audit trail"


ROLE_RIGHTS: dict[str, frozenset[Right]] = {
    "reader": frozenset({Right.LOOK, Right.REPORT}),
    "lead": frozenset({Right.LOOK, Right.REPORT, Right.MANAGE, Right.STUDIES, Right.CALENDAR}),
    "coordinator": frozenset(
        {
            Right.LOOK,
            Right.SEND,
            Right.STUDIES,
            Right.CALENDAR,
            Right.ACKNOWLEDGE,
            Right.ENROL,
            Right.IDENTITIES,
        }
    ),
    "admin": frozenset(Right),
}


def has(viewer: Viewer | None, right: Right) -> bool:
    """Whether a viewer has a right; nobody has none."""
    return viewer is not None and right in ROLE_RIGHTS.get(viewer.role, frozenset())
