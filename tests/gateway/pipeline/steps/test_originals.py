"""Received originals read back: a damaged object loses none of the others, and nothing at all is a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import GatewayError
from gateway.pipeline.steps import originals
from gateway.privacy.errors import Held, HeldReason
from gateway.records.blobs import LocalBlobs
from gateway.records.tables.studies import Instance
from support.nodes.demo_nodes import small_study
from support.objects.reports import encoded

IMAGE = small_study()[0]


def instances(folder: Path, *contents: bytes) -> tuple[LocalBlobs, list[Instance]]:
    """A store with these files, and their rows."""
    blobs = LocalBlobs(folder)
    rows = []
    for number, content in enumerate(contents, 1):
        blobs.put(f"study/{number}", content)
        rows.append(Instance(id=number, blob=f"study/{number}", size=len(content)))
    return blobs, rows


def test_a_damaged_object_is_missing_and_the_others_keep_their_order(tmp_path: Path) -> None:
    """Each header stands beside its own instance."""
    blobs, rows = instances(tmp_path, b"no DICOM", encoded(small_study()[0]), encoded(small_study()[1]))
    read = originals.with_headers(blobs, rows)
    assert [row.id for row, _ in read] == [2, 3]
    wanted = [ds.SOPInstanceUID for ds in small_study()[:2]]
    assert [ds.SOPInstanceUID for ds in originals.headers(blobs, rows)] == wanted
    assert originals.first_header(blobs, rows).SOPInstanceUID == wanted[0]


def test_when_nothing_can_be_read_the_sender_is_to_send_again(tmp_path: Path) -> None:
    """A study without one readable object is a question to a person; one without objects is empty."""
    blobs, rows = instances(tmp_path, b"no DICOM", b"")
    for read in (originals.with_headers, originals.first_header):
        with pytest.raises(GatewayError, match="No object of this study can be read"):
            read(blobs, rows)
    assert originals.headers(blobs, []) == []


def test_a_disk_that_fails_is_no_damaged_object(tmp_path: Path) -> None:
    """A file that is gone is an error, not an object that is left out."""
    blobs, rows = instances(tmp_path, encoded(IMAGE))
    blobs.delete(rows[0].blob)
    with pytest.raises(FileNotFoundError):
        originals.with_headers(blobs, rows)


def test_headers_have_no_pixels(tmp_path: Path) -> None:
    """Deciding needs no pixels; both ways of reading give the same patient and instance."""
    blobs, rows = instances(tmp_path, encoded(IMAGE))
    slow, fast = originals.header(blobs, rows[0]), originals.HeadersInTurn(blobs).of(rows[0])
    assert "PixelData" not in slow
    assert slow.file_meta.TransferSyntaxUID == IMAGE.file_meta.TransferSyntaxUID
    assert slow.SOPInstanceUID == str(fast.get("SOPInstanceUID")) == IMAGE.SOPInstanceUID
    assert originals.patient(slow) == originals.patient(fast)


def test_what_cannot_be_read_is_held() -> None:
    """The preparation keeps such an object here and asks a person."""
    with pytest.raises(Held) as caught:
        originals.parsed(b"no DICOM")
    assert caught.value.reason is HeldReason.UNREADABLE
    assert originals.parsed(encoded(IMAGE)).PixelData == IMAGE.PixelData
