"""Files that are made to do harm, over every way in and every page that shows some: an answer, and no memory."""

from __future__ import annotations

import ast
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway.web
from bench.attacks import HOSTILE_FILES
from gateway.records.tables.cases import HeldObject, PreparedInstance
from gateway.records.tables.studies import Instance
from support.objects.dicom_files import mr_dataset
from support.web_gateway import PASSWORD, WebGateway, running

MOST_KB = 150 << 10
"""Of this process, in which the pages run, beyond what it held before."""
READERS = {"dcmread", "data_set_of", "pixel_array", "decompressobj", "ZipFile", "read_bytes"}
ALLOWED = {
    ("foundation/bodies.py", "decompressobj"): "a body unpacks in steps, within [web] max_upload_mb",
    ("pages/upload.py", "data_set_of"): "the report that the gateway itself made",
    ("unpacking/archives.py", "ZipFile"): "runs in a process that may die",
    ("unpacking/archives.py", "GzipFile"): "runs in a process that may die",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebGateway]:
    """A web role with a coordinator and a lead."""
    with running(tmp_path_factory.mktemp("hostile")) as made:
        made.add("cora", "coordinator", "north")
        made.add("lena", "lead", "north")
        yield made


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_every_way_in_and_every_page_answers(web: WebGateway, name: str) -> None:
    """Uploaded, stored, listed, shown as a copy and as an original; the queue is answered in between."""
    file = HOSTILE_FILES[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cora, lena = web.client("cora"), web.client("lena")
    answers = [
        cora.post("/api/uploads?name=x", content=file),
        cora.post("/upload", files={"files": ("x.dcm", file)}, data={"csrf": cora.headers["X-CSRF-Token"]}),
        cora.post(
            "/dicom-web/studies",
            content=file,
            headers={"Content-Type": "application/dicom"},
            auth=("cora", PASSWORD),
        ),
    ]
    case = web.case()
    blob = f"hostile/{name.replace(' ', '-')}.dcm"
    web.context.blobs.put(blob, file)
    held = web.held(case, mr_dataset(1))
    with web.database.write("test_hostile") as session:
        original = session.get_one(HeldObject, held).instance_id
        session.get_one(Instance, original).blob = blob
        session.add(
            PreparedInstance(
                case_id=case,
                instance_id=original,
                sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
                sop_instance_uid="2.25.1",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                blob=blob,
            )
        )
    listed = lena.get(f"/api/cases/{case}/images")
    answers.append(listed)
    assert sum(series["slices"] for series in listed.json()["series"]) <= len(file)
    for number in (0, 15_999):
        answers.append(lena.get(f"/cases/{case}/images/0/{number}.png?window=auto"))
        answers.append(lena.get(f"/cases/{case}/held/{held}.png?frame={number}"))
        answers.append(lena.get("/"))
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_KB


def test_no_page_reads_a_file_that_others_made() -> None:
    """Whoever needs one asks `gateway.decoding.files`; what is allowed instead is named here, with the reason."""
    folder = Path(gateway.web.__path__[0])
    found = {
        (path.relative_to(folder).as_posix(), name)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in [node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")]
        if name in READERS
    }
    assert found <= set(ALLOWED)
