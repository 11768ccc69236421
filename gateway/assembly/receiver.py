"""The role that receives: what comes by DICOM goes to the intake, what is said of storage commitment to the records."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from dicom_nodes.certificates import Certificate
from dicom_nodes.commitment import INVALID_ARGUMENT, CommitmentRequest, CommitmentResult
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import Node, TlsSettings
from dicom_nodes.scp.commitment_provider import Refused
from dicom_nodes.scp.listening import SharedPort
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.scp.refusals import RefusedCaller, Told
from dicom_nodes.upper_layer.contexts import uids_of
from gateway.assembly.gateway import Gateway
from gateway.intake import Arrival
from gateway.records import ledger
from gateway.records.step_record import NewCommitment

NOT_OWED: Mapping[ledger.NotOwed, Refused] = {
    ledger.NotOwed.TOO_MANY: (
        0x0213,
        "It asks for more storage commitment than it takes results: too many are owed to it.",
        "Have it take them: the page Nodes says why it does not. Those that nobody waits for can be dropped there.",
    ),
    ledger.NotOwed.IN_USE: (
        INVALID_ARGUMENT,
        "It asked for storage commitment in a transaction of an earlier request, for other objects.",
        "Have that system looked at: each request has a Transaction UID of its own (PS3.4 J.3.2).",
    ),
}
"""What a request is answered whose result is not owed (PS3.7 10.1.4.1.10)."""

_ASSOCIATIONS = 256
"""Whose nodes are remembered: more than are open at once."""


def receiver(gateway: Gateway, port: SharedPort | None = None) -> Receiver:
    """The DICOM side of the gateway, not yet started; `port` is the one it shares with other processes."""
    settings, database = gateway.settings, gateway.database

    @lru_cache(maxsize=_ASSOCIATIONS)
    def node_of(association_id: str, name: str) -> Node:  # noqa: ARG001  (asked once for each association)
        return gateway.directory().get(name)

    def begin(announced: ReceivedInstance) -> Arrival:
        node = node_of(announced.association_id, announced.node)
        return gateway.intake.begin(announced, site=node.site, roles=node.roles)

    def on_commitment(result: CommitmentResult) -> Told | None:
        answer = NewCommitment(result.transaction_uid, result.node, result.committed, result.failed)
        unexpected = ledger.record_commitment(database, answer, result.reports_for)
        return None if unexpected is None else (unexpected.why, unexpected.fix)

    def on_request(request: CommitmentRequest) -> Refused | None:
        wanted = tuple((each.sop_class_uid, each.sop_instance_uid) for each in request.references)
        owed = ledger.NewOwed(request.node, request.calling_ae_title, request.transaction_uid, wanted)
        not_owed = ledger.owe_result(database, owed)
        return None if not_owed is None else NOT_OWED[not_owed]

    def refused(refusal: RefusedCaller) -> None:
        ledger.refuse(
            database,
            ledger.NewRefusal(
                refusal.calling_ae_title,
                refusal.address,
                refusal.why,
                refusal.fix,
                refusal.node,
                refusal.times,
            ),
        )

    noted: dict[str, str] = {}

    def shown(name: str, certificate: Certificate) -> None:
        if noted.get(name) != certificate.fingerprint:
            new = ledger.NewShown(
                name, "calling", certificate.subject, certificate.fingerprint, certificate.expires_at
            )
            ledger.note_certificates(database, [new], ())
            noted[name] = certificate.fingerprint

    dicom = settings.dicom
    processes = port.processes if port else 1
    tls = TlsSettings(dicom.tls_certificate, dicom.tls_key, dicom.tls_ca) if dicom.tls_certificate else None
    return Receiver(
        dicom.ae_title,
        dicom.host,
        dicom.port,
        directory=gateway.directory,
        begin=begin,
        on_commitment=on_commitment,
        on_request=on_request,
        max_pdu=dicom.max_pdu,
        max_associations=-(-dicom.max_associations // processes),
        max_per_address=-(-dicom.max_associations_per_address // processes),
        max_strangers=dicom.max_unknown,
        listening=port.listening if port else None,
        tls=tls,
        refused=refused,
        shown=shown,
        also_called=dicom.also_called.split(","),
        more_sop_classes=uids_of(dicom.more_sop_classes),
        more_transfer_syntaxes=uids_of(dicom.more_transfer_syntaxes),
    )
