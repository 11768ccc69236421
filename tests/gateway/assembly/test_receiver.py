"""The DICOM side as it is put together: what comes is kept for its node's site, who is turned away is told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage
from sqlmodel import select

from dicom_nodes.commitment import (
    CommitmentResult,
    InstanceReference,
    report_commitment,
    request_commitment,
)
from dicom_nodes.errors import AssociationRejected, RequestRefused
from dicom_nodes.outcomes import Outcome
from dicom_nodes.scp.listening import SharedPort, listen
from dicom_nodes.sender import echo, store
from gateway.assembly.gateway import Gateway, open_gateway
from gateway.assembly.receiver import receiver
from gateway.records.commitment_answers import UNKNOWN_TRANSACTION
from gateway.records.tables.commitments import Commitment, OwedResult
from gateway.records.tables.studies import Instance, Study
from gateway.records.views import case_rows
from gateway.settings import Settings
from support.nodes.peers import HERE, node, wait_until
from support.nodes.raw_peer import RawPeer
from support.objects.dicom_files import mr_file

NODES = """\
nodes:
  - {name: pacs, kind: dimse, ae_title: MODALITY, host: 127.0.0.1, port: 104, roles: [sender], site: north}
"""


_WHEN = datetime(2026, 3, 1, tzinfo=UTC)
OWED = {
    "node": "pacs",
    "calling_ae_title": "MODALITY",
    "objects": 1,
    "asked_at": _WHEN,
    "reached_at": _WHEN,
    "look_again_at": _WHEN,
}
"""A result that is owed, without its transaction."""


@contextmanager
def opened(folder: Path, **dicom: object) -> Iterator[Gateway]:
    """A gateway that knows one sender."""
    folder.mkdir(exist_ok=True)
    (folder / "nodes.yaml").write_text(NODES)
    settings = Settings.model_validate(
        {
            "dicom": {"port": 0, **dicom},
            "storage": {
                "database": f"sqlite:///{folder}/gateway.sqlite",
                "objects": folder / "objects",
                "keys": folder / "keys",
                "min_free_mb": 0,
            },
            "files": {"nodes": folder / "nodes.yaml"},
        }
    )
    gateway = open_gateway(settings)
    yield gateway
    gateway.intake.close()
    gateway.database.close()


@pytest.mark.parametrize("called", ["GATEWAY", "PML", "MS"])
def test_what_a_node_sends_belongs_to_its_site(tmp_path: Path, called: str) -> None:
    """Under our title and under every further one that the settings name, with the title that was called."""
    file = mr_file(tmp_path)
    with opened(tmp_path / "gateway", also_called="PML, MS") as gateway:
        receiving = receiver(gateway)
        receiving.start()
        try:
            [outcome] = store(node("us", called, receiving.port), [file], calling_ae_title="MODALITY")
        finally:
            receiving.stop()
        gateway.intake.close()  # its rows are written
        with gateway.database.read() as session:
            study, instance = session.exec(select(Study)).one(), session.exec(select(Instance)).one()
    assert outcome.outcome is Outcome.ACCEPTED
    assert (study.site, study.called_ae_title) == ("north", called)
    assert instance.sop_instance_uid == file.sop_instance_uid


def test_a_caller_that_is_turned_away_is_shown_to_people_with_the_fix(tmp_path: Path) -> None:
    """Its title and address, and what to add where."""
    with opened(tmp_path / "gateway") as gateway:
        receiving = receiver(gateway)
        receiving.start()
        try:
            with pytest.raises(AssociationRejected):
                echo(node("us", "GATEWAY", receiving.port), calling_ae_title="STRANGER")
        finally:
            receiving.stop()
        with gateway.database.read() as session:
            [refusal] = case_rows.refusals(session)
    assert (refusal.calling_ae_title, refusal.address) == ("STRANGER", HERE)
    assert "nodes.yaml" in refusal.fix


def test_a_changed_nodes_file_counts_from_the_next_association(tmp_path: Path) -> None:
    """Without a restart."""
    with opened(tmp_path / "gateway") as gateway:
        receiving = receiver(gateway)
        receiving.start()
        us = node("us", "GATEWAY", receiving.port)
        try:
            (tmp_path / "gateway" / "nodes.yaml").write_text(NODES.replace("MODALITY", "SCANNER"))
            with pytest.raises(AssociationRejected):
                echo(us, calling_ae_title="MODALITY")
            assert echo(us, calling_ae_title="SCANNER") >= 0
        finally:
            receiving.stop()


def test_processes_that_share_a_port_share_the_associations_too(tmp_path: Path) -> None:
    """Each takes its part, rounded up, of those that the settings allow: one more is refused for now."""
    listening = listen(HERE, 0)
    with opened(tmp_path / "gateway", max_associations=3) as gateway:
        receiving = receiver(gateway, SharedPort(listening, 2))
        receiving.start()
        try:
            with RawPeer(receiving.port).associate(), RawPeer(receiving.port).associate():
                wait_until(lambda: receiving.associations == 2)
                with pytest.raises(AssociationRejected, match="limit of associations"):
                    echo(node("us", "GATEWAY", receiving.port), calling_ae_title="MODALITY")
        finally:
            receiving.stop(0.0)
            listening.close()


def _committed(port: int, title: str, result: CommitmentResult) -> int:
    """Somebody reports commitment; the status it is answered."""
    try:
        report_commitment(node("us", "GATEWAY", port), result, {}, calling_ae_title=title)
    except RequestRefused as refused:
        return refused.status
    return 0x0000


def test_who_was_not_asked_is_counted_with_the_fix(tmp_path: Path) -> None:
    """A result that nobody asked for is refused, by sender and without an identifier; it leaves no other row."""
    with opened(tmp_path / "gateway") as gateway:
        receiving = receiver(gateway)
        receiving.start()
        try:
            for _ in range(2):
                result = CommitmentResult("2.25.404", "us", ("2.25.1",), ())
                assert _committed(receiving.port, "MODALITY", result) == 0x0115
        finally:
            receiving.stop()
        with gateway.database.read() as session:
            [refusal] = case_rows.refusals(session)
            assert session.exec(select(Commitment)).all() == []
    assert (refusal.node, refusal.times, refusal.calling_ae_title) == ("pacs", 2, "MODALITY")
    assert refusal.why == UNKNOWN_TRANSACTION.why
    assert not {"2.25.404", "2.25.1"} & set(f"{refusal.why} {refusal.fix}".split())


def test_a_request_for_commitment_is_a_row_before_it_is_success(tmp_path: Path) -> None:
    """With the node that asked; too many, and a transaction in use, are refused and counted for it."""
    first, second = (InstanceReference(MRImageStorage, uid) for uid in ("2.25.1", "2.25.2"))
    with opened(tmp_path / "gateway") as gateway:
        receiving = receiver(gateway)
        receiving.start()
        us = node("us", "GATEWAY", receiving.port)
        ask = partial(request_commitment, us, calling_ae_title="MODALITY", wait_s=0)
        try:
            assert ask("2.25.7", [first]) is None
            with pytest.raises(RequestRefused) as in_use:
                ask("2.25.7", [first, second])
            with gateway.database.write("test") as session:
                session.add_all(
                    OwedResult(transaction_uid=f"2.25.{number}", **OWED) for number in range(100, 599)
                )
            with pytest.raises(RequestRefused) as too_many:
                ask("2.25.8", [first])
        finally:
            receiving.stop()
        with gateway.database.read() as session:
            refusals = {
                (row.node, row.why.split(",")[0].split(":")[0]) for row in case_rows.refusals(session)
            }
            asked = session.exec(select(OwedResult).where(OwedResult.transaction_uid == "2.25.7")).one()
            assert session.exec(select(OwedResult).where(OwedResult.transaction_uid == "2.25.8")).all() == []
    assert (in_use.value.status, too_many.value.status) == (0x0115, 0x0213)
    assert too_many.value.transient
    assert not in_use.value.transient
    assert (asked.node, asked.calling_ae_title, asked.state) == ("pacs", "MODALITY", "OWED")
    assert asked.wanted == [[MRImageStorage, "2.25.1"]]
    assert len(refusals) == 2
