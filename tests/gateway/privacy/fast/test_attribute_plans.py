"""What becomes of plain values is asked once for all patients: it is what `deidentify` says for each of them."""

from __future__ import annotations

from io import BytesIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import DicomDictionary
from pydicom.filewriter import dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from dicom_nodes.encoding.elements import elements
from dicom_nodes.encoding.headers import encoded_element
from dicom_nodes.encoding.part10 import file_meta
from gateway.privacy.deidentify.instance import PatientContext, deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.fast.preparer import UNREADABLE_FILE, Preparer
from gateway.privacy.profile.profile import load_profile
from gateway.privacy.pseudonyms import PseudonymKey
from support.objects.hostile_mr import Person, hostile_mr
from support.objects.quiet_pydicom import pydicom_is_quiet

__all__ = ["pydicom_is_quiet"]

PROFILE = load_profile()
# Numbers that are part of plain values, and keys, days and kinds that have nothing in common.
PATIENTS = [
    (
        PatientContext("PML-QQQQ2222", -3000, PseudonymKey(b"\7" * 32, "a").of("north")),
        Person(patient_id="000025"),
        "t2",
    ),
    (
        PatientContext("PML-RRRR3333", -40, PseudonymKey(b"\x08" * 32, "b").of("north")),
        Person(patient_id="101530"),
        None,
    ),
    (
        PatientContext("PML-SSSS4444", -77, PseudonymKey(b"\x09" * 32, "c").of("north")),
        Person(patient_id="12345"),
        "flair",
    ),
]
PREPARERS = [Preparer(PROFILE, patient, ()) for patient, _, _ in PATIENTS]
VALUES = {
    "DS": ["1.25", "25", "3.25", "12345", "-0.5\\25"],
    "IS": ["12", "25", "1530", "7\\25"],
    "TM": ["101530", "101530.25", "250000"],
    "UI": ["1.2.840.10008.1.2", "1.3.12.2.1107.5.2.25", "1.2", "12345"],
    "US": [b"\1\0", b"\x19\0\x19\0"],
    "FD": [bytes(8), b"\0\0\0\0\0\0\x39\x40"],
}
TAGS = sorted(
    tag
    for tag in DicomDictionary
    if 0x00080000 < tag < 0x60000000 and tag & 0xFFFF and tag not in (0x00080005, 0x00080016, 0x00080018)
)
PRIVATE = [0x00191008, 0x0019100C, 0x00191020, 0x00431039, 0x20011003]


def _file(person: Person) -> bytes:
    ds = hostile_mr(person, depth=0)
    for element in list(ds.group_dataset(0x6000)):
        del ds[element.tag]
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


FILES = [_file(person) for _, person, _ in PATIENTS]


def with_elements(file: bytes, new: dict[int, bytes]) -> bytes:
    """The file with these elements in place of its own."""
    start = file_meta(file).end
    own = {e.tag: file[e.start : e.end] for e in elements(file, start, len(file), vr_of=None)}
    return file[:start] + b"".join(value for _, value in sorted({**own, **new}.items()))


@st.composite
def plain_elements(draw: st.DrawFn) -> dict[int, bytes]:
    """Plain values in attributes of any kind, most of them of another VR by right."""
    new = {}
    for tag in draw(
        st.sets(st.one_of(st.sampled_from(TAGS), st.sampled_from(PRIVATE)), min_size=1, max_size=12)
    ):
        vr = draw(st.sampled_from([*VALUES]))
        value = draw(st.sampled_from(VALUES[vr]))
        raw = value if isinstance(value, bytes) else value.encode()
        new[tag] = encoded_element(tag, vr, raw)
    if draw(st.booleans()):
        new[0x00190010] = b"\x19\0\x10\0LO\x12\0SIEMENS MR HEADER "
    return new


def engine(data: bytes, patient: PatientContext, kind: str | None) -> tuple[bytes, dict[str, int]] | str:
    """What `deidentify` makes of a file, or why not."""
    try:
        done = deidentify(dcmread(BytesIO(data)), patient, PROFILE, kind)
        return encode(done.dataset), dict(done.actions)
    except Held as held:
        return str(held)


def prepared(preparer: Preparer, data: bytes, kind: str | None) -> tuple[bytes, dict[str, int]] | str:
    """The same of the preparer."""
    try:
        done = preparer.prepare(data, lambda _: kind)
        return done.file, dict(done.actions)
    except Held as held:
        return str(held)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plain_elements())
def test_each_patient_gets_what_the_engine_says(new: dict[int, bytes]) -> None:
    """Whoever was asked about the attribute before, and whatever number the patient has."""
    for preparer, file, (patient, _, kind) in zip(PREPARERS, FILES, PATIENTS, strict=True):
        data = with_elements(file, new)
        try:
            wanted = engine(data, patient, kind)
        except UNREADABLE_FILE:
            continue
        assert prepared(preparer, data, kind) == wanted


def test_the_answers_for_a_series_description_differ_so_they_are_not_shared() -> None:
    """A number stands where a description belongs: what stands in for it is the kind of each series."""
    new = {0x0008103E: b"\x08\0\x3e\x10IS\x02\x0012"}
    for preparer, file, (patient, _, kind) in zip(PREPARERS, FILES, PATIENTS, strict=True):
        data = with_elements(file, new)
        found = prepared(preparer, data, kind)
        assert found == engine(data, patient, kind)
        assert dcmread(BytesIO(found[0])).get("SeriesDescription") == kind  # type: ignore[arg-type]
