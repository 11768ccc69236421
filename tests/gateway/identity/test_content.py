"""Two versions of one object are the same when they say the same, and a difference has its kind and its place.

Not covered: lossy codecs and JPEG, because no decoder for them is installed here; what `decode` answers is enough.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread, dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from gateway.decoding.errors import CannotDecode
from gateway.identity.attributes import ARCHIVES, FILLED_IN, WRITTEN_BY_ARCHIVES
from gateway.identity.concerns import Concern
from gateway.identity.content import Difference, DifferenceKind, NotOneObject, Same, Where, compare
from gateway.identity.pixels import Decoded, decoded
from support.objects.dicom_files import mr_dataset
from support.objects.hostile_mr import Person, hostile_mr
from support.objects.quiet_pydicom import pydicom_is_quiet

__all__ = ["pydicom_is_quiet"]

SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
)
BUNDLED = sorted(
    path
    for path in (Path(pydicom.data.__file__).parent / "test_files").rglob("*.dcm")
    if path.stat().st_size < 300_000
)
IMAGE = hostile_mr(depth=1)
FUZZED = [
    path.read_bytes()
    for path in BUNDLED
    if path.name.startswith(("MR", "nested", "reportsi", "SC_rgb_small", "ExplVR"))
]
# Written by hand, not taken from the tables: what a radiographer would say of each attribute of IMAGE.
WHOSE = (
    "PatientName PatientID IssuerOfPatientID OtherPatientNames PatientBirthDate PatientSex "
    "PatientAge PatientWeight PatientComments StudyInstanceUID StudyDate StudyTime StudyID "
    "StudyDescription AccessionNumber ReferringPhysicianName "
).split()
SHOWN = (
    "PixelData Rows Columns SamplesPerPixel PhotometricInterpretation BitsAllocated BitsStored "
    "HighBit PixelRepresentation PixelSpacing SliceThickness ImagePositionPatient "
    "ImageOrientationPatient FrameOfReferenceUID "
).split()
GRAPHICS = {0x60000010, 0x60003000, 0x60004000}
NO_CONTENT = {
    Tag("TimezoneOffsetFromUTC"),
    Tag("SOPInstanceUID"),
    Tag("SpecificCharacterSet"),
    Tag(0xFFFCFFFC),
}


def written(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """`ds` as a file in `syntax`; words of the pixels and of other bulk data turned round for big endian."""
    ds = copy.deepcopy(ds)
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    for element in ds.iterall():  # decodes each, so that it can be written in another VR encoding
        if element.VR == "OW" and syntax == ExplicitVRBigEndian:
            element.value = np.frombuffer(element.value, "<u2").astype(">u2").tobytes()
    out = BytesIO()
    little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    dcmwrite(out, ds, enforce_file_format=True, implicit_vr=implicit, little_endian=little)
    return out.getvalue()


def reread(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> Dataset:
    """`ds` as it comes from a file in `syntax`."""
    return dcmread(BytesIO(written(ds, syntax)))


def difference(first: Dataset, second: Dataset) -> Difference:
    """The difference of two data sets written to files, the same from either side."""
    found, back = (compare(reread(a), reread(b), decoded) for a, b in ((first, second), (second, first)))
    assert isinstance(found, Difference)
    assert isinstance(back, Difference)
    assert found.kind is back.kind
    assert [one.path for one in found.attributes] == [one.path for one in back.attributes]
    assert [(v.first, v.second) for v in found.values] == [(v.second, v.first) for v in back.values]
    return found


def changed(ds: Dataset, **values: object) -> Dataset:
    """A copy of `ds` with other values; None takes an attribute away."""
    new = copy.deepcopy(ds)
    for keyword, value in values.items():
        if value is None:
            delattr(new, keyword)
        else:
            setattr(new, keyword, value)
    return new


# ---- the same ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", BUNDLED, ids=[path.name for path in BUNDLED])
def test_a_file_is_the_same_as_itself(path: Path) -> None:
    """Whatever is odd about it: nothing about an object differs from the very same bytes."""
    first, second = dcmread(path, force=True), dcmread(path, force=True)
    assert compare(first, second, decoded) == Same()


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("other", SYNTAXES)
def test_another_transfer_syntax_is_the_same_object(syntax: str, other: str) -> None:
    """Implicit or explicit VR, either byte order, deflated: values are compared, private ones too."""
    assert compare(reread(IMAGE, syntax), reread(IMAGE, other), decoded) == Same()


@pytest.mark.parametrize("path", BUNDLED, ids=[path.name for path in BUNDLED])
def test_a_real_file_is_the_same_when_it_is_written_anew(path: Path) -> None:
    """Files of many makers, in implicit and explicit VR; compressed ones without their pixels."""
    original = dcmread(path, force=True)
    if original.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian).is_encapsulated:
        original.pop("PixelData", None)
        original.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if "SOPInstanceUID" not in original or not original.original_encoding[1]:
        return  # pydicom writes no directories so, and turns no words round
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        assert compare(original, reread(original, syntax), decoded) == Same()


def test_lossless_compression_is_the_same_object() -> None:
    """RLE against native pixels: the values are compared, not the bytes."""
    native, packed = mr_dataset(1), mr_dataset(1)
    packed.SOPInstanceUID = native.SOPInstanceUID
    packed.compress(RLELossless, generate_instance_uid=False)
    assert compare(reread(native), reread_compressed(packed), decoded) == Same()


def test_compressed_pixels_that_differ_are_a_difference() -> None:
    """One grey value in a compressed copy."""
    native, packed = mr_dataset(1), mr_dataset(1)
    packed.SOPInstanceUID = native.SOPInstanceUID
    values = np.frombuffer(packed.PixelData, "<u2").copy()
    values[17] += 1
    packed.PixelData = values.tobytes()
    packed.compress(RLELossless, generate_instance_uid=False)
    found = compare(reread(native), reread_compressed(packed), decoded)
    assert isinstance(found, Difference)
    assert (found.kind, [one.keyword for one in found.attributes]) == (
        DifferenceKind.PIXELS_OR_GEOMETRY,
        ["PixelData"],
    )


def reread_compressed(ds: Dataset) -> Dataset:
    """As `reread`, with the transfer syntax it has."""
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return dcmread(BytesIO(out.getvalue()))


def test_fragments_and_offset_tables_are_packaging() -> None:
    """The same codestream in one fragment or in two, with an offset table or without: nothing is decoded for it."""
    stream = bytes(range(256)) * 2
    item = b"\xfe\xff\x00\xe0"

    def image(value: bytes) -> Dataset:
        ds = mr_dataset(1, syntax="1.2.840.10008.1.2.4.80")
        ds.PixelData = value
        ds["PixelData"].is_undefined_length = True
        return reread_compressed(ds)

    whole = image(item + bytes(4) + item + (512).to_bytes(4, "little") + stream)
    halves = [
        item + (256).to_bytes(4, "little") + stream[:256],
        item + (256).to_bytes(4, "little") + stream[256:],
    ]
    divided = image(item + (4).to_bytes(4, "little") + bytes(4) + b"".join(halves))
    assert compare(whole, divided, _refuses) == Same()


def _refuses(_ds: Dataset) -> Decoded:
    raise CannotDecode("No decoder.", "Look at both.")


def test_pixels_that_cannot_be_decoded_are_not_said_to_be_the_same() -> None:
    """Unknown is told as unknown, unless something else about the image differs for certain."""
    native, packed = mr_dataset(1), mr_dataset(1, syntax="1.2.840.10008.1.2.4.80")
    packed.SOPInstanceUID = native.SOPInstanceUID
    found = compare(reread(native), reread_compressed(packed), _refuses)
    assert isinstance(found, Difference)
    assert (found.kind, found.attributes) == (DifferenceKind.PIXELS_NOT_COMPARED, ())
    packed.PatientID = "SYN-0002"
    found = compare(reread(native), reread_compressed(packed), _refuses)
    assert isinstance(found, Difference)
    assert (found.kind, found.touches_identity) == (DifferenceKind.PIXELS_NOT_COMPARED, True)
    packed.SliceThickness = 3
    found = compare(reread(native), reread_compressed(packed), _refuses)
    assert isinstance(found, Difference)
    assert found.kind is DifferenceKind.PIXELS_OR_GEOMETRY


def test_lossy_compression_is_a_difference() -> None:
    """Whoever compressed it says so in the header, whatever its pixels decode to."""
    found = difference(mr_dataset(1), changed(mr_dataset(1), LossyImageCompression="01"))
    assert found.kind is DifferenceKind.PIXELS_OR_GEOMETRY


def test_no_lossy_compression_may_be_said_or_left_out() -> None:
    """LossyImageCompression 00 is what its absence means (PS3.3 C.7.6.1.1.5)."""
    spoken = changed(mr_dataset(1), LossyImageCompression="00")
    assert compare(reread(mr_dataset(1)), reread(spoken), decoded) == Same()


def test_unused_bits_of_a_pixel_do_not_count() -> None:
    """BitsStored 12 of 16: what stands in the other four is nobody's pixel value, unless an overlay is kept there."""
    twelve = changed(mr_dataset(1), BitsStored=12, HighBit=11)
    values = np.frombuffer(twelve.PixelData, "<u2") & 0x0FFF
    twelve.PixelData = values.tobytes()
    littered = changed(twelve, PixelData=(values | 0x3000).astype("<u2").tobytes())
    assert compare(reread(twelve), reread(littered), decoded) == Same()
    for ds in (twelve, littered):
        ds.add(DataElement(0x60000102, "US", 12))
    assert difference(twelve, littered).kind is DifferenceKind.PIXELS_OR_GEOMETRY


def test_signed_pixels_keep_their_sign() -> None:
    """-1 in twelve bits is no 4095, however its unused bits are filled."""
    signed = changed(mr_dataset(1), BitsStored=12, HighBit=11, PixelRepresentation=1)
    filled = np.full(256, -1, "<i2")
    signed.PixelData = filled.tobytes()
    bare = changed(signed, PixelData=(filled & 0x0FFF).astype("<i2").tobytes())
    assert compare(reread(signed), reread(bare), decoded) == Same()


@pytest.mark.parametrize(
    ("behind", "same"), [(b"\0\0\0\0", True), (b"note", False)], ids=["padding", "something else"]
)
def test_bytes_behind_the_last_pixel_are_padding_only_if_they_are_zero(behind: bytes, same: bool) -> None:
    """A longer Pixel Data with zeros says no more; with anything else it does."""
    longer = changed(mr_dataset(1), PixelData=mr_dataset(1).PixelData + behind)
    found = compare(reread(mr_dataset(1)), reread(longer), decoded)
    assert (found == Same()) is same


def test_group_lengths_and_trailing_padding_are_no_content() -> None:
    """Old writers put (gggg,0000) before each group and (FFFC,FFFC) at the end."""
    long = copy.deepcopy(IMAGE)
    for group in (0x0008, 0x0010, 0x0028):
        long.add(DataElement(Tag(group, 0), "UL", 4711))
    long.DataSetTrailingPadding = bytes(64)
    assert compare(reread(IMAGE), reread(long), decoded) == Same()


@pytest.mark.parametrize(
    ("keyword", "one", "other"),
    [
        ("PatientID", "SYN-1", "  SYN-1 "),
        ("PatientName", "Probe^Petra", "Probe^Petra^^^"),
        ("PatientName", "Probe^Petra", "Probe ^ Petra=="),
        ("SliceThickness", "3", "3.00"),
        ("SliceThickness", "0.5", "+5.0E-1"),
        ("ImagePositionPatient", "0\\-0\\1e1", "0.0\\0\\10"),
        ("SeriesNumber", "4", "+004"),
        ("StudyDate", "20260110", "2026.01.10"),
        ("StudyTime", "101500", "10:15:00.000000"),
        ("AcquisitionDateTime", "20260110101500+0100", "20260110101500.0+0100"),
        ("ImageComments", "two\r\nlines", "two\r\nlines  "),
        ("Modality", "MR", "MR "),
        ("ReferringPhysicianName", "", "   "),
    ],
)
def test_a_value_written_otherwise_is_the_same_value(keyword: str, one: str, other: str) -> None:
    """Padding, delimiters at the end, forms of a number and old forms of dates (PS3.5 6.2)."""
    first, second = mr_dataset(1), mr_dataset(1)
    for ds, value in ((first, one), (second, other)):
        tag = Tag(keyword)
        vr = pydicom.datadict.dictionary_VR(tag)
        ds[tag] = pydicom.dataelem.RawDataElement(
            tag, vr, len(value), (value + " " * (len(value) % 2)).encode(), 0, False, True
        )
    assert compare(first, second, decoded) == Same()


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO_IR 192", "ISO 2022 IR 100", None])
def test_texts_are_compared_decoded(charset: str | None) -> None:
    """The same name in Latin-1 and UTF-8; the declaration itself is no content."""
    one, other = changed(mr_dataset(1), PatientName="Zwölf^Ägidius"), mr_dataset(1)
    one.SpecificCharacterSet = "ISO_IR 192"
    other.PatientName = "Zwölf^Ägidius"
    if charset:
        other.SpecificCharacterSet = charset
    assert compare(reread(one), reread(other), decoded) == Same()


def test_a_wrong_character_set_is_a_difference() -> None:
    """The same bytes under another declaration are another name; bytes that fit no declaration stand for themselves."""
    name = "Zwölf^Ägidius".encode()
    first, second = mr_dataset(1), mr_dataset(1)
    for ds, charset in ((first, "ISO_IR 192"), (second, "ISO_IR 100")):
        ds.SpecificCharacterSet = charset
        ds[0x00100010] = pydicom.dataelem.RawDataElement(
            Tag(0x00100010), "PN", len(name), name, 0, False, True
        )
    found = compare(first, second, decoded)
    assert isinstance(found, Difference)
    assert found.kind is DifferenceKind.IDENTITY_CORRECTED
    for ds, broken in ((first, b"Zw\xf6lf"), (second, b"Zw\xe4lf")):
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds[0x00100010] = pydicom.dataelem.RawDataElement(
            Tag(0x00100010), "PN", len(broken), broken, 0, False, True
        )
    found = compare(first, second, decoded)
    assert isinstance(found, Difference)
    assert [one.keyword for one in found.attributes] == ["PatientName"]


@given(st.permutations([("VENDOR A", 0x10), ("VENDOR B", 0x11), ("VENDOR C", 0x12)]))
@settings(derandomize=True, max_examples=6, deadline=None)
def test_private_blocks_may_stand_in_any_order(order: list[tuple[str, int]]) -> None:
    """A private attribute is told by its creator, not by the block it happens to be in (PS3.5 7.8.1)."""
    first, second = mr_dataset(1), mr_dataset(1)
    for number, (creator, block) in enumerate(order):
        for ds, at in ((first, block), (second, 0x40 + number)):
            ds.add(DataElement(Tag(0x0029, at), "LO", creator))
            ds.add(DataElement(Tag(0x0029, at << 8 | 0x01), "LO", f"of {creator}"))
            ds.add(DataElement(Tag(0x0029, at << 8 | 0x02), "FD", 1.5))
    for syntax in SYNTAXES:
        assert compare(reread(first), reread(second, syntax), decoded) == Same()


def test_an_unknown_vr_is_read_as_the_other_side_says() -> None:
    """An archive that does not know a private attribute writes it as UN, a private sequence too (PS3.5 6.2.2)."""
    known, unknown = mr_dataset(1), mr_dataset(1)
    inner = Dataset()
    inner.PatientID, inner.EchoTime = "SYN-0001", "80.0"
    for ds in (known, unknown):
        ds.add(DataElement(Tag(0x00290010), "LO", "VENDOR A"))
    known.add(DataElement(Tag(0x00291001), "SQ", Sequence([inner])))
    known.add(DataElement(Tag(0x00291002), "DS", "1.50"))
    raw = reread(known, ImplicitVRLittleEndian)
    stream = pydicom.filebase.DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = True, True
    pydicom.filewriter.write_dataset(stream, inner)
    item = b"\xfe\xff\x00\xe0" + len(stream.getvalue()).to_bytes(4, "little") + stream.getvalue()
    unknown.add(DataElement(Tag(0x00291001), "UN", item))
    unknown.add(DataElement(Tag(0x00291002), "UN", b"1.5 "))
    assert compare(reread(known), reread(unknown), decoded) == Same()
    unknown[0x00291002].value = b"1.50"  # where nobody knows that it is a number, the bytes decide
    assert compare(raw, reread(unknown), decoded) == Same()
    inner.PatientID = "SYN-0002"
    found = compare(reread(known), reread(unknown), decoded)
    assert isinstance(found, Difference)
    assert [one.path for one in found.attributes] == ["(0029,xx01)[1].PatientID"]


# ---- what archives do ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", sorted(WRITTEN_BY_ARCHIVES))
def test_what_archives_write_by_themselves_is_no_content(keyword: str) -> None:
    """Each attribute of the table may come, go and change; each has its reason."""
    assert len(WRITTEN_BY_ARCHIVES[keyword]) > 10
    with_it, with_another = (with_attribute(mr_dataset(1), keyword, number) for number in (1, 2))
    assert compare(reread(mr_dataset(1)), reread(with_it), decoded) == Same()
    assert compare(reread(with_it), reread(with_another), decoded) == Same()


def with_attribute(ds: Dataset, keyword: str, number: int) -> Dataset:
    """`ds` with some value of an attribute, another one for each number."""
    tag = Tag(keyword)
    vr = pydicom.datadict.dictionary_VR(tag)
    if keyword == "SpecificCharacterSet":
        value: object = f"ISO_IR {(100, 192)[number - 1]}"
    elif vr == "SQ":
        item = Dataset()
        item.StationName = f"S{number}"
        value = Sequence([item])
    else:
        value = {
            "UI": f"2.25.{number}",
            "OB": b"12",
            "OV": bytes([number]) * 8,
            "DA": f"2026010{number}",
        }.get(vr)
        value = value or {"TM": f"10150{number}", "DT": f"2026010{number}101500", "UV": number}.get(vr)
        value = value or (number if vr in ("US", "UL", "IS") else f"T{number}")
    ds.add(DataElement(tag, vr, value))
    return ds


@pytest.mark.parametrize("creator", sorted(ARCHIVES))
def test_private_blocks_of_archives_are_no_content(creator: str) -> None:
    """What an archive keeps under its own creator; a scanner's block beside it is content."""
    archived = mr_dataset(1)
    archived.add(DataElement(Tag(0x00430011), "LO", creator))
    archived.add(DataElement(Tag(0x00431110), "LO", "4711"))
    assert compare(reread(mr_dataset(1)), reread(archived), decoded) == Same()
    archived.add(DataElement(Tag(0x00430012), "LO", "GEMS_PARM_01"))
    archived.add(DataElement(Tag(0x00431239), "IS", "1000"))
    found = difference(mr_dataset(1), archived)
    assert [one.path for one in found.attributes] == ["(0043,xx39 GEMS_PARM_01)"]


@pytest.mark.parametrize("keyword", sorted(FILLED_IN))
def test_what_archives_fill_in_may_come_but_not_change(keyword: str) -> None:
    """A time zone that is added says no more; another time zone is another time."""
    east, west = (changed(mr_dataset(1), TimezoneOffsetFromUTC=zone) for zone in ("+0100", "-0500"))
    assert keyword == "TimezoneOffsetFromUTC"
    assert compare(reread(mr_dataset(1)), reread(east), decoded) == Same()
    assert difference(east, west).kind is DifferenceKind.OTHER_VALUES


@pytest.mark.parametrize(
    "keyword", ["StationName", "InstitutionName", "StationAETitle", "DeviceSerialNumber"]
)
def test_where_an_image_was_made_is_content(keyword: str) -> None:
    """An archive that changes it has changed the object."""
    one, other = (changed(mr_dataset(1), **{keyword: value}) for value in ("HERE", "THERE"))
    assert difference(one, other).kind is DifferenceKind.OTHER_VALUES
    assert difference(mr_dataset(1), one).kind is DifferenceKind.MORE_OR_FEWER


# ---- differences ---------------------------------------------------------------------------------------------------


def places(
    ds: Dataset, path: tuple[tuple[int, int], ...] = ()
) -> Iterator[tuple[tuple[tuple[int, int], ...], int]]:
    """Every element that is no sequence: the way to its data set as (tag, item) pairs, and its tag."""
    for element in ds:
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from places(item, (*path, (element.tag, number)))
        elif not (element.tag.is_private and element.tag.element < 0x100) and not element.is_empty:
            yield path, element.tag


def mutated(ds: Dataset, path: tuple[tuple[int, int], ...], tag: int) -> Dataset:
    """A copy of `ds` in which one element has another value of its VR."""
    new = inner = copy.deepcopy(ds)
    for sequence, number in path:
        inner = inner[sequence].value[number]
    element = inner[tag]
    if isinstance(element.value, bytes):
        element.value = bytes([element.value[0] ^ 0x41]) + element.value[1:]
    elif element.VR in ("US", "FD", "IS", "DS"):
        values = element.value if element.VM > 1 else [element.value]
        element.value = [
            float(values[0]) + 1 if element.VR in ("FD", "DS") else int(values[0]) + 1,
            *values[1:],
        ]
    elif element.VR in ("DA", "DT", "TM", "AS"):
        text = str(element.value)
        element.value = text[:3] + ("0" if text[3] != "0" else "1") + text[4:]
    elif element.VR == "UI":
        element.value = "2.25.4711"
    else:
        values = list(element.value) if element.VM > 1 else [str(element.value)]
        element.value = (
            ["X" + str(values[0])[1:] + "Y", *values[1:]] if element.VM > 1 else "Q" + values[0][1:] + "Y"
        )
    return new


PLACES = [
    (path, tag)
    for path, tag in places(IMAGE)
    if tag not in NO_CONTENT and Tag("OriginalAttributesSequence") not in {sequence for sequence, _ in path}
]


def expected_kind(path: tuple[tuple[int, int], ...], tag: int) -> DifferenceKind:
    """The kind of a change of one value of IMAGE, from the lists above."""
    keyword = pydicom.datadict.keyword_for_tag(tag)
    if keyword in SHOWN or tag in GRAPHICS:
        return DifferenceKind.PIXELS_OR_GEOMETRY
    return DifferenceKind.IDENTITY_CORRECTED if keyword in WHOSE else DifferenceKind.OTHER_VALUES


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_one_changed_value_is_one_difference_of_its_kind(syntax: str) -> None:
    """At any depth and in any transfer syntax: exactly that attribute differs, and it is told what it is about."""
    plain = written(IMAGE)
    for path, tag in PLACES[SYNTAXES.index(syntax) :: len(SYNTAXES)]:
        found = compare(dcmread(BytesIO(plain)), reread(mutated(IMAGE, path, tag), syntax), decoded)
        assert isinstance(found, Difference), (path, tag)
        assert len(found.attributes) == 1, (path, tag)
        assert Tag(tag).is_private or found.attributes[0].tag == tag
        assert (found.kind, found.attributes[0].where) == (expected_kind(path, tag), Where.BOTH), (path, tag)


def test_the_changed_values_were_of_every_kind() -> None:
    """More than a hundred attributes, at the top and in items."""
    kinds = {expected_kind(*place) for place in PLACES}
    assert len(PLACES) > 100
    assert kinds == {
        DifferenceKind.IDENTITY_CORRECTED,
        DifferenceKind.PIXELS_OR_GEOMETRY,
        DifferenceKind.OTHER_VALUES,
    }


def test_a_missing_attribute_is_told_as_missing() -> None:
    """Fewer attributes are their own kind, unless they say whose it is or where it lies."""
    plain = written(IMAGE)
    for path, tag in PLACES:
        if path or tag == Tag("SOPClassUID"):
            continue
        fewer = copy.deepcopy(IMAGE)
        del fewer[tag]
        found = compare(dcmread(BytesIO(plain)), reread(fewer), decoded)
        assert isinstance(found, Difference)
        kind = expected_kind((), tag)
        assert found.kind is (DifferenceKind.MORE_OR_FEWER if kind is DifferenceKind.OTHER_VALUES else kind)
        assert [one.where for one in found.attributes] == [Where.FIRST]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"PatientID": "SYN-2", "PatientName": "Other^One"}, DifferenceKind.IDENTITY_CORRECTED),
        ({"PatientID": "SYN-2", "OtherPatientNames": "Added^Too"}, DifferenceKind.IDENTITY_CORRECTED),
        ({"IssuerOfPatientID": "HERE"}, DifferenceKind.IDENTITY_CORRECTED),
        ({"PatientBirthDate": None}, DifferenceKind.IDENTITY_CORRECTED),
        ({"PatientID": "SYN-2", "SeriesDescription": "added"}, DifferenceKind.OTHER_VALUES),
        ({"SeriesDescription": "added", "ProtocolName": "added"}, DifferenceKind.MORE_OR_FEWER),
        ({"SeriesDescription": "added", "Modality": "CT"}, DifferenceKind.OTHER_VALUES),
        ({"PatientID": "SYN-2", "ImagePositionPatient": [0, 0, 1]}, DifferenceKind.PIXELS_OR_GEOMETRY),
        ({"WindowCenter": 600}, DifferenceKind.MORE_OR_FEWER),
    ],
)
def test_several_changes_have_the_gravest_kind(values: dict[str, object], kind: DifferenceKind) -> None:
    """Pixels and geometry first; *identity corrected* only when nothing else differs."""
    found = difference(mr_dataset(1), changed(mr_dataset(1), **values))
    assert found.kind is kind
    assert found.touches_identity is any(
        keyword.startswith("Patient") or "Issuer" in keyword for keyword in values
    )


def test_the_order_number_in_the_request_is_the_studys() -> None:
    """A corrected accession number is corrected in the request as well: identity, with its path."""
    one, other = mr_dataset(1), mr_dataset(1)
    for ds, number in ((one, "A1"), (other, "A2")):
        request = Dataset()
        request.AccessionNumber, request.RequestedProcedureID = number, "P1"
        ds.AccessionNumber = number
        ds.RequestAttributesSequence = Sequence([request])
    found = difference(one, other)
    assert found.kind is DifferenceKind.IDENTITY_CORRECTED
    assert [attribute.path for attribute in found.attributes] == [
        "AccessionNumber",
        "RequestAttributesSequence[1].AccessionNumber",
    ]


def test_another_number_of_items_is_told_at_the_sequence() -> None:
    """Two requests against one: the numbers of items are the values."""
    one, other = mr_dataset(1), mr_dataset(1)
    for ds, count in ((one, 1), (other, 2)):
        items = [Dataset() for _ in range(count)]
        for item in items:
            item.RequestedProcedureID = "P1"
        ds.RequestAttributesSequence = Sequence(items)
    found = difference(one, other)
    assert [attribute.path for attribute in found.attributes] == ["RequestAttributesSequence"]
    assert (found.values[0].first, found.values[0].second) == ("1 item", "2 items")


def test_no_value_and_no_unknown_creator_is_in_what_everybody_sees() -> None:
    """Paths and reprs name no one, even where a private creator is the patient's name; the values do."""
    who, corrected = Person(), Person(family="Quellmalz", given="Balduin", patient_id="QX9999999")
    found = difference(
        hostile_mr(who, depth=1), changed(hostile_mr(corrected, depth=1), SOPInstanceUID=IMAGE.SOPInstanceUID)
    )
    public = repr(found) + repr(found.attributes) + repr(found.values)
    for person in (who, corrected):
        assert not [text for text in person.identifiers if text in public]
    told = {attribute.path: values for attribute, values in zip(found.attributes, found.values, strict=True)}
    assert (told["PatientID"].first, told["PatientID"].second) == ("QX4711923", "QX9999999")


def test_a_result_can_go_from_process_to_process() -> None:
    """The comparison of large objects may run in a process that may die."""
    found = difference(mr_dataset(1), changed(mr_dataset(1), PatientID="SYN-2"))
    assert pickle.loads(pickle.dumps(found)) == found
    assert pickle.loads(pickle.dumps(Same())) == Same()


@given(
    st.sampled_from(FUZZED),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=4),
)
@settings(derandomize=True, max_examples=150, deadline=None)
def test_damage_is_compared_and_never_raises(data: bytes, damage: list[tuple[int, int]]) -> None:
    """Unknown VRs, wrong lengths, broken sequences and pixels: the same as itself, and nothing escapes."""
    broken = bytearray(data)
    for at, byte in damage:
        broken[132 + at % (len(data) - 132)] = byte
    try:
        first, again, intact = (dcmread(BytesIO(bytes(one)), force=True) for one in (broken, broken, data))
    except Exception:  # noqa: BLE001 - pydicom does not take it: nothing to compare
        return
    assert compare(first, again, decoded) == Same()
    with suppress(NotOneObject):
        assert isinstance(compare(first, intact, decoded), Same | Difference)


def test_a_creator_outside_its_character_set_is_a_creator_all_the_same() -> None:
    """Its attributes are compared under its bytes."""
    one, other = mr_dataset(1), mr_dataset(1)
    for ds in (one, other):
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds[0x00290010] = pydicom.dataelem.RawDataElement(
            Tag(0x00290010), "LO", 4, b"V\xf6\xff ", 0, False, True
        )
    one.add(DataElement(Tag(0x00291001), "SH", "A"))
    other.add(DataElement(Tag(0x00291001), "SH", "B"))
    found = compare(one, other, decoded)
    assert isinstance(found, Difference)
    assert [attribute.path for attribute in found.attributes] == ["(0029,xx01)"]


def test_two_objects_are_not_two_versions() -> None:
    """Another SOP Instance UID: there is nothing to compare."""
    with pytest.raises(NotOneObject):
        compare(mr_dataset(1), mr_dataset(2), decoded)


def test_everything_that_concerns_identity_is_marked() -> None:
    """The concern of each attribute says who may see its values."""
    found = difference(mr_dataset(1), changed(mr_dataset(1), PatientName="Other^One", Modality="CT"))
    assert {one.keyword: one.concern for one in found.attributes} == {
        "PatientName": Concern.IDENTITY,
        "Modality": Concern.OTHER,
    }
