"""Pages say truthfully who gets a report, before it goes and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import NodeFileError
from gateway.lifecycle import CaseState
from gateway.records.accounts import Viewer
from gateway.records.views import case_rows
from gateway.web.foundation.report_recipient import ReportRecipient, recipient_of
from support.web_gateway import WebGateway

EVERYBODY = Viewer(0, "lead", "", "lead", "")


def said(
    web: WebGateway, directory: Callable[[], NodeDirectory] | None = None, **columns: Any
) -> ReportRecipient:
    """What is said of a case with these columns."""
    case_id = web.case(columns.pop("state", CaseState.FORWARDED), **columns)
    with web.database.read() as session:
        page = case_rows.case_page(session, EVERYBODY, case_id)
    assert page is not None
    context = web.context
    if directory is not None:
        context = replace(context, directory=directory)
    return recipient_of(context, page)


def test_before_it_goes_the_configuration_says_where(web: WebGateway) -> None:
    """The archive of the site, for what it sent and for an upload."""
    text = "The report goes to hospital: it is the archive of site north."
    assert said(web) == ReportRecipient(text)
    assert said(web, received_by="upload") == ReportRecipient(text)


def test_an_upload_for_a_site_without_an_archive_waits_for_its_uploader(web: WebGateway) -> None:
    """And the page says why."""
    found = said(web, received_by="upload", site="south")
    assert found.at_upload
    assert found.told.endswith("site south has no archive in nodes.yaml.")


def test_nobody_is_said_with_what_to_do(web: WebGateway) -> None:
    """Long before the report is signed."""
    found = said(web, NodeDirectory)
    assert found.nobody
    assert "returns_to" in found.told


def test_once_it_has_gone_the_records_say_where(web: WebGateway) -> None:
    """What nodes.yaml says today is no truth about yesterday."""
    found = said(web, NodeDirectory, state=CaseState.CONFIRMED, returns_to="old-pacs")
    assert found == ReportRecipient("The report went to old-pacs.")
    assert said(web, state=CaseState.RETURNED, received_by="upload").at_upload


def test_a_file_that_cannot_be_used_is_no_answer(web: WebGateway) -> None:
    """Unknown is said to be unknown, and no page breaks."""

    def broken() -> NodeDirectory:
        raise NodeFileError([], "nodes.yaml")

    assert "cannot be told" in said(web, broken).told


@pytest.mark.parametrize("login", ["reader", "lead"])
def test_the_page_and_the_json_of_a_case_say_it(web: WebGateway, login: str) -> None:
    """In the same words."""
    case_id = web.case()
    text = "The report goes to hospital: it is the archive of site north."
    assert text in web.client(login).get(f"/cases/{case_id}").text
    assert web.client(login).get(f"/api/cases/{case_id}").json()["report_goes_to"] == text


def test_the_pages_of_an_upload_say_it(web: WebGateway) -> None:
    """Before anything is uploaded, and for each study: a site with an archive, and one without."""
    north, south = web.client("north"), web.client("south")
    assert "The report goes to hospital" in north.get("/upload").text
    assert "The report waits on the upload" in south.get("/upload").text
    for client, site, text in (
        (north, "north", "The report goes to hospital"),
        (south, "south", "The report waits on the upload"),
    ):
        case_id = web.case(received_by="upload", site=site)
        with web.database.read() as session:
            study_id = case_rows.case(session, case_id).study_id
        assert text in client.get(f"/upload/{study_id}").text
