"""The bytes of a file, in memory or left on the disk: they answer alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicom_nodes.encoding.octets import LARGE, MappedFile, octets_at


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(min_size=1, max_size=60), st.binary(max_size=4), st.integers(0, 70))
def test_it_answers_as_bytes_do(tmp_path: Path, data: bytes, prefix: bytes, at: int) -> None:
    """What begins at any place, inside or behind, and what any slice holds."""
    (tmp_path / "file").write_bytes(data)
    mapped = MappedFile.at(tmp_path / "file")
    assert mapped[:] == data
    assert len(mapped) == len(data)
    assert mapped[at : at + len(prefix)] == data[at : at + len(prefix)]
    for wanted in (prefix, data[at : at + 3]):
        if at <= len(data):
            assert mapped.startswith(wanted, at) == data.startswith(wanted, at)


def test_only_what_is_large_stays_on_the_disk(tmp_path: Path) -> None:
    """A small file is read faster than it is mapped; an empty one cannot be."""
    path = tmp_path / "file"
    for size, kind in ((0, bytes), (LARGE - 1, bytes), (LARGE, MappedFile)):
        path.write_bytes(bytes(size))
        found = octets_at(path)
        assert (type(found), len(found)) == (kind, size)
    with pytest.raises(FileNotFoundError):
        octets_at(tmp_path / "none")
