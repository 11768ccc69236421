"""The compiled search finds exactly what the plain one finds: in every alignment, character set and corner."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.identifiers.values import ValueKind
from gateway.privacy.leak_search.search import IdentifyingValue, LeakSearch, find_leaks, identifying_values
from gateway.privacy.profile.profile import load_profile
from support.judges import leak_oracle
from support.objects.hostile_mr import context, hostile_mr

CHARSETS = (
    "utf-8",
    "latin-1",
    "iso8859-2",
    "shift_jis",
    "iso2022_jp",
    "gb18030",
    "euc_kr",
    "cp1251",
    "utf-16-le",
)
WORDS = (
    "Zwirnlein",
    "Anna",
    "Li",
    "Öz",
    "Şen",
    "Ross",
    "Müller",
    "山田",
    "山田太郎",
    "김희중",
    "Петров",
    "White House",
)
NUMBERS = ("QX4711923", "4711923", "00012345", "77123", "1234", "000000")
DATES = ("19710413", "20240229", "19991231")
UIDS = ("1.3.12.2.1107.5.2.32", "12345678.9")
VALUES = [
    *(IdentifyingValue("PatientName", word, ValueKind.NAME) for word in WORDS),
    *(IdentifyingValue("InstitutionName", word, ValueKind.TEXT) for word in WORDS[:8]),
    *(IdentifyingValue("PatientID", number, ValueKind.NUMBER) for number in NUMBERS),
    *(IdentifyingValue("StudyDate", date, ValueKind.DATE) for date in DATES),
    IdentifyingValue("ContentDate", "20010203", ValueKind.DATE, elsewhere_only=True),
    *(IdentifyingValue("SOPInstanceUID", uid, ValueKind.UID) for uid in UIDS),
]
WRITTEN = (
    "13.04.1971", "1971-04-13", "4/13/71", "13 Apr 1971", "april 13, 1971", "13041971", "29. Februar 2024",
    "1 jan 2020 feb 2021 31 Dez 1999", "20010203", "20240229101530.250000", "3 März 1971", "x.1.2.2024-02-29.3",
)  # fmt: skip
CLEAN = encode(deidentify(hostile_mr(depth=1), context(), load_profile()).dataset)
PIECES = st.one_of(
    st.sampled_from([*WORDS, *NUMBERS, *DATES, *UIDS, *WRITTEN]).flatmap(
        lambda text: st.tuples(
            st.sampled_from([text, text.upper(), text.lower(), text.title()]), st.sampled_from(CHARSETS)
        ).map(lambda pair: pair[0].encode(pair[1], "ignore"))
    ),
    st.binary(max_size=7),
    st.sampled_from([b" ", b"\0", b".", b"-", b"^", b"a", b"7", b"\xe4", b"\x1b$B", b"\r\n", b"\0\0\0"]),
)


FILLED_WITH = {
    "ImageComments": ["A" * 60],
    "Manufacturer": ["A" * 60],
    "CodeMeaning": ["A" * 60],
    "PatientID": ["A" * 60],
    "StudyDate": ["20010101"] * 7,
    "StudyTime": ["101010"] * 9,
    "ImageType": ["AAAAAAAAAAAAAAAA"] * 4,
}
HOLE = b"\xf5" * 60


@cache
def file_with_hole(place: str) -> bytes:
    """A clean file with 60 bytes to fill in one element."""
    ds = deidentify(hostile_mr(depth=0), context(), load_profile()).dataset
    if place == "pixels":
        ds.PixelData = bytes(1001) + HOLE + bytes(1001)
        return encode(ds)
    setattr(ds, place, FILLED_WITH[place])
    data, text = encode(ds), "\\".join(FILLED_WITH[place]).encode()[:60]
    assert data.count(text) == 1
    return data.replace(text, HOLE[: len(text)])


def file_with(place: str, junk: bytes) -> bytes:
    """A clean file with `junk` in one of its corners."""
    if place == "preamble":
        return (junk + CLEAN[:128])[:128] + CLEAN[128:]
    if place == "behind":
        return CLEAN + junk
    if place == "middle":  # no DICOM any more from here on
        return CLEAN[:700] + junk + CLEAN[700:]
    data = file_with_hole(place)
    start, end = data.index(b"\xf5"), data.rindex(b"\xf5") + 1
    return data[:start] + (junk + bytes(60))[: end - start] + data[end:]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(("preamble", "behind", "middle", *FILLED_WITH, "pixels")),
    st.lists(PIECES, max_size=8).map(b"".join),
    st.sets(st.sampled_from(VALUES)),
)
def test_both_searches_find_the_same(place: str, junk: bytes, values: set[IdentifyingValue]) -> None:
    """Attribute and offset of every leak agree, whatever lies where."""
    data = file_with(place, junk)
    assert find_leaks(data, values) == leak_oracle.find_leaks(data, values)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30).map(b"".join), st.integers(0, 40))
def test_both_searches_find_the_same_in_bytes_that_are_no_dicom(data: bytes, length: int) -> None:
    """Also in files of a few bytes."""
    for some in (data, data[:length]):
        assert find_leaks(some, VALUES) == leak_oracle.find_leaks(some, VALUES)


@pytest.mark.parametrize("at", [*range(131_060, 131_084), 262_143, 262_144])
def test_what_lies_over_the_border_of_two_blocks_is_found(at: int) -> None:
    """Every block is looked at together with the beginning of the next."""
    for planted in (
        b"zwirnLEIN",
        b"anna",
        "Zwirnlein".encode("utf-16-be"),
        b"4711923",
        b"1\x009\x007\x001\x000\x004\x001\x003\0",
    ):
        data = bytearray(300_001)
        data[at : at + len(planted)] = planted
        found = [leak.offset for leak in find_leaks(bytes(data), VALUES)]
        assert found == [leak.offset for leak in leak_oracle.find_leaks(bytes(data), VALUES)]
        assert at in found


def test_one_search_serves_many_files() -> None:
    """What it remembers of one file changes nothing for the next."""
    values = identifying_values([hostile_mr()])
    search = LeakSearch(values)
    dirty = file_with("ImageComments", b"born 13.04.1971, Adelgunde")
    first = search.leaks(dirty)
    assert {leak.attribute for leak in first} == {"ImageComments"}
    assert search.leaks(CLEAN) == []
    assert search.leaks(dirty) == first == leak_oracle.find_leaks(dirty, values)
