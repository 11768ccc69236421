"""Asking a node what it has: C-FIND, Study Root (PS3.4 Annex C).

Archives differ in what they answer: some insist on going down level by level, most leave out the optional keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind,
)

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.errors import AssociationAborted, NodeTimeout, RequestRefused
from dicom_nodes.node import DimseNode, Service
from dicom_nodes.outcomes import Answered, Broken, meaning, meaning_of_status
from dicom_nodes.peer_numbers import stated_count, stated_number
from dicom_nodes.upper_layer.contexts import UNCOMPRESSED
from dicom_nodes.upper_layer.pynetdicom_private import hold_reactor
from dicom_nodes.upper_layer.pynetdicom_setup import associate, close

_UIDS_PER_QUERY = 64
_NO_CONTEXT = 0x0122


def holds(
    node: DimseNode,
    references: Sequence[InstanceReference],
    *,
    calling_ae_title: str,
    study_instance_uid: str,
    timeout_s: float,
) -> frozenset[str]:
    """The SOP Instance UIDs among the references that the node finds in the study (C-FIND, Study Root).

    Asks at IMAGE level for the study at once, which most archives answer; an archive that insists on the
    hierarchy (PS3.4 C.4.1.2.1) is asked for the series first, then series by series.
    """
    wanted = {reference.sop_instance_uid for reference in references}
    with _querying(node, calling_ae_title, timeout_s) as association:
        try:
            kept = set(_found(association, node, study_instance_uid, "", wanted))
        except RequestRefused:
            kept = set()
        if not wanted <= kept and association.is_established:
            for series in _series(association, node, study_instance_uid):
                kept |= set(_found(association, node, study_instance_uid, series, wanted - kept))
                if wanted <= kept:
                    break
        return frozenset(wanted & kept)


def count_mr(
    node: DimseNode, study_instance_uid: str, *, calling_ae_title: str, timeout_s: float
) -> int | None:
    """How many instances the node counts in the MR series of a study; None when it does not say.

    Asks for the optional key NumberOfSeriesRelatedInstances (PS3.4 Table C.6-3) and, where an archive leaves it out,
    counts the instances of that series one by one.
    """
    with _querying(node, calling_ae_title, timeout_s) as association:
        query = _query("SERIES", study_instance_uid)
        query.SeriesInstanceUID = query.Modality = query.NumberOfSeriesRelatedInstances = ""
        series = [
            one for one in _matches(association, node, query) if one.get("Modality", "MR") in ("MR", "")
        ]
        counts = [_instances(association, node, study_instance_uid, one) for one in series]
    return sum(counts) if counts and all(counts) else None


def _instances(association: Association, node: DimseNode, study: str, series: Dataset) -> int:
    stated = stated_count(series.get("NumberOfSeriesRelatedInstances"))
    if stated:
        return stated
    query = _query("IMAGE", study)
    query.SeriesInstanceUID = series.get("SeriesInstanceUID", "")
    query.SOPInstanceUID = ""
    return len({str(one.get("SOPInstanceUID", "")) for one in _matches(association, node, query)} - {""})


@contextmanager
def _querying(node: DimseNode, calling_ae_title: str, timeout_s: float) -> Iterator[Association]:
    """An association that may be asked; raises RequestRefused when the node answers no queries."""
    association = associate(
        node.at(Service.QUERY),
        [build_context(StudyRootQueryRetrieveInformationModelFind, list(UNCOMPRESSED))],
        calling_ae_title=calling_ae_title,
        timeout_s=timeout_s,
    )
    try:
        if not association.is_established:
            raise RequestRefused(
                f"Node {node.name!r} does not answer queries (C-FIND, Study Root).",
                "Have query rights given to us there, or confirm by storage commitment.",
                status=_NO_CONTEXT,
                answer=meaning(Answered.BROKEN, Broken.NO_CONTEXT),
            )
        yield association
    finally:
        close(association)


def _found(
    association: Association, node: DimseNode, study: str, series: str, wanted: Iterable[str]
) -> Iterator[str]:
    uids = sorted(wanted)
    for start in range(0, len(uids), _UIDS_PER_QUERY):
        query = _query("IMAGE", study)
        if series:
            query.SeriesInstanceUID = series
        query.SOPInstanceUID = uids[start : start + _UIDS_PER_QUERY]
        for match in _matches(association, node, query):
            yield str(match.get("SOPInstanceUID", ""))


def _series(association: Association, node: DimseNode, study: str) -> list[str]:
    query = _query("SERIES", study)
    query.SeriesInstanceUID = ""
    return [str(match.get("SeriesInstanceUID", "")) for match in _matches(association, node, query)]


def _query(level: str, study: str) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    query.StudyInstanceUID = study
    return query


def _matches(association: Association, node: DimseNode, query: Dataset) -> Iterator[Dataset]:
    if not association.is_established:
        raise AssociationAborted(
            f"Node {node.name!r} broke the query off.", "Look into that system's log for the reason."
        )
    hold_reactor(association)
    for status, match in association.send_c_find(query, StudyRootQueryRetrieveInformationModelFind):
        code = stated_number(status.get("Status"))
        if code is None:
            raise NodeTimeout(f"Node {node.name!r} did not answer the query in time.", "Try again later.")
        if code in (0xFF00, 0xFF01):
            if match is not None:
                yield match
        elif not meaning(Answered.DIMSE, code).outcome.delivered:
            raise RequestRefused(
                f"Node {node.name!r} refused the query: {meaning_of_status(code)}.",
                "Check in that system's log why.",
                status=code,
                answer=meaning(Answered.DIMSE, code),
            )
