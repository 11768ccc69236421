"""Objects of one series, prepared one after another by one preparer: what repeats is read once and changes nothing."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import MRImageStorage

from dicom_nodes.encoding.elements import NotTaken, elements
from dicom_nodes.encoding.headers import encoded_element, encoded_item
from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.fast.headers import Headers
from gateway.privacy.fast.identifying_values import StudyValues
from gateway.privacy.fast.preparer import Preparer
from gateway.privacy.fast.repeated_elements import Repeats
from gateway.privacy.leak_search.search import identifying_values
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import context
from support.objects.quiet_pydicom import pydicom_is_quiet
from support.objects.read_headers import assert_is_what_pydicom_reads

PROFILE = load_profile()

__all__ = ["pydicom_is_quiet"]


def element(tag: int, vr: str, value: bytes | str) -> bytes:
    """One element as explicit little endian writes it."""
    return encoded_element(tag, vr, value.encode("latin-1") if isinstance(value, str) else value)


def item(*parts: bytes) -> bytes:
    """One item of a sequence."""
    return encoded_item(b"".join(parts))


UIDS = ("1.2.345678.1", "1.2.345678.2", "1.2.345678.31")
CHOICES: dict[int, list[bytes]] = {
    tag: [element(tag, vr, value) for value in values]
    for tag, vr, *values in [
        (0x00080000, "UL", b"\4\0\0\0"),
        (0x00080005, "CS", "ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 6\\ISO 2022 IR 87"),
        (0x00080008, "CS", "ORIGINAL\\PRIMARY\\M\\ND", "ORIGINAL\\PRIMARY\\P\\ND"),
        (0x00080016, "UI", MRImageStorage),
        (0x00080018, "UI", *UIDS),
        (0x00080020, "DA", "20240229", "20240301", ""),
        (0x00080021, "DA", "20240229", "19990101"),
        (0x00080032, "TM", "101530", "101531.25", "25"),
        (0x00080050, "SH", "ACC88517", "x"),
        (0x00080060, "CS", "MR"),
        (0x00080070, "LO", "SIEMENS", "GE MEDICAL SYSTEMS"),
        (0x00080080, "LO", "Klinik Sankt Quastenberg", "Quastenberg", "\x1b$B;3ED\x1b(B"),
        (0x00081030, "LO", "knee 20240301", "knee 1.2.345678.1", "knee"),
        (0x0008103E, "LO", "t2 tse sag", "t2 20240229", "1.2.345678.2", "Zwirnlein"),
        (0x00081090, "LO", "Vida 20240301", "Vida", "Vida\x1b$B1.2.345678.31"),
        (0x00081140, "SQ", item(element(0x00081155, "UI", UIDS[0])), item(element(0x00081155, "UI", UIDS[1]))),
        (0x00100010, "PN", "Zwirnlein^Adelgunde", "M\xfcller^Anna", "M\xc3\xbcller^Anna", "Li^A"),
        (0x00100020, "LO", "QX4711923", "77123"),
        (0x00100030, "DA", "19710413", "19280101"),
        (0x00101010, "AS", "053Y", "099Y"),
        (0x00180020, "CS", "SE", "EP\\RM"),
        (0x00180050, "DS", "3", "3.5", "4711923"),
        (0x00180081, "DS", "99", "101.5"),
        (0x00181020, "LO", "v 1.2.345678.2", "syngo MR", "v 1.2.345678.31", "M\xc3\xbcller", "v 1.2.345\x1b(B678.31"),
        (0x00181030, "LO", "knee Zwirnlein", "knee", "knee QX4711923"),
        (0x00190010, "LO", "SIEMENS MR HEADER", "other"),
        (0x00190011, "LO", "SIEMENS MR HEADER", "other"),
        (0x0019100C, "IS", "1000", "500", "4711923"),
        (0x00191028, "DS", "17", "18"),
        (0x0019110C, "IS", "50", "0"),
        (0x0020000D, "UI", "1.2.345678.9"),
        (0x0020000E, "UI", "1.2.345678.8", "1.2.345678.7"),
        (0x00200010, "SH", "77123", "9"),
        (0x00200011, "IS", "4", "5"),
        (0x00200013, "IS", "1", "2", "3"),
        (0x00200032, "DS", "1\\2\\3", "1\\2\\4.5"),
        (0x00200052, "UI", "1.2.345678.5"),
        (0x00204000, "LT", "seen by Quastenberg", "20240229", "brain"),
        (0x00280002, "US", b"\1\0"),
        (0x00280010, "US", b"\4\0"),
        (0x00280011, "US", b"\4\0"),
        (0x00280100, "US", b"\x10\0"),
        (0x00280107, "US", b"\1\2", b"\3\1"),
        (0x00280301, "CS", "NO"),
        (0x00281050, "DS", "100", "200"),
        (0x00290010, "LO", "SIEMENS CSA HEADER"),
        (0x00291010, "OB", bytes(1200), b"Zwirnlein" * 150),
        (0x00321060, "LO", "knee Zwirnlein", "knee"),
        (0x00400275, "SQ", item(element(0x00400007, "LO", "Zwirnlein")), item(element(0x00401001, "SH", "77123"))),
        (0x20010010, "LO", "Philips Imaging DD 001", "other"),
        (0x20011003, "FL", b"\0\0\x7aD", b"\0\0\0\0"),
        (0x7FE00010, "OW", bytes(32), b"\1\2" * 16),
        (0xFFFCFFFC, "OB", b"padding"),
    ]
}  # fmt: skip
NEEDED = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
META = (
    bytes(128) + b"DICM"
    + element(0x00020000, "UL", (120).to_bytes(4, "little"))
    + element(0x00020002, "UI", MRImageStorage)
    + element(0x00020003, "UI", UIDS[2])
    + element(0x00020010, "UI", "1.2.840.10008.1.2.1")
)  # fmt: skip
Chosen = dict[int, int]
"""Which of its choices an element has; elements that are not there have none, or a negative one."""


def file_of(chosen: Chosen) -> bytes:
    """A Part 10 file."""
    there = ((tag, number) for tag, number in sorted(chosen.items()) if number >= 0)
    return META + b"".join(CHOICES[tag][number % len(CHOICES[tag])] for tag, number in there)


@st.composite
def series(draw: st.DrawFn) -> list[bytes]:
    """Objects each of which differs from the one before in a few elements: changed, new or gone."""
    chosen = {tag: draw(st.integers(-1 if tag not in NEEDED else 0, 3)) for tag in CHOICES}
    files = []
    for _ in range(draw(st.integers(3, 8))):
        files.append(file_of(chosen))
        for tag in draw(st.sets(st.sampled_from(sorted(CHOICES)), max_size=5)):
            chosen[tag] = draw(st.integers(-1 if tag not in NEEDED else 0, 3))
    return files


def of_the_engine(data: bytes) -> tuple[object, ...]:
    """What `deidentify` makes of a file."""
    try:
        done = deidentify(dcmread(BytesIO(data)), context(), PROFILE, "t2")
        new = done.dataset
        told = new.SOPClassUID, new.SOPInstanceUID, new.StudyInstanceUID, new.get("StudyDate") or ""
        return encode(new), dict(done.actions), dict(done.uids), told
    except Held as held:
        return str(held), held.reason, held.releasable


def of_the_preparer(preparer: Preparer, data: bytes) -> tuple[object, ...]:
    """The same of the preparer."""
    try:
        done = preparer.prepare(data, lambda _: "t2")
    except Held as held:
        return str(held), held.reason, held.releasable
    told = done.sop_class_uid, done.sop_instance_uid, done.study_instance_uid, done.study_date
    return done.file, dict(done.actions), dict(done.uids), told


many = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@many
@given(series())
def test_every_object_of_a_series_is_prepared_as_if_it_were_alone(files: list[bytes]) -> None:
    """Whatever the objects before it had in common: the same bytes, counts, UIDs, or the same refusal."""
    preparer = Preparer(PROFILE, context(), ())
    for data in files:
        assert of_the_preparer(preparer, data) == of_the_engine(data)


@many
@given(series())
def test_the_values_of_a_series_are_those_of_its_headers(files: list[bytes]) -> None:
    """Values and the attributes they were first met in; of every beginning of the series."""
    found, headers = StudyValues(), []
    for data in files:
        found.add(data, lambda raw: dcmread(BytesIO(raw)))
        headers.append(dcmread(BytesIO(data)))
        assert found.values(-100) == identifying_values(headers, -100)


@many
@given(series())
def test_headers_of_a_series_are_what_pydicom_reads(files: list[bytes]) -> None:
    """Every element up to the pixels, undecoded, in its order and character set, whatever the objects before had."""
    headers = Headers()
    for data in files:
        assert_is_what_pydicom_reads(headers.read(data), data)


@many
@given(series())
def test_stretches_are_the_elements_of_the_file(files: list[bytes]) -> None:
    """Put together again, stretches have every element once, in order, with private groups undivided."""
    repeats = Repeats()
    for data in files:
        parts = repeats.stretches(data, len(META), implicit=False)
        found = [(e.tag, part.data[e.start : e.end]) for part in parts for e in part.found]
        whole = elements(data, len(META), len(data), vr_of=None)
        assert found == [(e.tag, data[e.start : e.end]) for e in whole]
        groups = [{e.tag >> 16 for e in part.found if e.tag & 0x10000} for part in parts]
        assert sum(map(len, groups)) == len(set().union(*groups))


@pytest.mark.parametrize(
    ("always", "changes"),
    [
        # the patient's number, as a decimal
        ({0x00180050: 2}, [{0x00100020: number} for number in (1, 1, 1, 0, 1, 0)]),
        # the object's UID, in a text
        ({0x00181020: 2}, [{0x00080018: number} for number in (0, 1, 0, 2, 1, 2)]),
        # the character set of the name
        (
            {0x00080000: -1, 0x00100010: 2},
            [{0x00080005: charset, 0x00080008: index % 2} for index, charset in enumerate((1, 1, 1, 0, 1))],
        ),
    ],
)
def test_what_repeats_is_judged_by_what_does_not(always: Chosen, changes: list[Chosen]) -> None:
    """One element changes, and with it what another, that stays the same, says about somebody."""
    preparer, found, headers = Preparer(PROFILE, context(), ()), StudyValues(), []
    for change in changes:
        data = file_of(dict.fromkeys(CHOICES, 0) | always | change)
        assert of_the_preparer(preparer, data) == of_the_engine(data)
        found.add(data, lambda raw: dcmread(BytesIO(raw)))
        headers.append(dcmread(BytesIO(data)))
        assert found.values(-100) == identifying_values(headers, -100)
    assert preparer.whole == 0


def test_the_third_object_of_a_series_is_not_read_again() -> None:
    """All that repeats comes as the very same stretches, and what differs lies between them."""
    repeats = Repeats()
    chosen = dict.fromkeys(CHOICES, 0)
    divided = [
        repeats.stretches(file_of({**chosen, 0x00200013: number}), len(META), implicit=False)
        for number in (0, 1, 2, 0)
    ]
    assert [part.repeats for part in divided[1]] == [False]
    third, fourth = ([part for part in parts if part.repeats] for parts in divided[2:])
    assert third == fourth
    assert len(third) == 2
    single = {e.tag for part in divided[2] if not part.repeats for e in part.found}
    assert single == {0x00200013, 0x7FE00010, 0xFFFCFFFC, 0x20010010, 0x20011003}


def test_an_object_unlike_the_others_is_forgotten() -> None:
    """A series whose first object has nothing in common with the rest is learned from the rest."""
    repeats = Repeats()
    odd = dict.fromkeys(CHOICES, 1) | dict.fromkeys(NEEDED, 0)
    for chosen in (odd, odd, *[dict.fromkeys(CHOICES, 0)] * 4):
        parts = repeats.stretches(file_of(chosen), len(META), implicit=False)
    assert [part.repeats for part in parts] == [True, False]


def test_damage_inside_a_known_series_is_seen() -> None:
    """A length that lies, after two sound objects, is refused as ever."""
    repeats = Repeats()
    data = file_of(dict.fromkeys(CHOICES, 0))
    for _ in range(3):
        repeats.stretches(data, len(META), implicit=False)
    at = data.index(b"\x28\0\x10\0US") + 6
    with pytest.raises(NotTaken):
        repeats.stretches(data[:at] + b"\xff" + data[at + 1 :], len(META), implicit=False)
