"""The page *What a report says as SR* is true: its examples run, and no report says what it does not list."""

from __future__ import annotations

import re
import runpy
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from gateway.reporting.codes import code
from gateway.reporting.documents.forms import DocumentForm
from gateway.reporting.report import Report
from reference.report import rows
from support.documentation import MANUAL, blocks
from support.objects.reports import document, encoded, mr_headers, reports, rich_report

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (MANUAL / "reference" / "report.md").read_text(encoding="utf-8")
LISTED = {(row.place, row.item, row.value_type): set(row.answers) for row in rows()}


def unlisted(report: Report) -> list[str]:
    """What the document of a report says that no row of the page has."""
    said = [
        row
        for row in rows([document(report)])
        if not set(row.answers) <= LISTED.get(row.key, {"no such row"})
    ]
    return [f"{row.place}: {row.item}, {row.says}" for row in said]


@given(report=reports())
@settings(max_examples=5)
def test_no_report_says_what_the_page_does_not_list(report: Report) -> None:
    """Place, code, value type and answer of every content item."""
    assert unlisted(report) == []


def test_a_report_with_everything_in_it_is_listed_too() -> None:
    """Priors, key images, spectra and numbers."""
    assert unlisted(rich_report()) == []
    assert len(LISTED) > len(list(rows([document(rich_report())])))


def test_the_example_with_pydicom_reads_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands on the page: level, new lesion and impression come out."""
    (example,) = blocks("python", PAGE)
    (tmp_path / "example.py").write_text(example)
    (tmp_path / "report.dcm").write_bytes(encoded(document(rich_report())))
    monkeypatch.chdir(tmp_path)
    read = runpy.run_path("example.py")
    assert read["final"]
    assert (read["level"], read["new_lesion"]) == (4, "Present")
    assert read["impression"] == rich_report().narrative.replace("\n", "\r\n")


@pytest.mark.dcmtk
def test_the_example_with_dcmtk_reads_a_report(tmp_path: Path) -> None:
    """The command of the page makes XML in which each of its paths leads to the answer."""
    report = rich_report()
    (tmp_path / "report.dcm").write_bytes(encoded(document(report)))
    (command,) = blocks("sh", PAGE)
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True, timeout=30)
    root = ElementTree.fromstring((tmp_path / "report.xml").read_text(encoding="utf-8"))
    paths = re.findall(r"`(num|code|text)\[concept/value='([^']+)'\]/value`", PAGE)
    read = {
        concept: str(item.findtext("value")).replace("\r\n", "\n")
        for kind, concept in paths
        for item in root.iter(kind)
        if item.findtext("concept/value") == concept
    }
    assert read == {
        "NPS-SUSP-LEVEL": str(report.suspicion.level),
        "NPS-SUSP-ACTIVE": code(report.suspicion.key).value,
        "121073": report.narrative,
    }


@pytest.mark.parametrize("form", DocumentForm)
def test_the_keys_of_a_query_are_those_of_the_document(form: DocumentForm) -> None:
    """Modality, series description and class, as the table of the page says them."""
    ds = document(rich_report(), mr_headers(), as_=form)
    table = PAGE.split("## Find it in an archive")[1].split("## Read it with pydicom")[0]
    assert ds.Modality in table
    assert f"| {ds.SeriesDescription} |" in table
    assert f"`.{ds.SOPClassUID.partition('5.1.4.1.1.')[2]}`" in table.replace(
        "`1.2.840.10008.5.1.4.1.1.88.22`", "`.88.22`"
    )
