"""Uploads and STOW-RS: one door for every instance, hostile archives harmless, reports that wait."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from sqlmodel import select

from gateway.lifecycle import CaseState
from gateway.records import audit
from gateway.records.tables.service import AuditEvent
from gateway.records.tables.studies import Case
from gateway.records.views import case_rows
from support.dicom_files import mr_dataset
from support.web_gateway import PASSWORD, WebGateway


def part10(dataset: Dataset) -> bytes:
    """A data set as a file."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def study_file(study: str, number: int = 1) -> bytes:
    """A small MR image of a study of its own."""
    dataset = mr_dataset(number, uid=f"{study}.{number}")
    dataset.StudyInstanceUID = study
    return part10(dataset)


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


def stored(web: WebGateway, study: str) -> list[str]:
    """SOP Instance UIDs kept of a study."""
    from gateway.records.tables.studies import Instance, Study

    with web.database.read() as session:
        found = session.exec(
            select(Instance.sop_instance_uid).join(Study).where(Study.study_instance_uid == study)
        )
        return sorted(found)


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
    assert stored(web, "2.25.5001") == ["2.25.5001.1"]


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
    assert stored(web, "2.25.5002") == ["2.25.5002.1", "2.25.5002.2", "2.25.5002.3"]
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
    assert len(stored(web, "2.25.5003")) == 2


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
        web.context.blobs.put(f"reports/test/{form}.dcm", part10(dataset))
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
        assert audit.verify(session) is None


def test_no_report_is_given_out_before_it_is_made_or_for_a_pacs_study(web: WebGateway) -> None:
    """A study of a PACS gets its report there, and nothing is offered before COMPOSED."""
    for state, received_by in ((CaseState.FORWARDED, "upload"), (CaseState.RETURNED, "c-store")):
        case_id = web.case(state, received_by=received_by)
        with web.database.read() as session:
            study_id = session.get_one(Case, case_id).study_id
        assert web.client("north").get(f"/upload/{study_id}/report.pdf").status_code == 404
        assert "The report is ready" not in web.client("north").get(f"/upload/{study_id}").text


# ---------------------------------------------------------------- STOW-RS

BOUNDARY = "a-boundary"
TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def related(*parts: bytes) -> bytes:
    """A multipart/related body."""
    made = b"".join(
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + part + b"\r\n" for part in parts
    )
    return made + f"--{BOUNDARY}--\r\n".encode()


def stow(
    web: WebGateway, body: bytes, path: str = "", content_type: str = TYPE, login: str = "north"
) -> httpx.Response:
    """POST to the STOW-RS service with HTTP Basic."""
    return web.client().post(
        f"/dicom-web/studies{path}",
        content=body,
        headers={"Content-Type": content_type},
        auth=httpx.BasicAuth(login, PASSWORD),
    )


def test_stow_keeps_every_part_and_says_so(web: WebGateway) -> None:
    """200 with the references of what was stored."""
    answer = stow(web, related(study_file("2.25.6001", 1), study_file("2.25.6001", 2)))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/dicom+json")
    told = Dataset.from_json(answer.text)
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == stored(web, "2.25.6001")
    assert "FailedSOPSequence" not in told


def test_stow_says_which_part_failed(web: WebGateway) -> None:
    """202 when some were stored, 409 when none, with the reason of each."""
    some = stow(web, related(study_file("2.25.6002"), b"garbage"))
    assert some.status_code == 202
    assert Dataset.from_json(some.text).FailedSOPSequence[0].FailureReason == 0xC000
    assert stow(web, related(b"garbage")).status_code == 409


def test_stow_into_a_study_refuses_instances_of_another(web: WebGateway) -> None:
    """The study in the address is binding."""
    answer = stow(web, related(study_file("2.25.6003", 1)), "/2.25.6999")
    assert answer.status_code == 409
    assert stored(web, "2.25.6003") == []
    assert stow(web, related(study_file("2.25.6003", 1)), "/2.25.6003").status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/dicom+json", 415),
        (b"", 'multipart/related; type="application/dicom"', 400),
        (b"", TYPE, 400),
        (b"no boundary in here", TYPE, 400),
        (b"", 'multipart/related; type="application/dicom+xml"; boundary=a', 415),
    ],
)
def test_stow_refuses_what_it_cannot_take(
    web: WebGateway, body: bytes, content_type: str, status: int
) -> None:
    """Wrong media types and broken bodies are problems, not crashes."""
    answer = stow(web, body, content_type=content_type)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_stow_is_for_those_who_send(web: WebGateway) -> None:
    """A reader's account stores nothing; a wrong password is challenged."""
    assert stow(web, related(study_file("2.25.6004")), login="reader").status_code == 403
    wrong = web.client().post(
        "/dicom-web/studies", content=b"", auth=httpx.BasicAuth("north", "wrong wrong wrong")
    )
    assert wrong.status_code == 401
    assert stored(web, "2.25.6004") == []


def test_an_account_named_like_a_sender_stores_as_that_node(web: WebGateway) -> None:
    """So that the report of a study that came by STOW-RS can be returned."""
    from gateway.records.tables.studies import Study

    web.add("hospital", "coordinator", "north")
    assert stow(web, related(study_file("2.25.6005")), login="hospital").status_code == 200
    with web.database.read() as session:
        study = session.exec(select(Study).where(Study.study_instance_uid == "2.25.6005")).one()
    assert (study.sender, study.site, study.received_by, study.uploaded_by) == (
        "hospital",
        "north",
        "stow-rs",
        None,
    )


def test_an_account_named_like_a_reader_sends_back_what_it_made(web: WebGateway) -> None:
    """What a reading site stores by STOW-RS is about the studies it reads: no study of its own."""
    from gateway.records.tables.studies import Reply

    web.add("reading-site", "coordinator", "reading")
    assert stow(web, related(study_file("2.25.6006")), login="reading-site").status_code == 200
    assert stored(web, "2.25.6006") == []
    with web.database.read() as session:
        reply = session.exec(select(Reply).where(Reply.study_instance_uid == "2.25.6006")).one()
    assert (reply.node, reply.received_by, reply.uploaded_by) == ("reading-site", "stow-rs", None)


def test_readiness_names_what_is_wrong(web: WebGateway) -> None:
    """Ready while database and disk can take work."""
    assert web.client().get("/readyz").json() == {
        "status": "ready",
        "checks": {"database": "ok", "disk": "ok"},
    }
