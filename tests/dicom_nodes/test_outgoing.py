"""Files to send: what is needed to negotiate is read from their beginnings, and their data sets as they are stored."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.outgoing import EncodedContent, OutgoingFile, StoredContent
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset
from support.objects.encoded_objects import EXPLICIT, Leaf, file_meta

DATASET = EXPLICIT.element(Leaf(0x00080018, "UI", b"2.25.1"))
UIDS = (Leaf(0x00020002, "UI", b"1.2.840.10008.5.1.4.1.1.4\0"), Leaf(0x00020003, "UI", b"2.25.1"))


def _file(path: Path, private: int, *, dataset: bytes = DATASET, uids: tuple[Leaf, ...] = UIDS) -> Path:
    """With so many bytes of private information before the data set."""
    more = (Leaf(0x00020102, "OB", bytes(private)),) if private else ()
    path.write_bytes(file_meta(ExplicitVRLittleEndian, *uids, *more) + dataset)
    return path


def _outgoing(path: Path) -> OutgoingFile:
    return OutgoingFile(path, "1.2.840.10008.5.1.4.1.1.4", "2.25.1", ExplicitVRLittleEndian)


def test_an_outgoing_file_knows_its_uids(tmp_path: Path) -> None:
    """The three UIDs needed to negotiate are read from the file meta information alone."""
    ds = mr_dataset(syntax=RLELossless, rows=512)
    path = tmp_path / "a.dcm"
    path.write_bytes(encoded(ds))
    assert OutgoingFile.of(path) == OutgoingFile(path, ds.SOPClassUID, ds.SOPInstanceUID, RLELossless)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"no DICOM"),
        lambda path: path.write_bytes(b""),
        lambda path: _file(path, 0, uids=UIDS[:1]),
        lambda path: path.write_bytes(_file(path, 3000).read_bytes()[:2000]),
        lambda path: _file(path, 2 * 1024 * 1024),
    ],
    ids=["no DICOM", "empty", "without an instance UID", "cut", "endless file meta information"],
)
def test_a_file_that_cannot_be_negotiated_is_told(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """Before anything is sent, with what is wrong and what to do."""
    path = tmp_path / "a.dcm"
    spoil(path)
    with pytest.raises(NotDicom) as caught:
        OutgoingFile.of(path)
    assert caught.value.problem
    assert caught.value.fix


@pytest.mark.parametrize("private", [0, 2, 3900, 3920, 3924, 3926, 3928, 3930, 4000, 60_000, 1_000_000])
@pytest.mark.parametrize("dataset", [DATASET, b"", bytes(5)])
def test_the_data_set_is_found_behind_file_meta_information_of_any_length(
    tmp_path: Path, private: int, dataset: bytes
) -> None:
    """However it lies to the block that is read first; a file may end with it."""
    file = _outgoing(_file(tmp_path / "a.dcm", private, dataset=dataset))
    content = StoredContent.of(file)
    slot = bytearray(len(dataset))
    content.fill([memoryview(slot)], 0)
    content.close()
    content.close()
    assert (content.length, bytes(slot)) == (len(dataset), dataset)


def test_file_meta_information_is_read_to_its_end_wherever_the_first_block_ends(tmp_path: Path) -> None:
    """Between two of its elements, too: what is read first looks whole then."""
    path = tmp_path / "a.dcm"
    for size in range(3600, 4100, 2):
        path.write_bytes(
            file_meta(ExplicitVRLittleEndian, Leaf(0x00020001, "OB", bytes(size)), *UIDS) + DATASET
        )
        assert OutgoingFile.of(path) == _outgoing(path)


def test_a_file_in_another_transfer_syntax_than_noted_is_not_sent(tmp_path: Path) -> None:
    """It would arrive under a wrong name."""
    path = tmp_path / "a.dcm"
    path.write_bytes(encoded(mr_dataset(syntax=RLELossless)))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(NotDicom, match=r"not 1\.2\.840\.10008\.1\.2\.1 as noted"):
        StoredContent.of(_outgoing(path))
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_that_became_shorter_is_an_error_of_the_disk(tmp_path: Path) -> None:
    """What is missing is never made up."""
    path = tmp_path / "a.dcm"
    path.write_bytes(encoded(mr_dataset()))
    content = StoredContent.of(_outgoing(path))
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(OSError, match="became shorter"):
        content.fill([memoryview(bytearray(content.length))], 0)
    content.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 400), min_size=1, max_size=8), st.booleans())
def test_slots_of_any_size_are_filled_one_after_the_other(
    tmp_path: Path, offset: int, sizes: list[int], stored: bool
) -> None:
    """From the disk and from memory, from any place on: the bytes of the data set, in order, each once."""
    part10 = encoded(mr_dataset())
    path = tmp_path / "a.dcm"
    path.write_bytes(part10)
    dataset = dataset_bytes(part10)
    content = StoredContent.of(_outgoing(path)) if stored else EncodedContent(dataset)
    assert content.length == len(dataset)
    offset %= len(dataset)
    left = len(dataset) - offset
    slots = []
    for size in sizes:
        slots.append(bytearray(min(size, left)))
        left -= len(slots[-1])
    content.fill([memoryview(slot) for slot in slots], offset)
    content.close()
    taken = b"".join(slots)
    assert taken == dataset[offset : offset + len(taken)]
