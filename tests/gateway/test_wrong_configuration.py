"""What is wrong with a file is told in one sentence, and known again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gateway.wrong_configuration import Fault, WrongConfiguration

FAULT = Fault("nodes.yaml:3: port is missing.", "Add it.")


def wrong(*faults: Fault, good_at: datetime | None = None) -> WrongConfiguration:
    """nodes.yaml with these faults."""
    return WrongConfiguration("nodes", Path("nodes.yaml"), faults, good_at)


def test_it_is_told_with_what_is_in_force_and_of_when() -> None:
    """The moment only where it is known."""
    at = datetime(2026, 11, 30, 8, 5, tzinfo=UTC)
    assert wrong(FAULT, good_at=at).told == (
        "nodes.yaml cannot be used: the last good nodes, of 2026-11-30 08:05 UTC, are in force until it is mended."
    )
    assert wrong(FAULT).told == (
        "nodes.yaml cannot be used: the last good nodes are in force until it is mended."
    )


def test_the_same_faults_have_the_same_key_whenever_they_are_found() -> None:
    """So that each process tells of them once; other faults are told of again."""
    other = Fault("nodes.yaml:4: port is missing.", "Add it.")
    assert wrong(FAULT).key == wrong(FAULT, good_at=datetime.now(UTC)).key
    assert len({wrong(FAULT).key, wrong(other).key, wrong(FAULT, other).key}) == 3
