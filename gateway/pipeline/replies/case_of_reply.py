"""Which case an object of a reading site belongs to: pure, and never a guess.

An object fits a case when it lies in that case's pseudonymous study, comes from the reading site the case was sent to,
names no other patient, and is of a kind whose identity can be put back with certainty. That it refers only to what
was sent of this patient, or was sent back itself, is proven next (gateway.privacy.reidentify.references).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import UID

from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import UnknownNode
from dicom_nodes.node import Node, Role
from gateway.records.tables.studies import Case, Reply

DOCUMENTS = {
    "1.2.840.10008.5.1.4.1.1.88.11": "Basic Text SR",
    "1.2.840.10008.5.1.4.1.1.88.22": "Enhanced SR",
    "1.2.840.10008.5.1.4.1.1.88.33": "Comprehensive SR",
    "1.2.840.10008.5.1.4.1.1.88.34": "Comprehensive 3D SR",
    "1.2.840.10008.5.1.4.1.1.88.35": "Extensible SR",
    "1.2.840.10008.5.1.4.1.1.104.1": "Encapsulated PDF",
}
"""What can stand for a report."""
ACCEPTED = {
    **DOCUMENTS,
    "1.2.840.10008.5.1.4.1.1.88.59": "Key Object Selection",
    "1.2.840.10008.5.1.4.1.1.11.1": "Grayscale Softcopy Presentation State",
    "1.2.840.10008.5.1.4.1.1.11.2": "Color Softcopy Presentation State",
    "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
    "1.2.840.10008.5.1.4.1.1.66.1": "Spatial Registration",
    "1.2.840.10008.5.1.4.1.1.30": "Parametric Map",
    "1.2.840.10008.5.1.4.1.1.4": "MR Image",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.4.3": "Enhanced MR Color Image",
    "1.2.840.10008.5.1.4.1.1.4.4": "Legacy Converted Enhanced MR Image",
    "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image",
    "1.2.840.10008.5.1.4.1.1.7.2": "Multi-frame Grayscale Byte Secondary Capture Image",
    "1.2.840.10008.5.1.4.1.1.7.4": "Multi-frame True Color Secondary Capture Image",
}
"""Storage SOP classes that go back: their identity is all in attributes that are put back."""

TALK_TO_THE_SITE = (
    "Ask the reading site what it is; let it send its result in the study it was sent; discard this one."
)


@dataclass(frozen=True)
class NoCase:
    """Why an object belongs to no case, and what a person can do."""

    problem: str
    fix: str


def fitting_case(
    reply: Reply, patient_id: str, candidates: Sequence[Case], directory: NodeDirectory
) -> Case | NoCase:
    """The one case the object belongs to, or why there is none. `candidates` share its Study Instance UID."""
    if reply.sop_class_uid not in ACCEPTED:
        name = UID(reply.sop_class_uid).name
        return NoCase(
            f"Objects of SOP class {name} are not passed on: their identity cannot be put back with certainty.",
            "Let the reading site send its result as SR, presentation state, segmentation or PDF; discard this one.",
        )
    if not candidates:
        return NoCase("It names a study that was not sent out by this gateway.", TALK_TO_THE_SITE)
    try:
        node = directory.get(reply.node) if reply.node else None
    except UnknownNode as error:
        return NoCase(error.problem, error.fix)
    if node is None or Role.READER not in node.roles:
        return NoCase(
            f"It is in a de-identified study, but {reply.node or 'an account'} is no reading site.",
            "If it is one, give its node the role reader in nodes.yaml and try again; otherwise discard this one.",
        )
    sent_there = [case for case in candidates if _same_site(case.destination, node, directory)]
    if not sent_there:
        return NoCase(
            f"Its study was not sent to {node.name}.",
            "If that node belongs to the reading site, give both the same site in nodes.yaml and try again.",
        )
    same_patient = [case for case in sent_there if patient_id in ("", case.pseudonym)]
    if not same_patient:
        return NoCase(
            "Its Patient ID is not the pseudonym of the study it names.",
            "Let the reading site keep the Patient ID it was sent and send it again; discard this one.",
        )
    if len(same_patient) > 1:
        return NoCase(
            f"It fits more than one case ({', '.join(str(case.id) for case in same_patient)}).",
            "Let the reading site send it with the Patient ID it was sent; discard this one.",
        )
    return same_patient[0]


def _same_site(destination: str, node: Node, directory: NodeDirectory) -> bool:
    """Whether a node may answer for a destination: it is the one, or another reader of the same site.

    A case without a destination is read from the gateway's own queue: any reading site may have fetched it.
    """
    if destination in ("", node.name):
        return True
    try:
        return directory.get(destination).site == node.site
    except UnknownNode:
        return False


def is_report(ds: Dataset) -> bool:
    """Whether the object can stand for the report: a PDF, or an SR document that its author calls complete."""
    if str(ds.SOPClassUID) not in DOCUMENTS:
        return False
    return "CompletionFlag" not in ds or ds.CompletionFlag == "COMPLETE"
