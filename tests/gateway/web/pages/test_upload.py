"""Uploads: one intake for every instance, hostile archives harmless, reports that wait."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records.tables.administration import AuditEvent
from gateway.records.tables.cases import Case
from gateway.records.views import case_rows
from support.objects.dicom_files import encoded, mr_dataset, study_file
from support.web_gateway import WebGateway


def archive(files: dict[str, bytes]) -> bytes:
    """A ZIP of these names."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return stream.getvalue()


def send(web: WebGateway, data: bytes, login: str = "north", name: str = "a.dcm") -> list[dict[str, object]]:
    """Upload one file as the script does; the lines of the answer."""
    answer = web.client(login).post("/api/uploads", params={"name": name}, content=data)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_one_file_is_kept_for_the_uploaders_site(web: WebGateway) -> None:
    """The study has its page, its site is the account's, and another site cannot see it."""
    *lines, last = send(web, study_file("2.25.5001"))
    assert [line["kept"] for line in lines] == [True]
    assert last["done"] is True
    [study_id] = last["studies"]  # type: ignore[misc]
    page = web.client("north").get(f"/upload/{study_id}")
    assert page.status_code == 200
    assert "north" in page.text
    assert web.client("south").get(f"/upload/{study_id}").status_code == 404
    assert web.stored("2.25.5001") == ["2.25.5001.1"]


def test_an_archive_with_hostile_names_is_harmless(web: WebGateway) -> None:
    """Names that climb out of a folder are only names; what is no DICOM is told; clutter is passed over."""
    data = archive(
        {
            "../../../../tmp/escaped.dcm": study_file("2.25.5002", 1),
            "/etc/absolute.dcm": study_file("2.25.5002", 2),
            "C:\\windows\\x.dcm": study_file("2.25.5002", 3),
            "<script>alert(1)</script>.txt": b"not DICOM at all",
            "DICOMDIR": b"clutter",
            "__MACOSX/._a.dcm": b"clutter",
        }
    )
    *lines, last = send(web, data, name="study.zip")
    assert last["kept"] == 3
    refused = [line for line in lines if not line["kept"]]
    assert [line["name"] for line in refused] == ["<script>alert(1)</script>.txt"]
    assert refused[0]["problem"]
    assert refused[0]["fix"]
    assert web.stored("2.25.5002") == ["2.25.5002.1", "2.25.5002.2", "2.25.5002.3"]
    folder = web.context.settings.storage.objects.parent
    assert not [path for name in ("escaped", "absolute", "x") for path in folder.rglob(f"*{name}.dcm")]
    assert not Path("/tmp/escaped.dcm").exists()
    assert not Path("/etc/absolute.dcm").exists()


def test_the_plain_form_takes_files_too(web: WebGateway) -> None:
    """Without scripts: several files in one form, the answer is a page that names what was refused, escaped."""
    client = web.client("north")
    token = client.headers.pop("X-CSRF-Token")
    files = [
        ("files", ("a.dcm", study_file("2.25.5003", 1))),
        ("files", ("<b>.zip", archive({"x": study_file("2.25.5003", 2)}))),
        ("files", ("<i>bad</i>.txt", b"text")),
    ]
    answer = client.post("/upload", data={"csrf": token}, files=files)
    assert answer.status_code == 200
    assert "2 objects kept" in answer.text
    assert "&lt;i&gt;bad&lt;/i&gt;.txt" in answer.text
    assert len(web.stored("2.25.5003")) == 2


def test_a_damaged_archive_is_told(web: WebGateway) -> None:
    """Half a ZIP keeps nothing and says what to do."""
    data = archive({"a.dcm": study_file("2.25.5004")})
    line, last = send(web, data[: len(data) // 2])
    assert (line["kept"], last["kept"]) == (False, 0)
    assert "archive cannot be read" in str(line["problem"])


def test_an_upload_over_the_limit_is_refused(web: WebGateway) -> None:
    """[web] max_upload_mb is the limit, announced or not."""
    answer = web.client("north").post("/api/uploads", content=b"x" * 6_000_000)
    assert answer.status_code == 413


def test_an_archive_that_unpacks_without_end_is_stopped(web: WebGateway) -> None:
    """A small archive of a huge nothing does not fill memory or disk."""
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        for number in range(5):
            made.writestr(f"{number}.dcm", bytes(15_000_000))
    *lines, last = send(web, stream.getvalue())
    assert last["kept"] == 0
    assert any("unpacks to far more" in str(line["problem"]) for line in lines)


def test_the_report_of_an_upload_waits_on_its_page_for_its_own_site(web: WebGateway) -> None:
    """SR and PDF carry the identity: only the own site's coordinator gets them, each download is in the audit trail."""
    pdf = b"%PDF-1.7 synthetic"
    composed = {}
    for form in ("enhanced", "pdf"):
        dataset = mr_dataset(1)
        if form == "pdf":
            dataset = Dataset()
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.SOPClassUID, dataset.SOPInstanceUID = EncapsulatedPDFStorage, "2.25.77"
            dataset.EncapsulatedDocument, dataset.EncapsulatedDocumentLength = pdf, len(pdf)
        web.context.blobs.put(f"reports/test/{form}.dcm", encoded(dataset))
        composed[form] = {"blob": f"reports/test/{form}.dcm"}
    case_id = web.case(CaseState.RETURNED, received_by="upload", composed=composed)
    with web.database.read() as session:
        study_id = case_rows.case(session, case_id).study_id
    north = web.client("north")
    assert "The report is ready" in north.get(f"/upload/{study_id}").text
    answer = north.get(f"/upload/{study_id}/report.pdf")
    assert (answer.content, answer.headers["content-type"]) == (pdf, "application/pdf")
    assert answer.headers["cache-control"] == "no-store"
    assert dcmread(BytesIO(north.get(f"/upload/{study_id}/report.sr").content)).PatientID == "SYN-0001"
    assert web.client("south").get(f"/upload/{study_id}/report.pdf").status_code == 404
    assert web.client("reader").get(f"/upload/{study_id}/report.pdf").status_code == 403
    with web.database.read() as session:
        actions = session.exec(select(AuditEvent.action).where(AuditEvent.subject == f"case {case_id}")).all()
        assert list(actions) == ["report downloaded", "report downloaded"]


def test_no_report_is_given_out_before_it_is_made_or_for_a_pacs_study(web: WebGateway) -> None:
    """A study of a PACS gets its report there, and nothing is offered before COMPOSED."""
    for state, received_by in ((CaseState.FORWARDED, "upload"), (CaseState.RETURNED, "c-store")):
        case_id = web.case(state, received_by=received_by)
        with web.database.read() as session:
            study_id = session.get_one(Case, case_id).study_id
        assert web.client("north").get(f"/upload/{study_id}/report.pdf").status_code == 404
        assert "The report is ready" not in web.client("north").get(f"/upload/{study_id}").text
