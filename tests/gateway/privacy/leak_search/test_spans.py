"""The proof's own reader of bytes finds what the library of bytes finds, and has nothing in common with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import keyword_for_tag

from dicom_nodes.encoding.elements import SEQUENCE, NotTaken, elements, fragments, items
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import MappedFile, Octets
from dicom_nodes.encoding.part10 import TRANSFER_SYNTAX, file_meta
from gateway.privacy.fast.dictionary import vr_of
from gateway.privacy.leak_search.spans import Span, spans, transfer_syntax
from support.objects.encoded_objects import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    SYNTAXES,
    Form,
    Leaf,
    Node,
    data_sets,
    leaves,
)
from support.objects.encoded_objects import file_meta as meta_of

BUNDLED = sorted((Path(pydicom.data.__file__).parent / "test_files").glob("*.dcm"))
many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_it_shares_no_code_with_what_it_judges() -> None:
    """In a new process, whatever it imports on the way: nothing of the library that read and wrote the copies."""
    program = (
        "import sys, gateway.privacy.leak_search.spans\n"
        "print([name for name in sys.modules if name.startswith('dicom_nodes')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _name(tag: int) -> str:
    return keyword_for_tag(tag) or f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _by_the_library(data: Octets) -> list[Span]:
    """The spans of a file as `dicom_nodes.encoding` finds them; raises NotTaken."""
    meta = file_meta(data)
    implicit = meta.uid(TRANSFER_SYNTAX) == SYNTAXES[IMPLICIT]
    found = [Span("file meta/" + _name(e.tag), e.vr, e.value, e.stop) for e in meta.elements]
    return [*found, *_leaves(data, meta.end, len(data), "", implicit, 0)]


def _leaves(data: Octets, at: int, end: int, path: str, implicit: bool, depth: int) -> Iterator[Span]:
    for element in elements(data, at, end, vr_of=vr_of(implicit), depth=depth):
        name, vr = path + _name(element.tag), element.vr[:2]
        if vr == SEQUENCE:
            for item in items(data, element, vr_of=vr_of(implicit), depth=depth):
                yield from _leaves(data, *item, name + "/", implicit, depth + 1)
        elif element.stop != element.end:
            yield from (Span(name, vr, *one) for one in fragments(data, element.value, element.stop))
        else:
            yield Span(name, vr, element.value, element.stop)


def _both(data: Octets) -> bool:
    """Whether the library reads a file; then both must find the same."""
    found = spans(data)
    try:
        wanted = _by_the_library(data)
    except (NotTaken, NotDicom):
        return False
    assert found == wanted
    return True


def test_bundled_files_have_the_same_spans() -> None:
    """The files that pydicom is tested with, from memory and mapped: most are read, and read alike."""
    read = [path for path in BUNDLED if _both(path.read_bytes())]
    assert len(read) > len(BUNDLED) * 2 // 3
    assert all(_both(MappedFile.at(path)) for path in read)


@many
@given(data_sets(), st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN]))
def test_spans_are_the_values_that_were_written(nodes: tuple[Node, ...], form: Form) -> None:
    """By a writer that is neither: nested with lengths and delimiters, odd lengths, both byte orders."""
    data = meta_of(SYNTAXES[form]) + form.data_set(nodes)
    found = [one for one in spans(data) if not one.path.startswith("file meta/")]
    assert [(one.path, one.vr, data[one.start : one.end]) for one in found] == [
        ("/".join(map(_name, tags)), vr, value) for tags, vr, value in leaves(nodes)
    ]
    assert transfer_syntax(data) == (SYNTAXES[form], len(meta_of(SYNTAXES[form])))
    if form.little:
        assert _both(data)


@many
@given(
    data_sets(),
    st.sampled_from([EXPLICIT, IMPLICIT]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_files_have_the_same_spans_or_are_no_copies(
    nodes: tuple[Node, ...], form: Form, changes: list[tuple[int, int]]
) -> None:
    """Whatever bytes are changed: what the library still reads, the proof reads alike; it never fails."""
    start = meta_of(SYNTAXES[form])
    data = bytearray(form.data_set((Leaf(0x00080001, "UL", b"1234"), *nodes)))
    for place, value in changes:
        data[place % len(data)] = value
    _both(start + bytes(data))


@pytest.mark.parametrize(
    ("data", "first"),
    [
        (b"", "(unreadable)"),
        (bytes(132), "(unreadable)"),
        (
            meta_of("1.2.840.10008.1.2.1") + b"\x10\0\x10\0PN\xff\0short",
            "file meta/FileMetaInformationGroupLength",
        ),
        (
            meta_of("1.2.840.10008.1.2.1") + b"\x10\0\x10\0??\x02\0ab",
            "file meta/FileMetaInformationGroupLength",
        ),
        (
            meta_of("1.2.840.10008.1.2.1")
            + EXPLICIT.header(0x00081140, "SQ", 0xFFFFFFFF)
            + EXPLICIT.item(b""),
            "file meta/FileMetaInformationGroupLength",
        ),
    ],
    ids=["empty", "no prefix", "too long", "no VR", "a sequence without end"],
)
def test_what_cannot_be_read_is_searched_as_one(data: bytes, first: str) -> None:
    """From where the reading ends to the end of the file."""
    found = spans(data)
    assert found[0].path == first
    assert (found[-1].path, found[-1].end) == ("(unreadable)", len(data))
    assert found[-1].start == (found[-2].end if len(found) > 1 else 0)


@pytest.mark.parametrize("tag", [b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"])
@pytest.mark.parametrize("form", [EXPLICIT, IMPLICIT])
def test_what_follows_a_stray_delimiter_is_searched(tag: bytes, form: Form) -> None:
    """A delimiter that ends nothing is not the end: a name behind it has its own span."""
    start = meta_of(SYNTAXES[form]) + form.data_set([Leaf(0x00080060, "CS", b"MR")]) + tag + bytes(4)
    data = start + form.data_set([Leaf(0x00100010, "PN", b"Probe^Petra ")])
    last = spans(data)[-1]
    assert (last.path, data[last.start : last.end]) == ("PatientName", b"Probe^Petra ")
