"""The tables of cases, in the order a case meets them: journal, copies, deliveries, replies, draft, signed report."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import gateway.records.tables.studies  # noqa: F401  foreign keys point at them
from gateway.lifecycle import CaseState, ReplyState
from gateway.records.tables.columns import Due, Numbered, one_of

DECISIONS = ("waiting", "released", "left out")
"""What a person decided on an object that may not leave by itself."""
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
    faces: str = Field(
        default="keep", description="keep or deface, as its rule says; files.deface_sites may ask for more"
    )
    referral: str
    urgency: str
    priority: int = Field(default=5, description="smaller is sooner: suspected PML first")
    readability: str
    verdict: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    overrule: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """A reader's judgement beside the verdict, as `reader_overrule.Overrule` writes it; empty: none."""
    explanation: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    series: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    shows: str = Field(
        default="",
        description="sequences of its series, as `routing_rules.protocol.sequence_line` says",
    )
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


class Draft(SQLModel, table=True):
    """The unsigned report of one reader about a case: nobody else reads it."""

    __tablename__ = "draft"

    case_id: int = Field(primary_key=True, foreign_key="case.id")
    saved_by: int = Field(primary_key=True, foreign_key="account.id", description="its author")
    version: int
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    saved_at: datetime


class DocumentKind(StrEnum):
    """What a signed document is to the one before it."""

    REPORT = "report"
    """The first."""
    ADDENDUM = "addendum"
    """Says more; what was said stands."""
    CORRECTION = "correction"
    """A complete report that replaces the one before."""
    WITHDRAWAL = "withdrawal"
    """No report stands any more."""


class Because(StrEnum):
    """Why an object that went back is followed by another one."""

    IDENTITY = "identity"
    """The same words, under the identity that stands since."""
    DOCUMENT = "document"
    """A document was signed that follows."""


class SignedReport(Numbered, table=True):
    """What a reader signed; rows are only ever added. The newest document of a case is the one in force."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("case_id", "version"),)

    case_id: int = Field(foreign_key="case.id", index=True)
    version: int
    kind: str = Field(default=DocumentKind.REPORT, description="DocumentKind")
    note: str = Field(default="", description="what an addendum adds; why one was corrected or withdrawn")
    changed: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What a correction changes, item by item, in words."""
    content: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digest: str = Field(description="SHA-256 of the canonical JSON")
    signed_by: int = Field(foreign_key="account.id")
    signer_name: str
    signer_login: str
    signed_at: datetime
