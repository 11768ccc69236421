"""Asking an archive what it has: found or counted, and an archive that refuses or hangs is told apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom import Dataset, uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.counts import InstanceCount
from dicom_nodes.errors import NodeTimeout, RequestRefused
from dicom_nodes.node import DimseNode
from dicom_nodes.scu import query
from dicom_nodes.sender import count_mr, holds
from support.nodes.peers import HERE, Kept, PretendPacs, node, receiver
from support.objects.dicom_files import STUDY

THERE = {f"2.25.77{number}": (STUDY, f"2.25.6{number % 3}") for number in range(20)} | {
    "2.25.9": ("2.25.1", "2.25.2")
}


@pytest.mark.parametrize("counts", [True, False])
def test_every_mr_instance_of_the_study_is_counted(counts: bool) -> None:
    """With NumberOfSeriesRelatedInstances, or one by one where the archive leaves that optional key out."""
    with PretendPacs(headers=THERE, counts=counts) as pacs:
        counted = count_mr(pacs.node, STUDY, calling_ae_title="GATEWAY")
    assert counted == InstanceCount({"2.25.60": 7, "2.25.61": 7, "2.25.62": 6})


def test_a_study_that_is_not_there_counts_as_unknown() -> None:
    """An archive that finds nothing says nothing about completeness."""
    with PretendPacs(headers=THERE) as pacs:
        assert count_mr(pacs.node, "2.25.404", calling_ae_title="GATEWAY").says_nothing


@pytest.mark.parametrize("hierarchical", [False, True])
def test_holds_finds_what_is_there(hierarchical: bool) -> None:
    """Found by one query for the study, or series by series where the archive insists on the hierarchy."""
    uids = [f"2.25.77{number}" for number in range(150)]
    references = [InstanceReference(uid.MRImageStorage, each) for each in uids]
    there = {each: (STUDY, f"2.25.6{number % 2}") for number, each in enumerate(uids[:100])}
    with PretendPacs(headers=there, hierarchical=hierarchical) as pacs:
        found = holds(pacs.node, references, calling_ae_title="GATEWAY", study_instance_uid=STUDY)
    assert found == frozenset(there)


def test_holds_without_query_service_is_refused() -> None:
    """A node that answers no queries cannot confirm anything, and that is said."""
    us = node("me", "ME", 4242)
    with receiver(Kept(), us) as running, pytest.raises(RequestRefused, match="does not answer queries"):
        holds(
            node("gateway", "GATEWAY", running.port),
            [InstanceReference(uid.MRImageStorage, "2.25.1")],
            calling_ae_title="ME",
            study_instance_uid=STUDY,
        )


Find = Callable[[Any], Iterator[tuple[int, Dataset | None]]]


@contextmanager
def archive(find: Find) -> Iterator[DimseNode]:
    """An archive that answers queries as the test says."""
    ae = AE("ARCHIVE")
    ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    server = ae.start_server((HERE, 0), block=False, evt_handlers=[(evt.EVT_C_FIND, find)])
    assert server is not None
    try:
        yield node("archive", "ARCHIVE", int(server.server_address[1]))
    finally:
        ae.shutdown()


def matching(**attributes: object) -> Dataset:
    """One answer."""
    match = Dataset()
    for keyword, value in attributes.items():
        setattr(match, keyword, value)
    return match


def ask(peer: DimseNode, count: int = 1, timeout_s: float = 5.0) -> frozenset[str]:
    """Which of 2.25.0, 2.25.1 and so on it has."""
    references = [InstanceReference(uid.MRImageStorage, f"2.25.{number}") for number in range(count)]
    return query.holds(
        peer, references, calling_ae_title="GATEWAY", study_instance_uid=STUDY, timeout_s=timeout_s
    )


def test_many_references_are_asked_for_in_parts() -> None:
    """Each query names at most 64 instances of the study, and each instance once."""
    asked: list[list[str]] = []

    def find(event: Any) -> Iterator[tuple[int, Dataset]]:
        assert event.identifier.StudyInstanceUID == STUDY
        uids = event.identifier.SOPInstanceUID
        asked.append([uids] if isinstance(uids, str) else list(uids))
        for found in asked[-1]:
            yield 0xFF00, matching(SOPInstanceUID=found)

    with archive(find) as peer:
        assert len(ask(peer, 150)) == 150
    assert [len(uids) for uids in asked] == [64, 64, 22]
    assert len({found for uids in asked for found in uids}) == 150


def test_only_what_was_asked_for_counts_as_held() -> None:
    """An archive that ignores the key and lists the whole study confirms nothing else by that."""

    def find(_event: Any) -> Iterator[tuple[int, Dataset]]:
        for found in ("2.25.0", "2.25.88", "2.25.99"):
            yield 0xFF00, matching(SOPInstanceUID=found)

    with archive(find) as peer:
        assert ask(peer) == {"2.25.0"}


@pytest.mark.parametrize(("status", "transient"), [(0xA700, True), (0xA900, False), (0x0124, False)])
def test_a_refused_query_says_whether_to_come_back(status: int, transient: bool) -> None:
    """Out of resources may pass; what the archive will not answer stays so."""

    def find(_event: Any) -> Iterator[tuple[int, None]]:
        yield status, None

    with archive(find) as peer, pytest.raises(RequestRefused) as caught:
        ask(peer)
    assert (caught.value.status, caught.value.transient) == (status, transient)
    assert f"{status:04X}" in caught.value.problem


def test_an_archive_that_falls_silent_costs_one_timeout() -> None:
    """In the middle of its answers, too; half an answer is none."""

    def find(_event: Any) -> Iterator[tuple[int, Dataset]]:
        yield 0xFF00, matching(SOPInstanceUID="2.25.0")
        time.sleep(1.5)

    with archive(find) as peer:
        start = time.monotonic()
        with pytest.raises(NodeTimeout, match="did not answer the query in time"):
            ask(peer, 2, timeout_s=0.5)
        assert time.monotonic() - start < 5


def test_an_archive_that_hangs_up_has_not_answered() -> None:
    """What it had said before that is not taken for the whole."""

    def find(event: Any) -> Iterator[tuple[int, Dataset]]:
        yield 0xFF00, matching(SOPInstanceUID="2.25.0")
        event.assoc.abort()

    with archive(find) as peer, pytest.raises(NodeTimeout):
        ask(peer, 2)


def test_only_mr_series_are_counted() -> None:
    """Captures and reports beside the images do not make a study longer than it is."""

    def find(event: Any) -> Iterator[tuple[int, Dataset]]:
        assert event.identifier.QueryRetrieveLevel == "SERIES"
        for at, (modality, number) in enumerate((("MR", 30), ("SR", 1), ("", 12), ("CT", 99))):
            yield (
                0xFF00,
                matching(
                    Modality=modality,
                    SeriesInstanceUID=f"2.25.5{at}",
                    NumberOfSeriesRelatedInstances=number,
                ),
            )

    with archive(find) as peer:
        assert counted(peer) == InstanceCount({"2.25.50": 30, "2.25.52": 12})


def counted(peer: DimseNode) -> InstanceCount:
    """What it counts in the study."""
    return query.count_mr(peer, STUDY, calling_ae_title="GATEWAY", timeout_s=5)


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("15", 15),
        ("15.0", 15),
        (" 15\\16 ", 15),
        ("", None),
        ("many", None),
        ("0 ", None),
        ("-3", None),
    ],
)
def test_an_odd_number_is_read_or_the_study_is_asked_for(stated: str, known: int | None) -> None:
    """Nothing that a peer states is an error; where no level says more, the number of the study is taken."""

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        level = event.identifier.QueryRetrieveLevel
        if level == "IMAGE":
            yield 0xA900, None
            return
        match = matching(StudyInstanceUID=STUDY)
        if level == "SERIES":
            match.SeriesInstanceUID = "2.25.5"
            keyword = "NumberOfSeriesRelatedInstances"
        else:
            keyword = "NumberOfStudyRelatedInstances"
        match.add_new(keyword, "LO", stated)  # a text VR lets it write what it wants
        yield 0xFF00, match

    with archive(find) as peer:
        assert counted(peer) == InstanceCount({"2.25.5": known}, None)


def test_where_only_the_study_has_a_number_it_is_taken() -> None:
    """An archive that leaves the number of a series out and refuses queries for images."""

    def find(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        match event.identifier.QueryRetrieveLevel:
            case "SERIES":
                yield 0xFF00, matching(SeriesInstanceUID="2.25.5")
            case "STUDY":
                yield 0xFF00, matching(NumberOfStudyRelatedInstances=41)
            case _:
                yield 0xA900, None

    with archive(find) as peer:
        assert counted(peer) == InstanceCount({"2.25.5": None}, 41)


def test_an_archive_that_hangs_up_between_two_queries_has_not_answered() -> None:
    """It answers for the series, and is gone when it is asked for the images."""

    def find(event: Any) -> Iterator[tuple[int, Dataset]]:
        yield 0xFF00, matching(SeriesInstanceUID="2.25.5")
        if event.identifier.QueryRetrieveLevel == "IMAGE":
            event.assoc.abort()

    with archive(find) as peer, pytest.raises(NodeTimeout):
        counted(peer)
