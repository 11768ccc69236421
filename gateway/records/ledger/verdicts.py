"""A reader's own judgement of a protocol, beside the machine's verdict, which stays as it is."""

from __future__ import annotations

from sqlmodel import select

from gateway.errors import Conflict, Invalid, NotClaimed, NotThere, WrongState
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line, login_of
from gateway.records.tables.cases import Case
from routing_rules.protocol.reader_overrule import Overrule
from routing_rules.protocol.verdict import Readability


def overrule_verdict(
    database: Database,
    case_id: int,
    account_id: int,
    readability: Readability,
    why: str,
    *,
    generation: int | None = None,
    anybodys: bool = False,
) -> None:
    """Judge a case's protocol otherwise than the gateway did, until the report is signed.

    The gateway's own verdict as `readability` takes an earlier judgement back. It is the word of the reader who holds
    the case, or with `anybodys` of anybody; `generation` is the one that was looked at (None: the present one).
    Raises NotThere, WrongState, NotClaimed, Invalid, and Conflict when images arrived since.
    """
    with database.write("overrule_verdict") as session:
        case = session.exec(select(Case).where(Case.id == case_id).with_for_update()).first()
        now = database.now(session)
        if case is None:
            raise NotThere(f"There is no case {case_id}.", "The queue shows every case number.")
        _check(case, generation)
        held = case.claimed_by == account_id and case.claimed_until is not None and case.claimed_until > now
        if not held and not anybodys:
            raise NotClaimed(f"Case {case_id} is not claimed by you.", "Claim it, then judge its protocol.")
        _check_change(case, readability)
        who = login_of(session, account_id)
        back = readability == case.readability
        try:
            overrule = Overrule(readability, why.strip(), who, now)
        except ValueError as error:
            raise Invalid(str(error), "The sender's site reads it: no patient data.") from None
        case.overrule = {} if back else overrule.to_json()
        case.updated_at = now
        what = "verdict confirmed again" if back else "verdict overruled"
        detail = {"verdict": _words(case.readability), "judged": _words(readability), "why": overrule.reason}
        add_line(session, case.study_id, case_id, now, what, who=who, detail=detail)
        audit_trail.append(session, now, who, f"protocol {what}", f"case {case_id}", detail)


def _check(case: Case, generation: int | None) -> None:
    if case.forgotten_at is not None:
        raise WrongState(f"The patient of case {case.id} was forgotten.", "There is nothing left to do.")
    if CaseState(case.state) not in BEFORE_THE_REPORT:
        raise WrongState(
            f"The report of case {case.id} is signed: it says what could be read.",
            "A correction is an addendum to the report.",
        )
    if generation is not None and generation != case.generation:
        raise Conflict(
            f"Images of case {case.id} arrived since, and it has a new verdict.",
            "Look at it again, then judge.",
        )


def _check_change(case: Case, readability: Readability) -> None:
    if readability is Readability.UNKNOWN and case.readability != Readability.UNKNOWN:
        raise Invalid(
            "A judgement says whether the study can be read: unknown does not.",
            "Choose readable, readable_with_limits or not_readable.",
        )
    if readability == (case.overrule.get("readability") or case.readability):
        raise Invalid(
            f"The protocol of case {case.id} counts as {_words(readability)} already.",
            "Choose another verdict, or leave it.",
        )


def _words(readability: str) -> str:
    return readability.replace("_", " ")
