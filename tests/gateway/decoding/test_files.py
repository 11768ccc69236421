"""Files that others made are read elsewhere: what comes back is what they say, or one error, whatever they do."""

from __future__ import annotations

import resource
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from dicom_nodes.encoding.part10 import file_meta
from gateway.decoding import files
from gateway.decoding.children import DecodingProcesses
from gateway.decoding.errors import CannotDecode, NoSuchFrame, TooBusy
from support.objects.dicom_files import encoded, mr_dataset


def of(**attributes: object) -> bytes:
    """A file of an MR image that says so."""
    ds = mr_dataset(1)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return encoded(ds)


def deflated(megabytes: int) -> bytes:
    """A file whose data set inflates to so many, in a private element of nothing but zeros."""
    whole = encoded(mr_dataset(1, syntax=DeflatedExplicitVRLittleEndian))
    start = file_meta(whole).end
    plain = zlib.decompress(whole[start:], -zlib.MAX_WBITS)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    element = b"\xe1\x7f\x01\x10OB\0\0" + (megabytes << 20).to_bytes(4, "little")
    packed = [deflater.compress(plain + element)]
    packed += [deflater.compress(bytes(1 << 20)) for _ in range(megabytes)]
    return whole[:start] + b"".join(packed) + deflater.flush()


def test_a_header_comes_back_as_it_is_without_its_pixels(tmp_path: Path) -> None:
    """By its path, and inflated where it was deflated; private elements stay."""
    for syntax in (ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        ds = mr_dataset(1, syntax=syntax)
        ds.private_block(0x0009, "MAKER", create=True).add_new(1, "LO", "own")
        path = tmp_path / "x.dcm"
        path.write_bytes(encoded(ds))
        header = files.header(path)
        assert header.PatientName == ds.PatientName
        assert header[0x0009, 0x1001].value in ("own", b"own")
        assert "PixelData" not in header


def test_a_list_has_a_place_for_each_file(tmp_path: Path) -> None:
    """One that is no DICOM, and one that is not there, take none from the others."""
    good, bad = tmp_path / "1", tmp_path / "2"
    good.write_bytes(of(SeriesNumber=7))
    bad.write_bytes(b"no DICOM")
    first, *others = files.headers([good, bad, tmp_path / "3"])
    assert first is not None
    assert first.series_number == 7
    assert len(first.frames) == 1
    assert others == [None, None]


def test_a_machine_that_reads_nothing_hides_no_image(tmp_path: Path) -> None:
    """Every process dies, of whatever file: that is no header that cannot be read, and it is asked again later."""
    path = tmp_path / "1"
    path.write_bytes(of(SeriesNumber=7))
    dying = DecodingProcesses(program=(sys.executable, "-c", "raise SystemExit(1)"))
    with pytest.raises(TooBusy):
        files.headers([path], dying)
    [read] = files.headers([path])
    assert read is not None


def test_a_file_that_ends_every_process_that_reads_it_is_unreadable(tmp_path: Path) -> None:
    """Others are read by the next one: it takes no study with it."""
    path = tmp_path / "1"
    path.write_bytes(of(SeriesNumber=7))
    program = (
        "import sys\n"
        "from gateway.decoding.messages import announced, read_message\n"
        "head, _ = read_message(sys.stdin.buffer, 1 << 20)\n"
        "if head['files']: raise SystemExit(1)\n"
        "sys.stdout.buffer.write(announced({'last': True}, 2) + b'[]')\n"
    )
    assert files.headers([path], DecodingProcesses(program=(sys.executable, "-c", program))) == [None]


def _nested(levels: int) -> Dataset:
    inner = Dataset()
    inner.CodeMeaning = "x"
    for _ in range(levels):
        outer = Dataset()
        outer.ConceptNameCodeSequence = Sequence([inner])
        inner = outer
    return inner


def _many_items() -> bytes:
    """A header of half a million items, of eight bytes each."""
    ds = mr_dataset(1)
    del ds.PixelData
    plain = encoded(ds)
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 500_000
    return plain + b"\x40\x00\x75\x02SQ\0\0" + len(items).to_bytes(4, "little") + items


HOSTILE: dict[str, Callable[[], bytes]] = {
    "two thousand million frames": lambda: of(NumberOfFrames=2147483647),
    "frames that are not there": lambda: of(NumberOfFrames=16000),
    "rows that are not there": lambda: of(Rows=65535, Columns=65535),
    "pixels of four samples": lambda: of(Rows=65535, Columns=65535, SamplesPerPixel=4, BitsAllocated=32),
    "frames below none": lambda: of(NumberOfFrames=-5),
    "a spacing of no scanner": lambda: of(PixelSpacing=["54321", "1.25"]),
    "a spacing of nothing": lambda: of(PixelSpacing=["1e-300", "1e300"]),
    "positions of no number": lambda: of(ImagePositionPatient=["1.25", "2.25", "3.25"]).replace(
        b"1.25\\2.25\\3.25", b"nan\\inf\\-infi"
    ),
    "a slope of no number": lambda: of(RescaleSlope="1e308", RescaleIntercept="1e308"),
    "a palette of nothing": lambda: of(PhotometricInterpretation="PALETTE COLOR"),
    "five hundred sequences in one another": lambda: of(
        PerFrameFunctionalGroupsSequence=Sequence([_nested(60)])
    ),
    "half a million items": _many_items,
    "a deflated data set of many megabytes": lambda: deflated(130),
    "cut": lambda: of()[:400],
    "nothing": lambda: b"",
    "no DICOM": lambda: bytes(5000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_in_an_answer(name: str, tmp_path: Path) -> None:
    """A picture or one error that says so; this process holds hardly more than before, and the next file is read."""
    path = tmp_path / "hostile.dcm"
    path.write_bytes(HOSTILE[name]())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for ask in (
        lambda: files.drawn(path, 0, 0.0, 100.0),
        lambda: files.drawn(path, 15999, 0.0, 100.0),
        lambda: files.sampled(path, 0),
        lambda: files.drawn_as_stored(path, 0, 0.0, 100.0),
        lambda: files.header(path),
    ):
        with suppress(CannotDecode):
            ask()
    [listed] = files.headers([path])
    assert listed is None or len(listed.frames) <= path.stat().st_size
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10
    good = of()
    assert Image.open(BytesIO(files.drawn(good, 0, 0.0, 100.0))).size == (16, 16)
    with pytest.raises(NoSuchFrame):
        files.drawn(good, 1, 0.0, 100.0)
