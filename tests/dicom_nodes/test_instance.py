"""Part 10 files from uploads and STOW-RS: whole ones are kept as they are, damaged ones are told apart."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread, uid
from pydicom.dataset import Dataset

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.instance import ReceivedInstance, read_instance
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset


def _nested(syntax: str = uid.ExplicitVRLittleEndian) -> bytes:
    """A file with nested sequences of undefined length and a private UN element."""
    ds = mr_dataset(syntax=syntax)
    inner = Dataset()
    inner.CodeValue = "121"
    outer = Dataset()
    outer.PurposeOfReferenceCodeSequence = [inner, inner]
    ds.ReferencedImageSequence = [outer]
    ds["ReferencedImageSequence"].is_undefined_length = True
    outer.is_undefined_length_sequence_item = True
    outer["PurposeOfReferenceCodeSequence"].is_undefined_length = True
    ds.private_block(0x0019, "SYNTHETIC", create=True).add_new(0x01, "UN", b"\x01\x02\x03\x04")
    return encoded(ds)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_a_file_is_read_without_touching_its_data_set(syntax: str) -> None:
    """UIDs are found in every transfer syntax; the bytes stay those of the file."""
    ds = mr_dataset(syntax=syntax)
    part10 = encoded(ds)
    instance = read_instance(part10, node="uploads", received_by="upload")
    assert instance == ReceivedInstance(
        ds.SOPClassUID, ds.SOPInstanceUID, syntax, dataset_bytes(part10), node="uploads", received_by="upload"
    )


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
def test_a_file_cut_anywhere_in_its_data_set_is_not_taken_for_whole(syntax: str) -> None:
    """However a transfer was cut short inside an element, the file is refused."""
    part10 = encoded(mr_dataset(syntax=syntax))
    for missing in (2, 7, 100, 200):  # the last byte may be padding of a deflated stream
        with pytest.raises(NotDicom):
            read_instance(part10[:-missing])


def test_sequences_of_undefined_length_are_walked() -> None:
    """Nested sequences, items with and without length, and private elements are understood; cuts are found."""
    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian):
        part10 = _nested(syntax)
        read_instance(part10)
        place = dataset_bytes(part10).index(b"121") + len(part10) - len(dataset_bytes(part10))
        with pytest.raises(NotDicom):
            read_instance(part10[: place + 6])


@pytest.mark.parametrize(
    ("part10", "problem"),
    [
        (b"", "'DICM' mark"),
        (b"MZ" + bytes(400), "'DICM' mark"),
        (bytes(128) + b"DICM", "no usable transfer syntax"),
        (bytes(128) + b"DICM" + b"\xff" * 100, "no usable transfer syntax"),
    ],
    ids=["empty", "executable", "only-a-preamble", "noise"],
)
def test_garbage_is_told_apart(part10: bytes, problem: str) -> None:
    """Something that is not DICOM says what is missing, and what to do."""
    with pytest.raises(NotDicom, match=problem) as caught:
        read_instance(part10)
    assert caught.value.fix


def test_a_uid_that_names_a_path_is_refused() -> None:
    """A SOP Instance UID from a file can never become a path."""
    part10 = encoded(mr_dataset(uid="2.25.12345678"))
    with pytest.raises(NotDicom, match="no usable SOP Instance UID"):
        read_instance(part10.replace(b"2.25.12345678", b"../../etc/pas"))


def test_trailing_zeros_are_tolerated() -> None:
    """Some modalities pad their files with zero bytes; nothing is missing then."""
    part10 = encoded(mr_dataset())
    assert read_instance(part10 + bytes(512)).dataset == dataset_bytes(part10) + bytes(512)


@given(st.binary(max_size=300))
def test_noise_never_crashes_the_reader(noise: bytes) -> None:
    """Any bytes at all are either an instance or NotDicom, never another error."""
    for part10 in (noise, bytes(128) + b"DICM" + noise, encoded(mr_dataset())[:400] + noise):
        try:
            read_instance(part10)
        except NotDicom:
            continue


@given(st.integers(0, 2_000), st.integers(0, 255))
def test_a_flipped_byte_never_crashes_the_reader(position: int, value: int) -> None:
    """A damaged file is either still readable or NotDicom."""
    part10 = bytearray(_nested())
    part10[position % len(part10)] = value
    try:
        read_instance(bytes(part10))
    except NotDicom:
        return


def test_a_received_instance_survives_the_way_through_a_file() -> None:
    """part10() and read_instance() are inverse for what is stored, and pydicom agrees."""
    instance = read_instance(encoded(mr_dataset(syntax=uid.JPEG2000Lossless)))
    part10 = instance.part10()
    again = read_instance(part10)
    assert again.dataset == instance.dataset
    ds = dcmread(BytesIO(part10))
    assert ds.file_meta.FileMetaInformationGroupLength
    assert ds.SOPInstanceUID == instance.sop_instance_uid == ds.file_meta.MediaStorageSOPInstanceUID
