"""What an answer of another system means for us, and what may be tried next: one table for every way of asking.

C-STORE, C-FIND, N-ACTION, STOW-RS, QIDO-RS, a refused association, silence: `meaning` finds the row of an answer, the
row's class decides the next step, and nothing else does. Whoever asks in another way later (HL7, FHIR) adds rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NO_SUCH_INSTANCE = 0x0112
A_FEW = 4
"""How often a trouble that may lie in the object itself is met before another form of it is tried."""


class Outcome(StrEnum):
    """The class of an answer: what has become of what we sent or asked, and whether asking again can help."""

    ACCEPTED = "accepted"
    """The peer has it."""
    WARNING = "warning"
    """The peer has it, and said something about it (coerced, discarded, or had it already)."""
    TRY_AGAIN = "try again"
    """Not yet: the same may succeed later."""
    REFUSED = "refused"
    """Permanent for this form: this object, or this way of asking, will not pass; another may."""
    NODE_REFUSED = "refused by the node"
    """Permanent for this node: nothing of ours will pass until somebody changes something, there or in nodes.yaml."""

    @property
    def delivered(self) -> bool:
        """Whether the peer now has the instance."""
        return self in (Outcome.ACCEPTED, Outcome.WARNING)

    @property
    def refused(self) -> bool:
        """Whether the same will be refused again."""
        return self in (Outcome.REFUSED, Outcome.NODE_REFUSED)


class Answered(StrEnum):
    """The ways in which something is answered, or not; each has codes of its own."""

    DIMSE = "DIMSE"
    """A status (PS3.7 Annex C and the services of PS3.4), or the same numbers in a STOW-RS response or a
    storage commitment result (PS3.3 C.14.1.1)."""
    HTTP = "HTTP"
    """An HTTP status (PS3.18) for the request as a whole."""
    REJECTED = "association rejected"
    """A-ASSOCIATE-RJ (PS3.8 9.3.4): result, source and reason, one byte each."""
    BROKEN = "no answer"
    """Nothing that could be read; the codes are those of `Broken`."""


class Broken:
    """Why there is no answer, as codes of `Answered.BROKEN`."""

    UNREACHABLE = 1
    SILENT = 2
    ABORTED = 3
    NO_CONTEXT = 4
    LOCAL = 5


@dataclass(frozen=True)
class Meaning:
    """A row of the table: the class of an answer, what it says, and what a person can do about it.

    `tries` is None where trouble of class TRY_AGAIN has nothing to do with what was sent; else the number of times
    after which another form is tried, because the object itself may be what the peer stumbles over. `text` and
    `fix` of a rejection hold the fields {calling}, {called}, {name}, {source} and {reason}.
    """

    outcome: Outcome
    text: str
    fix: str = "Look into that system's log for the reason."
    tries: int | None = None


@dataclass(frozen=True)
class InstanceOutcome:
    """The outcome of sending one instance. `status` is the DIMSE status, the STOW-RS failure reason, or None when
    the peer said nothing about this instance; `detail` is one sentence for a person, without patient data.
    `fix` and `tries` are those of the `Meaning`."""

    sop_instance_uid: str
    outcome: Outcome
    status: int | None
    detail: str
    fix: str = ""
    tries: int | None = None


_OK, _WARN, _LATER = Outcome.ACCEPTED, Outcome.WARNING, Outcome.TRY_AGAIN
_FORM, _NODE = Outcome.REFUSED, Outcome.NODE_REFUSED
_DIMSE, _HTTP, _REJECTED, _BROKEN = Answered.DIMSE, Answered.HTTP, Answered.REJECTED, Answered.BROKEN
_WAIT = "Wait; it will be asked again. If that does not end, ask the people who run it."
_ALLOW = "Allow this SOP class there, from our AE title."
_ADDRESS = "Check that host and port in nodes.yaml are those of a DICOM node."
_HAVE = "Have {calling!r} and this host's address added there."
_KNOW_US = "Have our AE title and this host's address added there."
_SECRET = "Correct token or password of this node in nodes.yaml."
_URL = "Correct url of this node in nodes.yaml."
_RIGHT = "Have that right given to us there."
_ASK = "Ask the people who run it; its log says why."
_HERE = "Look into this gateway's log, and at its disk."

# (way, first code, last code, row). The first row that holds the code decides.
_TABLE: tuple[tuple[Answered, int, int, Meaning], ...] = (
    # C-STORE: PS3.4 Table B.2-1. C-FIND: PS3.4 Table C.4-1. N-ACTION and commitment results: PS3.4 J.3, PS3.3
    # C.14.1.1. General: PS3.7 Annex C. STOW-RS uses the numbers of C-STORE (PS3.18 Annex I).
    (_DIMSE, 0x0000, 0x0000, Meaning(_OK, "stored")),
    (_DIMSE, 0x0001, 0x0001, Meaning(_WARN, "stored with a warning")),
    (_DIMSE, 0x0107, 0x0107, Meaning(_WARN, "stored; attribute list error")),
    (_DIMSE, 0x0110, 0x0110, Meaning(_LATER, "processing failure at the peer", tries=A_FEW)),
    # A re-send after a lost answer carries the same UID on purpose, so "I have it already" is good news.
    (_DIMSE, 0x0111, 0x0111, Meaning(_WARN, "the peer has this instance already")),
    # Of a store this would be strange; of a commitment request it means that the object is not there (yet).
    (
        _DIMSE,
        NO_SUCH_INSTANCE,
        NO_SUCH_INSTANCE,
        Meaning(_LATER, "the peer has no such instance", tries=A_FEW),
    ),
    (_DIMSE, 0x0116, 0x0116, Meaning(_WARN, "stored; attribute value out of range")),
    (_DIMSE, 0x0119, 0x0119, Meaning(_FORM, "the peer has this instance under another SOP class")),
    (_DIMSE, 0x0122, 0x0122, Meaning(_FORM, "the peer does not support this SOP class", _ALLOW)),
    (_DIMSE, 0x0124, 0x0124, Meaning(_NODE, "the peer does not authorise this sender", _KNOW_US)),
    # Every transaction has a UID of its own, so the next request has another.
    (_DIMSE, 0x0131, 0x0131, Meaning(_LATER, "the peer knows this transaction already", _WAIT, A_FEW)),
    (_DIMSE, 0x0210, 0x0210, Meaning(_LATER, "duplicate invocation", _WAIT)),
    (_DIMSE, 0x0213, 0x0213, Meaning(_LATER, "resource limitation at the peer", _WAIT)),
    (_DIMSE, 0xA700, 0xA7FF, Meaning(_LATER, "the peer is out of resources", _WAIT)),
    (_DIMSE, 0xA900, 0xA9FF, Meaning(_FORM, "the peer says the data set does not match its SOP class")),
    (_DIMSE, 0xB000, 0xB000, Meaning(_WARN, "stored; the peer coerced data elements")),
    (_DIMSE, 0xB006, 0xB006, Meaning(_WARN, "stored; the peer discarded elements")),
    (_DIMSE, 0xB007, 0xB007, Meaning(_WARN, "stored; the data set does not match its SOP class")),
    (_DIMSE, 0xB000, 0xBFFF, Meaning(_WARN, "stored with a warning")),
    (_DIMSE, 0xC000, 0xCFFF, Meaning(_FORM, "the peer cannot understand this instance")),
    (_DIMSE, 0xFE00, 0xFE00, Meaning(_LATER, "cancelled by the peer", tries=A_FEW)),
    (_DIMSE, 0xFF00, 0xFF01, Meaning(_LATER, "the peer answered 'pending', which ends nothing", tries=A_FEW)),
    (_DIMSE, 0x0000, 0xFFFF, Meaning(_FORM, "the peer answered with a failure")),
    # PS3.18 Table 10.5.3-1 and RFC 9110, for the request as a whole.
    (_HTTP, 200, 200, Meaning(_OK, "stored")),
    # 202 without a word about an instance: it is not known to be stored, so it is sent again.
    (
        _HTTP,
        202,
        202,
        Meaning(_LATER, "the node took the request but does not say whether it has this instance"),
    ),
    (_HTTP, 400, 400, Meaning(_FORM, "the node does not understand the request")),
    (_HTTP, 401, 401, Meaning(_NODE, "the node wants other credentials", _SECRET)),
    (_HTTP, 403, 403, Meaning(_NODE, "the node does not let us do this", _RIGHT)),
    (_HTTP, 404, 404, Meaning(_NODE, "there is no such service at this url", _URL)),
    (_HTTP, 405, 405, Meaning(_NODE, "the service at this url does not do this", _URL)),
    (_HTTP, 408, 408, Meaning(_LATER, "the node did not wait for the whole request", _WAIT)),
    (_HTTP, 409, 409, Meaning(_FORM, "the node stored nothing of this request and does not say why")),
    (_HTTP, 413, 413, Meaning(_FORM, "the node takes no request of this size", "Raise its limit there.")),
    (_HTTP, 415, 415, Meaning(_FORM, "the node does not take this transfer syntax")),
    (_HTTP, 425, 425, Meaning(_LATER, "the node is not ready for this yet", _WAIT)),
    (_HTTP, 429, 429, Meaning(_LATER, "the node is too busy", _WAIT)),
    (_HTTP, 500, 500, Meaning(_LATER, "the node has a problem", tries=A_FEW)),
    (_HTTP, 501, 501, Meaning(_NODE, "the node does not do this", _ASK)),
    (_HTTP, 502, 599, Meaning(_LATER, "the node has a problem", _WAIT)),
    (_HTTP, 0, 999, Meaning(_FORM, "the node refuses")),
    # PS3.8 Table 9-21: result (1 permanent, 2 transient), source, reason. A permanent rejection that gives no reason
    # often means that nothing of what was proposed is taken (so DCMTK's dcmrecv): another proposal may pass.
    (_REJECTED, 0x010101, 0x010101, Meaning(_FORM, "gives no reason", _ASK)),
    (_REJECTED, 0x010102, 0x010102, Meaning(_NODE, "does not know the DICOM application context", _ADDRESS)),
    (_REJECTED, 0x010103, 0x010103, Meaning(_NODE, "does not know our AE title {calling!r}", _HAVE)),
    (
        _REJECTED,
        0x010107,
        0x010107,
        Meaning(_NODE, "is not called {called!r}", "Correct ae_title of node {name!r} in nodes.yaml."),
    ),
    (_REJECTED, 0x010201, 0x010201, Meaning(_FORM, "gives no reason", _ASK)),
    (_REJECTED, 0x010202, 0x010202, Meaning(_NODE, "speaks another protocol version", _ADDRESS)),
    (_REJECTED, 0x010000, 0x01FFFF, Meaning(_FORM, "gives reason {source}/{reason}", "Ask who runs it.")),
    (_REJECTED, 0x020103, 0x020103, Meaning(_LATER, "does not know our AE title {calling!r} now", _HAVE)),
    (_REJECTED, 0x020301, 0x020301, Meaning(_LATER, "is too busy", _WAIT)),
    (_REJECTED, 0x020302, 0x020302, Meaning(_LATER, "has reached its limit of associations", _WAIT)),
    (_REJECTED, 0x020101, 0x020101, Meaning(_LATER, "gives no reason", _WAIT)),
    (_REJECTED, 0x020201, 0x020201, Meaning(_LATER, "gives no reason", _WAIT)),
    (_REJECTED, 0x000000, 0xFFFFFF, Meaning(_LATER, "gives reason {source}/{reason}", "Ask who runs it.")),
    # Nobody there is no fault of what was sent. Silence and an abort may be: some systems fall over an object.
    (_BROKEN, Broken.UNREACHABLE, Broken.UNREACHABLE, Meaning(_LATER, "cannot be reached", _WAIT)),
    (_BROKEN, Broken.SILENT, Broken.SILENT, Meaning(_LATER, "did not answer in time", _WAIT, A_FEW)),
    (_BROKEN, Broken.ABORTED, Broken.ABORTED, Meaning(_LATER, "broke the association off", tries=A_FEW)),
    (
        _BROKEN,
        Broken.NO_CONTEXT,
        Broken.NO_CONTEXT,
        Meaning(_FORM, "accepts no presentation context", _ALLOW),
    ),
    (_BROKEN, Broken.LOCAL, Broken.LOCAL, Meaning(_FORM, "cannot be read here", _HERE)),
)


def meaning(answered: Answered, code: int) -> Meaning:
    """The row of an answer; a code that nobody defined means a refusal of the form.

    >>> meaning(Answered.DIMSE, 0xA700).outcome
    <Outcome.TRY_AGAIN: 'try again'>
    """
    for way, first, last, answer in _TABLE:
        if way is answered and first <= code <= last:
            return answer
    return Meaning(Outcome.REFUSED, f"answered with {code}, which is no {answered} code")


def rejection(result: int | None, source: int | None, reason: int | None) -> Meaning:
    """The row of an A-ASSOCIATE-RJ; what is not said to be permanent is transient."""
    code = 0x010000 if result == 1 else 0x020000
    return meaning(Answered.REJECTED, code | ((source or 0) & 0xFF) << 8 | ((reason or 0) & 0xFF))


def of_status(sop_instance_uid: str, status: int, note: str = "") -> InstanceOutcome:
    """What a DIMSE status says of one instance; `note` is added to the sentence."""
    answer = meaning(Answered.DIMSE, status)
    detail = f"{answer.text} (status {status:04X}){note}"
    return InstanceOutcome(sop_instance_uid, answer.outcome, status, detail, answer.fix, answer.tries)


def without_answer(
    sop_instance_uid: str, why: int, detail: str, status: int | None = None
) -> InstanceOutcome:
    """What it means for one instance that nothing was said about it; `why` is a code of `Broken`."""
    answer = meaning(Answered.BROKEN, why)
    return InstanceOutcome(sop_instance_uid, answer.outcome, status, detail, answer.fix, answer.tries)


def outcome_of_status(status: int) -> Outcome:
    """The class of a DIMSE status."""
    return meaning(Answered.DIMSE, status).outcome


def meaning_of_status(status: int) -> str:
    """One phrase for a person, with the code."""
    return f"{meaning(Answered.DIMSE, status).text} (status {status:04X})"
