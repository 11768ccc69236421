"""An engine of the worker in one thread, on its own records, with a clock that is moved by hand."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import read_instance
from dicom_nodes.node import DimseNode, Role
from gateway.demo.phantom import phantom_study
from gateway.intake import SUCCESS, Intake
from gateway.pipeline.context import StepContext
from gateway.pipeline.cores import Cores
from gateway.pipeline.runner.engine import Engine
from gateway.profiles import read_folder
from gateway.records.blobs import LocalBlobs
from gateway.records.database import Database
from gateway.records.identities import keys as key_files
from gateway.records.identities.vault import Vault
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Study
from gateway.records.views import case_rows
from gateway.records.views.held_object_rows import HeldRow, held_objects_of
from gateway.settings import Settings
from routing_rules.rule_files import rules_from_text
from support.empty_records import newest
from support.records import FakeClock

RULE = """
rules:
  - id: by-address
    title: Sent to the address for natalizumab
    when: {called_ae_title: {is: NATALIZUMAB}}
    completion: {quiet_s: 60, hard_cap_s: 600, at_hard_cap: hold}
"""


ONE_CORE = Cores(1)
SQLITE_IS_ENOUGH = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For a test whose statements other tests run on PostgreSQL, too."""

NOBODY_ANSWERS = NodeDirectory(
    (DimseNode("hospital-pacs", "HOSPITAL", "127.0.0.1", 1, frozenset({Role.SENDER}), site="hospital"),)
)
"""The sender of the studies is known, and no program is there."""


@dataclass
class Bench:
    """The engine and everything it works on."""

    context: StepContext
    intake: Intake
    engine: Engine
    clock: FakeClock

    def use(self, **changes: Any) -> None:
        """Replace parts of the step context: rules, nodes."""
        self.context = replace(self.context, **changes)
        self.engine = Engine(self.context)

    def keep(
        self,
        datasets: Iterable[Dataset],
        *,
        called: str = "NATALIZUMAB",
        node: str = "hospital-pacs",
        site: str = "hospital",
    ) -> int:
        """Receive a study; returns its number."""
        study_id = 0
        for dataset in datasets:
            buffer = BytesIO()
            dataset.save_as(buffer, enforce_file_format=True)
            received = read_instance(
                buffer.getvalue(),
                calling_ae_title="HOSPITAL",
                called_ae_title=called,
                peer_address="127.0.0.1",
                association_id="a",
                node=node,
                received_by="c-store",
            )
            kept = self.intake.keep(received, site=site)
            assert kept.status == SUCCESS, kept.problem
            study_id = kept.study_id or 0
        return study_id

    def run(self, after_s: float = 0) -> None:
        """Let time pass, then do everything that is due."""
        self.clock.pass_seconds(after_s)
        self.engine.run_due()

    def study(self, study_id: int) -> Study:
        """The study's row."""
        with self.context.database.read() as session:
            return case_rows.study(session, study_id)

    def settled(self) -> Case:
        """Everything that is due after the quiet time is done; the first case as it is then."""
        self.run(61)
        with self.context.database.read() as session:
            return case_rows.case(session, 1)

    def held(self) -> tuple[HeldRow, ...]:
        """The objects of the first case that stayed here."""
        with self.context.database.read() as session:
            return held_objects_of(session, 1)

    def copies(self) -> list[Dataset]:
        """The de-identified copies of the first case."""
        with self.context.database.read() as session:
            return [dcmread(self.context.blobs.path(copy.blob)) for copy in case_rows.prepared(session, 1)]


@contextmanager
def bench(folder: Path, rules: str = RULE, url: str = "", cores: Cores = ONE_CORE) -> Iterator[Bench]:
    """A bench on SQLite, or where the address says; no node answers unless the test gives one."""
    clock, ruleset = FakeClock(), rules_from_text(rules)
    settings = Settings.model_validate(
        {
            "study": {"quiet_period": 60},
            "storage": {"min_free_mb": 0},
            "pictures": {"keep_free_mb": 0},
            "files": {"profiles": folder / "profiles"},
        }
    )
    database = Database(url or f"sqlite:///{folder}/bench.sqlite", clock)
    newest(database)
    keys = folder / "keys"
    for name in ("vault.key", "pseudonym.key", "audit.key"):
        key_files.make_key(keys / name)
    blobs = LocalBlobs(folder / "objects")
    context = StepContext(
        settings,
        database,
        blobs,
        lambda: NOBODY_ANSWERS,
        lambda: ruleset,
        lambda: read_folder(settings.files.profiles),
        Vault.from_folder(keys),
        key_files.pseudonym_key(keys),
        cores,
    )
    intake = Intake(settings, database, blobs)
    try:
        yield Bench(context, intake, Engine(context), clock)
    finally:
        intake.close()  # its open folders are descriptors: a thousand of them, and select() takes no socket more
        database.close()


_THICK_MM, _APART_MM, _SLICES = 6, 12, 10
"""As thick and as far apart as slices may be, and so many that a small brain fits in."""
_WHOLE = ("t2_space_dark-fluid_tra_p2 FLAIR 3D", "t2_tse_tra_3mm", "ep2d_diff_tra_TRACEW", "t1_se_tra")


def scans(when: date = date(2026, 2, 2), **changes: Any) -> list[Dataset]:
    """A small phantom study; changes are attributes of every image, None takes one out.

    FLAIR, T2, diffusion and T1 of the whole brain, thick and with gaps: a full MRI, readable, with limits. What the
    small phantom lacks for that are copies of its highest slices, at the end.
    """
    found: list[Dataset] = pickle.loads(_unchanged(when))
    for dataset in found:
        for keyword, value in changes.items():
            if value is None and keyword in dataset:
                delattr(dataset, keyword)
            elif value is not None:
                setattr(dataset, keyword, value)
    return found


@cache
def _unchanged(when: date) -> bytes:
    """The study as the phantom makes it, made once for all tests; bytes, so that none changes another's."""
    found = list(phantom_study(when, small=True))
    for dataset in found:
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, y, round(float(z) / dataset.SliceThickness * _APART_MM, 3)]
        dataset.SliceThickness, dataset.SpacingBetweenSlices = _THICK_MM, _APART_MM
    found += [more for last in found for more in _further(last, found)]
    return pickle.dumps(found)


def _further(last: Dataset, study: Sequence[Dataset]) -> Iterator[Dataset]:
    """What a stack lacks above its highest slice, if this is that and the brain has to be in it."""
    stack = [
        one
        for one in study
        if one.SeriesInstanceUID == last.SeriesInstanceUID
        and one.get("DiffusionBValue", 1000) == last.get("DiffusionBValue", 1000) == 1000
    ]
    is_highest = stack and last is max(stack, key=lambda one: float(one.ImagePositionPatient[2]))
    if not is_highest or last.SeriesDescription not in _WHOLE:
        return
    for number in range(1, _SLICES - len(stack) + 1):
        more = deepcopy(last)
        x, y, z = more.ImagePositionPatient
        more.ImagePositionPatient = [x, y, round(float(z) + number * _APART_MM, 3)]
        more.SOPInstanceUID = more.file_meta.MediaStorageSOPInstanceUID = f"{last.SOPInstanceUID}.{number}"[
            :64
        ]
        more.InstanceNumber = 100 + number
        yield more
