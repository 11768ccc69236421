"""Each transfer syntax that is called shown is received over a socket, de-identified, decoded and shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_nodes.node import Role
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.sender import store
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES
from gateway.decoding.pixels import decode
from gateway.decoding.syntaxes import SHOWN, ShownSyntax
from gateway.records.views import case_rows
from gateway.web.foundation.images import Pictures
from support.engine import RULE, Bench, bench, scans
from support.nodes.peers import node, receiver
from support.objects.dicom_files import dataset_bytes
from support.objects.encoded_pixels import CODESTREAM, DCMTK, file_in

pytestmark = pytest.mark.dcmtk

MOST_WRONG = {
    "1.2.840.10008.1.2.4.50": 12,
    "1.2.840.10008.1.2.4.51": 200,
    "1.2.840.10008.1.2.4.81": 2,
    "1.2.840.10008.1.2.4.91": 100,
    "1.2.840.10008.1.2.4.203": 40,
}
"""By how much a value may differ after lossy compression, of 4095; of 255 in baseline JPEG."""
CONFORMANCE = Path(__file__).parents[3] / "gateway/manual/conformance.md"


@dataclass
class Sent:
    """The images that a hospital sent, each in another transfer syntax, and what the gateway made of them."""

    gateway: Bench
    originals: dict[str, Dataset]
    files: dict[str, bytes]

    def kept(self, syntax: str) -> bytes:
        """The file that was kept of an image."""
        with self.gateway.context.database.read() as session:
            rows = {row.sop_instance_uid: row for row in case_rows.instances(session, 1)}
        return self.gateway.context.blobs.get(rows[self.originals[syntax].SOPInstanceUID].blob)

    def copy(self, syntax: str) -> str:
        """Where the de-identified copy of an image lies."""
        with self.gateway.context.database.read() as session:
            numbers = {row.sop_instance_uid: row.id for row in case_rows.instances(session, 1)}
            wanted = numbers[self.originals[syntax].SOPInstanceUID]
            return next(copy.blob for copy in case_rows.prepared(session, 1) if copy.instance_id == wanted)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """A study with an image in each syntax, sent over a socket and prepared."""
    folder = tmp_path_factory.mktemp("syntaxes")
    originals, files = {}, {}
    for shown, ds in zip(SHOWN, scans(), strict=False):
        originals[shown.uid] = _of_bits(8 if shown.uid == "1.2.840.10008.1.2.4.50" else 12, ds)
        files[shown.uid] = file_in(shown.uid, ds)
        (folder / f"{shown.uid}.dcm").write_bytes(files[shown.uid])
    assert len(files) == len(SHOWN)
    with bench(folder, RULE.replace("NATALIZUMAB", "GATEWAY")) as gateway:
        hospital = node("hospital-pacs", "HOSPITAL", 104, frozenset({Role.SENDER}))
        keep = gateway.intake.keep
        with receiver(lambda instance: keep(instance, site="hospital").status, hospital) as listening:
            to = node("gateway", "GATEWAY", listening.port)
            for outcome in store(
                to, [OutgoingFile.of(path) for path in folder.glob("*.dcm")], calling_ae_title="HOSPITAL"
            ):
                assert outcome.status == 0, outcome
        gateway.settled()
        yield Sent(gateway, originals, files)


def _of_bits(bits: int, ds: Dataset) -> Dataset:
    """The image with so many bits a value; a sample is added that is as bright as can be."""
    pixels = ds.pixel_array.astype(np.int64)
    pixels = pixels * (2**bits - 1) // max(1, int(pixels.max()))
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = (
        max(8, bits + 7 & ~7),
        bits,
        bits - 1,
        0,
    )
    ds.PixelData = pixels.astype("<u1" if bits <= 8 else "<u2").tobytes()
    ds["PixelData"].VR = "OB" if bits <= 8 else "OW"
    return ds


def values(ds: Dataset) -> NDArray[np.int64]:
    """Decoded here."""
    return decode(ds).astype(np.int64)


@pytest.mark.parametrize("syntax", SHOWN, ids=lambda one: one.name)
def test_an_image_is_kept_deidentified_decoded_and_shown(sent: Sent, syntax: ShownSyntax) -> None:
    """Every byte of the data set is kept; the copy has the values of the original, and there is a picture of it."""
    original = sent.originals[syntax.uid]
    kept = sent.kept(syntax.uid)
    assert dataset_bytes(kept) == dataset_bytes(sent.files[syntax.uid])
    blobs = sent.gateway.context.blobs
    copy = dcmread(BytesIO(blobs.get(sent.copy(syntax.uid))))
    assert copy.PatientID != original.PatientID
    if syntax.compressed:
        assert copy.file_meta.TransferSyntaxUID == syntax.uid
    wanted = original.pixel_array.astype(np.int64)
    assert wanted.max() > 200
    worst = int(np.abs(values(copy) - wanted).max())
    assert worst == int(np.abs(values(dcmread(BytesIO(kept))) - wanted).max())
    assert worst <= MOST_WRONG.get(syntax.uid, 0)
    assert (worst == 0) or not syntax.lossless
    with sent.gateway.context.database.read() as session:
        prepared = [row for row in case_rows.prepared(session, 1) if row.blob == sent.copy(syntax.uid)]
    pictures = Pictures(blobs)
    seen = np.asarray(Image.open(BytesIO(pictures.png(pictures.study(prepared), 0, 0, "full"))))
    assert np.abs(seen.astype(float) - wanted * 255 / wanted.max()).max() < 32, (
        "the window ends a little below the brightest values"
    )
    assert seen.shape == wanted.shape


def test_every_syntax_that_is_shown_has_an_encoder_of_others() -> None:
    """What is called shown is tested with files that were not made by what reads them, where there is such a one."""
    assert {one.uid for one in SHOWN} == DCMTK.keys() | CODESTREAM.keys()
    assert {one.uid for one in SHOWN} <= set(TRANSFER_SYNTAXES)


def test_the_conformance_statement_names_what_these_tests_show() -> None:
    """Its table has a line for each syntax that is received, and "yes" for showing in those that are shown here."""
    table = re.findall(
        r"^\| ([^|]+?) \| `([0-9.]+)` \| (yes|no) \| ([^|]+?) \| (yes|no) \|$",
        CONFORMANCE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert {uid for _, uid, *_ in table} == set(TRANSFER_SYNTAXES)
    assert {(name, uid) for name, uid, *_, shown in table if shown == "yes"} == {
        (one.name, one.uid) for one in SHOWN
    }
    assert {(received, deidentified) for *_, received, deidentified, shown in table if shown == "yes"} == {
        ("yes", "yes")
    }
    assert {deidentified for *_, deidentified, shown in table if shown == "no"} == {"not tested"}
