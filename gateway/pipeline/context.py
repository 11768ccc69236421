"""What a step may use: frozen, built once by the assembly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from dicom_nodes.directory import NodeDirectory
from gateway.pipeline.archive_counts import ArchiveCounts
from gateway.pipeline.cores import Cores
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.profiles import SiteProfiles
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.identities.vault import Vault
from gateway.records.ledger import Claim
from gateway.settings import Settings
from gateway.wrong_configuration import WrongConfiguration
from routing_rules.rule_files import RuleSet
from routing_rules.surveillance.guidelines import STRICTEST, SiteGuidelines, guideline


@dataclass(frozen=True)
class StepContext:
    """Settings, records, the other systems and the keys."""

    settings: Settings
    database: Database
    blobs: BlobStore
    directory: Callable[[], NodeDirectory]
    rules: Callable[[], RuleSet]
    profiles: Callable[[], SiteProfiles]
    vault: Vault
    pseudonym_key: PseudonymKey
    cores: Cores
    archive_counts: ArchiveCounts = field(default_factory=ArchiveCounts)
    guidelines: SiteGuidelines = field(default_factory=lambda: SiteGuidelines(guideline(STRICTEST)))
    wrong_configuration: Callable[[], tuple[WrongConfiguration, ...]] = tuple

    @property
    def no_patient_ids(self) -> tuple[str, ...]:
        """What is no number at this gateway, besides the table."""
        return self.settings.study.no_patient_ids


@dataclass(frozen=True)
class Turn:
    """One run of one step: the claim and the moment it began (the database's clock, aware)."""

    claim: Claim
    now: datetime
