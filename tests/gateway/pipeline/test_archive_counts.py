"""Archives are asked one question at a time, and left alone when they fail; nobody waits for them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from dicom_nodes.counts import InstanceCount
from dicom_nodes.errors import NodeTimeout
from gateway.pipeline.archive_counts import ArchiveCounts, Busy

NOW = datetime(2026, 2, 2, tzinfo=UTC)
ANSWER = InstanceCount({"2.25.1": 24})


def _says() -> InstanceCount:
    return ANSWER


class _Dead:
    """Does not answer, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> InstanceCount:
        self.asked += 1
        raise NodeTimeout("Node 'archive' did not answer.", "Try again later.")


def test_a_node_that_fails_is_left_alone_longer_and_longer() -> None:
    """Looks every five seconds for three hours, and a dozen or two of questions."""
    counts, dead = ArchiveCounts(), _Dead()
    for second in range(0, 3 * 3600, 5):
        assert counts.of("archive", NOW + timedelta(seconds=second), dead) is None
    assert 10 < dead.asked < 20


def test_an_answer_ends_the_pause() -> None:
    """The next failure is the first again."""
    counts, dead = ArchiveCounts(), _Dead()
    for second in (0, 30, 90):
        counts.of("archive", NOW + timedelta(seconds=second), dead)
    assert dead.asked == 3
    assert counts.of("archive", NOW + timedelta(seconds=300), _says) == ANSWER
    counts.of("archive", NOW + timedelta(seconds=301), dead)
    counts.of("archive", NOW + timedelta(seconds=332), dead)
    assert dead.asked == 5


def test_one_question_at_a_time_for_each_node() -> None:
    """Who comes second is told to come again; another node is asked meanwhile."""
    counts = ArchiveCounts()
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> InstanceCount:
        asked.set()
        assert go_on.wait(10)
        return ANSWER

    first = threading.Thread(target=counts.of, args=("archive", NOW, slow))
    first.start()
    try:
        assert asked.wait(10)
        assert counts.of("archive", NOW, _says) == Busy()
        assert counts.of("another", NOW, _says) == ANSWER
    finally:
        go_on.set()
        first.join()
    assert counts.of("archive", NOW, _says) == ANSWER


def test_nodes_that_fail_share_one_worker() -> None:
    """While one of them is tried again, no other is: each may cost a time-out."""
    counts = ArchiveCounts()
    for node in ("one", "two"):
        counts.of(node, NOW, _Dead())
    later = NOW + timedelta(seconds=31)
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> InstanceCount:
        asked.set()
        assert go_on.wait(10)
        return ANSWER

    first = threading.Thread(target=counts.of, args=("one", later, slow))
    first.start()
    try:
        assert asked.wait(10)
        second = _Dead()
        assert counts.of("two", later, second) is None
        assert second.asked == 0
    finally:
        go_on.set()
        first.join()


def test_an_error_nobody_foresaw_leaves_the_node_free() -> None:
    """It is the step's to tell, and the node can be asked again."""
    counts = ArchiveCounts()

    def broken() -> InstanceCount:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        counts.of("archive", NOW, broken)
    assert counts.of("archive", NOW, _says) == ANSWER
