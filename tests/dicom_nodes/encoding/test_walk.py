"""The walk over a data set in pieces gives the verdict of the walk over the whole, wherever the pieces are cut."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import elements, inflate
from dicom_nodes.encoding.walk import Walk
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES
from support.dicom_files import dataset_bytes, encoded, mr_dataset

WANTED = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)


def _nested(syntax: str) -> bytes:
    """Sequences of defined and undefined length, three deep, a private one and padding."""
    ds = mr_dataset(syntax=syntax)
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "121049", "Language"
    inner.is_undefined_length_sequence_item = True
    middle = Dataset()
    middle.ConceptNameCodeSequence = [inner, Dataset()]
    middle["ConceptNameCodeSequence"].is_undefined_length = True
    ds.ReferencedImageSequence = [middle, middle]
    ds["ReferencedImageSequence"].is_undefined_length = True
    ds.RequestAttributesSequence = [inner]
    ds.add_new(0x00291010, "UN", b"private")
    ds.DataSetTrailingPadding = bytes(10)
    return dataset_bytes(encoded(ds))


SAMPLES = {syntax: _nested(syntax) for syntax in TRANSFER_SYNTAXES}


def _whole(data: bytes, syntax: str) -> dict[int, str] | None:
    """What the walk over the whole says: the wanted values, or None when it refuses."""
    try:
        found = list(elements(data, syntax))
        plain = inflate(data) if syntax == DeflatedExplicitVRLittleEndian else data
    except NotDicom:
        return None
    values = {e.tag: plain[e.start : e.start + e.length].decode("ascii", "replace") for e in found}
    return {tag: values[tag].strip("\0 ") for tag in WANTED if tag in values} if found else None


def _in_pieces(data: bytes, syntax: str, sizes: list[int]) -> dict[int, str] | None:
    walk = Walk(syntax, WANTED)
    at, turn = 0, 0
    try:
        while at < len(data):
            size = sizes[turn % len(sizes)]
            walk.feed(memoryview(data)[at : at + size])
            at, turn = at + size, turn + 1
        return walk.finish()
    except NotDicom:
        return None


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 100, 10**6])
def test_every_syntax_in_pieces_of_every_size(syntax: str, size: int) -> None:
    """A sound data set is sound in pieces of any size, and its UIDs are found."""
    found = _in_pieces(SAMPLES[syntax], syntax, [size])
    assert found == _whole(SAMPLES[syntax], syntax)
    assert found is not None
    assert found[0x0020000D] == "2.25.3001"


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@given(cut=st.integers(0, 10**6), sizes=st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_a_cut_data_set_has_the_verdict_of_the_whole(syntax: str, cut: int, sizes: list[int]) -> None:
    """Wherever the data set ends too early, both walks agree whether that can be seen."""
    data = SAMPLES[syntax]
    data = data[: cut % len(data)]
    assert _in_pieces(data, syntax, sizes) == _whole(data, syntax)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@given(seed=st.integers(), changes=st.integers(1, 4), sizes=st.lists(st.integers(1, 300), min_size=1))
def test_a_changed_data_set_has_the_verdict_of_the_whole(
    syntax: str, seed: int, changes: int, sizes: list[int]
) -> None:
    """Whatever bytes are changed (lengths, tags, VRs), both walks agree, and neither ever fails otherwise."""
    chance = random.Random(seed)
    data = bytearray(SAMPLES[syntax])
    for _ in range(changes):
        data[chance.randrange(len(data))] = chance.choice((0, 0xFF, 0xFE, chance.randrange(256)))
    assert _in_pieces(bytes(data), syntax, sizes) == _whole(bytes(data), syntax)


@given(data=st.binary(max_size=200), zeros=st.integers(0, 40), sizes=st.lists(st.integers(1, 20), min_size=1))
def test_any_bytes_have_the_verdict_of_the_whole(data: bytes, zeros: int, sizes: list[int]) -> None:
    """Garbage and zero padding too, in explicit and in implicit VR."""
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        assert _in_pieces(data + bytes(zeros), syntax, sizes) == _whole(data + bytes(zeros), syntax)


def test_a_zip_bomb_is_walked_in_steps() -> None:
    """A deflated data set that inflates to 256 MB is walked in bounded memory."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    size = 256 * 1024 * 1024
    bomb = deflater.compress(b"\xe0\x7f\x10\x00OB\0\0" + size.to_bytes(4, "little"))
    bomb += b"".join(deflater.compress(bytes(1 << 20)) for _ in range(256)) + deflater.flush()
    assert len(bomb) < 300_000
    walk = Walk(DeflatedExplicitVRLittleEndian)
    walk.feed(memoryview(bomb))
    assert walk.finish() == {}
