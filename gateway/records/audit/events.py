"""The table of events: everything that the audit trail tells, and nothing else can be written into it.

The names are the contract with those who filter and export the trail: they do not change. The codes are those of DICOM
(PS3.16 CID 400 and 401), by which an audit repository sorts the messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Action = Literal["C", "R", "U", "D", "E"]
"""Create, read, update, delete, execute: EventActionCode of PS3.15 A.5.1."""
Code = tuple[str, str]
"""Code value of the scheme DCM, and its meaning."""


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Kind(StrEnum):
    """What an event is to an audit repository; its value is how the manual calls it."""

    ACTIVITY = "activity"
    STARTED = "application start"
    STOPPED = "application stop"
    CONFIGURED = "software configuration"
    NETWORK = "network configuration"
    LOG_USED = "use of the audit log"
    SEALED = "audit recording"
    ACCESSED = "DICOM instances accessed"
    TRANSFERRED = "DICOM instances transferred"
    DELETED = "DICOM study deleted"
    EXPORTED = "export"
    PATIENT = "patient record"
    PROCEDURE = "procedure record"
    ASKED = "query"
    RESTRICTED = "use of a restricted function"
    SECURITY = "security configuration"
    ROLES = "security roles"
    ACCOUNT = "security attributes of a user"
    LOGIN = "login"
    LOGOUT = "logout"
    NODE = "node authentication"


CODES: Final[Mapping[Kind, tuple[Code, Code | None]]] = {
    Kind.ACTIVITY: (("110100", "Application Activity"), None),
    Kind.STARTED: (("110100", "Application Activity"), ("110120", "Application Start")),
    Kind.STOPPED: (("110100", "Application Activity"), ("110121", "Application Stop")),
    Kind.CONFIGURED: (("110113", "Security Alert"), ("110131", "Software Configuration")),
    Kind.NETWORK: (("110113", "Security Alert"), ("110128", "Network Configuration")),
    Kind.LOG_USED: (("110101", "Audit Log Used"), None),
    Kind.SEALED: (("110113", "Security Alert"), ("110134", "Audit Recording Started")),
    Kind.ACCESSED: (("110103", "DICOM Instances Accessed"), None),
    Kind.TRANSFERRED: (("110104", "DICOM Instances Transferred"), None),
    Kind.DELETED: (("110105", "DICOM Study Deleted"), None),
    Kind.EXPORTED: (("110106", "Export"), None),
    Kind.PATIENT: (("110110", "Patient Record"), None),
    Kind.PROCEDURE: (("110111", "Procedure Record"), None),
    Kind.ASKED: (("110112", "Query"), None),
    Kind.RESTRICTED: (("110113", "Security Alert"), ("110132", "Use of Restricted Function")),
    Kind.SECURITY: (("110113", "Security Alert"), ("110129", "Security Configuration")),
    Kind.ROLES: (("110113", "Security Alert"), ("110136", "Security Roles Changed")),
    Kind.ACCOUNT: (("110113", "Security Alert"), ("110137", "User Security Attributes Changed")),
    Kind.LOGIN: (("110114", "User Authentication"), ("110122", "Login")),
    Kind.LOGOUT: (("110114", "User Authentication"), ("110123", "Logout")),
    Kind.NODE: (("110113", "Security Alert"), ("110126", "Node Authentication")),
}
"""EventID and EventTypeCode of each kind."""


@dataclass(frozen=True)
class Event:
    """One kind of event: its name, when it is written, and what it is in a DICOM audit message."""

    name: str
    when: str
    kind: Kind
    action: Action
    outcome: Outcome = Outcome.DONE
    """How it ended, unless who writes it says otherwise."""


K, REFUSED = Kind, Outcome.REFUSED
_TABLE: Final = (
    # Sign-in
    Event("signed in", "a session begins", K.LOGIN, "E"),
    Event(
        "sign-in refused", "login and password do not fit, or the account is disabled", K.LOGIN, "E", REFUSED
    ),
    Event("signature password refused", "a wrong password at the signature", K.LOGIN, "E", REFUSED),
    Event("signed in for an emergency", "the local way in beside an issuer is used", K.LOGIN, "E"),
    Event("signer confirmed by issuer", "the issuer says again who signs", K.LOGIN, "E"),
    Event("signer confirmation refused", "that is not so, or too long ago", K.LOGIN, "E", REFUSED),
    Event("client came", "a program uses its token for the first time, or from a new address", K.LOGIN, "E"),
    Event("client refused", "a program's token is not enough, or over", K.LOGIN, "E", REFUSED),
    Event("second factor asked", "the password was right, a code is asked for next", K.LOGIN, "E"),
    Event("second factor refused", "a wrong code, or one that was used already", K.LOGIN, "E", REFUSED),
    Event("second factor password refused", "a wrong password at the set-up of one", K.LOGIN, "E", REFUSED),
    Event("signature code refused", "a wrong code at the signature", K.LOGIN, "E", REFUSED),
    Event(
        "sign-in braked",
        "a sign-in comes too soon after wrong passwords, or too many wait",
        K.LOGIN,
        "E",
        REFUSED,
    ),
    Event(
        "access refused",
        "somebody signed in asks for what the role or the site may not",
        K.RESTRICTED,
        "E",
        REFUSED,
    ),
    Event("signed out", "a person ends the session", K.LOGOUT, "E"),
    Event("session ended", "a session is ended from a list of them", K.LOGOUT, "E"),
    Event(
        "sessions ended", "all sessions of an account are ended, or all others of one's own", K.LOGOUT, "E"
    ),
    # Accounts
    Event("account added", "an account is made", K.ACCOUNT, "C"),
    Event("account changed", "an account gets another role or site", K.ACCOUNT, "U"),
    Event("account disabled", "nobody signs in with an account any more", K.ACCOUNT, "U"),
    Event("account enabled", "a disabled account may sign in again", K.ACCOUNT, "U"),
    Event("one-time link made", "an administrator gets a link for a new password", K.ACCOUNT, "C"),
    Event("password set by link", "that link is used", K.ACCOUNT, "U"),
    Event("password changed", "a person replaces the own password", K.ACCOUNT, "U"),
    Event("password change refused", "the present password did not fit", K.ACCOUNT, "U", REFUSED),
    Event("second factor proposed", "a person begins to set up a second factor", K.ACCOUNT, "C"),
    Event("second factor set up", "its first code was right", K.ACCOUNT, "U"),
    Event("second factor taken away", "an account has none any more", K.ACCOUNT, "D"),
    Event("client added", "a program gets a token", K.ACCOUNT, "C"),
    Event("client revoked", "a program's token ends", K.ACCOUNT, "U"),
    # Looks
    Event("queue looked at", "the reading queue is shown, as a page or to a program", K.ASKED, "E"),
    Event("case looked at", "a case is shown, as a page or to a program", K.ACCESSED, "R"),
    Event(
        "pictures looked at", "pictures of a case are shown; one row for a session and case", K.ACCESSED, "R"
    ),
    Event("manifest looked at", "what became of each attribute of a case is shown", K.ACCESSED, "R"),
    Event(
        "report looked at", "the form, the draft or the signed report of a case is shown", K.PROCEDURE, "R"
    ),
    Event(
        "held objects looked at", "the list of objects of a case that stayed here is shown", K.ACCESSED, "R"
    ),
    Event("conflict looked at", "the question which of two versions stands is shown", K.ACCESSED, "R"),
    Event("studies looked at", "the list of received studies is shown", K.ASKED, "E"),
    Event("upload looked at", "what became of an upload is shown", K.ACCESSED, "R"),
    Event("replies looked at", "the list of objects that reading sites sent back is shown", K.ASKED, "E"),
    Event(
        "calendar looked at",
        "the surveillance calendar is shown; readers of numbers alone too",
        K.PATIENT,
        "R",
    ),
    Event("nodes looked at", "the other systems and what is owed to them are shown", K.ACTIVITY, "R"),
    Event("accounts looked at", "accounts or programs with tokens are shown", K.ACCOUNT, "R"),
    Event("original looked at", "a picture of a held original, with its pixels as received", K.ACCESSED, "R"),
    Event(
        "versions looked at", "what two versions of a study state about the patient is shown", K.PATIENT, "R"
    ),
    Event("persons looked at", "what two studies state about their patients is shown", K.PATIENT, "R"),
    # Exports, and identities opened
    Event("report downloaded", "somebody takes a report with its identity", K.EXPORTED, "R"),
    Event(
        "reply downloaded", "somebody takes an object of a reading site with its identity", K.EXPORTED, "R"
    ),
    Event("identity read", "a sealed identity is opened; before it is deciphered", K.PATIENT, "R"),
    # Reading
    Event("case claimed", "a reader takes a case", K.PROCEDURE, "U"),
    Event("case released", "a claim is given back", K.PROCEDURE, "U"),
    Event(
        "pictures made again",
        "volumes, alignments and maps of a case are asked for once more",
        K.PROCEDURE,
        "U",
    ),
    Event("draft taken over", "a reader goes on with the draft of another", K.PROCEDURE, "U"),
    Event("draft saved", "a draft is kept; one row for a session and case", K.PROCEDURE, "U"),
    Event("report signed", "a report is signed, with its digest", K.PROCEDURE, "C"),
    Event(
        "context told", "a hospital tells about a study's patient, by the names of the fields", K.PATIENT, "U"
    ),
    Event("context looked at", "what a hospital told is shown to its site", K.PATIENT, "R"),
    Event(
        "document signed",
        "an addendum, a correction or a withdrawal is signed, with its digest",
        K.PROCEDURE,
        "C",
    ),
    Event("critical result raised", "a signed report has to reach somebody at the sender", K.PROCEDURE, "C"),
    Event("critical result rung", "a step of the site's chain of contacts is due", K.PROCEDURE, "E"),
    Event("critical result unanswered", "the chain has ended, and a lead is rung", K.PROCEDURE, "E"),
    Event("critical result looked at", "the page of a critical result", K.PROCEDURE, "R"),
    Event("critical results looked at", "the list of them", K.PROCEDURE, "R"),
    Event(
        "critical result acknowledged",
        "somebody at the sender knows, or a lead notes the call",
        K.PROCEDURE,
        "U",
    ),
    Event("contact told", "a message to a contact went out", K.PROCEDURE, "E"),
    Event("report corrected", "a returned report is sent again under another identity", K.PROCEDURE, "U"),
    Event("protocol verdict overruled", "a reader contradicts the verdict on the protocol", K.PROCEDURE, "U"),
    Event("protocol verdict confirmed again", "a reader takes that back", K.PROCEDURE, "U"),
    # The path of a study
    Event("study received", "a study is complete, with how it came and from where", K.TRANSFERRED, "C"),
    Event("copies prepared", "de-identified copies of a case are made", K.ACCESSED, "C"),
    Event("images forwarded", "the copies of a case are at its destination", K.TRANSFERRED, "R"),
    Event("report returned", "a report is in the archive it goes to", K.TRANSFERRED, "R"),
    Event("reply returned", "an object of a reading site is in the archive it goes to", K.TRANSFERRED, "R"),
    Event("study let go on", "a held study passes what held it", K.PROCEDURE, "U"),
    Event("study routed by hand", "a study that no rule matched is put under a rule", K.PROCEDURE, "U"),
    Event("study linked", "a study is said to be of another study's patient", K.PATIENT, "U"),
    Event("study taken apart", "that is taken back", K.PATIENT, "U"),
    Event("conflict decided", "which of two versions of a study stands", K.PATIENT, "U"),
    Event("held object released", "a person vouches for an object that stayed here", K.PROCEDURE, "U"),
    Event("held object left out", "an object that stayed here is left out", K.PROCEDURE, "U"),
    Event("case parked", "a case is stopped by hand", K.PROCEDURE, "U"),
    *(
        Event(f"{unit} retried", f"the problem of a {unit} is cleared by hand", K.PROCEDURE, "U")
        for unit in ("case", "conflict", "reply", "result", "study")
    ),
    Event("reply discarded", "an object of a reading site goes nowhere", K.PROCEDURE, "D"),
    Event("reply counted as report", "a case ends with the reading site's own report", K.PROCEDURE, "U"),
    Event("commitment result dropped", "a result of storage commitment is told no more", K.PROCEDURE, "D"),
    # The calendar
    Event("patients enrolled", "patients come onto the surveillance calendar", K.PATIENT, "C"),
    Event("letter opened", "the worker reads whom an entry of the calendar names", K.PATIENT, "R"),
    Event("enrolment edited", "what is known of an enrolled patient changes", K.PATIENT, "U"),
    Event("wish closed", "a person closes what a report asks for, with the reason", K.PATIENT, "U"),
    Event("wish asked again", "a closed wish of a report counts again", K.PATIENT, "U"),
    Event("enrolment ended", "a patient leaves the calendar", K.PATIENT, "D"),
    # Forgetting
    Event("patient forgotten", "a patient is marked to be forgotten", K.DELETED, "D"),
    Event("forgetting finished", "the last file of a forgotten patient is gone", K.DELETED, "D"),
    Event("forgetting lifted", "a forgotten patient may be known again", K.PATIENT, "U"),
    # Rules, nodes and settings
    Event(
        "configuration in force",
        "the worker has other settings, nodes, rules or profiles than before, whoever wrote them; by names and digests",
        K.CONFIGURED,
        "U",
    ),
    Event("rules published", "other rules are in force", K.CONFIGURED, "U"),
    Event("rules rolled back", "earlier rules are in force again", K.CONFIGURED, "U"),
    Event("node asked", "somebody asks a node whether it answers", K.ACTIVITY, "E"),
    Event("role started", "a process of the gateway begins: receiver, web or worker", K.STARTED, "E"),
    Event("role stopped", "it ends because it was asked to; one that died leaves no row", K.STOPPED, "E"),
    # Keys
    Event("keys put on record", "the records learn the check values of their keys", K.SECURITY, "C"),
    Event("other keys accepted", "keys that are not those of the records are accepted", K.SECURITY, "U"),
    Event("vault rotation begun", "every identity will be sealed with a new key", K.SECURITY, "U"),
    Event("identities resealed", "rows that an earlier key sealed came to light", K.SECURITY, "U"),
    Event("vault key rotated", "every identity is sealed with the new key", K.SECURITY, "U"),
    Event("vault key retired", "no identity may be sealed with a key any more", K.SECURITY, "D"),
    Event("audit key made", "the trail gets a key", K.SECURITY, "C"),
    Event("audit key rotated", "a new key is to seal the trail", K.SECURITY, "U"),
    Event("audit key in use", "from this row on, this key seals; the first row it seals", K.SECURITY, "U"),
    # The trail itself
    Event("audit trail looked at", "this trail is shown", K.LOG_USED, "R"),
    Event("trail anchored", "the head of the chain was written outside the database", K.SEALED, "E"),
    Event(
        "trail cut",
        "the worker does not find the row again that it sealed last: its end was deleted or unsealed",
        K.SEALED,
        "E",
        Outcome.FAILED,
    ),
    Event("audit trail exported", "the trail is written out by the command", K.LOG_USED, "R"),
    Event("audit trail verified", "the trail is let prove itself, with what came of it", K.LOG_USED, "R"),
)

EVENTS: Final[Mapping[str, Event]] = {event.name: event for event in _TABLE}
"""Every event, by its name."""


def named(name: str) -> Event:
    """The event of this name; one without a row is of rows from before there was a table, and is no activity known."""
    return EVENTS.get(name) or Event(name, "before there was a table", Kind.ACTIVITY, "E")
