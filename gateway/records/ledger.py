"""Every write: one function per event, one transaction each, its journal line in the same transaction.

Received things:   keep_instance, refuse
The engine's work: claim_due, renew, advance, postpone, park
People's work:     claim_case, release_case, save_draft, sign_report, park_case, retry_case, route_by_hand
Answers:           record_commitment
Accounts live in `gateway.records.accounts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from gateway.errors import AlreadyClaimed, AlreadySigned, NotClaimed, NotThere, StaleDraft, WrongState
from gateway.lifecycle import BEFORE_THE_REPORT, CaseState, StudyState, move_case, move_study
from gateway.records import audit
from gateway.records.database import Database
from gateway.records.evidence import NOTHING, CaseDraft, CommitmentFact, Evidence
from gateway.records.tables import (
    Account,
    Case,
    CaseEvent,
    Commitment,
    Delivery,
    Draft,
    Identity,
    Instance,
    PreparedInstance,
    Refusal,
    SignedReport,
    Study,
    Tick,
)

UNITS: dict[str, type[Case] | type[Study]] = {"case": Case, "study": Study}
"""What the engine works on; cases go first, because a reader or a sender waits for them."""


@dataclass(frozen=True)
class InstanceFact:
    """A kept instance, before it has a row."""

    site: str
    sender: str
    calling_ae_title: str
    called_ae_title: str
    address: str
    received_by: str
    uploaded_by: int | None
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str
    blob: str
    size: int


@dataclass(frozen=True)
class Claim:
    """A unit of work held by one worker until its lease ends; `fence` proves it is still theirs."""

    unit: str
    """study or case"""
    id: int
    study_id: int
    state: str
    fence: int
    attempts: int
    worker: str


# ---------------------------------------------------------------- received things


def keep_instance(database: Database, fact: InstanceFact, quiet: timedelta) -> int:
    """Remember an instance whose bytes are already durable; returns the study's id.

    The same bytes again change nothing. The same UID with other bytes keeps both and parks the study.
    A study that was complete starts its next generation, and cases not yet reported are amended.
    """
    with database.write("keep_instance") as session:
        now = database.now(session)
        study = _study_of(session, fact, now, quiet)
        assert study.id is not None
        same_uid = session.exec(
            select(Instance).where(
                Instance.study_id == study.id, Instance.sop_instance_uid == fact.sop_instance_uid
            )
        ).all()
        if any(known.digest == fact.digest for known in same_uid):
            return study.id
        late = study.state != StudyState.RECEIVED
        if late:
            _reopen(session, study, now)
        session.add(
            Instance(
                study_id=study.id,
                sop_class_uid=fact.sop_class_uid,
                sop_instance_uid=fact.sop_instance_uid,
                series_instance_uid=fact.series_instance_uid,
                transfer_syntax_uid=fact.transfer_syntax_uid,
                digest=fact.digest,
                blob=fact.blob,
                size=fact.size,
                generation=study.generation,
                in_conflict=bool(same_uid),
                received_at=now,
            )
        )
        study.instances += 1
        study.last_instance_at = now
        study.look_again_at = now + quiet
        # A completion that is being decided right now does not know this instance: its outcome is refused.
        study.fence += 1
        study.lease_owner, study.lease_until = "", None
        if same_uid:
            study.problem = (
                "Two different objects with the same SOP Instance UID were received; both are kept."
            )
            study.fix = (
                "Ask the sender which one is right; then retry the study, which uses the first one received."
            )
            _tell(
                session,
                study.id,
                None,
                now,
                "conflicting instance received",
                detail={"sop_class_uid": fact.sop_class_uid},
            )
        return study.id


def _study_of(session: Session, fact: InstanceFact, now: datetime, quiet: timedelta) -> Study:
    """The study's row, locked; inserted first when it is new (two associations may both try)."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = Study(
        site=fact.site,
        sender=fact.sender,
        calling_ae_title=fact.calling_ae_title,
        called_ae_title=fact.called_ae_title,
        address=fact.address,
        received_by=fact.received_by,
        uploaded_by=fact.uploaded_by,
        study_instance_uid=fact.study_instance_uid,
        first_instance_at=now,
        last_instance_at=now,
        look_again_at=now + quiet,
    ).model_dump(exclude={"id"})
    inserted = session.execute(
        insert(Study)
        .values(values)
        .on_conflict_do_nothing(index_elements=["site", "study_instance_uid"])
        .returning(col(Study.id))
    ).scalar_one_or_none()
    study = session.exec(
        select(Study)
        .where(Study.site == fact.site, Study.study_instance_uid == fact.study_instance_uid)
        .with_for_update()
    ).one()
    if inserted is not None:
        assert study.id is not None
        _tell(
            session,
            study.id,
            None,
            now,
            "first instance received",
            StudyState.RECEIVED,
            detail={
                "sender": fact.sender or "upload",
                "calling_ae_title": fact.calling_ae_title,
                "by": fact.received_by,
            },
        )
    return study


def _reopen(session: Session, study: Study, now: datetime) -> None:
    """Late images: the next generation of the same study."""
    study.state = move_study(StudyState(study.state), StudyState.RECEIVED)
    study.generation += 1
    study.attempts, study.failing_since, study.waiting_for = 0, None, ""
    assert study.id is not None
    _tell(
        session,
        study.id,
        None,
        now,
        "late images: new generation",
        StudyState.RECEIVED,
        detail={"generation": study.generation},
    )


def refuse(database: Database, calling_ae_title: str, address: str, why: str, fix: str) -> None:
    """Show on a screen that somebody or something was turned away; equal refusals are counted."""
    with database.write("refuse") as session:
        now = database.now(session)
        known = session.exec(
            select(Refusal).where(
                Refusal.calling_ae_title == calling_ae_title, Refusal.address == address, Refusal.why == why
            )
        ).first()
        if known is None:
            known = Refusal(
                calling_ae_title=calling_ae_title,
                address=address,
                why=why,
                fix=fix,
                times=0,
                first_at=now,
                last_at=now,
            )
        known.times += 1
        known.last_at = now
        known.fix = fix
        session.add(known)


# ---------------------------------------------------------------- the engine's work


def claim_due(
    database: Database, worker: str, lease: timedelta, states: Mapping[str, tuple[str, ...]]
) -> Claim | None:
    """Take the most urgent due case or study for `lease`, or None when nothing is due.

    Due: in a state that has a step, not parked, its time come, and no living lease on it.
    """
    with database.write("claim_due") as session:
        now = database.now(session)
        for unit, table in UNITS.items():
            urgency = [col(Case.priority)] if table is Case else []
            found = session.exec(
                select(table)
                .where(
                    col(table.state).in_(states[unit]),
                    table.problem == "",
                    col(table.look_again_at) <= now,
                    or_(col(table.lease_until).is_(None), col(table.lease_until) <= now),
                )
                .order_by(*urgency, col(table.look_again_at), col(table.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            row = cast("Case | Study | None", found)
            if row is not None:
                row.lease_owner, row.lease_until = worker, now + lease
                row.fence += 1
                assert row.id is not None
                study_id = row.study_id if isinstance(row, Case) else row.id
                return Claim(unit, row.id, study_id, row.state, row.fence, row.attempts, worker)
    return None


def renew(database: Database, claim: Claim, lease: timedelta) -> bool:
    """Prolong a lease; False when the work is no longer this worker's."""
    table = UNITS[claim.unit]
    with database.write("renew") as session:
        renewed = session.execute(
            update(table)
            .where(col(table.id) == claim.id, col(table.fence) == claim.fence)
            .values(lease_until=database.now(session) + lease)
            .returning(col(table.id))
        ).scalar_one_or_none()
    return renewed is not None


def advance(database: Database, claim: Claim, reached: str, evidence: Evidence = NOTHING) -> bool:
    """Record that a step is done; False when the claim was lost and somebody else decides."""
    with database.write(f"advance-{claim.state}-{reached}") as session:
        row = _held(session, claim)
        if row is None:
            return False
        now = database.now(session)
        _remember(session, row, claim, evidence, now)
        row.attempts, row.failing_since, row.waiting_for = 0, None, ""
        row.look_again_at = now
        row.lease_owner, row.lease_until = "", None
        if isinstance(row, Case):
            row.state = move_case(CaseState(row.state), CaseState(reached))
            row.reached_at = row.updated_at = now
        else:
            row.state = move_study(StudyState(row.state), StudyState(reached))
        case_id = row.id if isinstance(row, Case) else None
        _tell(
            session, claim.study_id, case_id, now, f"reached {reached}", reached, detail=dict(evidence.note)
        )
        if evidence.case is not None:
            assert isinstance(row, Study)
            _open_case(session, row, evidence.case, now)
    return True


def postpone(
    database: Database,
    claim: Claim,
    why: str,
    look_again: timedelta,
    evidence: Evidence = NOTHING,
    failed: bool = True,
) -> bool:
    """Record that a step has to be tried again later; `failed` tells trouble from plain waiting."""
    with database.write(f"postpone-{claim.state}") as session:
        row = _held(session, claim)
        if row is None:
            return False
        now = database.now(session)
        _remember(session, row, claim, evidence, now)
        if row.waiting_for != why:  # the journal tells changes, not every look
            case_id = row.id if isinstance(row, Case) else None
            _tell(session, claim.study_id, case_id, now, "waiting", detail={"why": why, **evidence.note})
        row.waiting_for = why
        row.attempts += 1
        if failed and row.failing_since is None:
            row.failing_since = now
        row.look_again_at = now + look_again
        row.lease_owner, row.lease_until = "", None
    return True


def park(database: Database, claim: Claim, problem: str, fix: str, evidence: Evidence = NOTHING) -> bool:
    """Record that a person is needed; the case keeps its place."""
    with database.write(f"park-{claim.state}") as session:
        row = _held(session, claim)
        if row is None:
            return False
        now = database.now(session)
        _remember(session, row, claim, evidence, now)
        row.problem, row.fix = problem, fix
        row.lease_owner, row.lease_until = "", None
        case_id = row.id if isinstance(row, Case) else None
        _tell(
            session,
            claim.study_id,
            case_id,
            now,
            "parked",
            detail={"problem": problem, "fix": fix, **evidence.note},
        )
    return True


def _held(session: Session, claim: Claim) -> Case | Study | None:
    """The claimed row, locked, when the fence still says it is the claimant's."""
    table = UNITS[claim.unit]
    return cast(
        "Case | Study | None",
        session.exec(
            select(table).where(table.id == claim.id, table.fence == claim.fence).with_for_update()
        ).first(),
    )


def _remember(session: Session, row: Case | Study, claim: Claim, evidence: Evidence, now: datetime) -> None:
    """Write what a step found out."""
    for name, value in evidence.columns.items():
        setattr(row, name, value)
    if evidence.identity is not None:
        assert isinstance(row, Case)
        known = session.exec(
            select(Identity).where(Identity.patient_hash == evidence.identity.patient_hash)
        ).first()
        if known is None:
            known = Identity(**vars(evidence.identity), created_at=now)
            session.add(known)
            session.flush()
        row.identity_id, row.pseudonym = known.id, known.pseudonym
    if evidence.prepared is not None:
        for old in session.exec(select(PreparedInstance).where(PreparedInstance.case_id == claim.id)):
            session.delete(old)
        session.flush()
        session.add_all(PreparedInstance(case_id=claim.id, **vars(fact)) for fact in evidence.prepared)
    for fact in evidence.deliveries:
        known_delivery = session.exec(
            select(Delivery).where(
                Delivery.case_id == claim.id,
                Delivery.direction == fact.direction,
                Delivery.sop_instance_uid == fact.sop_instance_uid,
            )
        ).first()
        delivery = known_delivery or Delivery(
            case_id=claim.id,
            direction=fact.direction,
            sop_instance_uid=fact.sop_instance_uid,
            node=fact.node,
            outcome="",
            at=now,
        )
        delivery.node, delivery.outcome, delivery.status, delivery.detail, delivery.at = (
            fact.node,
            fact.outcome,
            fact.status,
            fact.detail,
            now,
        )
        session.add(delivery)
    if evidence.commitment is not None:
        _keep_commitment(session, evidence.commitment, now)


def _open_case(session: Session, study: Study, draft: CaseDraft, now: datetime) -> Case:
    """The case of a matched study: new, amended by late images, or told that an addendum is wanted."""
    assert study.id is not None
    fields = {**vars(draft), "verdict": dict(draft.verdict)}
    case = session.exec(
        select(Case).where(Case.study_id == study.id, Case.destination == draft.destination).with_for_update()
    ).first()
    if case is None:
        case = Case(
            **fields,
            study_id=study.id,
            site=study.site,
            generation=study.generation,
            look_again_at=now,
            reached_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(case)
        session.flush()
        _tell(
            session, study.id, case.id, now, "case opened", CaseState.MATCHED, detail={"rule": draft.rule_id}
        )
    elif CaseState(case.state) in BEFORE_THE_REPORT:
        seen = case.state == CaseState.FORWARDED
        for name, value in fields.items():
            setattr(case, name, value)
        case.state = move_case(CaseState(case.state), CaseState.MATCHED)
        case.generation, case.late_images = study.generation, case.late_images or seen
        case.fence += 1  # a preparation of the older generation must not win
        case.lease_owner, case.lease_until = "", None
        case.look_again_at = case.reached_at = case.updated_at = now
        case.problem = case.fix = case.waiting_for = ""
        case.attempts, case.failing_since = 0, None
        _tell(
            session,
            study.id,
            case.id,
            now,
            "amended by late images",
            CaseState.MATCHED,
            detail={"generation": study.generation},
        )
    elif case.generation != study.generation:
        case.addendum_wanted, case.updated_at = True, now
        case.generation = study.generation
        _tell(session, study.id, case.id, now, "late images after the signature: an addendum is wanted")
    return case


# ---------------------------------------------------------------- people's work


def claim_case(database: Database, case_id: int, account_id: int, lease: timedelta) -> datetime:
    """Hold a case for a reader, or prolong the hold; returns until when. Raises AlreadyClaimed or WrongState."""
    with database.write("claim_case") as session:
        now = database.now(session)
        case = _locked_case(session, case_id)
        if case.state != CaseState.FORWARDED:
            raise WrongState(
                f"Case {case_id} is {case.state}, and only a case that is FORWARDED can be read.",
                "Look at its journal.",
            )
        if (
            case.claimed_by not in (None, account_id)
            and case.claimed_until is not None
            and case.claimed_until > now
        ):
            holder = session.get(Account, case.claimed_by)
            raise AlreadyClaimed(
                f"{holder.display_name if holder else 'Somebody'} is reading case {case_id}.",
                "Take another case, or ask for a release.",
            )
        renewal = (
            case.claimed_by == account_id and case.claimed_until is not None and case.claimed_until > now
        )
        case.claimed_by, case.claimed_until = account_id, now + lease
        case.updated_at = now
        if not renewal:
            _tell(session, case.study_id, case_id, now, "claimed", who=_login(session, account_id))
        return case.claimed_until


def release_case(database: Database, case_id: int, account_id: int, *, anybodys: bool = False) -> None:
    """Give a claim back; a lead may give back anybody's."""
    with database.write("release_case") as session:
        case = _locked_case(session, case_id)
        if case.claimed_by is None:
            return
        if case.claimed_by != account_id and not anybodys:
            raise NotClaimed(
                f"Case {case_id} is claimed by somebody else.", "Ask that reader or a lead to release it."
            )
        case.claimed_by = case.claimed_until = None
        case.updated_at = now = database.now(session)
        _tell(session, case.study_id, case_id, now, "released", who=_login(session, account_id))


def save_draft(
    database: Database,
    case_id: int,
    account_id: int,
    content: Mapping[str, Any],
    version: int,
    lease: timedelta,
) -> int:
    """Keep an unsigned report; `version` is the one it was edited from (0: none). Returns the new version."""
    with database.write("save_draft") as session:
        now = database.now(session)
        case = _reading(session, case_id, account_id, now)
        draft = session.get(Draft, case_id)
        present = draft.version if draft else 0
        if present != version:
            raise StaleDraft(
                f"The draft of case {case_id} is at version {present}, this edit began at {version}.",
                "Load the draft again and repeat the change.",
            )
        draft = draft or Draft(case_id=case_id, version=0, saved_by=account_id, saved_at=now)
        draft.version, draft.content, draft.saved_by, draft.saved_at = (
            present + 1,
            dict(content),
            account_id,
            now,
        )
        session.add(draft)
        case.claimed_until = now + lease
        return draft.version


def sign_report(database: Database, case_id: int, account_id: int, content: Mapping[str, Any]) -> int:
    """Keep a signed report and move the case on, in one transaction; returns the report's id.

    Raises AlreadySigned, NotClaimed. The content must have been validated by the caller.
    """
    with database.write("sign_report") as session:
        now = database.now(session)
        case = _locked_case(session, case_id)
        if session.exec(select(SignedReport).where(SignedReport.case_id == case_id)).first() is not None:
            raise AlreadySigned(
                f"Case {case_id} is already signed.", "A correction is an addendum, never an overwrite."
            )
        case = _reading(session, case_id, account_id, now)
        account = session.get(Account, account_id)
        assert account is not None
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        report = SignedReport(
            case_id=case_id,
            version=1,
            content=dict(content),
            digest=hashlib.sha256(canonical.encode()).hexdigest(),
            signed_by=account_id,
            signer_name=account.display_name,
            signer_login=account.login,
            signed_at=now,
        )
        session.add(report)
        case.state = move_case(CaseState(case.state), CaseState.REPORTED)
        case.claimed_by = case.claimed_until = None
        case.look_again_at = case.reached_at = case.updated_at = now
        case.attempts, case.failing_since, case.waiting_for = 0, None, ""
        session.flush()
        _tell(
            session,
            case.study_id,
            case_id,
            now,
            "signed",
            CaseState.REPORTED,
            account.login,
            {"digest": report.digest},
        )
        audit.append(
            session, now, account.login, "report signed", f"case {case_id}", {"digest": report.digest}
        )
        assert report.id is not None
        return report.id


def park_case(database: Database, case_id: int, who: str, why: str) -> None:
    """Stop a case by hand."""
    with database.write("park_case") as session:
        now = database.now(session)
        case = _locked_case(session, case_id)
        case.problem, case.fix = f"Parked by {who}: {why}", "Retry the case when the reason is gone."
        case.fence += 1  # a step that runs now must not move a parked case
        case.lease_owner, case.lease_until = "", None
        case.updated_at = now
        _tell(session, case.study_id, case_id, now, "parked", who=who, detail={"problem": why})
        audit.append(session, now, who, "case parked", f"case {case_id}", {"why": why})


def retry(database: Database, unit: str, row_id: int, who: str) -> None:
    """Clear the problem of a parked (or waiting) case or study and look at it at once."""
    table = UNITS[unit]
    with database.write("retry") as session:
        now = database.now(session)
        row = cast(
            "Case | Study | None",
            session.exec(select(table).where(table.id == row_id).with_for_update()).first(),
        )
        if row is None:
            raise NotThere(f"There is no {unit} {row_id}.", "List them with: gateway cases list")
        row.problem = row.fix = row.waiting_for = ""
        row.attempts, row.failing_since = 0, None
        row.look_again_at = now
        study_id, case_id = (row.study_id, row.id) if isinstance(row, Case) else (row_id, None)
        _tell(session, study_id, case_id, now, "retried", who=who)
        audit.append(session, now, who, f"{unit} retried", f"{unit} {row_id}")


def route_by_hand(database: Database, study_id: int, draft: CaseDraft, who: str, why: str) -> int:
    """Open a case for a study that no rule matched; returns the case's id."""
    with database.write("route_by_hand") as session:
        now = database.now(session)
        study = session.exec(select(Study).where(Study.id == study_id).with_for_update()).first()
        if study is None:
            raise NotThere(f"There is no study {study_id}.", "The list of studies shows every number.")
        study.state = move_study(StudyState(study.state), StudyState.MATCHED)
        _tell(
            session,
            study_id,
            None,
            now,
            "routed by hand",
            StudyState.MATCHED,
            who,
            {"why": why, "rule": draft.rule_id},
        )
        audit.append(session, now, who, "study routed by hand", f"study {study_id}", {"why": why})
        case = _open_case(session, study, draft, now)
        assert case.id is not None
        return case.id


def record_commitment(database: Database, fact: CommitmentFact) -> None:
    """Keep a storage commitment answer that came on an association of its own; wakes the case it belongs to."""
    with database.write("record_commitment") as session:
        now = database.now(session)
        _keep_commitment(session, fact, now)
        session.execute(
            update(Case)
            .where(
                col(Case.state) == CaseState.RETURNED,
                col(Case.returned_uid).in_([*fact.committed, *(uid for uid, _ in fact.failed)]),
            )
            .values(look_again_at=now)
        )


def take_tick(database: Database, name: str, slot: int) -> bool:
    """True for the one replica that may run a periodic job in this slot."""
    with database.write("take_tick") as session:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        # RETURNING decides: rowcount is wrong for ON CONFLICT DO NOTHING with psycopg.
        return (
            session.execute(
                insert(Tick).values(name=name, slot=slot).on_conflict_do_nothing().returning(col(Tick.slot))
            ).scalar_one_or_none()
            is not None
        )


def _keep_commitment(session: Session, fact: CommitmentFact, now: datetime) -> None:
    session.merge(
        Commitment(
            transaction_uid=fact.transaction_uid,
            node=fact.node,
            committed=list(fact.committed),
            failed=[list(pair) for pair in fact.failed],
            answered_at=now,
        )
    )


def _locked_case(session: Session, case_id: int) -> Case:
    case = session.exec(select(Case).where(Case.id == case_id).with_for_update()).first()
    if case is None:
        raise NotThere(f"There is no case {case_id}.", "The queue shows every case number.")
    return case


def _reading(session: Session, case_id: int, account_id: int, now: datetime) -> Case:
    """The case, when this reader holds it and it waits for a report."""
    case = _locked_case(session, case_id)
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


def _login(session: Session, account_id: int) -> str:
    account = session.get(Account, account_id)
    return account.login if account else f"account {account_id}"


def _tell(
    session: Session,
    study_id: int,
    case_id: int | None,
    at: datetime,
    what: str,
    reached: str = "",
    who: str = "gateway",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the journal."""
    session.add(
        CaseEvent(
            study_id=study_id,
            case_id=case_id,
            at=at,
            what=what,
            reached=reached,
            who=who,
            detail=dict(detail or {}),
        )
    )
