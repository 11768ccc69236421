"""The index of a case's pictures comes back from JSON as it was written."""

from __future__ import annotations

import pytest

from gateway.imaging.study_index import FrameIndex, ObjectIndex, SeriesIndex, Stack, StudyIndex

FRAME = FrameIndex(
    0,
    0,
    4,
    4,
    (1.0, 2.0, 3.0),
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    (1.0, 0.5),
    1.0,
    0.0,
    1000.0,
    80.0,
    None,
    (0.0, 0.6, 0.8),
    "M",
    512,
    32,
)
STACK = Stack(
    "s2-0",
    0,
    (0,),
    ((0.5, 0, 0, 1.0), (0, 1.0, 0, 2.0), (0, 0, 3.0, 3.0)),
    "",
    (4, 4, 1),
    1000.0,
    80.0,
    "M",
    3.0,
    "axial",
)
INDEX = StudyIndex(
    "0123456789abcdef",
    (
        ObjectIndex(
            "prepared/1/1.2.dcm", "1.2.840.10008.5.1.4.1.1.4", "2.25.1", 1.0, 0, "MONOCHROME2", 12, False
        ),
    ),
    (SeriesIndex("2.25.2", 2, "DWI", "MR", "2.25.3", 1, 1),),
    (FRAME,),
    (STACK,),
)


def test_an_index_comes_back_as_it_was_written() -> None:
    """Through text, with tuples and with what is not known."""
    assert StudyIndex.from_json(INDEX.to_json()) == INDEX


@pytest.mark.parametrize(
    "stored", [b"", b"{}", b"[]", INDEX.to_json().replace(b"80.0", b"NaN"), INDEX.to_json()[:-9]]
)
def test_what_is_no_index_is_refused(stored: bytes) -> None:
    """Cut, empty, or with a number that is none."""
    with pytest.raises(ValueError, match="validation error"):
        StudyIndex.from_json(stored)
