"""Look-up tables: numbers in one direction, as many as they say; a text is none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from gateway.privacy.deidentify.lookup_tables import are_tables


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
