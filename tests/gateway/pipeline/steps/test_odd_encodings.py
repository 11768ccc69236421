"""Objects in encodings that take liberties: kept, read as the receiver understood them, and their copies searched."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from dicom_nodes.instance import read_instance
from gateway.intake import SUCCESS
from support.engine import Bench, bench, scans

STRAY = b"\xfe\xff\x0d\xe0\0\0\0\0"


def odd(part10: bytes, element: bytes) -> bytes:
    """The file with an element behind the private creator of group 0021."""
    at = part10.index(b"\x21\0\x10\0LO") + 14
    return part10[:at] + element + part10[at:]


def files() -> list[bytes]:
    """A study with a private creator in each object."""
    found = []
    for ds in scans():
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.add_new(0x00210010, "LO", "VENDOR")
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        found.append(buffer.getvalue())
    return found


def keep(pipeline: Bench, file: bytes) -> int:
    """By C-STORE; the status that is answered."""
    received = read_instance(file, called_ae_title="NATALIZUMAB", node="hospital-pacs", received_by="c-store")
    return pipeline.intake.keep(received, site="hospital").status


@pytest.mark.parametrize("code", [b"\0\0", b"--", b"QZ\0\0"])
def test_a_private_element_without_a_vr_never_leaves(tmp_path: Path, code: bytes) -> None:
    """The study is forwarded whole; the patient's name that stood in the element is in no copy."""
    name = str(scans()[0].PatientName).encode()
    name += b" " * (len(name) % 2)
    length = len(name).to_bytes(len(code), "little")  # two capitals and two zeros: the long form
    with bench(tmp_path) as pipeline:
        for file in files():
            assert keep(pipeline, odd(file, b"\x21\0\x03\x10" + code + length + name) + STRAY) == SUCCESS
        case = pipeline.settled()
        assert (case.state, case.problem) == ("FORWARDED", "")
        assert pipeline.held() == ()
        copies = pipeline.copies()
        assert len(copies) == len(scans())
        for copy in copies:
            assert 0x00211003 not in copy
            assert len(copy.PixelData) == copy.Rows * copy.Columns * 2
            assert name.split(b"^")[0] not in Path(copy.filename).read_bytes()
