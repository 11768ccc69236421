"""What a file says about its own arrival: believed only when every byte that was acknowledged is there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dicom_nodes.instance import ReceivedInstance
from gateway.records.arrival import arrival_mark
from gateway.records.ledger.arrivals import NewInstance, Origin
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset

ORIGIN = Origin("hospital", "hospital-pacs", "HÖSPITAL", "GATEWAY", "127.0.0.1", "c-store", None)


def _arrived(path: Path, number: int = 1, origin: Origin = ORIGIN) -> NewInstance:
    """A file as the intake writes it, with its mark; what its row would say."""
    ds = mr_dataset(number)
    syntax = str(ds.file_meta.TransferSyntaxUID)
    data = dataset_bytes(encoded(ds))
    announced = ReceivedInstance(ds.SOPClassUID, ds.SOPInstanceUID, syntax, b"", received_by="c-store")
    content = arrival_mark.head(announced, origin) + data
    digest = arrival_mark.new_digest(syntax)
    digest.update(data)
    path.write_bytes(content)
    descriptor = os.open(path, os.O_WRONLY)
    arrival_mark.set_mark(descriptor, len(content), digest.digest())
    os.close(descriptor)
    found = {
        arrival_mark.SOP_CLASS: str(ds.SOPClassUID),
        arrival_mark.SOP_INSTANCE: str(ds.SOPInstanceUID),
        arrival_mark.STUDY: str(ds.StudyInstanceUID),
        arrival_mark.SERIES: str(ds.SeriesInstanceUID),
    }
    return arrival_mark.instance_of(origin, found, syntax, digest.hexdigest(), "received/a.dcm", len(content))


@pytest.mark.parametrize(
    "origin",
    [
        ORIGIN,
        replace(ORIGIN, sender="", received_by="upload", uploaded_by=7),
        replace(ORIGIN, site="Ü" * 200),
    ],
    ids=["a node", "an account", "a long name"],
)
def test_a_whole_file_says_what_its_row_would(tmp_path: Path, origin: Origin) -> None:
    """Who sent it, how, and what it is: nothing else has to be remembered for the recovery."""
    fact = _arrived(tmp_path / "a.dcm", origin=origin)
    assert arrival_mark.read_back(tmp_path / "a.dcm", "received/a.dcm") == fact
    assert vars(fact).items() >= vars(origin).items()


def _cut(content: bytearray) -> None:
    del content[-1:]


def _longer(content: bytearray) -> None:
    content += b"\0"


def _changed(content: bytearray) -> None:
    content[-1] ^= 1


def _unmarked(content: bytearray) -> None:
    content[:16] = bytes(16)


def _empty(content: bytearray) -> None:
    content.clear()


def _no_origin(content: bytearray) -> None:
    at = content.index(b'{"site"')
    content[at : at + 7] = b"{site  "


def _no_dicom(content: bytearray) -> None:
    at = content.index(b"DICM")
    content[at : at + 4] = b"MCID"


@pytest.mark.parametrize("damage", [_cut, _longer, _changed, _unmarked, _empty, _no_origin, _no_dicom])
def test_a_file_that_is_not_as_it_was_acknowledged_is_no_object(tmp_path: Path, damage: object) -> None:
    """Nobody was told Success for it: its sender sends it again."""
    path = tmp_path / "a.dcm"
    _arrived(path)
    content = bytearray(path.read_bytes())
    damage(content)  # type: ignore[operator]
    path.write_bytes(content)
    assert arrival_mark.read_back(path, "received/a.dcm") is None


def test_the_digest_is_of_the_object_and_not_of_its_way(tmp_path: Path) -> None:
    """Another sender's copy has the same; another object, or another transfer syntax, has not."""
    first = _arrived(tmp_path / "a.dcm")
    assert _arrived(tmp_path / "b.dcm", origin=replace(ORIGIN, site="south")).digest == first.digest
    assert _arrived(tmp_path / "c.dcm", number=2).digest != first.digest
    assert arrival_mark.new_digest("1.2.840.10008.1.2").digest() != arrival_mark.new_digest("1.2").digest()


def test_a_file_that_cannot_be_read_is_an_error_and_not_an_absence(tmp_path: Path) -> None:
    """A recovery must not clear what a failing disk hides."""
    with pytest.raises(OSError, match="No such file"):
        arrival_mark.read_back(tmp_path / "gone.dcm", "received/gone.dcm")
