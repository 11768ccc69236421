"""Say something to another node, whatever it speaks: store, echo, and ask what it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dicom_nodes.commitment import InstanceReference
from dicom_nodes.node import DimseNode, Node
from dicom_nodes.outcomes import InstanceOutcome
from dicom_nodes.outgoing import OutgoingFile
from dicom_nodes.scu import query, store_scu, verification
from dicom_nodes.web import dicomweb

__all__ = ["OutgoingFile", "count_mr", "echo", "holds", "store"]


def store(
    node: Node,
    files: Sequence[OutgoingFile],
    *,
    calling_ae_title: str,
    on_outcome: Callable[[InstanceOutcome], None] | None = None,
    timeout_s: float = 30.0,
) -> list[InstanceOutcome]:
    """Send the files over one association (C-STORE) or one HTTP connection (STOW-RS in batches).

    Every file gets one outcome, in the order in which they became known; `on_outcome` hears each at once, and
    an exception of its own ends the sending. A file goes out as it is stored, from disk; only where the peer
    does not accept that is it converted to an uncompressed syntax, and the detail says so. `timeout_s` limits
    each single wait (plus a second per 250 kB). Raises a NodeError only if no association or session could be
    had at all; when one is lost on the way the rest is TRY_AGAIN.
    """
    outcomes: list[InstanceOutcome] = []

    def report(outcome: InstanceOutcome) -> None:
        outcomes.append(outcome)
        if on_outcome is not None:
            on_outcome(outcome)

    if not files:
        return outcomes
    if isinstance(node, DimseNode):
        store_scu.store(node, files, calling_ae_title=calling_ae_title, report=report, timeout_s=timeout_s)
    else:
        dicomweb.store(node, files, report=report, timeout_s=timeout_s)
    return outcomes


def echo(node: Node, *, calling_ae_title: str, timeout_s: float = 5.0) -> float:
    """Seconds until the node answered a C-ECHO (or an empty DICOMweb query); raises a NodeError."""
    if isinstance(node, DimseNode):
        return verification.echo(node, calling_ae_title=calling_ae_title, timeout_s=timeout_s)
    return dicomweb.echo(node, timeout_s=timeout_s)


def holds(
    node: Node,
    references: Sequence[InstanceReference],
    *,
    calling_ae_title: str,
    study_instance_uid: str,
    timeout_s: float = 30.0,
) -> frozenset[str]:
    """The SOP Instance UIDs among the references that the node says it has; raises a NodeError.

    This is weaker than commitment: "found now", not "kept from now on".
    """
    if not references:
        return frozenset()
    if isinstance(node, DimseNode):
        return query.holds(
            node,
            references,
            calling_ae_title=calling_ae_title,
            study_instance_uid=study_instance_uid,
            timeout_s=timeout_s,
        )
    return dicomweb.holds(node, references, study_instance_uid=study_instance_uid, timeout_s=timeout_s)


def count_mr(
    node: Node, study_instance_uid: str, *, calling_ae_title: str, timeout_s: float = 30.0
) -> int | None:
    """How many MR instances the node counts in a study; None when it does not say. Raises a NodeError."""
    if isinstance(node, DimseNode):
        return query.count_mr(
            node, study_instance_uid, calling_ae_title=calling_ae_title, timeout_s=timeout_s
        )
    return dicomweb.count_mr(node, study_instance_uid, timeout_s=timeout_s)
