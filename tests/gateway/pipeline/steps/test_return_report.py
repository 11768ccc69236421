"""The report goes back in the richest form that the sender's PACS takes, whichever way it says no to the others."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import (
    BasicTextSRStorage,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    MRImageStorage,
    SecondaryCaptureImageStorage,
)
from sqlmodel import select

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.node import ConfirmsBy, DicomWebNode, DimseNode, Role, Site
from dicom_nodes.outcomes import A_FEW
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from support.nodes.odd_peer import abort
from support.nodes.peers import HERE, PretendPacs, dcmrecv, free_port, node, storescp
from support.nodes.returning import SENDER, returning
from support.nodes.stow_server import StowServer

SRS = frozenset({EnhancedSRStorage, ComprehensiveSRStorage, BasicTextSRStorage})
REPORTS = SRS | {EncapsulatedPDFStorage, SecondaryCaptureImageStorage}


def _answers(status: int, *to: str) -> Any:
    """`status` to these SOP classes, Success to all others."""
    return lambda event: status if event.request.AffectedSOPClassUID in to else 0


def _rejects(result: tuple[int, int, int], *classes: str) -> Any:
    """A-ASSOCIATE-RJ where one of these SOP classes is proposed."""

    def admit(event: Any) -> tuple[int, int, int] | None:
        proposed = event.assoc.requestor.primitive.presentation_context_definition_list
        return result if {str(context.abstract_syntax) for context in proposed} & set(classes) else None

    return admit


@pytest.mark.parametrize(
    ("status", "refused", "taken"),
    [
        (0xA900, [EnhancedSRStorage], "comprehensive"),
        (0xC000, [EnhancedSRStorage, ComprehensiveSRStorage], "basic"),
        (0x0122, SRS, "pdf"),
        (0x0119, SRS | {EncapsulatedPDFStorage}, "capture"),
    ],
)
def test_a_refusal_of_one_form_leads_to_the_next(
    tmp_path: Path, status: int, refused: list[str], taken: str
) -> None:
    """By whatever status the PACS refuses, the next form is offered at once, and the journal tells what was before."""
    with (
        PretendPacs(store_status=_answers(status, *refused)) as pacs,
        returning(tmp_path, pacs.node) as report,
    ):
        report.bench.run()
        assert (report.case.returned_as, report.case.problem) == (taken, "")
        [before] = [line["before"] for line in report.journal if "before" in line]
        assert before.count(f"(status {status:04X})") == len(refused)


@pytest.mark.parametrize("how", [(1, 1, 1), (1, 2, 1)])
def test_an_association_rejected_for_what_it_proposes_leads_to_the_next_form(
    tmp_path: Path, how: tuple[int, int, int]
) -> None:
    """A permanent rejection without a reason may mean the proposal; another is made."""
    with PretendPacs(admit=_rejects(how, *SRS)) as pacs, returning(tmp_path, pacs.node) as report:
        report.bench.run()
        assert (report.case.returned_as, report.case.problem) == ("pdf", "")


def test_a_context_that_is_not_accepted_leads_to_the_next_form(tmp_path: Path) -> None:
    """A PACS that takes MR images and PDF gets the PDF."""
    with (
        PretendPacs(sop_classes=[MRImageStorage, EncapsulatedPDFStorage]) as pacs,
        returning(tmp_path, pacs.node) as report,
    ):
        report.bench.run()
        assert (report.case.returned_as, report.case.problem) == ("pdf", "")


def _trusted(peer: DimseNode) -> DimseNode:
    """It offers neither commitment nor queries, and nodes.yaml says that its Success is enough."""
    return replace(peer, confirms_by=ConfirmsBy.STORE)


@pytest.mark.dcmtk
def test_dcmrecv_that_takes_mr_and_pdf_gets_the_pdf(tmp_path: Path) -> None:
    """DCMTK's dcmrecv rejects an association of which it accepts no context; the next form is offered at once."""
    into = tmp_path / "received"
    with (
        dcmrecv(into, MRImageStorage, EncapsulatedPDFStorage) as peer,
        returning(tmp_path, _trusted(peer)) as report,
    ):
        report.bench.run()
        assert (report.case.state, report.case.returned_as) == ("CONFIRMED", "pdf"), report.case.problem
        assert len(list(into.iterdir())) == 1


@pytest.mark.dcmtk
def test_dcmrecv_that_takes_images_only_gets_the_printed_pages(tmp_path: Path) -> None:
    """The last form is images: every archive takes those."""
    into = tmp_path / "received"
    with dcmrecv(into, SecondaryCaptureImageStorage) as peer, returning(tmp_path, _trusted(peer)) as report:
        report.bench.run()
        assert (report.case.state, report.case.returned_as) == ("CONFIRMED", "capture"), report.case.problem
        pages = [name for name in report.case.composed if name.startswith("capture")]
        assert len(list(into.iterdir())) == len(pages) >= 1


@pytest.mark.dcmtk
def test_storescp_gets_the_richest_form(tmp_path: Path) -> None:
    """DCMTK's storescp takes everything."""
    into = tmp_path / "received"
    into.mkdir()
    with storescp(into) as peer, returning(tmp_path, peer) as report:
        report.bench.run()
        assert report.case.returned_as == "enhanced"


def test_a_processing_failure_is_tried_a_few_times_and_then_in_another_form(tmp_path: Path) -> None:
    """0110 may pass; if it does not, the form is at fault, and the next is offered."""
    asked: list[str] = []

    def status(event: Any) -> int:
        asked.append(str(event.request.AffectedSOPClassUID))
        return 0x0110 if asked[-1] == EnhancedSRStorage else 0

    with PretendPacs(store_status=status) as pacs, returning(tmp_path, pacs.node) as report:
        report.bench.run()
        assert report.case.state == "COMPOSED"
        assert "Enhanced SR: processing failure" in report.case.waiting_for
        assert report.until("RETURNED").returned_as == "comprehensive"
    assert asked == [EnhancedSRStorage] * A_FEW + [ComprehensiveSRStorage]


def test_a_pacs_that_was_down_for_long_still_has_its_few_tries(tmp_path: Path) -> None:
    """Tries that met nobody do not count: the richest form is not given up for them."""
    port = free_port()
    asked: list[str] = []

    def status(event: Any) -> int:
        asked.append(str(event.request.AffectedSOPClassUID))
        return 0x0110 if len(asked) == 1 else 0

    with returning(tmp_path, node("pacs", "PACS", port)) as report:
        for _ in range(A_FEW + 2):
            report.bench.run(1000)
        assert (report.case.state, report.case.problem) == ("COMPOSED", "")
        assert "cannot be reached" in report.case.waiting_for
        with PretendPacs(port=port, store_status=status):
            assert report.until("RETURNED").returned_as == "enhanced"


def test_out_of_resources_waits_with_the_same_form(tmp_path: Path) -> None:
    """A full disk has nothing to do with the form."""
    asked: list[str] = []

    def status(event: Any) -> int:
        asked.append(str(event.request.AffectedSOPClassUID))
        return 0xA700 if len(asked) < 8 else 0

    with PretendPacs(store_status=status) as pacs, returning(tmp_path, pacs.node) as report:
        assert report.until("RETURNED").returned_as == "enhanced"
    assert set(asked) == {EnhancedSRStorage}


def test_a_node_that_does_not_know_us_is_a_matter_for_a_person_at_once(tmp_path: Path) -> None:
    """No other form would change that; the fix names our title."""
    with PretendPacs(rejects=True) as pacs, returning(tmp_path, pacs.node) as report:
        report.bench.run()
        case = report.case
        assert "does not know our AE title 'GATEWAY'" in case.problem
        assert "Have 'GATEWAY' and this host's address added there." in case.fix
        assert len(pacs.proposals) == 1


def test_when_nothing_is_taken_every_form_and_answer_is_named(tmp_path: Path) -> None:
    """Five forms with five answers, a fix, and after a person's retry with the cause mended the richest form."""
    said = {
        EnhancedSRStorage: 0x0122,
        ComprehensiveSRStorage: 0xA900,
        BasicTextSRStorage: 0xC001,
        EncapsulatedPDFStorage: 0xA901,
        SecondaryCaptureImageStorage: 0x0122,
    }
    with (
        PretendPacs(store_status=lambda event: said.get(event.request.AffectedSOPClassUID, 0)) as pacs,
        returning(tmp_path, pacs.node) as report,
    ):
        report.bench.run()
        problem = report.case.problem
        for form, status in (
            ("Enhanced SR", "0122"),
            ("Comprehensive SR", "A900"),
            ("Basic Text SR", "C001"),
            ("Encapsulated PDF", "A901"),
            ("Secondary Capture", "0122"),
        ):
            assert f"(status {status})" in problem.split(form, 1)[1].split(";")[0], problem
        assert "Then retry the case" in report.case.fix
        said.clear()
        report.retry()
        report.bench.run()
        assert (report.case.returned_as, report.case.problem) == ("enhanced", "")


@contextmanager
def _breaking_off(classes: frozenset[str], then: int) -> Iterator[int]:
    """A port that answers A-ABORT to an association that proposes one of the classes; else it hands on to `then`."""
    listening = socket.create_server((HERE, 0))

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(sock: socket.socket) -> None:
        with sock:
            head = sock.recv(65536)
            if any(uid.encode() + b"\0" in head or uid.encode() + b"@" in head for uid in classes):
                sock.sendall(abort(2, 0))
                time.sleep(0.2)
                return
            with socket.create_connection((HERE, then)) as further:
                further.sendall(head)
                back = threading.Thread(target=copy, args=(further, sock), daemon=True)
                back.start()
                copy(sock, further)
                back.join(5)

    def accept() -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def test_a_pacs_that_breaks_off_at_a_form_gets_another_after_a_few_tries(tmp_path: Path) -> None:
    """A-ABORT instead of an answer to the association request, each time an SR is proposed."""
    with (
        PretendPacs() as pacs,
        _breaking_off(SRS, pacs.port) as port,
        returning(tmp_path, node("pacs", "PACS", port)) as report,
    ):
        report.bench.run()
        assert "broke off the association request (A-ABORT)" in report.case.waiting_for
        assert report.until("RETURNED").returned_as == "pdf"


def test_a_pacs_that_is_silent_about_a_form_gets_another_after_a_few_tries(tmp_path: Path) -> None:
    """It takes the SR and never answers: after a few tries the next form is offered."""

    def status(event: Any) -> int:
        if event.request.AffectedSOPClassUID == EnhancedSRStorage:
            time.sleep(3)
        return 0

    with PretendPacs(store_status=status) as pacs, returning(tmp_path, pacs.node) as report:
        report.bench.run()
        assert report.case.state == "COMPOSED"
        assert report.until("RETURNED").returned_as == "comprehensive"


@pytest.mark.parametrize(
    ("status", "state", "problem"),
    [(415, "COMPOSED", True), (401, "COMPOSED", True), (503, "COMPOSED", False)],
)
def test_a_web_node_is_judged_by_the_same_table(
    tmp_path: Path, status: int, state: str, problem: bool
) -> None:
    """STOW-RS: refused for the form, refused by the node, too busy."""
    with StowServer(lambda _parts: (status, b"")) as server:
        web = DicomWebNode("web", server.url, frozenset({Role.ARCHIVE}))
        with returning(tmp_path, web) as report:
            report.bench.run()
            assert (report.case.state, bool(report.case.problem)) == (state, problem)
            offered = len(server.requests)
    # Four forms of one object each, then the pages: together, and each alone.
    assert offered == {415: 4 + 3, 401: 1, 503: 1}[status]
    assert f"HTTP {status}" in report.case.problem + report.case.waiting_for


def _site(archive: DimseNode, *, sender: bool = True) -> NodeDirectory:
    """The site of the study: its archive, and the scanner that sent it unless it is taken out."""
    scanner = DimseNode(SENDER, "SCANNER", HERE, 1, frozenset({Role.SENDER}), site="hospital")
    kept = replace(archive, name="archive", site="hospital", roles=frozenset({Role.ARCHIVE}))
    return NodeDirectory((scanner, kept) if sender else (kept,))


def test_the_report_goes_to_the_archive_of_the_site_whoever_sent_the_study(tmp_path: Path) -> None:
    """A scanner sent it: its report is where the site's reports are, and that archive is asked whether it keeps it."""
    with PretendPacs(commits="same") as pacs, returning(tmp_path, pacs.node) as report:
        directory = _site(pacs.node)
        report.bench.use(directory=lambda: directory)
        case = report.until("CONFIRMED")
        assert (case.state, case.returns_to, case.problem) == ("CONFIRMED", "archive", "")
        assert len(pacs.stored) == 1


def test_a_report_for_nobody_parks_and_goes_once_the_site_has_an_archive(tmp_path: Path) -> None:
    """Not silent, and not for ever: the fix names the line to write, and a retry sends it."""
    with PretendPacs(commits="same") as pacs, returning(tmp_path, pacs.node) as report:
        report.bench.use(directory=NodeDirectory)
        report.bench.run()
        case = report.case
        assert (case.state, case.returns_to) == ("COMPOSED", "")
        assert "no archive" in case.problem
        assert "returns_to" in case.fix
        directory = _site(pacs.node, sender=False)
        report.bench.use(directory=lambda: directory)
        report.retry()
        assert report.until("CONFIRMED").state == "CONFIRMED"


def test_where_it_went_is_asked_and_not_where_it_would_go_now(tmp_path: Path) -> None:
    """nodes.yaml that changes between the return and the confirmation moves no question to a node that has nothing."""
    with PretendPacs(commits="never", queries=False) as pacs, returning(tmp_path, pacs.node) as report:
        before = _site(pacs.node)
        report.bench.use(directory=lambda: before)
        assert report.until("RETURNED").returns_to == "archive"
        other = replace(pacs.node, name="other", site="hospital", port=1)
        after = NodeDirectory((*before, other), (Site("hospital", "other"),))
        report.bench.use(directory=lambda: after)
        report.bench.run(1000)
        assert report.case.waiting_for.startswith("archive has not answered")


def test_a_report_that_nobody_would_get_is_not_built(tmp_path: Path) -> None:
    """Its case parks before the identity is read back for it."""
    with returning(tmp_path, DimseNode("none", "NONE", HERE, 1, frozenset({Role.ARCHIVE}))) as report:
        database = report.bench.context.database
        with database.write("test") as session:
            case = session.get_one(Case, 1)
            case.state, case.composed, case.problem, case.fix = "REPORTED", {}, "", ""
            case.look_again_at = database.now(session)
            read = len(session.exec(select(AuditEvent).where(AuditEvent.action == "identity read")).all())
        report.bench.use(directory=NodeDirectory)
        report.bench.run(1)
        assert (report.case.state, report.case.composed) == ("REPORTED", {})
        assert "returns_to" in report.case.fix
        with database.read() as session:
            again = session.exec(select(AuditEvent).where(AuditEvent.action == "identity read")).all()
        assert len(again) == read


@pytest.mark.parametrize(("earlier", "told"), [("old-pacs", True), ("archive", False), ("", False)])
def test_a_corrected_report_says_where_the_one_it_replaces_still_is(
    tmp_path: Path, earlier: str, told: bool
) -> None:
    """When the site's reports go to another node since: nobody there hears of the correction by itself."""
    with PretendPacs() as pacs, returning(tmp_path, pacs.node) as report:
        with report.bench.context.database.write("test") as session:
            session.get_one(Case, 1).predecessor = {"node": earlier} if earlier else {}
        directory = _site(pacs.node)
        report.bench.use(directory=lambda: directory)
        report.until("RETURNED")
        replaced = [line["replaces"] for line in report.journal if "replaces" in line]
        assert [earlier in text for text in replaced] == [True] * told
