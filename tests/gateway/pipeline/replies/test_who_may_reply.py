"""What comes back is restored only from a node that was asked; what is held goes on once the rule names its node."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.instance import read_instance
from dicom_nodes.node import DimseNode, Role
from gateway.intake import SUCCESS
from gateway.records import ledger
from gateway.records.step_record import NewDelivery
from gateway.records.tables.cases import Case, Reply
from gateway.records.views import reply_rows
from routing_rules.rule_files import rules_from_text
from support.engine import RULE, Bench, bench, scans
from support.nodes import replies

READER = frozenset({Role.READER})
PACS = DimseNode(
    "hospital-pacs", "HOSPITAL", "127.0.0.1", 1, frozenset({Role.SENDER, Role.ARCHIVE}), site="hospital"
)
"""Where what is restored would go; nobody answers there."""


def sent_back(worker: Bench, node: str) -> None:
    """A node that reads sends an SR about the copies of the first case."""
    buffer = BytesIO()
    replies.sr(worker.copies()).save_as(buffer, enforce_file_format=True)
    received = read_instance(
        buffer.getvalue(),
        calling_ae_title="READING",
        called_ae_title="GATEWAY",
        peer_address="127.0.0.1",
        association_id="r",
        node=node,
        received_by="c-store",
    )
    assert worker.intake.keep(received, site="reading", roles=READER).status == SUCCESS
    worker.run()


def reply_of(worker: Bench) -> Reply:
    """The object as it is."""
    with worker.context.database.read() as session:
        return reply_rows.reply(session, 1)


def tried_again(worker: Bench) -> Reply:
    """After a person pressed the button."""
    ledger.retry(worker.context.database, "reply", 1, "lead")
    worker.run()
    return reply_of(worker)


@pytest.mark.parametrize("destination", ["", "reading-site"])
def test_an_object_of_a_node_that_nobody_asked_is_held_until_its_rule_names_it(
    tmp_path: Path, destination: str
) -> None:
    """It changes nothing by itself; the way out that it names is one."""
    with bench(tmp_path) as worker:
        nodes = [
            DimseNode(name, name.upper()[:16], "127.0.0.1", 1, READER) for name in ("reading-site", "other")
        ]
        worker.use(directory=lambda: NodeDirectory((PACS, *nodes)))
        worker.keep(scans())
        case = worker.settled()
        with worker.context.database.write("test") as session:
            row = session.get_one(Case, case.id)
            row.destination, row.state = destination, "FORWARDED"
        sent_back(worker, "other")
        held = reply_of(worker)
        assert (held.state, held.case_id, held.study_id) == ("RECEIVED", None, None)
        assert "other" in held.problem
        assert "replies_from of rule by-address" in held.fix
        assert tried_again(worker).problem == held.problem
        named = rules_from_text(f"{RULE}    replies_from: [other]\n")
        worker.use(rules=lambda: named)
        restored = tried_again(worker)
        assert (restored.state, restored.case_id) == ("RESTORED", case.id)


def test_a_destination_answers_once_it_was_sent_something(tmp_path: Path) -> None:
    """A case that did not reach it yet has nothing to be answered."""
    with bench(tmp_path) as worker:
        reader = DimseNode("reading-site", "READING", "127.0.0.1", 1, READER)
        worker.use(directory=lambda: NodeDirectory((PACS, reader)))
        worker.keep(scans())
        case = worker.settled()
        with worker.context.database.write("test") as session:
            row = session.get_one(Case, case.id)
            row.destination, row.state, row.problem = "reading-site", "PREPARED", "the test"
        sent_back(worker, "reading-site")
        assert "was not sent to reading-site" in reply_of(worker).problem
        with worker.context.database.write("test") as session:
            row = session.get_one(Case, case.id)
            row.problem = ""
        claim = ledger.claim_due(worker.context.database, "w", worker.engine._lease, {"case": ("PREPARED",)})
        assert claim is not None
        fact = NewDelivery("forward", "reading-site", "2.25.1", "accepted", 0, "stored")
        assert ledger.note_deliveries(worker.context.database, claim, [fact])
        assert tried_again(worker).state == "RESTORED"
