"""The pipeline in this process: records, keys and an engine that runs what is due when it is told to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread, dcmwrite

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import read_instance
from gateway.intake import Intake
from gateway.pipeline.context import StepContext
from gateway.pipeline.engine import Engine
from gateway.privacy.pseudonyms import PseudonymKey
from gateway.profiles import SiteProfiles, read_folder
from gateway.records import keys, queries
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.held import HeldRow, held_objects
from gateway.records.tables import Case, Study
from gateway.records.vault import Vault
from gateway.settings import Settings
from routing_rules.files import RuleSet, load_rules
from support.records import FakeClock

RULES = """\
rules:
  - id: every-mr
    title: Every MR study
    when: {modalities: {is: MR}}
    PROFILE
"""


@dataclass
class Pipeline:
    """A gateway without processes; `run` does everything that is due."""

    context: StepContext
    engine: Engine
    intake: Intake
    clock: FakeClock

    def receive(self, datasets: Iterable[Dataset]) -> None:
        """Keep objects as if the hospital had sent them, and let the quiet time pass."""
        self.keep(datasets)
        self.clock.pass_seconds(self.context.settings.study.quiet_period + 1)

    def keep(
        self,
        datasets: Iterable[Dataset],
        called: str = "GATEWAY",
        node: str = "hospital",
        site: str = "north",
    ) -> int:
        """Keep objects as if the hospital had sent them to the title `called`; the study's number."""
        study_id = 0
        for dataset in datasets:
            stream = BytesIO()
            dcmwrite(stream, dataset, enforce_file_format=True)
            received = read_instance(stream.getvalue(), node=node, called_ae_title=called)
            kept = self.intake.keep(received, site=site)
            assert kept.status == 0, kept.problem
            study_id = kept.study_id or 0
        return study_id

    def after(self, seconds: float) -> None:
        """Let time pass, then run what is due."""
        self.clock.pass_seconds(seconds)
        self.engine.run_due()

    def use(self, **changes: Any) -> None:
        """Replace parts of the step context: rules, directory."""
        self.context = replace(self.context, **changes)
        self.engine = Engine(self.context)

    def study(self, study_id: int) -> Study:
        """A study's row."""
        with self.context.database.read() as session:
            return queries.study(session, study_id)

    def run(self) -> Case:
        """Run what is due; the case as it is then (there must be exactly one)."""
        self.engine.run_due()
        with self.context.database.read() as session:
            return queries.case(session, 1)

    def held(self) -> tuple[HeldRow, ...]:
        """The objects of the case that stayed here."""
        with self.context.database.read() as session:
            return held_objects(session, 1)

    def copies(self) -> list[Dataset]:
        """The de-identified copies of the case."""
        with self.context.database.read() as session:
            return [dcmread(self.context.blobs.path(copy.blob)) for copy in queries.prepared(session, 1)]


def make_pipeline(
    folder: Path,
    database: Database,
    clock: FakeClock,
    *,
    profile: str = "",
    files: Any = None,
    rules_text: str = RULES,
    quiet_s: float = 300,
) -> Pipeline:
    """A pipeline on a migrated database; its rule takes every MR study, reads from the own queue, names `profile`."""
    (folder / "rules").mkdir(exist_ok=True)
    rule = rules_text.replace("PROFILE", f"profile: {profile}" if profile else "")
    (folder / "rules" / "rule.yaml").write_text(rule, encoding="utf-8")
    settings = Settings.model_validate(
        {
            "storage": {"objects": folder / "objects", "min_free_mb": 0},
            "study": {"quiet_period": quiet_s},
            "files": {"rules": folder / "rules", "profiles": folder / "profiles", **(files or {})},
        }
    )
    keys.make_key(folder / "keys" / "vault.key")
    rules: RuleSet = load_rules(settings.files.rules)
    blobs = LocalBlobs(settings.storage.objects)

    def profiles() -> SiteProfiles:
        return read_folder(settings.files.profiles)

    context = StepContext(
        settings,
        database,
        blobs,
        lambda: NodeDirectory(()),
        lambda: rules,
        profiles,
        Vault.from_folder(folder / "keys"),
        PseudonymKey(b"p" * 32, "test"),
    )
    return Pipeline(context, Engine(context), Intake(settings, database, blobs), clock)
