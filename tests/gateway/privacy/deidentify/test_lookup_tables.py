"""Look-up tables: numbers in one direction, as many as they say; a text is none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.privacy.deidentify.lookup_tables import are_tables, is_described, spectrum


def item(count: int, data: bytes | list[int]) -> Dataset:
    """An item of a VOI LUT sequence."""
    ds = Dataset()
    ds.LUTDescriptor = [count, 0, 16]
    ds.add_new("LUTData", "OW" if isinstance(data, bytes) else "US", data)
    return ds


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=40), st.booleans())
@settings(derandomize=True)
def test_a_table_that_rises_or_falls_is_one(numbers: list[int], falls: bool) -> None:
    """Of either VR, and of two bytes an entry or one."""
    table = sorted(numbers, reverse=falls)
    assert are_tables(item(len(table), struct.pack(f"<{len(table)}H", *table)))
    assert are_tables(item(len(table), table))
    small = bytes(number >> 8 for number in table)
    assert are_tables(item(len(small), small + bytes(len(small) % 2)))


@pytest.mark.parametrize(
    "ds",
    [
        item(16, b"Zwirnlein Anna".ljust(32)),
        item(16, b"Zwirnlein Anna  "),
        item(2, struct.pack("<2H", 1, 2) + b"Zwirnlein "),
        item(0, b"Zwirnlein "),
        item(3, [1, 2]),
    ],
)
def test_a_text_is_none(ds: Dataset) -> None:
    """Not monotonic, or longer or shorter than it says."""
    assert not are_tables(ds)


def test_without_data_there_is_nothing_to_judge() -> None:
    """And data without a descriptor are no table."""
    assert are_tables(Dataset())
    ds = item(2, [1, 2])
    del ds.LUTDescriptor
    assert not are_tables(ds)


def coloured(count: int, data: bytes) -> Dataset:
    """An image with a red palette."""
    ds = Dataset()
    ds.PhotometricInterpretation = "PALETTE COLOR"
    ds.RedPaletteColorLookupTableDescriptor = [count, 0, 16]
    ds.RedPaletteColorLookupTableData = data
    return ds


@pytest.mark.parametrize(
    ("ds", "described"),
    [
        (coloured(4, bytes(8)), True),
        (coloured(4, bytes(4)), True),
        (coloured(4, bytes(8) + b"Anna"), False),
        (coloured(0, b"Anna"), False),
    ],
)
def test_a_palette_is_as_long_as_it_says(ds: Dataset, described: bool) -> None:
    """And belongs to an image that has colours."""
    assert is_described(ds, 0x00281201) is described
    ds.PhotometricInterpretation = "MONOCHROME2"
    assert not is_described(ds, 0x00281201)
    assert is_described(ds, 0x00283006)


def test_a_phase_correction_belongs_to_a_spectrum_that_has_one() -> None:
    """Text in it goes with a spectrum that says nothing of it."""
    ds = Dataset()
    assert not is_described(ds, 0x56000010)
    ds.FirstOrderPhaseCorrection = "YES"
    assert is_described(ds, 0x56000010)


def test_behind_the_last_point_of_a_spectrum_everything_is_zero() -> None:
    """As behind the last pixel; without a description nobody can say where it ends."""
    ds = Dataset()
    assert spectrum(ds, b"Anna") == b"Anna"
    ds.Rows = ds.Columns = ds.DataPointRows = 1
    ds.DataPointColumns, ds.DataRepresentation = 2, "COMPLEX"
    assert spectrum(ds, bytes(range(16)) + b"Anna") == bytes(range(16)) + bytes(4)
    assert spectrum(ds, bytes(range(16))) == bytes(range(16))
