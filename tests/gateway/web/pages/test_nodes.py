"""The other systems on their page: who is there, who was turned away, and what an echo says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import UnknownNode
from gateway.demo.reading_site import ReadingSite
from gateway.records import ledger
from gateway.records.tables.commitments import OwedResult
from gateway.web.application import create_application
from gateway.web.pages.nodes import ask
from gateway.wrong_configuration import Fault, WrongConfiguration
from support.web_gateway import WebGateway


def page_with(web: WebGateway, nodes: Callable[[], NodeDirectory], *wrong: WrongConfiguration) -> str:
    """The page of nodes as an administrator sees it, with this nodes.yaml, and files that are `wrong`."""
    context = replace(web.context, directory=nodes, wrong_configuration=lambda: wrong)
    application = create_application(context)
    cookies = web.client("admin").cookies

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", cookies=cookies
        ) as client:
            return await client.get("/nodes")

    answer = asyncio.run(asked())
    assert answer.status_code == 200
    return answer.text


def test_nodes_and_refusals_are_shown_with_their_fix(web: WebGateway) -> None:
    """An administrator sees who was turned away and what helps; an echo to nobody says so."""
    for caller, sender in (("STRANGER", ""), ("SCANNER", "hospital")):
        fix = f"Add it to nodes.yaml for {caller}."
        ledger.refuse(web.database, ledger.NewRefusal(caller, "10.9.8.7", "Why.", fix, node=sender))
    admin = web.client("admin")
    page = admin.get("/nodes").text
    for shown in ("STRANGER", "10.9.8.7", "Add it to nodes.yaml for STRANGER.", "HOSPITAL", "reading-site"):
        assert shown in page
    assert page.index("Add it to nodes.yaml for SCANNER.") < page.index("Add it to nodes.yaml for STRANGER.")
    told = admin.post("/api/nodes/hospital/echo").json()
    assert told["milliseconds"] is None
    assert told["fix"]
    assert admin.post("/nodes/hospital/echo").status_code == 200
    assert admin.post("/api/nodes/nowhere/echo").status_code == 502


def test_the_addresses_of_a_node_are_shown(web: WebGateway) -> None:
    """Where each service is, the titles it calls and commits with, and that its Success is taken for enough."""
    nodes = NodeDirectory.from_text(
        "nodes: [{name: big, ae_title: BIG, host: 127.0.0.1, port: 104, roles: [archive], query: {ae_title: BIG_QR},"
        " calling_ae_titles: [GATE2], commitment_results_from: [BIG_SC], confirms_by: store}]"
    )
    page = page_with(web, lambda: nodes)
    for shown in (
        "query: BIG_QR at 127.0.0.1:104",
        "store, commitment: BIG at 127.0.0.1:104",
        "calls as GATE2",
        "commits as BIG_SC",
        "its Success is enough",
    ):
        assert shown in page


def test_a_node_that_answers_is_told_in_milliseconds(web: WebGateway, tmp_path: Path) -> None:
    """A real C-ECHO; nothing is wrong then."""
    with ReadingSite("READER", "127.0.0.1", 0, tmp_path) as site:
        nodes = NodeDirectory.from_text(
            "nodes: [{name: there, kind: dimse, ae_title: READER, host: 127.0.0.1, "
            f"port: {site.port}, roles: [reader]}}]"
        )
        answer = ask(replace(web.context, directory=lambda: nodes), "there")
    assert answer.milliseconds is not None
    assert 0 < answer.milliseconds < 20_000
    assert (answer.problem, answer.fix) == ("", "")


def test_a_name_that_no_node_has_is_an_error(web: WebGateway) -> None:
    """It is no answer of a node."""
    with pytest.raises(UnknownNode):
        ask(web.context, "nowhere")


def test_a_file_that_cannot_be_used_is_told_on_the_page(web: WebGateway) -> None:
    """Every problem of nodes.yaml; the page itself still opens, because here is where one looks."""

    def broken() -> NodeDirectory:
        return NodeDirectory.from_text(
            "nodes: [{name: a, kind: dimse, roles: [sender]}, {name: b, kind: fax}]"
        )

    page = page_with(web, broken)
    assert "No nodes yet" in page
    assert "ae_title" in page
    assert "fax" in page


def test_nodes_that_stay_in_force_while_their_file_is_wrong_are_shown_with_what_is_wrong(
    web: WebGateway,
) -> None:
    """With file, line and fix, above the nodes that are in force."""
    wrong = WrongConfiguration(
        "nodes", Path("nodes.yaml"), (Fault("nodes.yaml:3: no port.", "Add it."),), None
    )
    page = page_with(web, web.context.directory, wrong)
    for text in ("the last good nodes are in force", "nodes.yaml:3: no port. Add it.", "reading-site"):
        assert text in page


def test_what_a_node_speaks_and_whether_it_is_encrypted_is_shown(web: WebGateway) -> None:
    """By DICOMweb over https, and by DICOM without TLS."""
    nodes = NodeDirectory.from_text(
        """
nodes:
  - {name: by-web, kind: dicomweb, url: "https://pacs.example/dicom-web", roles: [reader]}
  - {name: by-dicom, kind: dimse, ae_title: PACS, host: 10.0.0.9, port: 104, roles: [sender, archive], site: north}
"""
    )
    page = page_with(web, lambda: nodes)
    web_row, dicom_row = (
        page.split(f"<b>{name}</b>")[1].split("</tr>")[0] for name in ("by-web", "by-dicom")
    )
    assert "DICOMweb" in web_row
    assert "TLS" in web_row
    assert "https://pacs.example/dicom-web" in web_row
    assert "10.0.0.9:104" in dicom_row
    assert "TLS" not in dicom_row
    assert [role in dicom_row for role in ("archive", "sender", "reader")] == [True, True, False]


def test_what_is_owed_is_shown_and_can_be_tried_or_dropped(web: WebGateway) -> None:
    """On the page and in the interface: how far each result has come, what helps, and no identifier of an object."""
    for number in (1, 2):
        wanted = (("1.2.840.10008.5.1.4.1.1.4", "2.25.55501"),)
        ledger.owe_result(web.database, ledger.NewOwed("hospital", "HOSPITAL", f"2.25.5550{number}", wanted))
    with web.database.write("test") as session:
        session.get_one(OwedResult, 1).problem = "It does not take it."
        session.get_one(OwedResult, 1).fix = "Look there."
    admin = web.client("admin")
    page = admin.get("/nodes").text
    for shown in ("It does not take it.", "Look there.", "as HOSPITAL, #2", "Owed"):
        assert shown in page
    told = admin.get("/api/nodes/results").json()["results"]
    assert [(one["id"], one["state"], one["objects"], one["kept"]) for one in told] == [
        (1, "OWED", 1, None),
        (2, "OWED", 1, None),
    ]
    assert "2.25.5550" not in page + str(told)
    assert admin.post("/api/nodes/results/1/retry").status_code == 204
    assert admin.post("/nodes/results/2/drop").status_code == 303
    assert [
        (one["id"], one["problem"], one["state"]) for one in admin.get("/api/nodes/results").json()["results"]
    ] == [
        (1, "", "OWED"),
        (2, "", "DROPPED"),
    ]
    assert "Dropped" in admin.get("/nodes").text
    assert admin.post("/api/nodes/results/2/drop").status_code == 409
    assert admin.post("/api/nodes/results/3/drop").status_code == 404
    assert admin.post("/nodes/results/1/retry").status_code == 303
    assert admin.post("/api/nodes/results/1/drop").status_code == 204


def test_what_is_owed_is_for_administrators(web: WebGateway) -> None:
    """As all of this page."""
    for login in ("reader", "lead", "north"):
        assert web.client(login).get("/api/nodes/results").status_code == 403
        assert web.client(login).post("/api/nodes/results/1/drop").status_code == 403


def test_certificates_are_shown_with_their_ends(web: WebGateway) -> None:
    """What nodes showed last, the first to end first; what ends within a month says so."""
    now = datetime.now(UTC)
    shown = [
        ledger.NewShown("hospital", "calling", "CN=soon", "ab" * 32, now + timedelta(days=10.5)),
        ledger.NewShown("hospital", "called", "CN=later", "cd" * 32, now + timedelta(days=400)),
    ]
    ledger.note_certificates(web.database, shown, ())
    page = web.client("admin").get("/nodes").text
    assert page.index("CN=soon") < page.index("CN=later")
    assert "in 10 days" in page
    assert "ab" * 32 in page
