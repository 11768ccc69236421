"""Talk to other DICOM systems: receive, store, echo, find, commit; over associations and over the web.

    directory = NodeDirectory.from_file(Path("nodes.yaml"))          who is there, who may call
    Receiver("GATEWAY", "0.0.0.0", 11112, lambda: directory, keep)   take what they send, as raw bytes
    store(node, files, calling_ae_title="GATEWAY")                   send; one outcome per instance
    request_commitment(node, transaction_uid, references, ...)       have a peer promise to keep it

A library on pynetdicom, pydicom and dicomweb-client; it knows nothing of the gateway that uses it.
"""

from __future__ import annotations

from dicom_nodes.commitment import CommitmentResult, Reference, report_commitment, request_commitment
from dicom_nodes.directory import NodeDirectory
from dicom_nodes.errors import (
    AssociationRejected,
    CommitmentNotSupported,
    NodeError,
    NodeFileError,
    NodeTimeout,
    NodeUnreachable,
    NotDicom,
    RequestRefused,
    UnknownNode,
)
from dicom_nodes.instance import ReceivedInstance, read_instance
from dicom_nodes.node import DicomWebNode, DimseNode, Node, Role, TlsSettings
from dicom_nodes.outcomes import InstanceOutcome, Outcome, meaning_of_status, outcome_of_status
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.receiver import Receiver, Refusal
from dicom_nodes.sender import echo, holds, store

__all__ = [
    "AssociationRejected",
    "CommitmentNotSupported",
    "CommitmentResult",
    "DicomWebNode",
    "DimseNode",
    "InstanceOutcome",
    "Node",
    "NodeDirectory",
    "NodeError",
    "NodeFileError",
    "NodeTimeout",
    "NodeUnreachable",
    "NotDicom",
    "Outcome",
    "OutgoingFile",
    "ReceivedInstance",
    "Receiver",
    "Reference",
    "Refusal",
    "RequestRefused",
    "Role",
    "TlsSettings",
    "UnknownNode",
    "echo",
    "holds",
    "meaning_of_status",
    "outcome_of_status",
    "read_instance",
    "report_commitment",
    "request_commitment",
    "store",
]
