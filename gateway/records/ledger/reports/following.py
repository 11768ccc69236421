"""What follows a report that went back: names the one before, and is built, returned and confirmed like the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from gateway.errors import StaleDraft, WrongState
from gateway.lifecycle import CaseState, move_case
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.conflicts.contested import refuse_if_contested
from gateway.records.ledger.journal import add_line
from gateway.records.ledger.notices import raise_notice
from gateway.records.ledger.people import SENT_BACK, locked_case, still_known
from gateway.records.ledger.reports.signing import digest_of, tell_untold
from gateway.records.ledger.telling import critical
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Because, Case, DocumentKind, SignedReport

_LINES: Final = {
    DocumentKind.ADDENDUM: "addendum signed",
    DocumentKind.CORRECTION: "correction signed",
    DocumentKind.WITHDRAWAL: "report withdrawn",
}


@dataclass(frozen=True)
class NewDocument:
    """A document to sign: the whole report in `content`, its own words in `note`, and what a correction changes.

    `after` is the number of the document that its author had before them.
    """

    kind: DocumentKind
    content: Mapping[str, Any]
    note: str
    after: int
    changed: Sequence[str] = field(default=())


def sign_document(database: Database, case_id: int, account_id: int, new: NewDocument) -> int:
    """Keep a document that follows, and have it sent; returns its number. What was signed before stays as it is.

    Raises NotThere, StaleDraft where another one was signed meanwhile, and WrongState: nothing went back yet, the
    report was withdrawn, or the study is contested. The content must have been validated by the caller.
    """
    with database.write("sign_document") as session:
        now = database.now(session)
        case = locked_case(session, case_id)
        still_known(case)
        refuse_if_contested(
            session, case.study_id, f"Nothing can be signed after the report of case {case_id} now"
        )
        newest = _newest(session, case, new)
        returned = _returned(case)
        account = session.get_one(Account, account_id)
        signed = {"content": dict(new.content), "kind": new.kind, "note": new.note}
        document = SignedReport(
            case_id=case_id,
            version=newest.version + 1,
            kind=new.kind,
            note=new.note,
            changed=list(new.changed),
            content=dict(new.content),
            digest=digest_of(signed),
            signed_by=account_id,
            signer_name=account.display_name,
            signer_login=account.login,
            signed_at=now,
        )
        session.add(document)
        _send_after(case, returned, Because.DOCUMENT, now)
        if new.kind is not DocumentKind.WITHDRAWAL:
            case.addendum_wanted = False
        session.flush()
        detail = {"digest": document.digest, "after": newest.digest}
        add_line(
            session, case.study_id, case_id, now, _LINES[new.kind], CaseState.REPORTED, account.login, detail
        )
        told = {"kind": new.kind, **detail}
        audit_trail.append(session, now, account.login, "document signed", f"case {case_id}", told)
        if new.kind is DocumentKind.WITHDRAWAL:
            raise_notice(
                session,
                now,
                f"report of case {case_id} withdrawn",
                f"Case {case_id}: its report was withdrawn. No report stands until a correction is signed.",
                f"/cases/{case_id}",
                case.site,
            )
        else:
            tell_untold(session, case, new.content, now)
        critical.on_signed(session, now, case, document)
        return document.saved_id


def _newest(session: Session, case: Case, new: NewDocument) -> SignedReport:
    """The document in force that the new one follows."""
    newest = session.exec(
        select(SignedReport).where(SignedReport.case_id == case.id).order_by(col(SignedReport.version).desc())
    ).first()
    if newest is None:
        raise WrongState(f"Case {case.id} has no signed report.", "Claim the case and write the report.")
    if newest.id != new.after:
        raise StaleDraft(
            f"Another document of case {case.id} was signed meanwhile.",
            "Read it, and begin again from there.",
        )
    if newest.kind == DocumentKind.WITHDRAWAL and new.kind is not DocumentKind.CORRECTION:
        raise WrongState(
            f"The report of case {case.id} was withdrawn.", "Only a corrected report can follow it."
        )
    return newest


def _returned(case: Case) -> Mapping[str, Any]:
    """The object that went back, which the new one names."""
    if case.state not in SENT_BACK:
        raise WrongState(
            f"The report of case {case.id} is {case.state} and has not gone back yet.",
            "Sign again when it was returned; where it is parked, mend that first.",
        )
    if case.correction_wanted:
        raise WrongState(
            f"The report of case {case.id} went back under an identity that was corrected since.",
            "Have the corrected report sent first; its page has the button.",
        )
    returned: Mapping[str, Any] | None = case.composed.get(case.returned_as)
    if returned is None:
        raise WrongState(
            f"Case {case.id} was reported by the reading site itself; no report was signed here.",
            "The reading site sends what follows its report, as it sent that.",
        )
    return returned


def correct_report(database: Database, case_id: int, who: str) -> None:
    """Send a returned report again, under the identity that stands since, naming the one it corrects.

    Raises NotThere, and WrongState where no correction is wanted, nothing was signed here, or the study is contested.
    """
    with database.write("correct_report") as session:
        now = database.now(session)
        case = locked_case(session, case_id)
        still_known(case)
        refuse_if_contested(session, case.study_id, f"The report of case {case_id} cannot be corrected now")
        if not case.correction_wanted:
            raise WrongState(
                f"The report of case {case_id} went back under the identity that stands.", "Nothing to do."
            )
        returned = case.composed.get(case.returned_as)
        if returned is None:
            raise WrongState(
                f"Case {case_id} was reported by the reading site itself; no report was signed here.",
                "Ask the reading site to send its report again; the gateway puts the identity that stands on it.",
            )
        _send_after(case, returned, Because.IDENTITY, now)
        case.corrections += 1
        case.correction_wanted = False
        what = "a corrected report is sent"
        add_line(session, case.study_id, case_id, now, what, CaseState.REPORTED, who)
        audit_trail.append(session, now, who, "report corrected", f"case {case_id}", {})


def _send_after(case: Case, returned: Mapping[str, Any], because: Because, now: datetime) -> None:
    """Build and send again, naming the object that went back."""
    case.predecessor = {"form": case.returned_as, "node": case.returns_to, "because": because, **returned}
    case.state = move_case(CaseState(case.state), CaseState.REPORTED)
    case.returned_as = case.returned_uid = ""
    case.commitment_transactions = []
    case.fence += 1  # a confirmation that runs now is of the earlier document
    case.lease_owner, case.lease_until = "", None
    case.look_again_at = case.reached_at = case.updated_at = now
    case.problem = case.fix = case.waiting_for = ""
    case.attempts, case.failing_since = 0, None
