"""The scan finds every occurrence that a plain search finds, at either alignment, and no other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy.leak_search.byte_scan import ByteScan

PATTERNS = ((b"anna", False), (b"zwirnlein", False), ("zwirn".encode("utf-16-le"), True), (b"nann", False))
SCAN = ByteScan(PATTERNS)
PIECES = st.sampled_from([pattern for pattern, _ in PATTERNS]) | st.binary(max_size=9) | st.just(bytes(4101))


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(PIECES | PIECES.map(bytes.upper), max_size=8))
def test_every_occurrence_is_found(pieces: list[bytes]) -> None:
    """Overlapping ones, capital letters, and those behind long dark stretches."""
    data = b"".join(pieces)
    small = data.lower()
    expected = {(at, one) for one, _ in PATTERNS for at in range(len(data)) if small.startswith(one, at)}
    assert set(SCAN.over(data).patterns()) == expected


def test_runs_of_digits_are_found_whole() -> None:
    """From four characters on; a known run is left out."""
    data = b"x1234y 567 2024-02-29z"
    assert {data[start:end] for start, end in SCAN.over(data).runs()} == {b"1234", b"2024-02-29"}
    assert {data[start:end] for start, end in SCAN.over(data).runs({b"1234"})} == {b"2024-02-29"}
