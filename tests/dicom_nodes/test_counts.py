"""What a node counts in a study, or that it does not say."""

from __future__ import annotations

from dicom_nodes.counts import InstanceCount


def test_an_archive_that_says_nothing_is_told_from_one_that_does() -> None:
    """No series, or series without any number."""
    assert InstanceCount({}).says_nothing
    assert InstanceCount({"2.25.1": None}).says_nothing
    assert not InstanceCount({"2.25.1": None, "2.25.2": 3}).says_nothing
    assert not InstanceCount({"2.25.1": None}, 4).says_nothing
