"""What a step found out, to be committed with the state it reached: frozen, and written only by the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.lifecycle import Standing
from gateway.records.identities.vault import SealedIdentity


@dataclass(frozen=True)
class NewCase:
    """A case that routing found, before it has a row."""

    destination: str
    rule_id: str
    rule_version: str
    rule_title: str
    rules_fingerprint: str
    referral: str
    urgency: str
    priority: int
    readability: str
    verdict: Mapping[str, Any]
    explanation: list[Any]
    series: list[Any]
    profile: str = ""
    faces: str = "keep"
    shows: str = ""


@dataclass(frozen=True)
class NewPreparedInstance:
    """A de-identified copy that lies in the object store."""

    instance_id: int
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    blob: str


@dataclass(frozen=True)
class NewHeldObject:
    """An object that may not leave by itself: why, and whether a person may release it."""

    instance_id: int
    series_number: int | None
    kind: str
    what: str
    frames: int
    reason: str
    problem: str
    fix: str
    releasable: bool
    stops_case: bool


@dataclass(frozen=True)
class NewManifest:
    """A de-identification manifest that lies in the object store."""

    generation: int
    digest: str
    blob: str


@dataclass(frozen=True)
class NewDelivery:
    """How one object fared at one node."""

    direction: str
    node: str
    sop_instance_uid: str
    outcome: str
    status: int | None
    detail: str


@dataclass(frozen=True)
class NewRequest:
    """A storage commitment request (PS3.4 Annex J) that is about to be made: to which node, about which objects."""

    transaction_uid: str
    node: str
    asked: tuple[str, ...]


@dataclass(frozen=True)
class NewCommitment:
    """A storage commitment answer (PS3.4 Annex J)."""

    transaction_uid: str
    node: str
    committed: tuple[str, ...]
    failed: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class NewStanding:
    """Where one version stands after a comparison or a decision."""

    instance_id: int
    standing: Standing


@dataclass(frozen=True)
class Dispute:
    """Objects of one study name different patients: one instance for each, and (attribute, in how many objects)."""

    first_id: int
    other_id: int
    objects: int
    attributes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Settlement:
    """What a choice between versions comes to.

    `identity` is who the study is about now; None while no case needs to know it.
    """

    standings: tuple[NewStanding, ...]
    changed: bool
    """Whether other versions are in force than before."""
    identity_only: bool
    """Whether nothing but patient and study attributes changed."""
    touches_identity: bool
    identity: SealedIdentity | None = None
    identity_of: int | None = None
    """The instance whose patient stands for all objects; None: the first one's."""
    identity_until: int = 0


@dataclass(frozen=True)
class StepRecord:
    """Everything one run of a step wants remembered; `note` goes into the journal."""

    note: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Columns of the study, case, reply or conflict to set."""
    cases: tuple[NewCase, ...] = ()
    identity: SealedIdentity | None = None
    """Of a case: whose it is. Of a study: whose its signed cases are now."""
    prepared: tuple[NewPreparedInstance, ...] | None = None
    held: tuple[NewHeldObject, ...] | None = None
    manifest: NewManifest | None = None
    deliveries: tuple[NewDelivery, ...] = ()
    commitment: NewCommitment | None = None
    taken_request: str = ""
    """Transaction UID of a storage commitment request that its node took and will answer."""
    compared: tuple[NewStanding, ...] = ()
    taken_because: str = ""
    """Why the newer versions stand without a lead's decision; empty: a lead is asked."""
    settlement: Settlement | None = None
    dispute: Dispute | None = None
    """The study, or the case's study, is about two patients: a conflict is opened."""
    closes_case: bool = False
    """This reply is its case's report: the case is over with it."""


NOTHING = StepRecord()
