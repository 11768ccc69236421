"""Certificates that end are told by a notice, once a month before and once when they have ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlmodel import select

from dicom_nodes.certificates import of_file
from dicom_nodes.directory import NodeDirectory
from gateway.pipeline.jobs.certificates import watch
from gateway.records import ledger
from gateway.records.tables.administration import Notice
from gateway.records.views import notice_rows
from support.engine import bench
from support.nodes.certificates import Authority
from support.nodes.peers import Kept, node, receiver


def test_what_ends_is_told_once_and_once_more_when_it_has(tmp_path: Path) -> None:
    """Ours, what a node answers with, and what a node called with; of a node that is no more, nothing."""
    authority = Authority(tmp_path)
    theirs, client = authority.settings("theirs", days=400), authority.settings("client", days=400)
    with (
        receiver(Kept(), replace(node("us", "US", 1), certificates=("CN=client",)), tls=theirs) as pacs,
        bench(tmp_path) as gateway,
    ):
        nodes = NodeDirectory(
            (node("pacs", "PACS", pacs.port, tls=client), node("mute", "MUTE", 1, tls=client))
        )
        gateway.use(directory=lambda: nodes)
        assert client.certificate is not None
        [ends] = of_file(client.certificate)
        gateway.clock.time = ends.expires_at - timedelta(days=40)
        database = gateway.context.database
        soon = gateway.clock.time + timedelta(days=20)
        ledger.note_certificates(
            database,
            [
                ledger.NewShown("pacs", "calling", "CN=pacs", "ab" * 32, soon),
                ledger.NewShown("gone", "calling", "CN=gone", "cd" * 32, soon),
            ],
            (),
        )
        for days, told in ((0, 1), (0, 1), (11, 3), (20, 4), (10, 6)):
            gateway.clock.pass_seconds(days * 86400)
            watch(gateway.context)
            with database.read() as session:
                texts = [notice.text for notice in session.exec(select(Notice).order_by(Notice.id))]  # type: ignore[arg-type]
            assert len(texts) == told, (days, texts)
        with database.read() as session:
            shown = {(row.node, row.use): row.subject for row in notice_rows.shown_certificates(session)}
    assert shown[("pacs", "called")] == "CN=theirs"
    assert texts[0].startswith("The certificate of node pacs, CN=pacs ends on ")
    assert not any("gone" in text for text in texts)
    assert sum("ended on" in text for text in texts) == 3
