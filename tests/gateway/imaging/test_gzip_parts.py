"""Volumes kept as gzip: whole, from the middle, and with another header, byte for byte what was put in."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.imaging.gzip_parts import CHUNK, Parts, PartsWriter, expanded, with_header

HEADER = bytes(range(256)) + bytes(96)


def kept(folder: Path, pieces: list[bytes], header: bytes = HEADER) -> tuple[Path, Parts]:
    """A file of these pieces."""
    writer = PartsWriter(header)
    data = writer.begin() + b"".join(writer.piece(piece) for piece in pieces) + writer.end()
    path = folder / "a.gz"
    path.write_bytes(data)
    return path, Parts.from_json(json.loads(json.dumps(writer.parts.to_json())))


contents = st.lists(
    st.one_of(st.binary(min_size=1, max_size=3000), st.integers(1, 70_000).map(bytes)), max_size=5
)


@settings(max_examples=60, deadline=None)
@given(pieces=contents, other=st.binary(min_size=352, max_size=352), data=st.data())
def test_any_part_of_any_content_comes_back(pieces: list[bytes], other: bytes, data: st.DataObject) -> None:
    """The file is gzip as any program reads it; with another header it is that of the other content."""
    whole = HEADER + b"".join(pieces)
    with TemporaryDirectory() as folder:
        path, parts = kept(Path(folder), pieces)
        assert gzip.decompress(path.read_bytes()) == whole
        assert parts.size == len(whole)
        length, moved = with_header(path, parts, other)
        packed = b"".join(moved)
        assert len(packed) == length
        assert gzip.decompress(packed) == other + whole[352:]
        start = data.draw(st.integers(0, len(whole)))
        stop = data.draw(st.integers(start, len(whole)))
        assert b"".join(expanded(path, parts, HEADER, start, stop)) == whole[start:stop]


def test_a_place_in_the_middle_is_found_without_what_is_before_it(tmp_path: Path) -> None:
    """What lies before may even be gone."""
    noise = np.random.default_rng(1).integers(0, 256, 3_000_000, np.uint8).tobytes()
    pieces = [noise[at : at + 500_000] for at in range(0, len(noise), 500_000)]
    path, parts = kept(tmp_path, pieces)
    data = bytearray(path.read_bytes())
    data[: parts.places[4][1]] = bytes(parts.places[4][1])
    path.write_bytes(data)
    assert (
        b"".join(expanded(path, parts, HEADER, 352 + 2_100_000, 352 + 2_900_000))
        == noise[2_100_000:2_900_000]
    )


def test_memory_stays_flat_however_much_is_expanded(tmp_path: Path) -> None:
    """A volume of 100 MB that packs to little: no more than some chunks of it are there at once."""
    path, parts = kept(tmp_path, [bytes(20_000_000)] * 5)
    tracemalloc.start()
    size = sum(map(len, expanded(path, parts, HEADER, 0, parts.size)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == parts.size > 100_000_000
    assert peak < 12 * CHUNK


def test_a_file_that_is_cut_says_so(tmp_path: Path) -> None:
    """Nothing shorter is taken for the whole."""
    path, parts = kept(tmp_path, [bytes(1000), b"x" * 1000])
    path.write_bytes(path.read_bytes()[: parts.places[1][1]])
    with pytest.raises(ValueError, match="ends before"):
        list(expanded(path, parts, HEADER, 0, parts.size))
