"""What we owe who asked for commitment, over real sockets: after a restart, once more after a no, and only its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage, SecondaryCaptureImageStorage

from dicom_nodes.commitment import CommitmentResult, InstanceReference, request_commitment
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DicomWebNode, DimseNode, Node, Role
from dicom_nodes.scp.receiver import Receiver
from gateway.assembly.gateway import open_gateway
from gateway.assembly.receiver import receiver as open_receiver
from gateway.pipeline.steps.report_result import ROWS_MAY_FOLLOW
from gateway.records import ledger
from gateway.records.views import commitment_rows
from gateway.records.views.commitment_rows import ResultRow
from gateway.settings import Settings
from support.crashes import killed_at
from support.engine import Bench, bench
from support.nodes.peers import HERE, Kept, free_port, node
from support.records import QUIET, new_instance

OURS, THEIRS, NOWHERE = "2.25.1", "2.25.2", "2.25.3"
"""An object that the asker sent, one that another node sent, and one that nobody did."""


@dataclass
class Asker:
    """A PACS that asks; what it hears, and how often it answers that it cannot take a result now."""

    port: int = field(default_factory=free_port)
    results: list[CommitmentResult] = field(default_factory=list)
    says_no: int = 0

    @property
    def node(self) -> DimseNode:
        """As the gateway knows it."""
        return node("hospital-pacs", "ASKER", self.port)

    @contextmanager
    def listening(self, *, takes_results: bool = True) -> Iterator[None]:
        """While it can be called."""
        us = NodeDirectory([node("gateway", "GATEWAY", 4242)])
        hear = self._hear if takes_results else None
        receiver = Receiver("ASKER", HERE, self.port, lambda: us, Kept(), on_commitment=hear)
        receiver.start()
        try:
            yield
        finally:
            receiver.stop(1.0)

    def _hear(self, result: CommitmentResult) -> None:
        if self.says_no:
            self.says_no -= 1
            raise OSError("a processing failure")
        self.results.append(result)


@dataclass
class Worker:
    """The worker of the gateway that was asked, on records of its own."""

    bench: Bench
    asker: Asker

    def know(self, *nodes: Node) -> None:
        """What nodes.yaml holds from now on."""
        self.bench.use(directory=lambda: NodeDirectory(nodes))

    def owe(self, *uids: str, sop_class: str = MRImageStorage) -> None:
        """The asker asked about these."""
        wanted = tuple((str(sop_class), uid) for uid in uids)
        request = ledger.NewOwed("hospital-pacs", "ASKER", "2.25.9001", wanted)
        assert ledger.owe_result(self.bench.context.database, request) is None

    @property
    def row(self) -> ResultRow:
        """What is owed."""
        with self.bench.context.database.read() as session:
            [row] = commitment_rows.newest(session)
        return row


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """A worker that knows the asker, and has an object of it and one of another node."""
    asker = Asker()
    with bench(tmp_path) as opened:
        sent = (
            new_instance(1, sop_instance_uid=OURS),
            new_instance(2, sop_instance_uid=THEIRS, sender="other"),
        )
        ledger.keep_instances(opened.context.database, sent, QUIET)
        found = Worker(opened, asker)
        found.know(asker.node)
        yield found


def test_a_node_is_told_of_its_own_objects_alone(worker: Worker) -> None:
    """What another node sent is as little here for it as what nobody sent: 0112, no such object instance."""
    with worker.asker.listening():
        worker.owe(OURS, THEIRS, NOWHERE)
        worker.bench.run(ROWS_MAY_FOLLOW.total_seconds())
    failed = ((THEIRS, 0x0112), (NOWHERE, 0x0112))
    assert worker.asker.results == [CommitmentResult("2.25.9001", "gateway", (OURS,), failed)]
    assert (worker.row.state, worker.row.objects, worker.row.kept) == ("REPORTED", 3, 1)


def test_an_object_under_another_class_is_no_promise(worker: Worker) -> None:
    """0119, class and instance conflict: it is here, but it is not what was asked about."""
    with worker.asker.listening():
        worker.owe(OURS, sop_class=SecondaryCaptureImageStorage)
        worker.bench.run(2)
    failed = ((OURS, 0x0119),)
    assert worker.asker.results == [CommitmentResult("2.25.9001", "gateway", (), failed)]
    assert worker.row.kept == 0


def test_what_was_acknowledged_a_moment_ago_is_waited_for(worker: Worker) -> None:
    """Its row may follow; until then nothing is said, and then that it is kept."""
    with worker.asker.listening():
        worker.owe(OURS, NOWHERE)
        for _ in range(3):
            worker.bench.run(2)
        assert worker.asker.results == []
        late = new_instance(3, sop_instance_uid=NOWHERE)
        ledger.keep_instances(worker.bench.context.database, [late], QUIET)
        worker.bench.run(2)
    assert worker.asker.results == [CommitmentResult("2.25.9001", "gateway", (OURS, NOWHERE), ())]


def test_a_result_that_is_not_taken_is_reported_again(worker: Worker) -> None:
    """Nobody there, then a processing failure twice: pauses that grow, and the result in the end, once."""
    worker.owe(OURS)
    worker.bench.run(2)
    assert (worker.row.state, worker.row.attempts, worker.row.problem) == ("OWED", 1, "")
    assert "hospital-pacs" in worker.row.waiting_for
    worker.asker.says_no = 2
    with worker.asker.listening():
        for _ in range(20):
            worker.bench.run(60)
    assert worker.asker.results == [CommitmentResult("2.25.9001", "gateway", (OURS,), ())]
    assert worker.row.state == "REPORTED"


def test_a_node_that_takes_no_result_is_a_matter_for_a_person(worker: Worker) -> None:
    """No presentation context for it: parked with the fix; after it was mended there, a retry tells it."""
    worker.owe(OURS)
    with worker.asker.listening(takes_results=False):
        worker.bench.run(2)
    assert "does not take the answer" in worker.row.problem
    assert worker.row.fix
    with worker.asker.listening():
        ledger.retry(worker.bench.context.database, "result", worker.row.id, "admin")
        worker.bench.run(1)
    assert len(worker.asker.results) == 1


@pytest.mark.parametrize("now", ["gone", "web"])
def test_a_node_that_cannot_be_called_is_a_matter_for_a_person(worker: Worker, now: str) -> None:
    """Taken out of nodes.yaml, or there by DICOMweb alone: said with what to do, and sent once that is done."""
    web = DicomWebNode("hospital-pacs", "https://pacs.example", frozenset({Role.SENDER}))
    worker.owe(OURS)
    worker.know(*([web] if now == "web" else []))
    worker.bench.run(2)
    assert "hospital-pacs" in worker.row.problem
    assert "nodes.yaml" in f"{worker.row.problem} {worker.row.fix}"
    worker.know(worker.asker.node)
    with worker.asker.listening():
        ledger.retry(worker.bench.context.database, "result", worker.row.id, "admin")
        worker.bench.run(1)
    assert len(worker.asker.results) == 1


NODES = """\
nodes:
  - {{name: hospital-pacs, kind: dimse, ae_title: ASKER, host: 127.0.0.1, port: {port}, roles: [sender], site: here}}
"""


def settings_of(folder: Path, asker: Asker) -> Settings:
    """A gateway on the records of the bench of this folder, that knows the asker."""
    (folder / "nodes.yaml").write_text(NODES.format(port=asker.port), encoding="utf-8")
    url = f"sqlite:///{folder}/bench.sqlite"
    storage = {"database": url, "objects": folder / "objects", "keys": folder / "keys", "min_free_mb": 0}
    files = {"nodes": folder / "nodes.yaml"}
    return Settings.model_validate({"dicom": {"port": 0}, "storage": storage, "files": files})


def ask(settings: Settings) -> None:
    """A receiver of that gateway keeps an object, is asked about it and is gone."""
    gateway = open_gateway(settings)
    asked = open_receiver(gateway)
    asked.start()
    wanted = [InstanceReference(MRImageStorage, OURS)]
    try:
        ledger.keep_instances(gateway.database, [new_instance(1, sop_instance_uid=OURS)], QUIET)
        us = node("us", "GATEWAY", asked.port)
        assert request_commitment(us, "2.25.7", wanted, calling_ae_title="ASKER", wait_s=0) is None
    finally:
        asked.stop(0.0)
        gateway.intake.close()
        gateway.database.close()


def work(folder: Path, asker: Asker, after_s: float = 60) -> list[str]:
    """A worker of that gateway does what is due after that time; the states of what is owed afterwards."""
    with bench(folder) as later:
        later.clock.time = datetime.now(UTC)
        later.use(directory=lambda: NodeDirectory((asker.node,)))
        later.run(after_s)
        with later.context.database.read() as session:
            return [row.state for row in commitment_rows.newest(session)]


TOLD = CommitmentResult("2.25.7", "gateway", (OURS,), ())


def test_a_restart_between_request_and_result_loses_nothing(tmp_path: Path) -> None:
    """The receiver that was asked is gone; a worker that starts later tells the asker, once for two equal requests."""
    asker = Asker()
    settings = settings_of(tmp_path, asker)
    for _ in range(2):  # it did not hear the first Success
        ask(settings)
    assert asker.results == []
    with asker.listening():
        assert work(tmp_path, asker) == work(tmp_path, asker) == ["REPORTED"]
    assert asker.results == [TOLD]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_each_commit_loses_no_result(tmp_path: Path, when: str) -> None:
    """Of the request: it is owed from the commit on, and was no Success before. Of the result: it is told again."""
    asker, markers = Asker(), tmp_path / "markers"
    settings = settings_of(tmp_path, asker)
    assert killed_at(f"owe_result:{when}", markers, lambda: ask(settings))
    if when == "before":
        assert work(tmp_path, asker) == []
        ask(settings)
    with asker.listening():
        assert killed_at(f"advance-OWED-REPORTED:{when}", markers, lambda: work(tmp_path, asker))
        assert work(tmp_path, asker, after_s=3600) == ["REPORTED"]  # the lease of the dead one has ended
    assert asker.results == [TOLD] * (2 if when == "before" else 1)
