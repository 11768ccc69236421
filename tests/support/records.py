"""Rows for tests of the records: instances, cases and accounts, made through the ledger as the product makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
from sqlmodel import select

from gateway.lifecycle import CaseState, StudyState
from gateway.records import ledger
from gateway.records.accounts import Viewer
from gateway.records.audit import first_chain
from gateway.records.database import Database
from gateway.records.identities.vault import Patient, SealedIdentity, Vault
from gateway.records.ledger.commitments.answers import keep_request
from gateway.records.step_record import NewCase, NewCommitment, NewRequest, StepRecord
from gateway.records.tables.administration import Account, AuditEvent
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Identity, Study
from gateway.records.views import case_rows
from gateway.records.views.case_rows import JournalLine
from routing_rules.surveillance.guidelines import STRICTEST, SiteGuidelines, guideline

QUIET = timedelta(seconds=10)
LEASE = timedelta(seconds=60)
STATES: Mapping[str, tuple[str, ...]] = {
    "study": ("RECEIVED", "COMPLETED"),
    "case": ("MATCHED", "PREPARED", "REPORTED", "COMPOSED", "RETURNED"),
    "reply": ("RECEIVED", "RESTORED", "RETURNED"),
    "result": ("OWED",),
    "conflict": ("RECEIVED", "DECIDED", "AWAITED"),
}
PASSWORD = "a long password"
NONE_DECLARED = SiteGuidelines(guideline(STRICTEST))
"""No site has declared a guideline."""
EVERYBODY = Viewer(0, "test", "test", "admin", "")
"""A viewer of every site's cases."""


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_seconds(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def new_instance(
    number: int = 1, study: str = "1.2.3", digest: str | None = None, **changes: Any
) -> ledger.NewInstance:
    """An instance as the intake hands it over."""
    values: dict[str, Any] = {
        "site": "hospital",
        "sender": "hospital-pacs",
        "calling_ae_title": "HOSPITAL",
        "called_ae_title": "GATEWAY",
        "address": "127.0.0.1",
        "received_by": "c-store",
        "uploaded_by": None,
        "study_instance_uid": study,
        "series_instance_uid": f"{study}.1",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.4",
        "sop_instance_uid": f"{study}.1.{number}",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "digest": digest or f"{number:064d}",
        "blob": f"received/{number}.dcm",
        "size": 100,
    }
    return ledger.NewInstance(**{**values, **changes})


def new_reply(
    number: int = 1, study: str = "2.25.1", digest: str | None = None, **changes: Any
) -> ledger.NewReply:
    """An object of a reading site as the intake hands it over."""
    values: dict[str, Any] = {
        "node": "reading-site",
        "calling_ae_title": "READING",
        "address": "127.0.0.1",
        "received_by": "c-store",
        "uploaded_by": None,
        "study_instance_uid": study,
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.33",
        "sop_instance_uid": f"1.9.{number}",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "digest": digest or f"{number:064d}",
        "blob": f"replies/{number}.dcm",
        "size": 100,
    }
    return ledger.NewReply(**{**values, **changes})


def draft(destination: str = "reading-site", **changes: Any) -> NewCase:
    """A case as routing finds it."""
    values: dict[str, Any] = {
        "destination": destination,
        "rule_id": "rule",
        "rule_version": "1",
        "rule_title": "A rule",
        "rules_fingerprint": "f",
        "referral": "surveillance",
        "urgency": "routine",
        "priority": 5,
        "readability": "readable",
        "verdict": {},
        "explanation": [],
        "series": [],
    }
    return NewCase(**{**values, **changes})


def commitment(
    database: Database,
    transaction: str,
    node: str,
    uids: tuple[str, ...],
    unit: str = "case",
    unit_id: int = 1,
) -> None:
    """A request for storage commitment that its node answered with yes, on an association of its own."""
    with database.write("test") as session:
        request = NewRequest(transaction, node, uids)
        keep_request(session, unit, unit_id, request, database.now(session))
    assert ledger.record_commitment(database, NewCommitment(transaction, node, uids, ()), {node}) is None


def due(database: Database, worker: str = "w") -> ledger.Claim:
    """Claim what is due; there must be something."""
    claim = ledger.claim_due(database, worker, LEASE, STATES)
    assert claim is not None
    return claim


def matched_case(database: Database, clock: FakeClock, study: str = "1.2.3") -> int:
    """A study of one instance, taken through completion and routing; returns the case's id."""
    ledger.keep_instance(database, new_instance(study=study), QUIET)
    clock.pass_seconds(11)
    ledger.advance(database, due(database), StudyState.COMPLETED)
    ledger.advance(database, due(database), StudyState.MATCHED, StepRecord(cases=(draft(),)))
    claim = due(database)
    ledger.postpone(database, claim, "not now", timedelta(0), failed=False)
    return claim.id


def forwarded_case(database: Database, clock: FakeClock, study: str = "1.2.3") -> int:
    """A case in the queue."""
    case_id = matched_case(database, clock, study)
    ledger.advance(database, due(database), CaseState.PREPARED)
    ledger.advance(database, due(database), CaseState.FORWARDED)
    return case_id


def reader(database: Database, login: str = "ana", role: str = "reader", site: str = "") -> int:
    """An account; returns its number."""
    return ledger.add_user(database, login, login.title(), role, site, PASSWORD, every_site=not site)


def with_factor(database: Database, account_id: int, password: str = PASSWORD) -> tuple[str, list[str]]:
    """Set up a second factor for an account: its secret and its recovery codes."""
    with database.read() as session:
        login = session.get_one(Account, account_id).login
    token, _ = ledger.sign_in(database, login, password, timedelta(hours=1))
    ledger.propose_factor(database, token, password)
    secret = ledger.proposed_secret(database, token)
    assert secret is not None
    with database.read() as session:
        present = database.now(session)
    codes = ledger.confirm_factor(database, token, pyotp.TOTP(secret).at(present))
    ledger.sign_out(database, token)
    return secret, codes


def code_of(secret: str, clock: Callable[[], datetime]) -> str:
    """What an authenticator shows now."""
    return pyotp.TOTP(secret).at(clock())


def case_row(database: Database, case_id: int) -> Case:
    """A case as it stands."""
    with database.read() as session:
        return case_rows.case(session, case_id)


def study_row(database: Database, study_id: int = 1) -> Study:
    """A study as it stands."""
    with database.read() as session:
        return case_rows.study(session, study_id)


def journal(database: Database, study_id: int = 1, case_id: int | None = None) -> list[JournalLine]:
    """The journal of a study and one of its cases, oldest line first."""
    with database.read() as session:
        return case_rows.journal(session, study_id, case_id)


def audit_events(database: Database, action: str | None = None) -> list[AuditEvent]:
    """The audit events of one kind (None: of every kind), oldest first."""
    with database.read() as session:
        events = session.exec(select(AuditEvent).order_by(AuditEvent.ids())).all()
    return [event for event in events if action in (None, event.action)]


def sealed(vault: Vault, number: int = 1) -> SealedIdentity:
    """An identity of its own for each number."""
    patient = Patient(f"{number}", "HOSP", f"Muster^Maria {number}", "19800101")
    return vault.seal("hospital", patient, f"PML-{number:08}", f"hash {number}", 2)


def keep_identities(database: Database, *identities: SealedIdentity) -> None:
    """Rows as a step leaves them, of a key that nobody asks about."""
    with database.write("test") as session:
        session.add_all(
            Identity(**vars(identity), created_at=database.now(session)) for identity in identities
        )


def first_events(database: Database, number: int = 4) -> None:
    """Audit events as they were before there was a key: each with the digest of itself and of the one before."""
    for one in range(number):
        with database.write("test") as session:
            last = session.exec(select(AuditEvent).order_by(AuditEvent.ids().desc()).limit(1)).first()
            event = AuditEvent(
                at=database.now(session),
                who="ana",
                action="case parked",
                subject="case 1",
                detail={"n": one},
                previous=last.digest if last else first_chain.GENESIS,
            )
            event.digest = first_chain.digest_of(event)
            session.add(event)
