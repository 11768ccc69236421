"""A signed report on its way back: the engine of a worker, a real PACS, and a clock that is moved by hand."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import select

from dicom_nodes.commitment import CommitmentResult
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DimseNode, Node, Role
from dicom_nodes.scp.refusals import RefusedCaller
from gateway.records import ledger
from gateway.records.step_record import NewCommitment
from gateway.records.tables.cases import Case, Delivery
from gateway.records.views import case_rows
from gateway.reporting.example import phantom_report
from support.engine import Bench, bench, scans
from support.records import PASSWORD

SENDER = "hospital-pacs"
LEASE = timedelta(hours=1)
SETTLED_S = 1000


@dataclass
class Returning:
    """A case whose report is signed, and the steps that follow."""

    bench: Bench
    case_id: int = 1

    @property
    def case(self) -> Case:
        """Its row as it is now."""
        with self.bench.context.database.read() as session:
            return case_rows.case(session, self.case_id)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The details of its journal's lines, newest last."""
        with self.bench.context.database.read() as session:
            return [dict(line.detail) for line in case_rows.journal(session, 1, self.case_id)]

    @property
    def deliveries(self) -> list[Delivery]:
        """What the sender's PACS said of each object that it was given."""
        with self.bench.context.database.read() as session:
            return list(session.exec(select(Delivery).where(Delivery.node == SENDER)))

    def know(self, node: Node) -> None:
        """The sender's PACS is this node from now on."""
        directory = NodeDirectory((replace(node, name=SENDER),))
        self.bench.use(directory=lambda: directory)

    def until(self, state: str, *, looks: int = 60, step_s: float = 1000) -> Case:
        """Let time pass until the case is in that state or parked."""
        for _ in range(looks):
            case = self.case
            if case.state == state or case.problem:
                break
            self.bench.run(step_s)
        return self.case

    def retry(self) -> None:
        """A person's retry."""
        ledger.retry(self.bench.context.database, "case", self.case_id, "lead")

    def hear(self, result: CommitmentResult) -> tuple[str, str] | None:
        """A commitment result that came on an association of its own; why it does not count, if it does not."""
        answer = NewCommitment(result.transaction_uid, result.node, result.committed, result.failed)
        unexpected = ledger.record_commitment(self.bench.context.database, answer, result.reports_for)
        return None if unexpected is None else (unexpected.why, unexpected.fix)

    def turned_away(self, refusal: RefusedCaller) -> None:
        """Who or what the receiver turned away."""
        ledger.refuse(
            self.bench.context.database,
            ledger.NewRefusal(
                refusal.calling_ae_title, refusal.address, refusal.why, refusal.fix, refusal.node
            ),
        )


@contextmanager
def returning(folder: Path, node: Node, **settings: Any) -> Iterator[Returning]:
    """A signed and composed report for a study that came from this node; each on a copy of the same records."""
    shutil.copytree(_composed(), folder / "worker")
    with _worker(folder / "worker", settings) as worker:
        worker.clock.pass_seconds(SETTLED_S)
        found = Returning(worker)
        found.know(node)
        yield found


@contextmanager
def _worker(folder: Path, settings: dict[str, Any]) -> Iterator[Bench]:
    with bench(folder) as worker:
        loaded = worker.context.settings
        engine = loaded.engine.model_copy(
            update={"commitment_wait": 0.5, "commitment_deadline": 7200.0, "retry_longest": 60.0} | settings
        )
        dicom = loaded.dicom.model_copy(update={"ae_title": "GATEWAY", "timeout": 2.0})
        worker.use(settings=loaded.model_copy(update={"engine": engine, "dicom": dicom}))
        yield worker


@cache
def _composed() -> Path:
    """Records and objects of one case whose report is composed and has met nobody to take it; made once."""
    folder = Path(tempfile.mkdtemp(prefix="composed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with _worker(folder, {}) as worker:
        worker.keep(scans(), node=SENDER)
        worker.settled()
        database = worker.context.database
        ledger.add_user(database, "lea", "Lea Reader", "lead", "hospital", PASSWORD)
        ledger.claim_case(database, 1, 1, LEASE)
        report = phantom_report(
            prior_study_date=None, told_at=datetime(2026, 2, 3, 10, 30, tzinfo=UTC)
        ).model_dump(mode="json")
        ledger.sign_report(database, 1, 1, report)
        found = Returning(worker)
        found.know(DimseNode("nobody", "NOBODY", "127.0.0.1", 1, frozenset({Role.ARCHIVE})))
        worker.run()
        assert (found.case.state, found.case.problem) == ("COMPOSED", "")
    return folder
