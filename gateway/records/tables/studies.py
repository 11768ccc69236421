"""The tables of studies and of whom they are about: received objects, sealed identities, the calendar's enrolments.

States are text with a CHECK constraint: a value the code does not know must fail when it is written,
not when the row is next read. JSON columns are replaced, never changed in place.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

import gateway.records.tables.administration
import gateway.records.tables.conflicts  # noqa: F401  foreign keys point at its accounts and these
from gateway.lifecycle import Standing, StudyState
from gateway.records.tables.columns import Due, Numbered, one_of
from routing_rules.surveillance.risk import JcvStatus


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
    tested_on: date | None = Field(default=None, description="of the antibody test")
    treatments: str = Field(
        default="", description="periods as `routing_rules.surveillance.treatments` writes them"
    )
    last_mri_on: date | None = Field(default=None, description="as the site says; studies received count too")
    last_full_mri_on: date | None = Field(default=None, description="as the site says")
    last_contrast_mri_on: date | None = Field(default=None, description="as the site says")
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
