"""The walk over a data set: complete or not, whatever its encoding, and however it is cut into pieces."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.walk import Walk, walk
from dicom_nodes.upper_layer.contexts import TRANSFER_SYNTAXES
from support.objects.dicom_files import dataset_bytes, encoded, mr_dataset
from support.objects.encoded_objects import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    PIXEL_DATA,
    SYNTAXES,
    UNDEFINED,
    Form,
    Fragments,
    Leaf,
    Nested,
    Node,
    data_sets,
)

WANTED = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
FIRST = Leaf(0x00080001, "UL", b"\1\0\0\0")
FORMS = st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN])
SIZES = st.lists(st.integers(1, 300), min_size=1, max_size=5)
many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


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


def _whole(data: bytes, syntax: str, wanted: Sequence[int] = WANTED) -> dict[int, str] | None:
    """What the walk over the whole says: the wanted values, or None when it refuses."""
    try:
        return walk(data, syntax, wanted)
    except NotDicom:
        return None


def _in_pieces(
    data: bytes, syntax: str, sizes: list[int], wanted: Sequence[int] = WANTED
) -> dict[int, str] | None:
    walking = Walk(syntax, wanted)
    at, turn = 0, 0
    try:
        while at < len(data):
            size = sizes[turn % len(sizes)]
            walking.feed(memoryview(data)[at : at + size])
            at, turn = at + size, turn + 1
        return walking.finish()
    except NotDicom:
        return None


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


# ---- data sets of another writer ---------------------------------------------------------------------------


@many
@given(data_sets(), FORMS, SIZES)
def test_every_data_set_is_complete_and_its_values_are_found(
    nodes: tuple[Node, ...], form: Form, sizes: list[int]
) -> None:
    """Nested with lengths and delimiters, odd lengths, both byte orders, deflated; as a whole and in pieces."""
    nodes = (FIRST, *nodes)
    texts = {
        node.tag: node.value.decode("ascii", "replace").strip("\0 ")
        for node in nodes
        if isinstance(node, Leaf)
    }
    data = form.data_set(nodes)
    assert _whole(data, SYNTAXES[form], list(texts)) == texts
    assert _in_pieces(data, SYNTAXES[form], sizes, list(texts)) == texts
    if form == EXPLICIT:
        assert _whole(_deflated(data), DeflatedExplicitVRLittleEndian, list(texts)) == texts
        assert _in_pieces(_deflated(data), DeflatedExplicitVRLittleEndian, sizes, list(texts)) == texts


@many
@given(data_sets(), FORMS, SIZES, st.data())
def test_a_cut_is_seen_unless_it_lies_between_elements(
    nodes: tuple[Node, ...], form: Form, sizes: list[int], data: st.DataObject
) -> None:
    """Wherever a data set ends too early; what is left of a header is nothing if it is zeros."""
    nodes = (FIRST, *nodes)
    whole, ends = form.data_set(nodes), form.ends(nodes)
    cut = data.draw(st.integers(0, len(whole)))
    last = max((end for end in ends if end <= cut), default=0)
    complete = last > 0 and cut - last < 12 and not any(whole[last:cut])
    assert (_whole(whole[:cut], SYNTAXES[form]) is not None) is complete
    assert (_in_pieces(whole[:cut], SYNTAXES[form], sizes) is not None) is complete


@many
@given(data_sets(depth=2), st.integers(0, 40), SIZES)
def test_zeros_behind_the_last_element_are_padding(
    nodes: tuple[Node, ...], zeros: int, sizes: list[int]
) -> None:
    """Some modalities fill a file up; nothing is missing then, and nothing but zeros may follow."""
    for form in (EXPLICIT, BIG_ENDIAN):
        data = form.data_set((FIRST, *nodes)) + bytes(zeros)
        assert _in_pieces(data, SYNTAXES[form], sizes) == _whole(data, SYNTAXES[form]) == {}
        if zeros >= 8:
            assert _in_pieces(data + b"\1", SYNTAXES[form], sizes) is None


def test_zeros_in_implicit_vr_are_elements_without_a_value() -> None:
    """They may stand anywhere, and are never what makes an object."""
    uid = Leaf(0x0020000D, "UI", b"2.25.1")
    data = IMPLICIT.element(FIRST) + bytes(16) + IMPLICIT.element(uid) + bytes(24)
    for sizes in ([1], [5], [10**6]):
        assert _in_pieces(data, ImplicitVRLittleEndian, sizes, WANTED) == {0x0020000D: "2.25.1"}
        assert _in_pieces(bytes(40), ImplicitVRLittleEndian, sizes) is None


# ---- what is refused ---------------------------------------------------------------------------------------

_END = b"\xfe\xff\xdd\xe0" + bytes(4)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "The data set is empty."),
        (bytes(100), "The data set is empty."),
        (EXPLICIT.element(FIRST)[:-1], "The data end inside (0008,0001): 1 bytes are missing."),
        (EXPLICIT.element(FIRST)[:5], "The data end inside an element header."),
        (b"\x08\0\1\0QQ\4\0\1\0\0\0", "(0008,0001) has no known value representation."),
        (EXPLICIT.header(0x00081140, "SQ", UNDEFINED), "The data end inside a sequence."),
        (
            EXPLICIT.header(0x00081140, "SQ", UNDEFINED) + EXPLICIT.item(b"")[:-1] + b"\5",
            "inside (FFFE,E000)",
        ),
        (
            EXPLICIT.header(0x00081140, "SQ", UNDEFINED) + EXPLICIT.element(FIRST),
            "Expected an item, found (0008,0001)",
        ),
        (
            EXPLICIT.header(PIXEL_DATA, "OB", UNDEFINED) + EXPLICIT.item(b"", undefined=True) + _END,
            "A pixel data fragment has no length.",
        ),
        (
            EXPLICIT.element(FIRST) + bytes(8) + b"\1",
            "There are bytes after the zeros that end the data set.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said(data: bytes, problem: str) -> None:
    """With the tag where there is one, never with a value."""
    with pytest.raises(NotDicom) as caught:
        walk(data, ExplicitVRLittleEndian)
    assert problem in caught.value.problem
    assert "damaged or is not DICOM" in caught.value.fix


def test_deflated_data_that_cannot_be_inflated_are_refused() -> None:
    """Cut short, or no deflated data at all; bytes behind their end are padding."""
    data = _deflated(EXPLICIT.element(FIRST))
    assert walk(data, DeflatedExplicitVRLittleEndian) == {}
    assert walk(data + b"\0", DeflatedExplicitVRLittleEndian) == {}
    with pytest.raises(NotDicom, match="ends in the middle"):
        walk(data[:-2], DeflatedExplicitVRLittleEndian)
    with pytest.raises(NotDicom, match="cannot be inflated"):
        walk(b"\xff\xff\xff\xff", DeflatedExplicitVRLittleEndian)


@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_nesting_has_an_end(form: Form) -> None:
    """Sixty-four open sequences are walked, one more is refused: memory does not grow with what a sender nests."""
    node: Node = FIRST
    for depth in range(1, 66):
        node = Nested(0x00081140, ((node,),), (True, True))
        if depth == 64:
            assert walk(form.element(node), SYNTAXES[form]) == {}
    with pytest.raises(NotDicom, match="nested more than 64 deep"):
        walk(form.element(node), SYNTAXES[form])


@pytest.mark.parametrize("form", [EXPLICIT, BIG_ENDIAN])
def test_an_unknown_value_without_length_holds_implicit_items(form: Form) -> None:
    """Whatever the encoding around it is (PS3.5 6.2.2 note 2); after it that one goes on."""
    item = IMPLICIT.item(
        IMPLICIT.data_set([FIRST, Nested(0x00081140, ((FIRST,),), (True, True))]), undefined=True
    )
    unknown = form.header(0x00091001, "UN", UNDEFINED) + item + _END
    data = unknown + form.element(Leaf(0x0020000D, "UI", b"2.25.1"))
    assert walk(data, SYNTAXES[form], WANTED) == {0x0020000D: "2.25.1"}
    assert _whole(data[:-1], SYNTAXES[form]) is None


def test_a_long_value_is_kept_in_part() -> None:
    """What is asked for is short; a sender that makes it long costs no memory."""
    data = EXPLICIT.element(Leaf(0x00081140, "UT", b"1" * 5000))
    assert walk(data, ExplicitVRLittleEndian, [0x00081140]) == {0x00081140: "1" * 1024}
    assert _in_pieces(data, ExplicitVRLittleEndian, [700], [0x00081140]) == {0x00081140: "1" * 1024}


def test_a_value_inside_a_sequence_is_not_asked_for() -> None:
    """The UIDs of a referenced object are not this one's."""
    other, own = Leaf(0x0020000D, "UI", b"2.25.1"), Leaf(0x0020000D, "UI", b"2.25.22")
    for undefined in (False, True):
        data = EXPLICIT.data_set([Nested(0x00081140, ((other,),), (undefined, undefined)), own])
        assert walk(data, ExplicitVRLittleEndian, WANTED) == {0x0020000D: "2.25.22"}


def test_fragments_are_passed_over() -> None:
    """Whatever is in them: delimiters, too."""
    data = EXPLICIT.data_set([FIRST, Fragments((b"", _END * 3, b"\1"))])
    assert walk(data, "1.2.840.10008.1.2.4.90") == {}


# ---- in pieces as a whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 100, 10**6])
def test_every_syntax_in_pieces_of_every_size(syntax: str, size: int) -> None:
    """A sound data set is sound in pieces of any size, and its UIDs are found."""
    found = _in_pieces(SAMPLES[syntax], syntax, [size])
    assert found == _whole(SAMPLES[syntax], syntax)
    assert found is not None
    assert found[0x0020000D] == "2.25.3001"


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@given(cut=st.integers(0, 10**6), sizes=SIZES)
def test_a_cut_data_set_has_the_verdict_of_the_whole(syntax: str, cut: int, sizes: list[int]) -> None:
    """Wherever the data set ends too early, both agree whether that can be seen."""
    data = SAMPLES[syntax]
    data = data[: cut % len(data)]
    assert _in_pieces(data, syntax, sizes) == _whole(data, syntax)


@pytest.mark.parametrize("syntax", TRANSFER_SYNTAXES)
@given(seed=st.integers(), changes=st.integers(1, 4), sizes=st.lists(st.integers(1, 300), min_size=1))
def test_a_changed_data_set_has_the_verdict_of_the_whole(
    syntax: str, seed: int, changes: int, sizes: list[int]
) -> None:
    """Whatever bytes are changed (lengths, tags, VRs), both agree, and neither ever fails otherwise."""
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


def _bomb(megabytes: int) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    size = megabytes << 20
    bomb = deflater.compress(b"\xe0\x7f\x10\x00OB\0\0" + size.to_bytes(4, "little"))
    return bomb + b"".join(deflater.compress(bytes(1 << 20)) for _ in range(megabytes)) + deflater.flush()


def test_a_deflated_data_set_is_walked_in_steps() -> None:
    """One that inflates to 60 MB takes little of them."""
    bomb = _bomb(60)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        assert walk(bomb, DeflatedExplicitVRLittleEndian) == {}
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_refused() -> None:
    """What inflates to a thousand times its size would take gigabytes of whoever reads it later."""
    with pytest.raises(NotDicom, match="inflates to more than 64 MB"):
        walk(_bomb(70), DeflatedExplicitVRLittleEndian)


# ---- delimiters that end nothing ---------------------------------------------------------------------------

STRAY = {
    "an item": b"\xfe\xff\x0d\xe0\0\0\0\0",
    "a sequence": b"\xfe\xff\xdd\xe0\0\0\0\0",
    "both": b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0",
    "and zeros": b"\xfe\xff\x0d\xe0" + bytes(40),
}


@pytest.mark.parametrize("stray", STRAY.values(), ids=STRAY)
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("size", [1, 5, 8, 10**6])
def test_stray_delimiters_at_the_end_are_passed_over(stray: bytes, syntax: str, size: int) -> None:
    """Some writers end the data set like an item; DCMTK and Orthanc take it."""
    found = _in_pieces(SAMPLES[syntax] + stray, syntax, [size])
    assert found is not None
    assert found == _whole(SAMPLES[syntax], syntax)


@pytest.mark.parametrize("stray", [STRAY["an item"], STRAY["a sequence"]])
@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("size", [1, 8, 10**6])
def test_nothing_may_follow_a_stray_delimiter(stray: bytes, form: Form, size: int) -> None:
    """What stands behind it would be read by some and not by others; the reason names the tag, never a value."""
    if not form.little:
        stray = b"\xff\xfe" + stray[3:1:-1] + stray[4:]
    data = form.data_set([FIRST]) + stray + form.data_set([Leaf(0x00100010, "PN", b"Probe^Petra ")])
    assert _in_pieces(data, SYNTAXES[form], [size]) is None
    with pytest.raises(NotDicom, match=r"\(0010,0010\) follows a delimiter") as caught:
        walk(data, SYNTAXES[form])
    assert "Petra" not in str(caught.value)


def test_a_stray_delimiter_with_a_length_is_none() -> None:
    """Its length could hide anything."""
    with pytest.raises(NotDicom, match="has a length"):
        walk(EXPLICIT.data_set([FIRST]) + b"\xfe\xff\x0d\xe0\4\0\0\0NAME", ExplicitVRLittleEndian)
