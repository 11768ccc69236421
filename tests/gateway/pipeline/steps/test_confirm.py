"""Is the report safe at the sender: commitment, else a query, else what nodes.yaml says; an explicit no is no yes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from dicom_nodes.commitment import CommitmentResult, report_commitment
from dicom_nodes.errors import RequestRefused
from dicom_nodes.node import ConfirmsBy, DicomWebNode, Role, ServiceAddress
from dicom_nodes.outcomes import A_FEW
from dicom_nodes.scp.receiver import Receiver
from gateway.pipeline.steps.confirm import MOST_FAILURES, MOST_REFUSALS
from gateway.privacy.schemes import Scheme
from gateway.records.tables.commitments import Commitment
from gateway.records.views import case_rows
from support.nodes.peers import HERE, Kept, PretendPacs, free_port, node, orthanc, receiver
from support.nodes.returning import SENDER, Returning, returning
from support.nodes.stow_server import StowServer


def _keeping(pacs: PretendPacs, status: Callable[[Any], int] = lambda _event: 0) -> PretendPacs:
    """What it stores, a query finds."""

    def keep(event: Any) -> int:
        answered = status(event)
        if answered == 0:
            ds = event.dataset
            pacs.headers[str(ds.SOPInstanceUID)] = (str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID))
        return answered

    pacs.store_status = keep
    return pacs


def _how(report: Returning) -> dict[str, Any]:
    """How the journal says that it is known to be safe."""
    assert (report.case.state, report.case.problem) == ("CONFIRMED", "")
    [how] = [line for line in report.journal if "how" in line]
    return how


def test_a_commitment_on_the_same_association_confirms(tmp_path: Path) -> None:
    """The first and strongest proof; no query is asked."""
    with PretendPacs(commits="same", queries=False) as pacs, returning(tmp_path, pacs.node) as report:
        report.until("CONFIRMED")
        assert _how(report)["how"] == "storage commitment"


def test_a_commitment_for_every_page_confirms(tmp_path: Path) -> None:
    """A report that went as images is safe when all of them are."""
    images = [SecondaryCaptureImageStorage]
    with PretendPacs(commits="same", sop_classes=images) as pacs, returning(tmp_path, pacs.node) as report:
        report.until("CONFIRMED")
        assert _how(report)["how"] == "storage commitment"
        assert report.case.returned_as == "capture"
        assert len(pacs.stored) >= 2


@pytest.mark.parametrize("channel", ["same", "new"])
def test_not_there_yet_means_the_same_on_every_association(tmp_path: Path, channel: str) -> None:
    """0112 at first: the object is sent again, which its row says, and asked about again until the PACS commits."""
    sent: list[str] = []
    with PretendPacs(commits=channel) as pacs, returning(tmp_path, pacs.node) as report:
        pacs.store_status = lambda event: sent.append(str(event.request.AffectedSOPInstanceUID)) or 0
        with receiver(Kept(), replace(pacs.node, name=SENDER), on_commitment=report.hear) as us:
            pacs.reports_to = us.port
            pacs.commit_failures.update(dict.fromkeys(_uids(report), 0x0112))
            report.until("RETURNED", step_s=61)
            [first] = report.deliveries
            for _ in range(10):
                report.bench.run(61)
                if len(sent) == 2:
                    break
            assert (report.case.state, report.case.problem) == ("RETURNED", "")
            pacs.commit_failures.clear()
            report.until("CONFIRMED", step_s=61)
            assert _how(report)["how"] == "storage commitment"
            [again] = report.deliveries
            assert again.at > first.at
    assert len(sent) >= 2
    assert len(set(sent)) == 1


def test_an_answer_that_comes_while_we_wait_for_it_is_heard_at_once(tmp_path: Path) -> None:
    """On an association of its own, before the step has ended: the case does not wait for its next look."""
    with PretendPacs(commits="new", queries=False) as pacs, returning(tmp_path, pacs.node) as report:
        asked = replace(pacs.node, name=SENDER)
        with receiver(Kept(), asked, on_commitment=report.hear) as us:
            pacs.reports_to = us.port
            report.bench.run(1000)
        assert _how(report)["how"] == "storage commitment"


def test_the_uid_of_a_request_says_nothing(tmp_path: Path) -> None:
    """Each request has one of its own, kept with the case, and none is derived from the numbers of case and claim."""
    with PretendPacs(commits="never") as pacs, returning(tmp_path, pacs.node) as report:
        for _ in range(20):
            report.bench.run(61)
            if len(report.case.commitment_transactions) >= 2:
                break
        asked = list(report.case.commitment_transactions)
        key = report.bench.context.pseudonym_key
        derived = {
            key.of("hospital", Scheme.FIRST).uid(f"commitment:{report.case_id}:{fence}")
            for fence in range(50)
        }
    assert len(asked) == len(set(asked)) >= 2
    assert not derived & set(asked)


def _uids(report: Returning) -> list[str]:
    """The UIDs of every form."""
    return [file["sop_instance_uid"] for file in report.case.composed.values()]


@pytest.mark.parametrize("found", [True, False])
@pytest.mark.parametrize(("reason", "times"), [(0x0110, MOST_FAILURES), (0x0122, MOST_REFUSALS)])
def test_an_explicit_failure_is_never_overridden_by_a_query(
    tmp_path: Path, found: bool, reason: int, times: int
) -> None:
    """Asked again, a few times; then a person sees what the commitment and what the query says, and has a way out."""
    with PretendPacs(commits="same") as pacs, returning(tmp_path, pacs.node) as report:
        pacs.commit_failures.update(dict.fromkeys(_uids(report), reason))
        report.know((_keeping(pacs) if found else pacs).node)
        case = report.until("CONFIRMED")
        assert case.state == "RETURNED"
        assert f"answered {times} times to storage commitment that it does not keep it" in case.problem
        assert f"(status {reason:04X})" in case.problem
        assert ("A query finds it there." if found else "A query does not find it there.") in case.problem
        assert "commitment: false" in case.fix
        assert len(pacs.report_statuses) == times
        report.know(replace(pacs.node, commitment=False))
        report.retry()
        report.bench.run()
        assert report.case.state == ("CONFIRMED" if found else "RETURNED")


def test_an_object_that_is_missing_is_sent_again_before_a_person_is_asked(tmp_path: Path) -> None:
    """0112 that stays: sent again before each request, and both facts told."""
    sent: list[str] = []
    with PretendPacs(commits="same") as pacs, returning(tmp_path, pacs.node) as report:
        pacs.store_status = lambda event: sent.append(str(event.request.AffectedSOPClassUID)) or 0
        pacs.commit_failures.update(dict.fromkeys(_uids(report), 0x0112))
        report.know(pacs.node)
        case = report.until("CONFIRMED")
        assert "it was sent again before each request. A query does not find it there." in case.problem
    assert len(sent) == MOST_FAILURES


@pytest.mark.parametrize("why", ["no context", "refused", "rejected", "not known", "off"])
def test_without_commitment_a_query_decides(tmp_path: Path, why: str) -> None:
    """Whichever way the PACS says no to commitment: no context, a status, a rejected association, an unknown title."""
    pacs = PretendPacs(commits=None if why in ("no context", "off") else "same")
    if why == "rejected":
        pacs.admit = lambda event: (1, 1, 1) if _proposes(event, "1.2.840.10008.1.20.1") else None
    with _keeping(pacs), returning(tmp_path, pacs.node) as report:
        peer = pacs.node
        if why == "off":
            peer = replace(peer, commitment=False)
        if why == "refused":
            pacs.action_status = 0x0124
        if why == "not known":
            stranger = PretendPacs("STRANGER", rejects=True)
            with stranger:
                report.know(replace(peer, commitment_address=ServiceAddress("STRANGER", HERE, stranger.port)))
                report.until("CONFIRMED", step_s=100)
        else:
            report.know(peer)
            report.until("CONFIRMED", step_s=100)
        how = _how(report)
        assert how["how"] == "found by query"
        assert how["tried"].startswith("storage commitment: ")


def _proposes(event: Any, sop_class: str) -> bool:
    contexts = event.assoc.requestor.primitive.presentation_context_definition_list
    return any(context.abstract_syntax == sop_class for context in contexts)


def test_a_dead_commitment_address_does_not_hold_up_what_a_query_shows(tmp_path: Path) -> None:
    """Trouble is tried a few times; then the other proof is asked for."""
    with _keeping(PretendPacs()) as pacs, returning(tmp_path, pacs.node) as report:
        report.know(replace(pacs.node, commitment_address=ServiceAddress("SC", HERE, free_port())))
        report.bench.run()
        assert "cannot be reached" in report.case.waiting_for
        report.until("CONFIRMED", looks=A_FEW + 2)
        assert _how(report)["how"] == "found by query"


def test_neither_commitment_nor_query_is_told_with_both_answers(tmp_path: Path) -> None:
    """At once, since waiting would change nothing; with `confirms_by: store` its Success is enough."""
    with PretendPacs(queries=False) as pacs, returning(tmp_path, pacs.node) as report:
        report.bench.run()
        case = report.case
        assert "whether it keeps it cannot be learned" in case.problem
        assert "accepts no storage commitment; query: " in case.problem
        assert "does not answer queries" in case.problem
        assert "confirms_by: store" in case.fix
        report.know(replace(pacs.node, confirms_by=ConfirmsBy.STORE))
        report.retry()
        report.bench.run()
        how = _how(report)
        assert how["how"] == "its Success is enough (confirms_by in nodes.yaml)"
        assert "does not answer queries" in how["tried"]


def test_success_is_not_enough_where_the_node_says_no(tmp_path: Path) -> None:
    """`confirms_by: store` does not override an explicit failure, nor a query that does not show the report."""
    with PretendPacs(commits="same", queries=False) as pacs, returning(tmp_path, pacs.node) as report:
        pacs.commit_failures.update(dict.fromkeys(_uids(report), 0x0110))
        report.know(replace(pacs.node, confirms_by=ConfirmsBy.STORE))
        assert "that it does not keep it" in report.until("CONFIRMED").problem
    with PretendPacs() as pacs, returning(tmp_path / "other", pacs.node) as report:
        report.know(replace(pacs.node, confirms_by=ConfirmsBy.STORE))
        assert "a query does not find it" in report.until("CONFIRMED").problem


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_web_node_is_asked_by_query(tmp_path: Path, status: int) -> None:
    """Found; no such service and so a person (or confirms_by: store); too busy and so later."""
    with StowServer(lambda _parts: (200, b""), search_status=status) as server:
        web = DicomWebNode("web", server.url, frozenset({Role.ARCHIVE}))
        with returning(tmp_path, web) as report:
            server.instances += _uids(report)
            report.know(web)
            report.bench.run(1000)
            case = report.case
            assert case.state == ("CONFIRMED" if status == 200 else "RETURNED")
            assert bool(case.problem) == (status == 404)
            if status == 404:
                assert "storage commitment: DICOMweb has none; query: " in case.problem
                report.know(replace(web, confirms_by=ConfirmsBy.STORE))
                report.retry()
                report.bench.run()
                assert report.case.state == "CONFIRMED"


@dataclass
class Asked:
    """The PACS was asked for commitment, took the request, and is silent; others may speak in its place."""

    report: Returning
    us: Receiver

    @property
    def answers(self) -> list[Commitment]:
        """The rows of the requests, as they are."""
        with self.report.bench.context.database.read() as session:
            return case_rows.commitments(session, list(self.report.case.commitment_transactions))

    def say(self, title: str, transaction: str, *uids: str) -> int:
        """Somebody with that AE title commits to these objects; the status it is answered."""
        result = CommitmentResult(transaction, "us", uids, ())
        try:
            report_commitment(node("us", "GATEWAY", self.us.port), result, {}, calling_ae_title=title)
        except RequestRefused as refused:
            return refused.status
        return 0x0000


@contextmanager
def _asked(folder: Path) -> Iterator[Asked]:
    """Three nodes: the PACS with a title of its own for reports of commitment, another hospital's, and a scanner."""
    with PretendPacs(commits="never") as pacs, returning(folder, pacs.node) as report:
        asked = replace(pacs.node, name=SENDER, commitment_results_from=("PACS_SC",))
        nodes = (asked, node("other-pacs", "OTHER", 1), node("scanner", "MR1", 1))
        report.know(asked)
        with receiver(Kept(), *nodes, on_commitment=report.hear, refused=report.turned_away) as us:
            for _ in range(20):
                report.bench.run(61)
                if report.case.commitment_transactions:
                    break
            yield Asked(report, us)


def test_only_the_node_that_was_asked_may_confirm(tmp_path: Path) -> None:
    """A forged result of a third node, and one of the right node under the wrong title, are refused, counted and shown.

    The right node's own result, under the title that it reports with, confirms afterwards.
    """
    with _asked(tmp_path) as asked:
        [transaction] = asked.report.case.commitment_transactions
        uids = asked.answers[0].asked
        for title in ("OTHER", "MR1", "PACS", "OTHER"):
            assert asked.say(title, transaction, *uids) == 0x0115
        asked.report.bench.run(61)
        assert (asked.report.case.state, asked.answers[0].answered_at) == ("RETURNED", None)
        with asked.report.bench.context.database.read() as session:
            told = {(row.node, row.times): row.why for row in case_rows.refusals(session)}
        assert set(told) == {("other-pacs", 2), ("scanner", 1), (SENDER, 1)}
        assert all(f"in the place of node {SENDER!r}" in why for why in told.values())
        assert not any(uid in why for why in told.values() for uid in [transaction, *uids])
        assert asked.say("PACS_SC", transaction, *uids) == 0x0000
        asked.report.until("CONFIRMED")
        assert _how(asked.report)["how"] == "storage commitment"


def test_a_result_that_nobody_asked_for_changes_nothing(tmp_path: Path) -> None:
    """Another transaction, objects beside those asked about, and the replay of an old result about another report."""
    with _asked(tmp_path) as asked:
        [transaction] = asked.report.case.commitment_transactions
        uids = asked.answers[0].asked
        assert asked.say("PACS_SC", "2.25.404", *uids) == 0x0115
        assert asked.say("PACS_SC", transaction, *uids, "2.25.405") == 0x0115
        assert [row.answered_at for row in asked.answers] == [None]
        with asked.report.bench.context.database.write("test") as session:
            old = session.get_one(Commitment, transaction)
            old.asked = ["2.25.1"]  # it was about an earlier form of the report
        assert asked.say("PACS_SC", transaction, "2.25.1") == 0x0000
        for _ in range(3):
            asked.report.bench.run(3600)
            assert asked.say("PACS_SC", transaction, "2.25.1") == 0x0000
        assert asked.report.case.state == "RETURNED"


def test_a_request_that_was_taken_is_waited_for(tmp_path: Path) -> None:
    """A retry and a wake ask nobody anew; time does, each time after twice as long, until the answer comes."""
    with _asked(tmp_path) as asked:
        began = asked.answers[0].asked_at
        for _ in range(5):
            asked.report.retry()
            asked.report.bench.run(1)
        assert len(asked.answers) == 1
        for _ in range(40):
            asked.report.bench.run(30)
        times = sorted(row.asked_at for row in asked.answers)
        assert times[0] == began
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
        assert [60 * 2**n <= gap <= 60 * 2**n + 30 for n, gap in enumerate(gaps)] == [True] * 4


@pytest.mark.orthanc
def test_orthanc_commits_at_its_own_pace(tmp_path: Path) -> None:
    """A real archive that reports on a new association."""
    folder = tmp_path / "orthanc"
    folder.mkdir()
    port = free_port()
    with orthanc(folder, gateway_port=port) as server, returning(tmp_path, server.node) as report:
        asked = replace(server.node, name=SENDER)
        with receiver(Kept(), asked, on_commitment=report.hear, port=port):
            report.until("CONFIRMED", step_s=61)
        assert _how(report)["how"] == "storage commitment"
