"""What remains of a forgotten patient, decided for every column of every table.

Statistics stay: states, times, rule, urgency, readability, kinds of series, numbers. What names the patient, was typed
about the patient, or leads back to an original object goes. A test holds this against the tables: a new column must be
decided here before it can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import SQLModel

from gateway.records.tables.administration import (
    Account,
    AuditEvent,
    Channel,
    KeyCheck,
    KnownPlace,
    LetterboxKey,
    Notice,
    Refusal,
    RetiredKey,
    ShownCertificate,
    Tick,
    WebSession,
)
from gateway.records.tables.cases import (
    Case,
    CaseEvent,
    Delivery,
    Draft,
    HeldObject,
    Manifest,
    PreparedInstance,
    Reply,
    SignedReport,
)
from gateway.records.tables.change_maps import CaseChangeMap
from gateway.records.tables.commitments import Commitment, OwedResult
from gateway.records.tables.conflicts import Conflict
from gateway.records.tables.credentials import Client, IssuedPerson, SignerProof
from gateway.records.tables.critical import ContactMessage, CriticalResult
from gateway.records.tables.pictures import CaseAlignment, CasePictures
from gateway.records.tables.studies import Enrolment, ForgottenPatient, Identity, Instance, Study
from gateway.records.tables.told import HospitalContext

Left = Callable[[Any], Any]
"""What is left of a column, from its row."""


def _nothing(value: Any) -> Left:
    """Always this; lists and dicts are new ones each time."""
    return lambda _row: type(value)(value) if isinstance(value, list | dict) else value


def _number(row: Any) -> str:
    """Unique, as the column must be, and meaningless."""
    return f"forgotten {row.id}"


def _kinds(case: Case) -> list[dict[str, Any]]:
    """How many images of which kind."""
    return [{name: one.get(name) for name in ("kind", "instances")} for one in case.series]


def _requirements(case: Case) -> dict[str, Any]:
    """Which requirement of the protocol was met, without its note."""
    met = [{name: one.get(name) for name in ("name", "met")} for one in case.verdict.get("requirements", ())]
    return {"requirements": met} if met else {}


def _counts(case: Case) -> dict[str, Any]:
    """The numbers of the manifest."""
    return {name: value for name, value in case.manifest.items() if isinstance(value, int)}


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARKED = {
    "waiting_for": _nothing(""),
    "problem": _nothing(""),
    "fix": _nothing(""),
    "lease_owner": _nothing(""),
}

EMPTIED: Mapping[type[SQLModel], Mapping[str, Left]] = {
    Study: {
        **_PARKED,
        "study_instance_uid": _number,
        "completed_because": _nothing(""),
        "facts": _nothing({}),
        "facts_of": _nothing(0),
        "patients": _nothing(0),
        "identity_of": _nothing(None),
        "identity_until": _nothing(0),
        "number_hash": _nothing(""),
        "has_number": _nothing(None),
        "person_of": _nothing(None),
        "name_hash": _nothing(""),
        "birth_hash": _nothing(""),
        "accession_hash": _nothing(""),
        "study_date": _nothing(""),
        "held_because": _nothing(""),
        "accepted": _nothing({}),
        "archive_counts": _nothing({}),
        "explanation": _nothing([]),
    },
    Case: {
        **_PARKED,
        "verdict": _requirements,
        "overrule": _nothing({}),
        "explanation": _nothing([]),
        "series": _kinds,
        "shows": _nothing(""),
        "identity_id": _nothing(None),
        "read_under": _nothing(None),
        "correction_wanted": _nothing(False),
        "predecessor": _nothing({}),
        "shifted_study_date": _nothing(""),
        "manifest": _counts,
        "addendum_wanted": _nothing(False),
        "claimed_by": _nothing(None),
        "claimed_until": _nothing(None),
        "composed": _nothing({}),
        "pseudonymous_study_uid": _nothing(""),
        "returned_uid": _nothing(""),
        "commitment_transactions": _nothing([]),
    },
    Conflict: {
        **_PARKED,
        "differences": _nothing([]),
        "first_id": _nothing(None),
        "other_id": _nothing(None),
        "why": _nothing(""),
    },
    CaseEvent: {"detail": _nothing({})},
    Delivery: {"sop_instance_uid": _number, "detail": _nothing("")},
    # The digest stays: it proves that this reader signed something, and the trail has it anyway.
    SignedReport: {"content": _nothing({}), "note": _nothing(""), "changed": _nothing([])},
    CriticalResult: {"told": _nothing("")},
}

REMAINS: Mapping[type[SQLModel], frozenset[str]] = {
    # The keyed patient hash is that by which a later study is recognised.
    Study: _names(
        "id site sender calling_ae_title called_ae_title address received_by uploaded_by state generation "
        "first_instance_at last_instance_at instances patient_hash scheme forgotten_at look_again_at attempts "
        "failing_since lease_until fence unfinished"
    ),
    # The pseudonym stays: by it the reading site is asked to delete its copies.
    Case: _names(
        "id study_id site destination profile faces state generation rule_id rule_version rule_title rules_fingerprint "
        "referral urgency priority readability scheme pseudonym late_images echoes returns_to returned_as to_route "
        "corrections forgotten_at reached_at created_at updated_at look_again_at attempts failing_since lease_until "
        "fence unfinished"
    ),
    Conflict: _names(
        "id study_id site state kind objects kinds senders choice decided_by decided_at received_at last_at "
        "reached_at look_again_at attempts failing_since lease_until fence "
        "unfinished"
    ),
    CaseEvent: _names("id study_id case_id at what reached who"),
    Delivery: _names("id case_id direction node outcome status at"),
    SignedReport: _names("id case_id version kind digest signed_by signer_name signer_login signed_at"),
    CriticalResult: _names(
        "id case_id report_id site raised_at step next_at chain_ended_at acknowledged_at acknowledged_by way told_at "
        "superseded_by"
    ),
}

GONE: tuple[type[SQLModel], ...] = (
    Identity,
    Instance,
    PreparedInstance,
    HeldObject,
    Manifest,
    CasePictures,
    CaseChangeMap,
    CaseAlignment,
    ContactMessage,
    HospitalContext,
    Reply,
    Draft,
    Enrolment,
    Commitment,
    OwedResult,
    Refusal,
)
"""Rows of the patient are deleted; of the last three, those that name one of the patient's objects."""

NOT_ABOUT_PATIENTS: tuple[type[SQLModel], ...] = (
    Account,
    WebSession,
    KnownPlace,
    IssuedPerson,
    SignerProof,
    Client,
    AuditEvent,
    ShownCertificate,
    Notice,
    Channel,
    Tick,
    RetiredKey,
    KeyCheck,
    LetterboxKey,
    ForgottenPatient,
)


def empty(row: SQLModel) -> None:
    """Leave of a row what may remain; twice is the same as once."""
    left = {name: rest(row) for name, rest in EMPTIED[type(row)].items()}
    for name, value in left.items():
        setattr(row, name, value)
