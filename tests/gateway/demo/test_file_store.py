"""Files of a demo node: kept once, found again, never outside the folder, and lost only when told so."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from gateway.demo.file_store import FileStore, _safe


def image(number: int = 1, patient: str = "DEMO-1", study: str = "2.25.1") -> Dataset:
    """A tiny MR image."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, UID(f"2.25.9.{number}")
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID = study, "2.25.2", patient
    ds.add_new("PixelData", "OW", b"\1\2")
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def part10(ds: Dataset) -> bytes:
    """The image as a file."""
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_the_first_bytes_of_an_instance_win(tmp_path: Path) -> None:
    """The same instance with other content changes nothing, as in most archives."""
    store = FileStore(tmp_path)
    first = store.keep_dataset(image(patient="DEMO-1"))
    assert store.keep_dataset(image(patient="DEMO-2")) is first
    assert len(store) == 1
    assert first.read().PatientID == "DEMO-1"


def test_the_bytes_are_kept_as_they_came_and_the_header_has_no_pixels(tmp_path: Path) -> None:
    """What lies on the disk is what was sent; memory holds the header only."""
    sent = part10(image())
    kept = FileStore(tmp_path).keep(sent)
    assert kept.path.read_bytes() == sent
    assert "PixelData" not in kept.header
    assert "PixelData" in kept.read()
    assert list(tmp_path.rglob("*.partial")) == []


def test_a_restart_finds_everything_but_what_a_crash_cut_off(tmp_path: Path) -> None:
    """Whole files come back; a half-written one and a stranger's file are passed over."""
    kept = FileStore(tmp_path).keep_dataset(image())
    (kept.path.parent / "cut.dcm").write_bytes(part10(image(2))[:140])
    (kept.path.parent / "note.dcm").write_text("no DICOM")
    (kept.path.parent / "2.25.9.3.partial").write_bytes(part10(image(3)))
    again = FileStore(tmp_path)
    assert [file.sop_instance_uid for file in again] == [kept.sop_instance_uid]
    assert again.get(kept.sop_instance_uid) is not None


def test_what_is_no_instance_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """A text and an object without its study are errors, not files."""
    store = FileStore(tmp_path)
    nameless = image()
    del nameless.StudyInstanceUID
    with pytest.raises(InvalidDicomError):
        store.keep(b"no DICOM")
    with pytest.raises(AttributeError):
        store.keep_dataset(nameless)
    assert list(tmp_path.rglob("*")) == []


@given(st.text(max_size=20))
def test_no_uid_chooses_the_folder(uid: str) -> None:
    """A peer writes the UID: as a file name it is no path and never points upwards."""
    name = _safe(uid)
    assert "/" not in name
    assert "\\" not in name
    assert "\0" not in name
    assert not name.startswith(".")


def test_files_are_chosen_by_their_attributes(tmp_path: Path) -> None:
    """Every attribute has to agree; the order is that of arrival."""
    store = FileStore(tmp_path)
    for number, patient in enumerate(("DEMO-2", "DEMO-1", "DEMO-2"), 1):
        store.keep_dataset(image(number, patient))
    chosen = store.files(PatientID="DEMO-2")
    assert [file.sop_instance_uid for file in chosen] == ["2.25.9.1", "2.25.9.3"]
    assert store.files(PatientID="DEMO-2", StudyInstanceUID="2.25.7") == ()


def test_a_lost_instance_is_neither_answered_for_nor_promised(tmp_path: Path) -> None:
    """Commitment is promised for what is on the disk, not for what is in the index."""
    store = FileStore(tmp_path)
    forgotten, deleted, there = (store.keep_dataset(image(number)) for number in (1, 2, 3))
    store.forget(forgotten.sop_instance_uid)
    store.forget("2.25.404")
    deleted.path.unlink()
    assert not forgotten.path.exists()
    assert store.get(forgotten.sop_instance_uid) is None
    assert [store.secure(file.sop_instance_uid) for file in (forgotten, deleted, there)] == [
        None,
        None,
        there,
    ]


def test_waiting_wakes_up_when_a_file_arrives(tmp_path: Path) -> None:
    """A file that another thread keeps ends the waiting; the time limit is an error with the count."""
    store = FileStore(tmp_path)
    sender = threading.Timer(0.05, store.keep_dataset, (image(),))
    sender.start()
    assert len(store.wait_for(bool, 20)) == 1
    sender.join()
    with pytest.raises(TimeoutError, match="1 matching files"):
        store.wait_for(lambda files: len(files) > 1, 0)
