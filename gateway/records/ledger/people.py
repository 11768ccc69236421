"""People's work on cases: claim, draft, park, retry, take the report; what they sign is in `reports`.

A draft is its author's. Handing a case back keeps it for them; whoever claims the case next begins with nothing, or
takes a draft over, which the journal and the audit trail then say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_, exists, not_, or_
from sqlalchemy import case as sql_case
from sqlmodel import Session, col, select

from gateway.errors import AlreadyClaimed, NotClaimed, NotThere, StaleDraft, WrongState
from gateway.lifecycle import OPEN_CONFLICT, CaseState
from gateway.records.database import Database
from gateway.records.ledger import audit_trail
from gateway.records.ledger.journal import add_line, login_of
from gateway.records.ledger.parking import UNITS, place_of
from gateway.records.tables.administration import Account
from gateway.records.tables.cases import Case, Draft, Reply, SignedReport
from gateway.records.tables.commitments import OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.studies import Study

SENT_BACK = (CaseState.RETURNED, CaseState.CONFIRMED)
"""States of a case whose report went back: only what follows it is signed."""


def claim_case(database: Database, case_id: int, account_id: int, lease: timedelta) -> datetime:
    """Hold a case for a reader, or prolong the hold; returns until when. Raises AlreadyClaimed or WrongState."""
    with database.write("claim_case") as session:
        return _claim(session, locked_case(session, case_id), account_id, database.now(session), lease)


def claim_next(database: Database, account_id: int, site: str, lease: timedelta) -> int:
    """Hold the most urgent case that waits and nobody holds, of a site (empty: of any); returns its number.

    One that this reader holds comes first. Two readers who ask at once get two cases. What is contested is passed over.
    Raises NotThere where none waits.
    """
    with database.write("claim_next") as session:
        now = database.now(session)
        contested = exists().where(
            col(Conflict.study_id) == col(Case.study_id), col(Conflict.state).in_(sorted(OPEN_CONFLICT))
        )
        is_mine = and_(col(Case.claimed_by) == account_id, col(Case.claimed_until) > now)
        is_free = or_(col(Case.claimed_until).is_(None), col(Case.claimed_until) <= now)
        first = sql_case((is_mine, 0), else_=1)
        waiting = (
            select(Case)
            .where(
                Case.state == CaseState.FORWARDED, Case.problem == "", not_(contested), or_(is_mine, is_free)
            )
            .order_by(first, col(Case.priority), col(Case.created_at), col(Case.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        case = session.exec(waiting.where(Case.site == site) if site else waiting).first()
        if case is None:
            raise NotThere("No case waits for a reader.", "New ones appear in the queue by themselves.")
        _claim(session, case, account_id, now, lease)
        return case.saved_id


def _claim(session: Session, case: Case, account_id: int, now: datetime, lease: timedelta) -> datetime:
    """The claim on a locked case; until when it holds."""
    if case.state != CaseState.FORWARDED:
        raise WrongState(
            f"Case {case.id} is {case.state}, and only a case that is FORWARDED can be read.",
            "Look at its journal.",
        )
    held = case.claimed_until is not None and case.claimed_until > now
    if held and case.claimed_by not in (None, account_id):
        holder = session.get(Account, case.claimed_by)
        raise AlreadyClaimed(
            f"{holder.display_name if holder else 'Somebody'} is reading case {case.id}.",
            "Take another case, or ask for a release.",
        )
    if not held or case.claimed_by != account_id:
        login = login_of(session, account_id)
        add_line(session, case.study_id, case.saved_id, now, "claimed", who=login)
        audit_trail.append(session, now, login, "case claimed", f"case {case.id}")
    case.claimed_by, case.claimed_until = account_id, now + lease
    case.updated_at = now
    return case.claimed_until


def release_case(database: Database, case_id: int, account_id: int, *, anybodys: bool = False) -> None:
    """Give a claim back; a lead may give back anybody's."""
    with database.write("release_case") as session:
        case = locked_case(session, case_id)
        if case.claimed_by is None:
            return
        if case.claimed_by != account_id and not anybodys:
            raise NotClaimed(
                f"Case {case_id} is claimed by somebody else.", "Ask that reader or a lead to release it."
            )
        case.claimed_by = case.claimed_until = None
        case.updated_at = now = database.now(session)
        login = login_of(session, account_id)
        add_line(session, case.study_id, case_id, now, "released", who=login)
        audit_trail.append(session, now, login, "case released", f"case {case_id}")


def save_draft(
    database: Database,
    case_id: int,
    account_id: int,
    content: Mapping[str, Any],
    version: int,
    lease: timedelta,
) -> int:
    """Keep an unsigned report of this reader; `version` is the one it was edited from (0: none).

    Returns the new version.
    """
    with database.write("save_draft") as session:
        now = database.now(session)
        case = locked_case(session, case_id)
        follows = case.state in SENT_BACK and not case.forgotten_at and _is_signed(session, case_id)
        if not follows:  # what follows a report needs no claim: who signs first is asked at the signature
            reading(session, case_id, account_id, now)
        draft = session.get(Draft, (case_id, account_id))
        present = draft.version if draft else 0
        if present != version:
            raise StaleDraft(
                f"Your draft of case {case_id} is at version {present}, this edit began at {version}.",
                "Load the draft again and repeat the change.",
            )
        if not follows:
            case.claimed_until = now + lease
        return _keep_draft(session, case_id, account_id, content, now)


def _is_signed(session: Session, case_id: int) -> bool:
    return (
        session.exec(select(SignedReport.id).where(SignedReport.case_id == case_id).limit(1)).first()
        is not None
    )


def take_over_draft(
    database: Database, case_id: int, account_id: int, author_id: int, lease: timedelta
) -> int:
    """Claim a case and begin its report with what another reader left; their draft stays as it is.

    What this reader had drafted before is replaced. Returns the version of their own draft. Raises AlreadyClaimed,
    WrongState, and NotThere where that reader left nothing.
    """
    with database.write("take_over_draft") as session:
        now = database.now(session)
        case = locked_case(session, case_id)
        _claim(session, case, account_id, now, lease)
        left = session.get(Draft, (case_id, author_id)) if author_id != account_id else None
        author = session.get(Account, author_id)
        if left is None or author is None:
            raise NotThere(
                f"Case {case_id} has no draft of such a reader.",
                "Begin with an empty report: claim the case.",
            )
        version = _keep_draft(session, case_id, account_id, left.content, now)
        who, detail = login_of(session, account_id), {"from": author.login, "version": left.version}
        add_line(session, case.study_id, case_id, now, "draft taken over", who=who, detail=detail)
        audit_trail.append(session, now, who, "draft taken over", f"case {case_id}", detail)
        return version


def _keep_draft(
    session: Session, case_id: int, account_id: int, content: Mapping[str, Any], now: datetime
) -> int:
    draft = session.get(Draft, (case_id, account_id))
    draft = draft or Draft(case_id=case_id, saved_by=account_id, version=0, saved_at=now)
    draft.version, draft.content, draft.saved_at = draft.version + 1, dict(content), now
    session.add(draft)
    return draft.version


def park_case(database: Database, case_id: int, who: str, why: str) -> None:
    """Stop a case by hand."""
    with database.write("park_case") as session:
        now = database.now(session)
        case = locked_case(session, case_id)
        still_known(case)
        case.problem, case.fix = f"Parked by {who}: {why}", "Retry the case when the reason is gone."
        case.fence += 1  # a step that runs now must not move a parked case
        case.lease_owner, case.lease_until = "", None
        case.updated_at = now
        add_line(session, case.study_id, case_id, now, "parked", who=who, detail={"problem": why})
        audit_trail.append(session, now, who, "case parked", f"case {case_id}", {"why": why})


def retry(database: Database, unit: str, row_id: int, who: str) -> None:
    """Clear the problem of a parked (or waiting) case, reply, result or study and look at it at once."""
    table = UNITS[unit]
    with database.write("retry") as session:
        now = database.now(session)
        row = cast(
            "Case | Conflict | OwedResult | Reply | Study | None",
            session.exec(select(table).where(table.id == row_id).with_for_update()).first(),
        )
        if row is None:
            raise NotThere(f"There is no {unit} {row_id}.", "List them with: gateway cases list")
        still_known(row)
        row.problem = row.fix = row.waiting_for = ""
        row.attempts, row.failing_since = 0, None
        row.look_again_at = now
        if isinstance(row, Study):
            row.held_because = ""
        study_id, case_id = place_of(row)
        if study_id is not None:
            what = "object of the reading site: retried" if isinstance(row, Reply) else "retried"
            add_line(session, study_id, case_id, now, what, who=who)
        audit_trail.append(session, now, who, f"{unit} retried", f"{unit} {row_id}")


def note_report_download(database: Database, case_id: int, form: str, who: str) -> None:
    """Write into the audit trail that somebody takes the report of a case with its identity; `form`: sr or pdf."""
    with database.write("download_report") as session:
        now = database.now(session)
        audit_trail.append(session, now, who, "report downloaded", f"case {case_id}", {"form": form})


def still_known(row: Case | Conflict | OwedResult | Reply | Study) -> None:
    """Raise WrongState where the patient of a row was forgotten."""
    if isinstance(row, Case | Study) and row.forgotten_at is not None:
        raise WrongState(
            f"The patient of {type(row).__name__.lower()} {row.id} was forgotten.",
            "There is nothing left to do.",
        )


def locked_case(session: Session, case_id: int) -> Case:
    """The case, held until the transaction ends. Raises NotThere."""
    case = session.exec(select(Case).where(Case.id == case_id).with_for_update()).first()
    if case is None:
        raise NotThere(f"There is no case {case_id}.", "The queue shows every case number.")
    return case


def reading(session: Session, case_id: int, account_id: int, now: datetime) -> Case:
    """The case, when this reader holds it and it waits for a report."""
    case = locked_case(session, case_id)
    if case.state != CaseState.FORWARDED:
        raise WrongState(
            f"Case {case_id} is {case.state} and takes no report now.",
            "Late images are being prepared, or it is signed.",
        )
    if case.claimed_by != account_id or case.claimed_until is None or case.claimed_until <= now:
        raise NotClaimed(
            f"Case {case_id} is not claimed by you (a claim ends after a while).",
            "Claim it again; the draft is kept.",
        )
    return case
