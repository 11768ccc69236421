"""Counting what an archive has: by the optional key, and without it."""

from __future__ import annotations

import pytest

from dicom_nodes.node import DicomWebNode, Role
from dicom_nodes.sender import count_mr
from support.dicom_files import STUDY
from support.peers import PretendPacs
from support.stow_server import StowServer

THERE = {f"2.25.77{number}": (STUDY, f"2.25.6{number % 3}") for number in range(20)} | {
    "2.25.9": ("2.25.1", "2.25.2")
}


@pytest.mark.parametrize("counts", [True, False])
def test_every_mr_instance_of_the_study_is_counted(counts: bool) -> None:
    """With NumberOfSeriesRelatedInstances, or one by one where the archive leaves that optional key out."""
    with PretendPacs(headers=THERE, counts=counts) as pacs:
        assert count_mr(pacs.node, STUDY, calling_ae_title="GATEWAY") == 20


def test_a_study_that_is_not_there_counts_as_unknown() -> None:
    """An archive that finds nothing says nothing about completeness."""
    with PretendPacs(headers=THERE) as pacs:
        assert count_mr(pacs.node, "2.25.404", calling_ae_title="GATEWAY") is None


@pytest.mark.parametrize(("numbers", "counted"), [([12, 30], 42), ([12, None], None), ([], None)])
def test_qido_counts_or_does_not_say(numbers: list[int | None], counted: int | None) -> None:
    """QIDO-RS answers are added up; one series without a number makes the whole unknown."""
    with StowServer(series=numbers) as server:
        web = DicomWebNode("web", server.url, frozenset({Role.ARCHIVE}))
        assert count_mr(web, STUDY, calling_ae_title="GATEWAY") == counted
