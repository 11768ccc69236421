"""STOW-RS as RFC 2046 and PS3.18 allow it, and as it breaks."""

from __future__ import annotations

import gzip
import socket
import time
import tracemalloc
import zlib
from base64 import b64encode
from io import BytesIO
from xml.etree import ElementTree

import httpx
import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage
from sqlmodel import select

from gateway.errors import GatewayError
from gateway.records.tables.studies import Instance, Study
from gateway.records.views import case_rows
from gateway.web.dicomweb.store_request import body_of
from gateway.web.foundation.problems import BadRequest, Unsupported
from support.objects.dicom_files import dataset_bytes, mr_dataset
from support.web_gateway import PASSWORD, WebGateway

TYPE = 'multipart/related; type="application/dicom"; boundary=b'


def image(study: str, number: int = 1) -> bytes:
    """A small MR image of a study of its own, as a file."""
    dataset = mr_dataset(number, uid=f"{study}.{number}")
    dataset.StudyInstanceUID = study
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def related(*parts: bytes) -> bytes:
    """A plain body."""
    head = b"--b\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + part + b"\r\n" for part in parts) + b"--b--\r\n"


def post(web: WebGateway, body: bytes, path: str = "", **headers: str) -> httpx.Response:
    """POST with HTTP Basic; header names with an underscore for a dash."""
    sent = {"Content-Type": TYPE} | {name.replace("_", "-"): value for name, value in headers.items()}
    return web.client().post(
        f"/dicom-web/studies{path}", content=body, headers=sent, auth=httpx.BasicAuth("north", PASSWORD)
    )


def stored(web: WebGateway, study: str) -> list[str]:
    """SOP Instance UIDs kept of a study."""
    with web.database.read() as session:
        query = select(Instance.sop_instance_uid).join(Study).where(Study.study_instance_uid == study)
        return sorted(session.exec(query))


def refusals(web: WebGateway) -> list[tuple[str, str]]:
    """Who was turned away and why."""
    with web.database.read() as session:
        return [(row.calling_ae_title, row.why) for row in case_rows.refusals(session)]


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        (lambda body: b"A preamble.\r\n" + body + b"An epilogue.", {}),
        (lambda body: body.replace(b"--b\r\n", b"--b \t\r\n"), {}),
        (lambda body: body.replace(b": application", b":\r\n application"), {}),
        (lambda body: body, {"Content_Type": TYPE.replace("boundary=b", 'boundary="b"')}),
        (lambda body: body, {"Content_Type": "multipart/related; boundary=b"}),
        (
            lambda body: body,
            {
                "Content_Type": "multipart/related; boundary=b; "
                'type="application/dicom; transfer-syntax=1.2.840.10008.1.2.1"'
            },
        ),
        (lambda body: body, {"Content_Type": f"{TYPE}; transfer-syntax=*"}),
        (gzip.compress, {"Content_Encoding": "gzip"}),
        (lambda body: gzip.compress(body[:99]) + gzip.compress(body[99:]), {"Content_Encoding": "gzip"}),
        (zlib.compress, {"Content_Encoding": "deflate"}),
    ],
    ids=[
        "preamble",
        "white-space",
        "folded",
        "quoted",
        "no-type",
        "syntax-in-type",
        "any-syntax",
        "gzip",
        "gzip-members",
        "deflate",
    ],
)
def test_every_allowed_form_is_stored(web: WebGateway, change: object, headers: dict[str, str]) -> None:
    """Two objects, 200, both kept."""
    answer = post(web, change(related(image("2.25.71", 1), image("2.25.71", 2))), **headers)  # type: ignore[operator]
    assert answer.status_code == 200, answer.text
    assert stored(web, "2.25.71") == ["2.25.71.1", "2.25.71.2"]


def test_one_object_needs_no_parts(web: WebGateway) -> None:
    """The body is the object (Content-Type application/dicom); an empty one holds nothing."""
    assert post(web, image("2.25.72"), Content_Type="application/dicom").status_code == 200
    assert stored(web, "2.25.72") == ["2.25.72.1"]
    assert post(web, b"", Content_Type="application/dicom").status_code == 400
    assert post(web, b"rubbish", Content_Type="application/dicom").status_code == 409


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_an_object_without_file_meta_information_is_kept(web: WebGateway, syntax: str) -> None:
    """Its encoding shows; the header of the part may say it."""
    study = f"2.25.73{len(syntax)}"
    dataset = mr_dataset(1, uid=f"{study}.1", syntax=syntax)
    dataset.StudyInstanceUID = study
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    bare = dataset_bytes(stream.getvalue())
    assert post(web, related(bare)).status_code == 200
    with web.database.read() as session:
        assert session.exec(select(Instance.transfer_syntax_uid)).all()[-1] == syntax
    named = related(bare).replace(b"/dicom\r\n", b'/dicom; transfer-syntax="' + syntax.encode() + b'"\r\n')
    assert post(web, named).status_code == 200
    assert stored(web, study) == [f"{study}.1"]


def test_a_request_that_is_cut_tells_what_was_stored(web: WebGateway) -> None:
    """400 with the list: the part that is whole is stored, the one that was cut is not, even where it reads well."""
    whole = related(image("2.25.74", 1), image("2.25.74", 2))
    answer = post(web, whole.removesuffix(b"\r\n--b--\r\n"))
    assert answer.status_code == 400
    assert "closing boundary" in answer.headers["warning"]
    told = Dataset.from_json(answer.text)
    assert [item.ReferencedSOPInstanceUID for item in told.ReferencedSOPSequence] == ["2.25.74.1"]
    assert len(told.FailedSOPSequence) == 1
    assert stored(web, "2.25.74") == ["2.25.74.1"]
    assert any("closing boundary" in why and title == "north" for title, why in refusals(web))
    assert post(web, whole).status_code == 200


def test_a_second_part_that_never_came_is_a_cut_request(web: WebGateway) -> None:
    """The first part has its end, the closing boundary is missing: 400, and the first is named as stored."""
    answer = post(web, related(image("2.25.75")).removesuffix(b"--\r\n") + b"\r\n")
    assert answer.status_code == 400
    assert Dataset.from_json(answer.text).ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.75.1"


def test_a_connection_that_breaks_leaves_what_was_whole(web: WebGateway) -> None:
    """The parts before the break are stored; the break is shown to the administrator."""
    host, port = web.address.removeprefix("http://").split(":")
    body = related(image("2.25.76", 1), image("2.25.76", 2))
    secret = b64encode(f"north:{PASSWORD}".encode()).decode()
    head = (
        f"POST /dicom-web/studies HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {TYPE}\r\n"
        f"Authorization: Basic {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(head.encode() + body[:-200])
        time.sleep(1)  # so that the server has read it: what it has not read when the connection ends is lost
    deadline = time.monotonic() + 10
    while stored(web, "2.25.76") != ["2.25.76.1"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert stored(web, "2.25.76") == ["2.25.76.1"]
    assert any("closing boundary" in why for _, why in refusals(web))


def test_a_broken_coding_is_told(web: WebGateway) -> None:
    """Half a gzip: 400 with what was stored; none at all: 400; another coding: 415."""
    packed = gzip.compress(related(image("2.25.77", 1), image("2.25.77", 2)), 0)
    answer = post(web, packed[:-300], Content_Encoding="gzip")
    assert (answer.status_code, stored(web, "2.25.77")) == (400, ["2.25.77.1"])
    assert post(web, b"plain", Content_Encoding="gzip").status_code == 400
    assert post(web, b"", Content_Encoding="br").status_code == 415


def test_a_gzip_that_unpacks_without_end_is_stopped(web: WebGateway) -> None:
    """[web] max_upload_mb (here 5) counts what is unpacked."""
    packed = gzip.compress(related(bytes(50_000_000)))
    assert len(packed) < 1_000_000
    assert post(web, packed, Content_Encoding="gzip").status_code == 413


def test_a_gzip_of_nothing_but_empty_members_is_stopped(web: WebGateway) -> None:
    """Each costs a copy of what follows, and none of them counts as unpacked bytes."""
    answer = post(web, gzip.compress(b"") * 50_000, Content_Encoding="gzip")
    assert (answer.status_code, "members" in answer.text) == (413, True)


def test_the_memory_of_a_request_is_bounded(web: WebGateway) -> None:
    """A part as large as the limit is never held as a whole."""
    dataset = mr_dataset(1, uid="2.25.78.1")
    dataset.StudyInstanceUID = "2.25.78"
    dataset.add_new((0x0029, 0x0010), "LO", "SOMEBODY")
    dataset.add_new((0x0029, 0x1010), "OB", bytes(4_500_000))
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    packed = gzip.compress(related(stream.getvalue()))
    del stream, dataset
    tracemalloc.start()
    try:
        answer = post(web, packed, Content_Encoding="gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 200, answer.text
    assert peak < 4_000_000


def test_parts_encoded_for_mail_are_refused_with_the_reason(web: WebGateway) -> None:
    """HTTP carries bytes; a base64 part is not guessed at."""
    body = related(image("2.25.79")).replace(
        b"/dicom\r\n", b"/dicom\r\nContent-Transfer-Encoding: base64\r\n"
    )
    assert post(web, body).status_code == 409
    assert any("encoded for mail" in why for _, why in refusals(web))


@pytest.mark.parametrize(
    "accept", ["application/dicom+xml", 'multipart/related; type="application/dicom+xml"']
)
def test_the_answer_comes_as_xml_where_that_is_asked_for(web: WebGateway, accept: str) -> None:
    """The Native DICOM Model (PS3.19 A.1), whatever became of the parts."""
    answer = post(web, related(image("2.25.80"), b"rubbish"), Accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/dicom+xml")
    root = ElementTree.fromstring(answer.text)
    name = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    values = {
        attribute.get("keyword"): attribute.findtext(f"{name}Value")
        for attribute in root.iter(f"{name}DicomAttribute")
    }
    assert values["ReferencedSOPInstanceUID"] == "2.25.80.1"
    assert values["ReferencedSOPClassUID"] == MRImageStorage
    assert values["FailureReason"] == str(0xC000)


def test_an_answer_nobody_accepts_stores_nothing(web: WebGateway) -> None:
    """406 before the body is read."""
    assert post(web, related(image("2.25.81")), Accept="image/png").status_code == 406
    assert stored(web, "2.25.81") == []


def test_dicomweb_client_stores(web: WebGateway) -> None:
    """A client others use."""
    from dicomweb_client.api import DICOMwebClient
    from requests import Session

    session = Session()
    session.auth, session.trust_env = ("north", PASSWORD), False
    dataset = mr_dataset(1, uid="2.25.82.1")
    dataset.StudyInstanceUID = "2.25.82"
    told = DICOMwebClient(f"{web.address}/dicom-web", session=session).store_instances([dataset])
    assert told.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == "2.25.82.1"
    assert stored(web, "2.25.82") == ["2.25.82.1"]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/related; type="application/dicom"; boundary=abc', "abc"),
        ('Multipart/Related; boundary="a b;c"; type=application/DICOM', "a b;c"),
        ("multipart/related; boundary=abc", "abc"),
    ],
)
def test_the_boundary_is_found_however_it_is_written(content_type: str, boundary: str) -> None:
    """Quoted or not, in any order; the type may be missing."""
    assert body_of(content_type).boundary == boundary


@pytest.mark.parametrize(
    ("content_type", "error"),
    [
        ("multipart/form-data; boundary=abc", Unsupported),
        ('multipart/related; type="application/dicom+json"; boundary=abc', Unsupported),
        ("", Unsupported),
        ("multipart/related; type=application/dicom", BadRequest),
    ],
)
def test_what_is_no_multipart_of_dicom_is_refused(content_type: str, error: type[GatewayError]) -> None:
    """415 for another media type, 400 for one without a boundary."""
    with pytest.raises(error) as refused:
        body_of(content_type)
    assert refused.value.fix
