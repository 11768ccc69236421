"""The role that receives: what comes by DICOM goes to the intake, and what was committed to is told."""

from __future__ import annotations

from functools import lru_cache

from dicom_nodes.commitment import CommitmentResult, InstanceReference
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import Node, TlsSettings
from dicom_nodes.scp.listening import SharedPort
from dicom_nodes.scp.receiver import Receiver
from dicom_nodes.scp.refusals import RefusedCaller, Told
from dicom_nodes.upper_layer.contexts import uids_of
from gateway.assembly.gateway import Gateway
from gateway.intake import Arrival
from gateway.records import ledger
from gateway.records.step_record import NewCommitment

NO_SUCH_OBJECT_INSTANCE = 0x0112
"""Failure Reason of storage commitment for an instance we do not keep (PS3.3 C.14.1.1)."""

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

    def committed(
        wanted: tuple[InstanceReference, ...],
    ) -> tuple[tuple[InstanceReference, ...], tuple[tuple[InstanceReference, int], ...]]:
        uids = [reference.sop_instance_uid for reference in wanted]
        held = gateway.intake.holds(uids, alone=port is None or port.processes == 1)
        return (
            tuple(reference for reference in wanted if reference.sop_instance_uid in held),
            tuple(
                (reference, NO_SUCH_OBJECT_INSTANCE)
                for reference in wanted
                if reference.sop_instance_uid not in held
            ),
        )

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

    dicom = settings.dicom
    tls = TlsSettings(dicom.tls_certificate, dicom.tls_key, dicom.tls_ca) if dicom.tls_certificate else None
    return Receiver(
        dicom.ae_title,
        dicom.host,
        dicom.port,
        directory=gateway.directory,
        begin=begin,
        on_commitment=on_commitment,
        committed=committed,
        max_pdu=dicom.max_pdu,
        max_associations=-(-dicom.max_associations // (port.processes if port else 1)),
        listening=port.listening if port else None,
        tls=tls,
        refused=refused,
        also_called=dicom.also_called.split(","),
        more_sop_classes=uids_of(dicom.more_sop_classes),
        more_transfer_syntaxes=uids_of(dicom.more_transfer_syntaxes),
    )
