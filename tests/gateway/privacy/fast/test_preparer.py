"""Preparing by byte ranges gives the very bytes, counts, mappings and refusals of `deidentify`."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pydicom.data
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_nodes.encoding.elements import elements as ranges
from dicom_nodes.encoding.headers import (
    ENCODED_SEQUENCE_END,
    PIXEL_DATA,
    UNDEFINED,
    encoded_element,
    encoded_header,
    encoded_item,
)
from dicom_nodes.encoding.octets import MappedFile, Octets
from dicom_nodes.encoding.part10 import file_meta
from dicom_nodes.encoding.uids import is_uid
from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.fast.identifying_values import StudyValues
from gateway.privacy.fast.preparer import UNREADABLE_FILE, Preparer, Written
from gateway.privacy.leak_search.search import Leak, find_leaks, identifying_values
from gateway.privacy.profile.profile import Profile, load_profile
from gateway.privacy.schemes import Scheme
from support.objects.heads import head_series
from support.objects.hostile_mr import REAL_FILES, Person, context, hostile_mr
from support.objects.quiet_pydicom import pydicom_is_quiet

PROFILE = load_profile()
BUNDLED = sorted(
    path
    for path in (Path(pydicom.data.__file__).parent / "test_files").rglob("*.dcm")
    if path.stat().st_size < 2_000_000
)
REAL = (
    sorted(path for path in REAL_FILES.glob("*/*") if path.suffix in (".dcm", ".IMA"))
    if REAL_FILES.is_dir()
    else []
)

__all__ = ["pydicom_is_quiet"]


def expected(
    data: bytes, kind: str | None, *, released: bool = False, profile: Profile = PROFILE
) -> tuple[object, ...]:
    """What `deidentify` makes of a file."""
    try:
        original = dcmread(BytesIO(data))
        done = deidentify(original, context(), profile, kind, released=released)
        return encode(done.dataset), dict(done.actions), dict(done.uids)
    except Held as held:
        return str(held), held.reason, held.releasable
    except UNREADABLE_FILE:
        return ()


def prepared(
    preparer: Preparer,
    data: Octets,
    kind: str | None,
    *,
    released: bool = False,
    written: Written = b"".join,
) -> tuple[object, ...]:
    """The same of the preparer."""
    try:
        done = preparer.prepare(data, lambda _: kind, released=released, written=written)
    except Held as held:
        return str(held), held.reason, held.releasable
    return done.file[:], dict(done.actions), dict(done.uids)


def test_copies_without_faces_say_so_in_both_ways() -> None:
    """The option's code and RecognizableVisualFeatures NO, also where the original says YES."""
    profile = pickle.loads(pickle.dumps(PROFILE.with_faces_out()))
    (ds,) = head_series(only=slice(1))
    for said in (None, "YES"):
        if said:
            ds.RecognizableVisualFeatures = said
        data = file_of(ds)
        wanted = expected(data, "t2", profile=profile)
        assert prepared(Preparer(profile, context(), ()), data, "t2") == wanted
        copy = dcmread(BytesIO(wanted[0]))  # type: ignore[arg-type]
        assert copy.RecognizableVisualFeatures == "NO"
        assert [item.CodeValue for item in copy.DeidentificationMethodCodeSequence] == [
            code for code, _ in profile.method_codes()
        ]
        kept = dcmread(BytesIO(expected(data, "t2")[0]))  # type: ignore[arg-type]
        assert kept.get("RecognizableVisualFeatures") == said


def agree(preparer: Preparer, data: bytes, kind: str | None = "t2", *, released: bool = False) -> None:
    """Both ways, the first time, from memory, and from file to file."""
    wanted = expected(data, kind, released=released)
    if wanted:
        for _ in range(2):
            assert prepared(preparer, data, kind, released=released) == wanted
        with TemporaryDirectory() as folder:
            file = on_disk(Path(folder) / "original", [data])
            written = partial(on_disk, Path(folder) / "copy")
            assert prepared(preparer, file, kind, released=released, written=written) == wanted


def on_disk(path: Path, pieces: Sequence[bytes | memoryview]) -> MappedFile:
    """A file of these pieces, left where it is."""
    path.write_bytes(b"".join(pieces))
    return MappedFile.at(path)


def file_of(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """`ds` as a Part 10 file."""
    ds.file_meta.TransferSyntaxUID = syntax
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.name)
def test_every_file_of_pydicom_is_prepared_alike(path: Path) -> None:
    """Other modalities, encodings and damaged files included; once as they are and once released."""
    preparer = Preparer(PROFILE, context(), ())
    agree(preparer, path.read_bytes())
    agree(preparer, path.read_bytes(), None, released=True)


@pytest.mark.skipif(not REAL, reason="no real MR files beside this repository")
def test_real_files_are_prepared_alike_by_one_preparer() -> None:
    """What it remembers of one vendor's file changes nothing for the next; the great majority is walked."""
    preparer = Preparer(PROFILE, context(), ())
    for path in REAL:
        agree(preparer, path.read_bytes())
    # Those with palettes, spectra, look-up tables or damage are judged as a whole.
    assert preparer.whole < len(REAL) / 3


def test_the_values_of_a_study_are_those_of_its_headers(tmp_path: Path) -> None:
    """From whole files what `identifying_values` finds in headers: of any encoding, nested, with file meta."""
    files = [
        *(file_of(hostile_mr(), syntax) for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)),
        file_of(hostile_mr(Person(family="Äßkø", patient_id="77-12345-9")), ExplicitVRBigEndian),
        *(path.read_bytes() for path in BUNDLED if path.name.startswith("MR")),
        *(path.read_bytes() for path in REAL[::5]),
    ]
    found, mapped, readable = StudyValues(), StudyValues(), []
    for data in files:
        try:
            found.add(data, lambda raw: dcmread(BytesIO(raw)))
            mapped.add(on_disk(tmp_path / "file", [data]), lambda raw: dcmread(BytesIO(raw)))
            readable.append(dcmread(BytesIO(data)))
        except UNREADABLE_FILE:
            continue
    assert len(readable) > 5
    for shift in (None, -100):
        assert found.values(shift) == identifying_values(readable, shift)
        assert mapped.values(shift) == found.values(shift)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_a_hostile_object_is_walked_not_handed_over(syntax: str) -> None:
    """Nested sequences, private blocks and blobs, in both little-endian encodings."""
    data = file_of(without_overlays(hostile_mr()), syntax)
    preparer = Preparer(PROFILE, context(), ())
    agree(preparer, data)
    assert preparer.whole == 0


@pytest.mark.parametrize("vr", ["OB", "OF", "US", "DS", "UT", "UN", "AT"])
def test_pixels_of_any_vr_are_prepared_alike(vr: str) -> None:
    """Short form and long form, text and numbers: what the VR of PixelData is makes no difference."""
    data = file_of(without_overlays(hostile_mr()))
    meta = file_meta(data)
    pixels = next(e for e in ranges(data, meta.end, len(data), vr_of=None) if e.tag == PIXEL_DATA)
    other = encoded_element(PIXEL_DATA, vr, data[pixels.value : pixels.stop])
    agree(Preparer(PROFILE, context(), ()), data[: pixels.start] + other + data[pixels.end :])


@pytest.mark.parametrize("undefined", [False, True])
def test_sequences_of_undefined_length_are_written_as_the_engine_writes_them(undefined: bool) -> None:
    """Defined lengths always, whatever came in."""
    ds = without_overlays(hostile_mr(depth=2))
    for element in ds:
        if element.VR == "SQ":
            element.is_undefined_length = undefined
            for item in element.value:
                item.is_undefined_length_sequence_item = undefined
    preparer = Preparer(PROFILE, context(), ())
    agree(preparer, file_of(ds))
    assert preparer.whole == 0


def test_what_the_walk_does_not_take_goes_through_the_engine_and_is_counted() -> None:
    """Big endian, overlays, trailing rubbish."""
    preparer = Preparer(PROFILE, context(), ())
    for number, data in enumerate(
        (
            file_of(without_overlays(hostile_mr()), ExplicitVRBigEndian),
            file_of(hostile_mr()),
            file_of(without_overlays(hostile_mr())) + b"\1\2\3",
        ),
        1,
    ):
        agree(preparer, data)
        assert preparer.whole == 3 * number


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("behind", [b"", b"\xfc\xff\xfc\xff" + b"OB\0\0\x0c\0\0\0Probe^Petra!"])
def test_stray_delimiters_at_the_end_leave_nothing_behind(syntax: str, behind: bytes) -> None:
    """The engine decides: the delimiter is gone from the copy, and so is a name in padding before or behind it."""
    if syntax == ImplicitVRLittleEndian and behind:
        behind = behind[:4] + behind[8:]
    plain = file_of(hostile_mr(depth=0), syntax)
    for end in (behind + b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"):
        preparer = Preparer(PROFILE, context(), ())
        done = preparer.prepare(plain + end, lambda _: "t2")
        assert b"Petra" not in bytes(done.file)
        assert end[-8:] not in bytes(done.file)[-8:]
        assert preparer.prepare(plain, lambda _: "t2").sop_instance_uid == done.sop_instance_uid


def test_a_text_is_judged_by_the_uids_of_its_own_object() -> None:
    """A text that is harmless beside one UID holds another object's UID: remembered answers do not mix them up."""
    preparer = Preparer(PROFILE, context(), ())
    for uid in ("1.2.345678.1", "1.2.345678.2", "1.2.345678.1"):
        ds = without_overlays(hostile_mr())
        ds.SOPInstanceUID, ds.SoftwareVersions, ds.StudyDate = uid, "v 1.2.345678.2", "20010203"
        ds.ManufacturerModelName = "20010203 x"
        agree(preparer, file_of(ds))
    assert preparer.whole == 0


def test_leaks_are_those_of_the_search() -> None:
    """The preparer searches what it has written, for the values it was made with."""
    ds = without_overlays(hostile_mr())
    ds.PixelData = b"for Zwirnlein".ljust(128, b"\0")
    data = file_of(ds)
    values = identifying_values([ds])
    done = Preparer(PROFILE, context(), values).prepare(data, lambda _: None)
    assert list(done.leaks) == find_leaks(done.file, values)
    assert {leak.attribute for leak in done.leaks} == {"PixelData"}
    assert all(isinstance(leak, Leak) for leak in done.leaks)
    again = dcmread(BytesIO(done.file))
    assert (done.sop_instance_uid, done.sop_class_uid) == (again.SOPInstanceUID, again.SOPClassUID)
    assert (done.study_date, done.transfer_syntax_uid) == (again.StudyDate, again.file_meta.TransferSyntaxUID)


def without_overlays(ds: Dataset) -> Dataset:
    """The groups 6000 sent home: such objects are judged by `deidentify`."""
    for element in list(ds.group_dataset(0x6000)):
        del ds[element.tag]
    return ds


VALUES = {
    "LO": ["", "t2 tse sag", "Zwirnlein", "1.3.12.2.1107.5.2.32.35131.20240229.1", "20240229", "a\\b", "GEMS_PARM_01"],
    "SH": ["", "AX", "QX4711923", "ACC8851733", "4711923"],
    "CS": ["", "YES", "no way", "M\\ND", "ZWIRNLEIN", "12345678"],
    "DS": ["", "1.5", "-0.25\\3", "1e3", "4711923", "0.123456789012345", " 7 ", "12345", "123456"],
    "IS": ["", "12", "-7\\8", "4711923", "007", "1000001000"],
    "DA": ["", "20240229", "2024.02.29", "00000000", "19710413"],
    "TM": ["", "101530", "101530.25", "10:15:30", "25", "1015"],
    "DT": ["", "20240229101530.25+0100", "2024"],
    "UI": ["", "1.2.840.10008.1.2", "1.3.12.2.1107.5.2.32.35131.20240229.9", "1.2", "abc\\1.2.3.4.5.6",
           "patient:north::4711", "commitment:7:3", "1..2", "1.2.", "1" * 66, "1.3.12.2.1\\", "ZWIRNLEIN"],
    "PN": ["", "Zwirnlein^Adelgunde", "Li^A"],
    "AS": ["", "053Y", "099Y"],
    "LT": ["", "seen by Quastenberg", "brain"],
}  # fmt: skip
BINARY = {
    "US": b"\1\0", "SS": b"\xff\xff", "UL": b"\1\0\0\0", "FD": bytes(8), "FL": b"\0\0\xc0\x7f", "OB": b"Zwirnlein\0",
    "OW": bytes(2000), "UN": b"1000", "AT": b"\x10\0\x10\0",
}  # fmt: skip
TAGS = [
    0x00080005, 0x00080008, 0x00080012, 0x00080013, 0x00080020, 0x00080022, 0x0008002A, 0x00080031, 0x00080032,
    0x00080050, 0x00080060, 0x00080070, 0x00080080, 0x00081030, 0x0008103E, 0x00081090, 0x00081140, 0x00082112,
    0x00082218, 0x00100010, 0x00100020, 0x00100030, 0x00101010, 0x00101030, 0x00104000, 0x00120062, 0x00180010,
    0x00180020, 0x00180022, 0x00180024, 0x00180050, 0x00180081, 0x00180087, 0x00181000, 0x00181020, 0x00181030,
    0x00181314, 0x00189087, 0x00190010, 0x0019100C, 0x00191008, 0x0019100D, 0x0020000D, 0x00200010, 0x00200011,
    0x00200013, 0x00200032, 0x00200037, 0x00200052, 0x00204000, 0x00280106, 0x00280120, 0x00280301, 0x00281050,
    0x00281101, 0x00283010, 0x00290010, 0x00291010, 0x00320000, 0x00400244, 0x00400275, 0x00400555, 0x00430010,
    0x00431039, 0x00540081, 0x20010010, 0x20011003, 0x52009229, 0x52009230, 0x50003000, 0xFFFCFFFC, 0x00080104,
    0x00080100,
]  # fmt: skip


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Bytes of well-formed explicit elements whose VRs and values make no sense together."""
    out = b""
    for tag in sorted(draw(st.sets(st.sampled_from(TAGS), max_size=10 if depth else 25))):
        vr = draw(st.sampled_from([*VALUES, *BINARY, *(["SQ"] * 4 if depth < 3 else [])]))
        if tag & 0x1FFFF in (0x10010,):
            vr = "LO"
        if vr == "SQ":
            contents = draw(st.lists(elements(depth + 1), max_size=2))
            if draw(st.booleans()):
                out += encoded_element(tag, vr, b"".join(map(encoded_item, contents)))
            else:
                value = b"".join(
                    b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + one + b"\xfe\xff\x0d\xe0\0\0\0\0"
                    for one in contents
                )
                out += encoded_header(tag, vr, UNDEFINED, implicit=False) + value + ENCODED_SEQUENCE_END
            continue
        value = draw(st.sampled_from(VALUES[vr])).encode() if vr in VALUES else BINARY[vr]
        if tag & 0x1FFFF == 0x10010:
            value = draw(
                st.sampled_from(["SIEMENS MR HEADER", "GEMS_PARM_01", "Philips Imaging DD 001", "other"])
            ).encode()
        if tag == 0x00080005:
            vr, value = "CS", draw(st.sampled_from([b"ISO_IR 100", b"ISO_IR 192", b"\\ISO 2022 IR 87"]))
        out += encoded_element(tag, vr, value)
    return out


BASE = file_of(without_overlays(hostile_mr(depth=0)))
NEEDED = {0x00080016, 0x00080018, 0x0020000D, 0x0020000E}


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(elements(), st.sampled_from([None, "t2"]))
def test_generated_headers_are_prepared_alike(header: bytes, kind: str | None) -> None:
    """Whatever stands where, of whatever VR: the same bytes or the same refusal."""
    agree(SHARED, merged(header), kind)


SHARED = Preparer(PROFILE, context(), ())


def merged(header: bytes) -> bytes:
    """A file with the generated elements, and with what admission needs where they have it not."""
    start = file_meta(BASE).end
    own = {
        e.tag: BASE[e.start : e.end] for e in ranges(BASE, start, len(BASE), vr_of=None) if e.tag in NEEDED
    }
    new = {e.tag: header[e.start : e.end] for e in ranges(header, 0, len(header), vr_of=None)}
    return BASE[:start] + b"".join(value for _, value in sorted({**own, **new}.items()))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_an_object_whose_uid_is_a_text_is_held_after_one_that_is_let_out(keyword: str, syntax: str) -> None:
    """What admission remembers of one object does not let out the next, whose UID is none."""
    preparer = Preparer(PROFILE, context(), ())
    for uid in ("1.2.3.4.5.6", "patient:north::4711", "1.2.3.4.5.7", "1..2", "ZWIRNLEIN", ""):
        ds = without_overlays(hostile_mr(depth=0))
        setattr(ds, keyword, uid)
        ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        agree(preparer, file_of(ds, syntax))
        assert (expected(file_of(ds, syntax), None)[1] == "incomplete") is (not is_uid(uid))


@pytest.mark.parametrize("scheme", Scheme)
def test_both_schemes_are_prepared_alike(scheme: Scheme) -> None:
    """`deidentify` on datasets and the byte ranges ask the same pseudonyms."""
    patient = context(scheme=scheme)
    data = file_of(without_overlays(hostile_mr(depth=2)))
    done = deidentify(dcmread(BytesIO(data)), patient, PROFILE, "t2")
    fast = Preparer(PROFILE, patient, ()).prepare(data, lambda _: "t2")
    assert (fast.file[:], dict(fast.uids)) == (encode(done.dataset), dict(done.uids))
    assert fast.sop_instance_uid == patient.key.uid(f"{Person().uid_root}.1")


@pytest.mark.parametrize(
    "element",
    [
        b"\x18\x00\x87\x90UN\0\0\4\0\0\0" + b"1000",
        b"\x40\x00\x75\x02UN\0\0\4\0\0\0" + b"1000",
        b"\x28\x00\x50\x10DS\x04\0abcd",
    ],
)
def test_a_value_that_is_not_what_it_claims_to_be_is_held(element: bytes) -> None:
    """A number of the wrong length, a sequence that ends too early: neither way lets the error out."""
    data = merged(element)
    reason = expected(data, None)[1]
    assert reason == "unreadable"
    agree(Preparer(PROFILE, context(), ()), data)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(elements())
def test_the_values_of_generated_headers_are_those_of_the_datasets(header: bytes) -> None:
    """Whatever stands where, of whatever VR: the same identifying values, or nothing can be read of it."""
    data = merged(header)
    found = StudyValues()
    try:
        wanted = identifying_values([dcmread(BytesIO(data))])
    except UNREADABLE_FILE:
        return
    for _ in range(2):
        found.add(data, lambda raw: dcmread(BytesIO(raw)))
        assert found.values(None) == wanted
