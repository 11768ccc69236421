"""Ways a name could leave, as a hostile privacy officer thinks of them: each ends clean, or the object is held."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from pydicom import config, dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from gateway.privacy.deidentify.instance import deidentify
from gateway.privacy.deidentify.part10 import encode
from gateway.privacy.errors import Held
from gateway.privacy.leak_search.search import find_leaks, identifying_values
from gateway.privacy.profile.profile import load_profile
from support.objects.hostile_mr import Person, context, hostile_mr

PROFILE = load_profile()
NAME = "Zwirnlein"
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom about what is wrong on purpose
Way = Callable[[Dataset], Dataset | bytes | None]


def file_of(ds: Dataset) -> bytes:
    """The object as it is received."""
    out = BytesIO()
    dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def raw(tag: int, vr: bytes, value: bytes) -> bytes:
    """One explicit little-endian element, whatever its value."""
    value += b" " * (len(value) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    long = vr in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC", b"UR")
    return head + (struct.pack("<HL", 0, len(value)) if long else struct.pack("<H", len(value))) + value


def replaced(ds: Dataset, tag: int, vr: bytes, value: bytes) -> bytes:
    """The file with the element `tag` written as these bytes."""
    whole = file_of(ds)
    if tag in ds:
        del ds[tag]
    out = bytearray(whole[: whole.index(b"\x08\x00\x05\x00CS")])  # up to SpecificCharacterSet
    for part in (_part(ds, lambda t: t < tag), None, _part(ds, lambda t: t > tag)):
        out += raw(tag, vr, value) if part is None else part
    return bytes(out)


def _part(ds: Dataset, wanted: Callable[[int], bool]) -> bytes:
    part = ds[:]
    for element in ds:
        if not wanted(int(element.tag)):
            del part[element.tag]
    out = BytesIO()
    dcmwrite(out, part, implicit_vr=False, little_endian=True, force_encoding=True)
    return out.getvalue()


def put(**values: object) -> Way:
    """Attributes at the top level."""

    def way(ds: Dataset) -> None:
        for keyword, value in values.items():
            setattr(ds, keyword, value)

    return way


def in_item(keyword: str, **values: object) -> Way:
    """Attributes in the one item of a sequence."""

    def way(ds: Dataset) -> None:
        item = Dataset()
        for inner, value in values.items():
            setattr(item, inner, value)
        setattr(ds, keyword, Sequence([item]))

    return way


def element(tag: int, vr: str, value: object) -> Way:
    """One element in any VR."""

    def way(ds: Dataset) -> None:
        ds.add(DataElement(tag, vr, value, validation_mode=config.IGNORE))

    return way


def as_bytes(tag: int, vr: bytes, value: bytes) -> Way:
    """One element as raw bytes."""
    return lambda ds: replaced(ds, tag, vr, value)


def syntax(uid: str) -> Way:
    """The whole object in another transfer syntax."""

    def way(ds: Dataset) -> None:
        ds.file_meta.TransferSyntaxUID = uid
        if uid == ExplicitVRBigEndian:
            ds["PixelData"].VR = "OW"

    return way


def compressed(uid: str, codestream: bytes) -> Way:
    """Encapsulated pixel data with this codestream."""

    def way(ds: Dataset) -> None:
        ds.file_meta.TransferSyntaxUID = uid
        ds.PixelData = encapsulate([codestream])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True

    return way


def deep(ds: Dataset) -> bytes:
    """A hundred items inside each other (written by hand: pydicom gives up)."""
    content = raw(0x00100010, b"PN", NAME.encode())
    for _ in range(100):
        item = struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content
        content = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, len(item)) + item
    return replaced(ds, 0x00081140, b"SQ", content[12:])


def segment(marker: int, text: bytes) -> bytes:
    """A JPEG or JPEG 2000 marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(text) + 2) + text


_UN_ITEM = (
    struct.pack("<HHL", 0xFFFE, 0xE000, 8 + 10) + struct.pack("<HHL", 0x0010, 0x0010, 10) + b"Zwirnlein "
)
_JPEG = b"\xff\xd8" + segment(0xFE, NAME.encode()) + segment(0xE1, b"Exif\0\0" + NAME.encode())
_SCAN = segment(0xDA, b"\x01\x01\0\0\x3f\0") + b"\x12\xff\x00\x34"
_J2K = (
    b"\xff\x4f"
    + segment(0x51, b"\0\0" + struct.pack(">8L", 8, 8, 0, 0, 8, 8, 0, 0) + b"\0\1\x0f\1\1")
    + segment(0x52, b"\0\0\0\1\0\1\4\4\0\1")
    + segment(0x5C, b"\x40\x48\x50\x58\x60")
)
_TILE = b"\xff\x90\0\x0a\0\0\0\0\0\0\0\1\xff\x93\0\0\xff\xd9"  # two packets without content

WAYS: dict[str, Way] = {
    "a private sequence in UN": element(0x00131003, "UN", _UN_ITEM),
    "a sequence of the Standard in UN": as_bytes(0x00081140, b"UN", _UN_ITEM),
    "a name in UN": as_bytes(0x00100010, b"UN", b"Zwirnlein "),
    "text in OB of an attribute of the Standard": element(0x00282000, "OB", b"desc Zwirnlein\0\0"),
    "bytes after the data set": lambda ds: file_of(ds) + NAME.encode(),
    "an element after the trailing padding": lambda ds: file_of(ds) + raw(0xFFFEFFFE, b"OB", NAME.encode()),
    "trailing padding": element(0xFFFCFFFC, "OB", b"Zwirnlein\0"),
    "padding of a coded string": as_bytes(0x00080060, b"CS", b"MR\0Zwirnlein"),
    "padding of a decimal string": as_bytes(0x00180050, b"DS", b"3\0Zwirnlein"),
    "padding of an integer string": as_bytes(0x00200013, b"IS", b"1 Zwirnlein"),
    "padding of a UID": as_bytes(0x0020000E, b"UI", b"1.2.3\0Zwirnlein"),
    "padding of a time": as_bytes(0x00080030, b"TM", b"101530 Zwirnlein"),
    "padding of a date": as_bytes(0x00080021, b"DA", b"20240229Zwirnlein"),
    "an age that is a name": as_bytes(0x00101010, b"AS", b"Zwirnlein "),
    "the explanation of a lookup table": in_item(
        "VOILUTSequence", LUTExplanation=f"for {NAME}", LUTDescriptor=[1, 0, 16], LUTData=[0]
    ),
    "an icon": in_item(
        "IconImageSequence", PixelData=NAME.encode().ljust(64, b"\0"), Rows=8, Columns=8, BitsAllocated=8
    ),
    "an overlay's pixels": element(0x60003000, "OW", NAME.encode("utf-16-le")),
    "an overlay's label": element(0x60021500, "LO", NAME),
    "a curve": element(0x50000030, "SH", NAME),
    "a waveform's annotation": in_item("WaveformAnnotationSequence", UnformattedTextValue=NAME),
    "a report's content": in_item("ContentSequence", TextValue=NAME, PersonName=NAME),
    "a drawing's text": in_item("GraphicAnnotationSequence", GraphicLayer=NAME.upper()),
    "the description of a contour": put(ROIContourSequence=Sequence(), ImageComments=NAME),
    "escape sequences": as_bytes(0x0008103E, b"LO", b"t2 \x1b$B'3ED\x1b(B Zwirnlein"),
    "control characters in a name": as_bytes(0x00100010, b"PN", b"Zwirnlein\x07^Adel\x08gunde"),
    "a birthday in a UID": put(FrameOfReferenceUID="1.2.276.19710413.4711923"),
    "a moment with a time zone": put(AcquisitionDateTime="20240229101530.25+0100"),
    "a character set that is a name": as_bytes(0x00080005, b"CS", b"ZWIRNLEIN "),
    "an unknown character set": as_bytes(0x00080005, b"CS", b"ISO_IR 999"),
    "the deflated transfer syntax": syntax(DeflatedExplicitVRLittleEndian),
    "big endian": syntax(ExplicitVRBigEndian),
    "implicit VR": syntax(ImplicitVRLittleEndian),
    "a URL": put(RetrieveURL=f"https://pacs.example/{NAME}"),
    "a code": in_item(
        "AnatomicRegionSequence", CodeValue=NAME, CodingSchemeDesignator="SCT", CodeMeaning=NAME
    ),
    "a long code": in_item(
        "AnatomicRegionSequence", LongCodeValue=NAME, CodingSchemeDesignator=NAME, CodeMeaning="Brain"
    ),
    "a code as URN": in_item("AnatomicRegionSequence", URNCodeValue=f"urn:{NAME}", CodeMeaning="Brain"),
    "a coding scheme": in_item(
        "CodingSchemeIdentificationSequence",
        CodingSchemeDesignator="99X",
        CodingSchemeName=NAME,
        CodingSchemeResponsibleOrganization=f"Praxis {NAME}",
    ),
    "the fourth value of the image type": put(ImageType=["ORIGINAL", "PRIMARY", "M", NAME.upper()]),
    "the model's name": put(ManufacturerModelName=f"Prisma {NAME}"),
    "the model's place": put(ManufacturerModelName="Prisma_Hinterwalden"),
    "the body part": put(BodyPartExamined=NAME.upper()),
    "a patient's number as an image number": put(InstanceNumber="4711923"),
    "a patient's number as a decimal": put(ImagingFrequency="4711923"),
    "a group length": element(0x00100000, "UL", 4711923),
    "a tag nobody knows": element(0x00104711, "LO", NAME),
    "a private creator": element(0x00110010, "LO", NAME),
    "a private value without creator": element(0x00191077, "LO", NAME),
    "a private value of the safe list": element(0x0019100D, "CS", NAME.upper()),
    "a hundred levels": deep,
    "a comment in a JPEG codestream": compressed(JPEGBaseline8Bit, _JPEG + _SCAN + b"\xff\xd9"),
    "a comment behind the first scan": compressed(
        JPEGBaseline8Bit, b"\xff\xd8" + _SCAN + segment(0xFE, NAME.encode()) + b"\xff\xd9"
    ),
    "a comment in a JPEG 2000 codestream": compressed(
        JPEG2000Lossless, _J2K + segment(0x64, b"\0\1" + NAME.encode()) + _TILE
    ),
    "bytes behind the last pixel": lambda ds: put(PixelData=ds.PixelData + NAME.encode() + b"\0")(ds),
    "the file header": put(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_nothing_leaves_this_way(way: Way) -> None:
    """The identity is in no byte of the output, by a plain scan and by the leak search; or nothing leaves at all."""
    ds = hostile_mr(depth=1)
    ds.file_meta.SendingApplicationEntityTitle = NAME.upper()
    ds.file_meta.PrivateInformationCreatorUID, ds.file_meta.PrivateInformation = "1.2.3", NAME.encode() + b" "
    changed = way(ds)
    data = changed if isinstance(changed, bytes) else file_of(ds)
    readable = data if ds.file_meta.TransferSyntaxUID != DeflatedExplicitVRLittleEndian else inflated(data)
    assert b"zwirnlein" in readable.lower()
    original = dcmread(BytesIO(data))
    try:
        output = encode(deidentify(original, context(), PROFILE).dataset)
    except Held:
        return
    folded = output.lower()
    for identifier in (*Person().identifiers, "4711923", "Hinterwalden"):
        assert identifier.encode().lower() not in folded, identifier
        assert identifier.encode("utf-16-le").lower() not in folded, identifier
    assert find_leaks(output, identifying_values([dcmread(BytesIO(data))], context().date_shift_days)) == []


def inflated(data: bytes) -> bytes:
    """The data set of a deflated file."""
    (length,) = struct.unpack_from("<L", data, 140)  # of the file meta information after (0002,0000)
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[144 + length :])


def test_a_transfer_syntax_that_is_none_is_held() -> None:
    """It would be copied into the file header, and nobody could say what the bytes mean."""
    ds = hostile_mr(depth=0)
    for uid in ("1.2.276.4711923", "1.2.840.113619.5.2", "1.2.840.10008.5.1.4.1.1.4"):
        ds.file_meta.TransferSyntaxUID = uid
        with pytest.raises(Held):
            deidentify(ds, context(), PROFILE)


def test_text_spelled_in_binary_numbers_goes_and_the_leak_search_finds_it() -> None:
    """Eight bytes of a number that read as a name are none; where they are left they park the study."""
    ds = hostile_mr(depth=0)
    (spelled,) = struct.unpack("<d", b"Zwirnlei")
    person = Person(family="Zwirnlei")
    ds.PatientName = "Zwirnlei^A"
    ds.add_new(0x00189087, "FD", spelled)
    new = deidentify(ds, context(person), PROFILE).dataset
    assert find_leaks(encode(new), identifying_values([ds])) == []
    new.DiffusionBValue = spelled
    leaks = find_leaks(encode(new), identifying_values([ds]))
    assert [leak.attribute for leak in leaks] == ["DiffusionBValue"]


@pytest.mark.parametrize(
    ("comment", "stays"),
    [
        (b"Kakadu-v5.2.1", True),
        (b"Created by OpenJPEG version 2.5.0", True),
        (b"Created by GDCM/OpenJPEG version 2.0", True),
        (b"Creator: JasPer Version 1.701.0", True),
        (b"ward 7, bed 2", False),
    ],
)
def test_what_encoders_say_about_themselves_stays_and_other_comments_are_blanked(
    comment: bytes, stays: bool
) -> None:
    """In place: the codestream keeps its length and every other byte."""
    ds = hostile_mr(depth=0)
    compressed(JPEG2000Lossless, _J2K + segment(0x64, b"\0\1" + comment) + _TILE)(ds)
    new = deidentify(ds, context(), PROFILE).dataset.PixelData
    assert (new == ds.PixelData) is stays
    assert new == ds.PixelData if stays else new == ds.PixelData.replace(comment, b" " * len(comment))


def test_an_image_type_keeps_its_places_when_one_value_is_a_name() -> None:
    """The first values decide what an image is; only the name is replaced."""
    ds = hostile_mr(depth=0)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", NAME.upper()]
    assert deidentify(ds, context(), PROFILE).dataset.ImageType == ["ORIGINAL", "PRIMARY", "M", "REMOVED"]
