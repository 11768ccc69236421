"""The elements of data sets as byte ranges: those that another writer put there, or NotTaken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR

from dicom_nodes.encoding.elements import (
    SEQUENCE,
    Element,
    Item,
    NotTaken,
    VrOf,
    elements,
    elements_between,
    fragments,
    items,
)
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import MappedFile
from dicom_nodes.encoding.walk import walk
from support.objects.encoded_objects import (
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

END = b"\xfe\xff\xdd\xe0\0\0\0\0"
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
LITTLE = st.sampled_from([EXPLICIT, IMPLICIT])
many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _dictionary(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _vr_of(form: Form) -> VrOf | None:
    return _dictionary if form.implicit else None


def _read(data: bytes, at: int, end: int, form: Form, depth: int = 0) -> list[Node]:
    """What `elements` and `items` say stands there, put together again."""
    nodes: list[Node] = []
    vr_of = _vr_of(form)
    for element in elements(data, at, end, vr_of=vr_of, depth=depth):
        tag, vr, _, value, stop, after = element
        if vr == SEQUENCE:
            inside = items(data, element, vr_of=vr_of, depth=depth)
            undefined = bool(inside) and data[inside[0].start - 4 : inside[0].start] == b"\xff" * 4
            contents = tuple(tuple(_read(data, *item, form, depth + 1)) for item in inside)
            nodes.append(Nested(tag, contents, (stop != after, undefined)))
        elif stop != after:
            pieces = [data[piece.start : piece.end] for piece in fragments(data, value, stop)]
            nodes.append(Fragments(tuple(pieces), tag, "OB" if form.implicit else vr))
        else:
            nodes.append(Leaf(tag, vr, data[value:stop]))
    return nodes


def _as_it_shows(nodes: Sequence[Node]) -> list[Node]:
    """Without what does not show: how items would have ended if there were any."""
    return [
        Nested(
            node.tag,
            tuple(tuple(_as_it_shows(item)) for item in node.items),
            (node.undefined[0], node.undefined[1] and bool(node.items)),
        )
        if isinstance(node, Nested)
        else node
        for node in nodes
    ]


@many
@given(data_sets(), LITTLE, st.binary(max_size=4), st.binary(max_size=4))
def test_elements_are_those_that_were_written(
    nodes: tuple[Node, ...], form: Form, before: bytes, after: bytes
) -> None:
    """Nested ones, of any length, with lengths and delimiters, between other bytes; and nothing lies between them."""
    encoded = form.data_set(nodes)
    data, start = before + encoded + after, len(before)
    end = start + len(encoded)
    assert _read(data, start, end, form) == _as_it_shows(nodes)
    found = elements(data, start, end, vr_of=_vr_of(form))
    assert [e.end for e in found] == [start + at for at in form.ends(nodes)]
    assert [e.start for e in found] == [start, *(e.end for e in found)][: len(found)]


@many
@given(data_sets(), LITTLE, st.data())
def test_a_cut_is_seen_unless_it_lies_between_elements(
    nodes: tuple[Node, ...], form: Form, data: st.DataObject
) -> None:
    """Wherever a data set ends too early."""
    encoded = form.data_set(nodes)
    cut = data.draw(st.integers(0, len(encoded)))
    ends = [0, *form.ends(nodes)]
    if cut in ends:
        assert len(elements(encoded, 0, cut, vr_of=_vr_of(form))) == ends.index(cut)
    else:
        with pytest.raises(NotTaken):
            elements(encoded, 0, cut, vr_of=_vr_of(form))


@many
@given(
    data_sets(depth=2), LITTLE, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1)
)
def test_what_is_taken_is_complete_for_the_walk_too(
    nodes: tuple[Node, ...], form: Form, changes: list[tuple[int, int]]
) -> None:
    """Whatever bytes are changed: NotTaken, or elements that the walk over the same bytes finds complete."""
    data = bytearray(form.data_set((Leaf(0x00080001, "UN", b""), *nodes)))
    for place, value in changes:
        data[place % len(data)] = value
    try:
        found = elements(bytes(data), 0, len(data), vr_of=_vr_of(form))
    except NotTaken:
        return
    assert found[-1].end == len(data)
    wanted = [e.tag for e in found if e.stop == e.end and e.stop - e.value < 100]
    try:
        values = walk(bytes(data), SYNTAXES[form], wanted)
    except NotDicom:
        # Eight zero bytes are an element in implicit VR; for the walk they are padding, and all zeros are no object.
        assert form.implicit
        assert not any(data)
        return
    for e in found:
        if e.tag in wanted and e.tag:
            assert values[e.tag] == data[e.value : e.stop].decode("ascii", "replace").strip("\0 ")


@given(st.binary(max_size=60), LITTLE)
def test_any_bytes_are_elements_or_not_taken(data: bytes, form: Form) -> None:
    """Never another error."""
    try:
        found = elements(data, 0, len(data), vr_of=_vr_of(form))
    except NotTaken:
        return
    assert [e.tag for e in found] == sorted({e.tag for e in found})
    assert not found or found[-1].end == len(data)


@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(
    "nodes",
    [
        (Leaf(0x00100020, "LO", b"a"), Leaf(0x00100010, "PN", b"b")),
        (Leaf(0x00100020, "LO", b"a"), Leaf(0x00100020, "LO", b"a")),
        (Leaf(0xFFFEE000, "UN", b""),),
        (Nested(0x00081140, ((Leaf(0x00100020, "LO", b""), Leaf(0x00100010, "PN", b"")),), (True, True)),),
    ],
    ids=["descending", "twice", "a delimiter's tag", "descending in an item with a delimiter"],
)
def test_what_is_out_of_order_is_not_taken(nodes: tuple[Node, ...], form: Form) -> None:
    """PS3.5 7.1 wants ascending tags; what has them not is left to the engine on data sets."""
    data = form.data_set(nodes)
    with pytest.raises(NotTaken):
        elements(data, 0, len(data), vr_of=_vr_of(form))


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\0\x16\0XX\x02\x001\0",
        EXPLICIT.header(0x00091001, "UN", UNDEFINED) + IMPLICIT.item(b"") + END,
        EXPLICIT.header(0x00281203, "OW", UNDEFINED) + EXPLICIT.item(b"") + END,
        EXPLICIT.header(PIXEL_DATA, "OB", UNDEFINED) + EXPLICIT.item(b"\1\2"),
        EXPLICIT.header(PIXEL_DATA, "OB", UNDEFINED) + EXPLICIT.item(b"\1\2") + ITEM_END,
        EXPLICIT.header(PIXEL_DATA, "OB", UNDEFINED) + EXPLICIT.item(b"", undefined=True) + END,
    ],
    ids=[
        "a VR that is none",
        "unknown without length",
        "words without length",
        "no end",
        "another end",
        "endless fragment",
    ],
)
def test_what_is_not_plain_is_not_taken(data: bytes) -> None:
    """Its meaning depends on more than its bytes, or it has none."""
    with pytest.raises(NotTaken):
        elements(data, 0, len(data), vr_of=None)


@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize(
    "content",
    [
        EXPLICIT.item(b"") + END,
        EXPLICIT.item(b"", undefined=True)[:-8],
        EXPLICIT.item(b"ab")[:-1],
        EXPLICIT.item(b"")[:-1],
        ITEM_END,
    ],
    ids=["with a delimiter", "an endless item", "a cut item", "a cut header", "no item"],
)
def test_a_sequence_with_a_length_is_filled_by_whole_items(content: bytes, form: Form) -> None:
    """Its element is well-formed; what is in it is asked for when it is looked into, whatever follows it."""
    data = form.header(0x00081140, "SQ", len(content)) + content
    (sequence,) = elements(data, 0, len(data), vr_of=_vr_of(form))
    with pytest.raises(NotTaken):
        items(data + ITEM_END + END, sequence, vr_of=_vr_of(form), depth=0)


def test_no_length_is_not_four_gigabytes(tmp_path: Path) -> None:
    """Of a file that is larger than that, left on the disk: a sequence without length ends with its delimiter."""
    with (tmp_path / "large").open("wb+") as file:
        file.write(IMPLICIT.header(0x00081140, "SQ", UNDEFINED))
        file.truncate(8 + UNDEFINED)
        with MappedFile.of(file.fileno()) as data, pytest.raises(NotTaken):
            elements(data, 0, len(data), vr_of=_dictionary)


@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT])
def test_nesting_has_an_end(form: Form) -> None:
    """Fifteen levels are taken, the sixteenth is not; real objects have four."""
    node: Node = Leaf(0x00100020, "LO", b"x")
    for depth in range(1, 17):
        node = Nested(0x00081140, ((node,),), (True, True))
        data = form.element(node)
        if depth <= 15:
            assert len(elements(data, 0, len(data), vr_of=_vr_of(form))) == 1
        else:
            with pytest.raises(NotTaken):
                elements(data, 0, len(data), vr_of=_vr_of(form))


@many
@given(data_sets(), LITTLE, st.data())
def test_a_part_of_the_elements_is_read_by_its_tags(
    nodes: tuple[Node, ...], form: Form, data: st.DataObject
) -> None:
    """From a place on, up to a tag: these elements, and where the next one begins."""
    encoded, ends = form.data_set(nodes), [0, *form.ends(nodes)]
    first = data.draw(st.integers(0, len(nodes)))
    last = data.draw(st.integers(first, len(nodes)))
    below = nodes[last].tag if last < len(nodes) else 0xFFFEE000
    after = nodes[first - 1].tag if first else -1
    found, at = elements_between(encoded, ends[first], vr_of=_vr_of(form), after=after, below=below)
    assert [e.tag for e in found] == [node.tag for node in nodes[first:last]]
    assert at == ends[last]
    cut = data.draw(st.integers(ends[first], len(encoded)))
    if cut not in ends:
        with pytest.raises(NotTaken):
            elements_between(encoded[:cut], ends[first], vr_of=_vr_of(form), after=after)
    if first < len(nodes):
        with pytest.raises(NotTaken):
            elements_between(encoded, ends[first], vr_of=_vr_of(form), after=nodes[first].tag)


def test_fragments_end_where_none_follows() -> None:
    """The offset table first; the last one is cut off where the value ends."""
    data = EXPLICIT.item(b"") + EXPLICIT.item(b"\1\2\3\4") + END
    assert list(fragments(data, 0, len(data))) == [Item(8, 8), Item(16, 20)]
    assert list(fragments(data, 0, 18)) == [Item(8, 8), Item(16, 18)]
    assert list(fragments(data, 0, 12)) == [Item(8, 8)]


def test_the_dictionary_is_asked_for_what_implicit_vr_does_not_say() -> None:
    """A sequence without length needs nobody to tell; pixel data without length are no sequence."""
    asked: list[int] = []

    def vr_of(tag: int) -> str:
        asked.append(tag)
        return "OB or OW" if tag == PIXEL_DATA else "LO"

    data = IMPLICIT.data_set(
        [
            Leaf(0x00080070, "LO", b"x"),
            Nested(0x00081140, (), (True, True)),
            Fragments((b"", b"\1\2")),
        ]
    )
    found = elements(data, 0, len(data), vr_of=vr_of)
    assert [(e.tag, e.vr) for e in found] == [
        (0x00080070, "LO"), (0x00081140, "SQ"), (PIXEL_DATA, "OB or OW")
    ]  # fmt: skip
    assert asked == [0x00080070, PIXEL_DATA]
    assert found[1] == Element(0x00081140, "SQ", 9, 17, 17, 25)
