"""Every table that is about a study, in the order a study meets them; the others are in `tables.administration`.

States are text with a CHECK constraint: a value the code does not know must fail when it is written,
not when the row is next read. JSON columns are replaced, never changed in place.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import gateway.records.tables.administration
import gateway.records.tables.commitments
import gateway.records.tables.conflicts  # noqa: F401  foreign keys point at its accounts and these
from gateway.lifecycle import CaseState, ReplyState, Standing, StudyState
from gateway.records.tables.columns import Due, Numbered, one_of
from routing_rules.surveillance.due_dates import JcvStatus

DECISIONS = ("waiting", "released", "left out")
"""What a person decided on an object that may not leave by itself."""


class Study(Due, table=True):
    """One study of one site, as its sender knows it."""

    __tablename__ = "study"
    __table_args__ = (
        UniqueConstraint("site", "study_instance_uid"),
        one_of("state", tuple(StudyState), "state"),
    )

    site: str = Field(index=True)
    sender: str = Field(description="name of the node that sent it; empty for an upload")
    calling_ae_title: str
    called_ae_title: str
    address: str
    received_by: str = Field(description="c-store, stow-rs or upload")
    uploaded_by: int | None = Field(default=None, foreign_key="account.id")
    study_instance_uid: str
    state: str = Field(default=StudyState.RECEIVED)
    generation: int = Field(default=1, description="grows when instances arrive after completion")
    first_instance_at: datetime = Field(description="of this generation")
    last_instance_at: datetime
    instances: int = Field(default=0)
    completed_because: str = Field(default="")
    forgotten_at: datetime | None = Field(default=None, description="when its patient was forgotten")
    facts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    explanation: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    facts_of: int = Field(default=0, description="how many instances the facts were read from")
    patients: int = Field(default=0, description="how many patients its headers name; more than one holds it")
    patient_hash: str = Field(default="", index=True, description="keyed hash of site, issuer and PatientID")
    number_hash: str = Field(
        default="",
        index=True,
        description="keyed hash of site and PatientID, without the issuer; empty: no number, or read under scheme 1",
    )
    has_number: bool | None = Field(
        default=None, description="whether PatientID numbers a patient; None: its headers were not read"
    )
    scheme: int = Field(
        default=2, description="derivation of the hashes of name, birth date and accession number"
    )
    person_of: int | None = Field(
        default=None,
        foreign_key="study.id",
        index=True,
        description="the study to whose person a lead linked this one, which has no number",
    )
    name_hash: str = Field(default="", description="keyed hash of the patient's name")
    birth_hash: str = Field(default="", description="keyed hash of the birth date")
    accession_hash: str = Field(default="", index=True, description="keyed hash of the accession number")
    identity_of: int | None = Field(
        default=None, description="the instance whose patient a lead chose for all; None: the first one's"
    )
    identity_until: int = Field(
        default=0, description="the last instance that choice was made about; later ones are asked about"
    )
    study_date: str = Field(
        default="",
        description="YYYYMMDD as the sender has it; `none`: its headers have none; empty: not read",
    )
    held_because: str = Field(
        default="", description="what a person may let pass; empty: not held, or never to pass"
    )
    accepted: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What a person let pass: reason code -> who, why, when, in which generation."""
    archive_counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What archives counted in it when they last answered: node -> `asked_at`, `series` (UID -> number), `study`."""


class Instance(Numbered, table=True):
    """One received SOP instance: where its bytes are and how to check them."""

    __tablename__ = "instance"
    __table_args__ = (
        UniqueConstraint("study_id", "sop_instance_uid", "digest"),
        Index("ix_instance_sop_instance_uid", "sop_instance_uid"),
        one_of("standing", tuple(Standing), "standing"),
    )

    study_id: int = Field(foreign_key="study.id", index=True)
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    digest: str = Field(description="SHA-256 of transfer syntax and data set, hexadecimal")
    blob: str = Field(description="key in the object store")
    size: int = Field(description="bytes")
    senders: list[str] = Field(
        default_factory=list,
        sa_column=Column(JSON, nullable=False),
        description="every node that sent these bytes; empty for an upload",
    )
    generation: int
    standing: str = Field(
        default=Standing.IN_FORCE, description="whether the study is read from this version of the object"
    )
    conflict_id: int | None = Field(
        default=None, foreign_key="conflict.id", index=True, description="the last conflict it was part of"
    )
    received_at: datetime = Field(description="when it came last")


class Identity(Numbered, table=True):
    """Who a pseudonym is, sealed; only gateway.records.identities.vault opens it."""

    __tablename__ = "identity"

    patient_hash: str = Field(unique=True, description="keyed hash of site, issuer and PatientID")
    pseudonym: str = Field(unique=True)
    scheme: int = Field(description="derivation of hash, pseudonym and date shift (gateway.privacy.schemes)")
    site: str
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    key_id: str
    created_at: datetime


class ForgottenPatient(Numbered, table=True):
    """What is left of a forgotten patient, so that a later study is recognised and held."""

    __tablename__ = "forgotten_patient"

    patient_hash: str = Field(unique=True, description="keyed hash of site, issuer and PatientID")
    site: str
    forgotten_at: datetime = Field(description="when the command was last given")
    finished_at: datetime | None = Field(default=None, description="when the last byte was gone")


class Enrolment(Numbered, table=True):
    """One patient whose site keeps a surveillance calendar: who it is stays sealed until the worker has hashed it."""

    __tablename__ = "enrolment"
    __table_args__ = (one_of("jcv_status", tuple(JcvStatus), "jcv_status"),)

    site: str = Field(index=True)
    label: str = Field(default="", description="what the site recognises the patient by; no identifier")
    letter: bytes | None = Field(
        default=None,
        sa_column=Column(LargeBinary, nullable=True),
        description="PatientID and issuer, sealed; gone when opened",
    )
    patient_hash: str | None = Field(
        default=None,
        unique=True,
        description="keyed hash of site, issuer and PatientID; None: not opened yet",
    )
    pseudonym: str = Field(default="")
    enrolled_on: date | None = Field(default=None)
    jcv_status: str = Field(default=JcvStatus.UNKNOWN)
    jcv_index: float | None = Field(default=None)
    months_on_natalizumab: float | None = Field(default=None, description="on the day recorded_on")
    recorded_on: date | None = Field(default=None)
    prior_immunosuppression: bool | None = Field(default=None)
    dosing_interval_weeks: float | None = Field(default=None)
    stopped_on: date | None = Field(default=None)
    last_mri_on: date | None = Field(default=None, description="as the site says; studies received count too")
    enrolled_by: str
    created_at: datetime
    updated_at: datetime
    overdue_told_on: date | None = Field(
        default=None, description="when the tick marked it overdue; None: it is not"
    )
    ended_on: date | None = Field(default=None)
    ended_because: str = Field(default="")
    problem: str = Field(default="", description="why the letter cannot be used")
    fix: str = Field(default="")


NEEDS_ATTENTION = text("(problem <> '' OR addendum_wanted)")
"""Cases that wait for a person, word for word as their index says it: only so is it used."""


class Case(Due, table=True):
    """One study under one rule, for one destination."""

    __tablename__ = "case"
    __table_args__ = (
        UniqueConstraint("study_id", "destination"),
        one_of("state", tuple(CaseState), "state"),
        # Few among thousands, and looked for with every look at the queue.
        Index(
            "ix_case_needs_attention", "id", sqlite_where=NEEDS_ATTENTION, postgresql_where=NEEDS_ATTENTION
        ),
    )

    study_id: int = Field(foreign_key="study.id", index=True)
    site: str = Field(index=True)
    destination: str = Field(description="name of the reading node; empty: the gateway's own queue")
    state: str = Field(default=CaseState.MATCHED, index=True)
    generation: int = Field(description="generation of the study this case covers")
    rule_id: str
    rule_version: str
    rule_title: str
    rules_fingerprint: str
    profile: str = Field(default="", description="de-identification profile; empty: the one of the settings")
    referral: str
    urgency: str
    priority: int = Field(default=5, description="smaller is sooner: suspected PML first")
    readability: str
    verdict: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    overrule: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """A reader's judgement beside the verdict, as `reader_overrule.Overrule` writes it; empty: none."""
    explanation: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    series: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    scheme: int = Field(
        default=2,
        description="derivation of its UIDs, accession numbers and reports (gateway.privacy.schemes)",
    )
    pseudonym: str = Field(default="")
    identity_id: int | None = Field(default=None, foreign_key="identity.id")
    shifted_study_date: str = Field(default="", description="YYYYMMDD as the reader sees it")
    pseudonymous_study_uid: str = Field(
        default="",
        index=True,
        description="StudyInstanceUID as the reader sees it; replies are matched by it",
    )
    echoes: int = Field(default=0, description="times one of our own copies came back and was dropped")
    manifest: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    late_images: bool = Field(default=False, description="amended after the reader could see it")
    addendum_wanted: bool = Field(default=False, description="images arrived after the signature")
    to_route: bool = Field(
        default=False, description="other versions stand: it waits until its study is routed again"
    )
    read_under: int | None = Field(
        default=None,
        foreign_key="identity.id",
        description="the identity whose pseudonym and dates the signed words speak of; None: identity_id",
    )
    corrections: int = Field(
        default=0, description="times the signed report was built under another identity"
    )
    correction_wanted: bool = Field(
        default=False, description="the report went back under an identity since corrected"
    )
    predecessor: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """The returned report that the one to be built corrects: its form, class and UIDs; empty: none."""
    claimed_by: int | None = Field(default=None, foreign_key="account.id", index=True)
    claimed_until: datetime | None = Field(default=None)
    composed: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    returns_to: str = Field(
        default="", description="node that its report goes, or went, to; empty: none yet, or its uploader"
    )
    returned_as: str = Field(default="", description="the form that the node it went to accepted")
    returned_uid: str = Field(default="")
    commitment_transactions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    forgotten_at: datetime | None = Field(default=None, description="when its patient was forgotten")
    reached_at: datetime
    created_at: datetime
    updated_at: datetime


class CaseEvent(Numbered, table=True):
    """One line of the journal of a study or case, written with the change it tells of."""

    __tablename__ = "case_event"

    study_id: int = Field(foreign_key="study.id", index=True)
    case_id: int | None = Field(default=None, foreign_key="case.id", index=True)
    at: datetime
    what: str
    reached: str = Field(default="")
    who: str = Field(default="gateway")
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class PreparedInstance(Numbered, table=True):
    """One de-identified copy of one instance for one case."""

    __tablename__ = "prepared_instance"
    __table_args__ = (UniqueConstraint("case_id", "sop_instance_uid"),)

    case_id: int = Field(foreign_key="case.id", index=True)
    instance_id: int = Field(foreign_key="instance.id")
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    blob: str


class HeldObject(Numbered, table=True):
    """One object of a case that may not leave by itself, and what a named person decided about it."""

    __tablename__ = "held_object"
    __table_args__ = (
        UniqueConstraint("case_id", "instance_id"),
        one_of("decision", DECISIONS, "decision"),
    )

    case_id: int = Field(foreign_key="case.id", index=True)
    instance_id: int = Field(foreign_key="instance.id")
    series_number: int | None = Field(default=None)
    kind: str = Field(default="", description="what the series was recognised as")
    what: str = Field(description="name of the SOP class")
    frames: int = Field(default=0, description="pictures in it; 0: nothing a person could look at")
    reason: str = Field(description="code: gateway.privacy.errors.HeldReason, or leak")
    problem: str
    fix: str
    releasable: bool = Field(description="the profile lets a named person release it")
    stops_case: bool = Field(description="the case waits until somebody has decided")
    found_at: datetime
    decision: str = Field(default="waiting")
    decided_by: str = Field(default="")
    why: str = Field(default="")
    decided_at: datetime | None = Field(default=None)


class Manifest(Numbered, table=True):
    """One record of what de-identification did to a case; rows are only ever added."""

    __tablename__ = "manifest"

    case_id: int = Field(foreign_key="case.id", index=True)
    generation: int
    digest: str = Field(description="SHA-256 of the canonical JSON")
    blob: str = Field(description="key in the object store")
    made_at: datetime


TAKEN: Final = ("accepted", "warning")
"""Outcomes of a delivery that its node has."""
WITHDRAWN: Final = "withdrawn"
"""What becomes of the outcome of a copy that the reading site took and that was taken back since."""


class Delivery(Numbered, table=True):
    """The last outcome of sending one object of a case to one node."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("case_id", "direction", "sop_instance_uid"),)

    case_id: int = Field(foreign_key="case.id", index=True)
    direction: str = Field(description="forward or return")
    node: str
    sop_instance_uid: str
    outcome: str
    status: int | None = Field(default=None, description="DIMSE or HTTP status")
    detail: str = Field(default="")
    at: datetime


class Reply(Due, table=True):
    """One object a reading site sent back: a new SOP instance about the copies of a case."""

    __tablename__ = "reply"
    __table_args__ = (
        UniqueConstraint("sop_instance_uid", "digest"),
        one_of("state", tuple(ReplyState), "state"),
    )

    node: str = Field(description="name of the node that sent it; empty for an account")
    calling_ae_title: str
    address: str
    received_by: str = Field(description="c-store, stow-rs or upload")
    uploaded_by: int | None = Field(default=None, foreign_key="account.id")
    study_instance_uid: str = Field(index=True, description="as it names it: pseudonymous if of a case")
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    digest: str = Field(description="SHA-256 of transfer syntax and data set, hexadecimal")
    blob: str = Field(description="key in the object store, as it came")
    size: int = Field(description="bytes")
    state: str = Field(default=ReplyState.RECEIVED, index=True)
    study_id: int | None = Field(default=None, foreign_key="study.id", index=True)
    case_id: int | None = Field(default=None, foreign_key="case.id", index=True)
    generation: int = Field(default=0, description="generation of the case it answers")
    is_report: bool = Field(default=False, description="a complete SR document or a PDF: may close the case")
    restored: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    returns_to: str = Field(
        default="", description="node that it goes, or went, to; empty: none yet, or the study's uploader"
    )
    commitment_transactions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    received_at: datetime
    reached_at: datetime


class Commitment(SQLModel, table=True):
    """A storage commitment request of ours (PS3.4 Annex J) and its answer, whenever and however that came."""

    __tablename__ = "commitment"

    transaction_uid: str = Field(primary_key=True)
    node: str = Field(description="the node that was asked: no other may answer")
    unit: str = Field(description="case or reply: what was asked for")
    unit_id: int
    asked: list[str] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False), description="SOP Instance UIDs"
    )
    asked_at: datetime
    taken: bool = Field(default=False, description="the node is known to have taken the request")
    committed: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    failed: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    answered_at: datetime | None = Field(default=None, description="None: not yet")


class Draft(SQLModel, table=True):
    """The unsigned report of a case."""

    __tablename__ = "draft"

    case_id: int = Field(primary_key=True, foreign_key="case.id")
    version: int
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    saved_by: int = Field(foreign_key="account.id")
    saved_at: datetime


class SignedReport(Numbered, table=True):
    """What a reader signed; rows are only ever added."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("case_id", "version"),)

    case_id: int = Field(foreign_key="case.id", index=True)
    version: int
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digest: str = Field(description="SHA-256 of the canonical JSON")
    signed_by: int = Field(foreign_key="account.id")
    signer_name: str
    signer_login: str
    signed_at: datetime
