"""Forwarding: what was taken is not sent again, whatever interrupts it, and a dead node holds up no other."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import DimseNode
from gateway.lifecycle import CaseState, StudyState
from gateway.pipeline.runner.engine import Engine
from gateway.pipeline.runner.peer_limits import PeerLimits
from gateway.pipeline.steps import forward
from gateway.records import ledger
from gateway.records.database import Database
from gateway.records.step_record import NewPreparedInstance, StepRecord
from gateway.records.views import case_rows
from gateway.settings import Settings
from support.engine import Bench, bench
from support.nodes.peers import HERE, PretendPacs, node, wait_until
from support.objects.dicom_files import encoded, mr_dataset
from support.records import LEASE, QUIET, draft, new_instance

BEFORE = {"study": ("RECEIVED", "COMPLETED"), "case": ("MATCHED",)}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Bench]:
    """An engine whose time-outs are longer than any test waits."""
    with bench(tmp_path) as opened:
        limits = {"study": {"quiet_period": 60}, "storage": {"min_free_mb": 0}, "dicom": {"timeout": 30}}
        opened.use(settings=Settings.model_validate(limits))
        yield opened


def _prepared(work: Bench, number: int, destination: str, objects: int = 1) -> int:
    """A case that waits to be forwarded; its number."""
    database, study = work.context.database, f"1.2.{number}"
    ledger.keep_instance(database, new_instance(number=number, study=study), QUIET)
    work.clock.pass_seconds(11)
    copies = []
    for each in range(objects):
        dataset = mr_dataset(number * 1000 + each)
        blob = f"prepared/{dataset.SOPInstanceUID}.dcm"
        work.context.blobs.put(blob, encoded(dataset))
        meta = dataset.file_meta
        copies.append(
            NewPreparedInstance(
                number, dataset.SOPClassUID, dataset.SOPInstanceUID, str(meta.TransferSyntaxUID), blob
            )
        )
    for reached, evidence in (
        (StudyState.COMPLETED, StepRecord()),
        (StudyState.MATCHED, StepRecord(cases=(draft(destination),))),
        (CaseState.PREPARED, StepRecord(prepared=tuple(copies))),
    ):
        claim = ledger.claim_due(database, "test", LEASE, BEFORE)
        assert claim is not None
        assert ledger.advance(database, claim, reached, evidence)
    return claim.id


def _state(database: Database, case_id: int) -> str:
    with database.read() as session:
        return case_rows.case(session, case_id).state


def _knows(work: Bench, *nodes: DimseNode) -> None:
    directory = NodeDirectory(nodes)
    work.use(directory=lambda: directory)


@contextmanager
def _silent(name: str) -> Iterator[DimseNode]:
    """A node whose system takes connections and whose program never says anything."""
    with socket.create_server((HERE, 0), backlog=50) as listening:
        yield node(name, name.upper(), listening.getsockname()[1])


def test_a_node_that_hangs_holds_up_no_other(work: Bench) -> None:
    """Six cases for one silent node and three for another: the three are through while the six still wait."""
    with PretendPacs() as pacs, ExitStack() as engine, _silent("silent") as silent:
        _knows(work, silent, node("good", pacs.ae_title, pacs.port))
        waiting = [_prepared(work, number, "silent") for number in range(1, 7)]
        passing = [_prepared(work, number, "good") for number in range(7, 10)]
        running = Engine(work.context)
        engine.callback(running.stop, 20)  # after the silent node's connections were reset
        running.start()
        database = work.context.database
        wait_until(lambda: {_state(database, each) for each in passing} == {"FORWARDED"}, 20)
        with database.read() as session:
            cases = [case_rows.case(session, each) for each in waiting]
        assert {case.state for case in cases} == {"PREPARED"}
        assert sum(bool(case.lease_owner) for case in cases) == 2
    assert len(pacs.stored) == 3


def test_what_was_taken_is_not_sent_again(work: Bench) -> None:
    """The peer aborts at the third of five; the second try sends the third to the fifth and no other."""
    requests: list[str] = []

    def abort_at_third(event: Any) -> int:
        requests.append(str(event.request.AffectedSOPInstanceUID))
        if len(requests) == 3:
            event.assoc.abort()
        return 0x0000

    with PretendPacs(store_status=abort_at_third) as pacs:
        _knows(work, node("good", pacs.ae_title, pacs.port))
        case_id = _prepared(work, 1, "good", objects=5)
        work.run()
        assert _state(work.context.database, case_id) == "PREPARED"
        work.run(after_s=60)
    assert _state(work.context.database, case_id) == "FORWARDED"
    assert len(requests) == 6
    assert requests[2:] == [requests[2], *requests[2:3], *requests[4:]]
    assert len(pacs.stored) == 5


def test_the_journal_says_what_was_converted(work: Bench) -> None:
    """A peer without the stored transfer syntax gets another one, and a person can read that in the journal."""
    with PretendPacs(syntaxes=[ImplicitVRLittleEndian]) as pacs:
        _knows(work, node("good", pacs.ae_title, pacs.port))
        case_id = _prepared(work, 1, "good", objects=2)
        work.run()
    with work.context.database.read() as session:
        [line] = [line for line in case_rows.journal(session, 1, case_id) if line.reached == "FORWARDED"]
    assert line.detail["objects sent"] == 2
    assert line.detail["answers"] == (
        "2 stored (status 0000); sent as Implicit VR Little Endian, "
        "because the peer does not take Explicit VR Little Endian"
    )


def test_answers_are_remembered_while_the_rest_is_sent(work: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in the middle of a long study repeats little: what the peer took already stands in the records."""
    monkeypatch.setattr(forward, "REMEMBER_EVERY_S", 0.0)
    known: list[int] = []

    def look(_event: Any) -> int:
        with work.context.database.read() as session:
            known.append(len(case_rows.delivered(session, case_id, "forward", "good")))
        return 0x0000

    with PretendPacs(store_status=look) as pacs:
        _knows(work, node("good", pacs.ae_title, pacs.port))
        case_id = _prepared(work, 1, "good", objects=5)
        work.run()
    assert known == [0, 1, 2, 3, 4]
    assert _state(work.context.database, case_id) == "FORWARDED"


def test_a_worker_that_lost_its_claim_stops_sending(work: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another worker has taken the case over, the first one does not go on sending beside it."""
    monkeypatch.setattr(forward, "REMEMBER_EVERY_S", 0.0)
    seen: list[int] = []

    def taken_over_at_second(_event: Any) -> int:
        seen.append(1)
        if len(seen) == 2:
            work.clock.pass_seconds(LEASE.total_seconds() * 2)
            states = {"study": (), "case": ("PREPARED",)}
            assert ledger.claim_due(work.context.database, "other", timedelta(hours=1), states) is not None
        return 0x0000

    with PretendPacs(store_status=taken_over_at_second) as pacs:
        _knows(work, node("good", pacs.ae_title, pacs.port))
        case_id = _prepared(work, 1, "good", objects=5)
        work.run()
    assert len(seen) <= 3
    with work.context.database.read() as session:
        case = case_rows.case(session, case_id)
        assert (case.state, case.problem, case.lease_owner) == ("PREPARED", "", "other")


def test_peers_share_the_workers() -> None:
    """Half for a node that answers, one for a node that failed last, half for all such together."""
    limits = PeerLimits(4)
    steps: list[tuple[Callable[[], None], set[str]]] = [
        (lambda: limits.enter(""), set()),
        (lambda: limits.enter("a"), set()),
        (lambda: limits.enter("a"), {"a"}),
        (lambda: limits.leave("a", answered=False), {"a"}),
        (lambda: limits.enter("b"), {"a"}),
        (lambda: limits.leave("b", answered=False), {"a"}),
        (lambda: limits.enter("b"), {"a", "b"}),
        (lambda: limits.leave("a", answered=False), {"b"}),
        (lambda: limits.enter("c"), {"b"}),
        (lambda: limits.leave("c", answered=False), {"b"}),
        (lambda: limits.enter("c"), {"a", "b", "c"}),
        (lambda: limits.leave("b", answered=True), {"c"}),
        (lambda: limits.enter("b"), {"c"}),
    ]
    for number, (step, full) in enumerate(steps):
        step()
        assert limits.full() == full, number
