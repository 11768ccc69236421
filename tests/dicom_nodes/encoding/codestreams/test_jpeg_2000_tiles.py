"""What a header of JPEG 2000 says of tiles is bounded before anything is counted."""

from __future__ import annotations

import pytest

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes
from dicom_nodes.encoding.codestreams.jpeg_2000_tiles import BlockCoding, Grid, Precinct, TileCoding, packets

WHOLE = Grid(64, 32, 0, 0, 64, 32, 0, 0, ((1, 1),))
BLOCKS = BlockCoding(1, 4, 4, 0, ((15, 15), (15, 15)))


def test_an_image_of_one_tile_has_a_precinct_for_each_resolution() -> None:
    """With the code-blocks of their subbands: one of LL, three others."""
    assert packets(WHOLE, 0, TileCoding(0, 2, False, False, (BLOCKS,)), 9) == (
        [Precinct(((2, 1),), 0), Precinct(((2, 1), (2, 1), (2, 1)), 0)],
        [(0, 0), (0, 1), (1, 0), (1, 1)],
    )
    assert packets(WHOLE, 0, TileCoding(1, 2, False, False, (BLOCKS,)), 9)[1] == [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
    ]


@pytest.mark.parametrize(
    ("grid", "coding"),
    [
        (WHOLE, TileCoding(5, 1, False, False, (BLOCKS,))),
        (WHOLE, TileCoding(0, 1 << 30, False, False, (BLOCKS,))),
        (
            Grid(1 << 31, 1 << 31, 0, 0, 1 << 31, 1 << 31, 0, 0, ((1, 1),)),
            TileCoding(0, 1, False, False, (BLOCKS,)),
        ),
        (
            Grid(1 << 31, 1 << 31, 0, 0, 1 << 31, 1 << 31, 0, 0, ((1, 1),)),
            TileCoding(0, 1, False, False, (BLOCKS._replace(precincts=((1, 1), (1, 1))),)),
        ),
        (WHOLE, TileCoding(0, 1, False, False, (BlockCoding(0, 0, 0, 0, ((0, 0),)),) * 1)),
    ],
)
def test_numbers_that_no_image_has_are_refused_at_once(grid: Grid, coding: TileCoding) -> None:
    """More layers, precincts or code-blocks than are followed, and orders that do not exist."""
    if coding.blocks[0].levels == 0:
        grid = Grid(1 << 12, 1 << 12, 0, 0, 1 << 12, 1 << 12, 0, 0, ((1, 1),))
    with pytest.raises(UnaccountedBytes):
        packets(grid, 0, coding, 1 << 20)


@pytest.mark.parametrize(
    "content", [b"", b"\1\4\4\0", b"\x21\4\4\0\1", b"\1\7\7\0\1", b"\1\4\4\x80\1", b"\1\4\4\0\1\x77\x07"]
)
def test_block_sizes_that_are_none_are_refused(content: bytes) -> None:
    """Too few bytes, too many levels, blocks too large, mixed coding, precincts without sides."""
    assert BlockCoding.read(content, own_precincts=len(content) > 5) is None
