"""What a receiver turns away, told so that a person can change it: who, why, and what helps.

Nothing here names an instance or a value of a data set; a class and a transfer syntax are no secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydicom.uid import UID
from pynetdicom.association import Association

from dicom_nodes.certificates import Certificate
from dicom_nodes.node import DimseNode
from dicom_nodes.upper_layer import tls_problems
from dicom_nodes.upper_layer.private_classes import PRIVATE_STORAGE

_NO_ABSTRACT_SYNTAX, _NO_TRANSFER_SYNTAX = 0x03, 0x04
_MOST_CLASSES: Final = 16
"""Refused classes of one association that are told one by one."""

Told = tuple[str, str]
"""Why something was turned away, and what helps."""

NOT_A_STORER: Final = (
    "It stores objects, but its node is neither a sender nor a reader.",
    "Give the node the role sender or reader in nodes.yaml, if it should store.",
)
NOT_A_STORING_TITLE: Final = (
    "It stores objects under a title that its node only reports storage commitment with.",
    "Add the title to calling_ae_titles of the node in nodes.yaml, if it should store.",
)
INVALID_INSTANCE: Final = (
    "The SOP Class or Instance UID of a request to store is no UID (digits and dots, at most 64).",
    "Correct the object at its source: a UID like that cannot be referred to by anybody.",
)
NOT_A_STORAGE_CLASS: Final = (
    "A request to store came on a presentation context that is not for storage.",
    "Correct the sender: the context of a request is that of its SOP class.",
)
WITHOUT_DATA_SET: Final = ("A request to store came without a data set.", "Send the object again.")
NO_SUCH_ACTION: Final = (
    "It asked for an action that storage commitment has not.",
    "Have that system looked at: PS3.4 J.3.2 knows one action, 1.",
)
NOT_AN_ASKING_TITLE: Final = (
    "It asked for storage commitment under a title that its node only reports results with.",
    "Add the title to calling_ae_titles of the node in nodes.yaml, if it should ask.",
)
UNREADABLE_REQUEST: Final = (
    "It asked for storage commitment without a Transaction UID, for nothing, or for what has no valid UID.",
    "Have that system looked at: PS3.4 Table J.3-1 says what a request holds.",
)
NO_SUCH_EVENT: Final = (
    "It reported an event that storage commitment has not.",
    "Have that system looked at: PS3.4 J.3.3 knows two events, 1 and 2.",
)
UNREADABLE_RESULT: Final = (
    "It reported a result of storage commitment that cannot be read.",
    "Have that system looked at: a reference lacks its SOP Instance UID, or the data set is broken.",
)
NO_LIST_OF_NODES: Final = (
    "The list of nodes cannot be read, so nobody is known.",
    "Correct nodes.yaml; `gateway check` says what is wrong with it.",
)
TOO_MANY: Final = (
    "More associations were open than the gateway takes.",
    "Raise [dicom] max_associations, or have the sender open fewer at once.",
)
TOO_MANY_OF_ONE_ADDRESS: Final = (
    "More associations were open from its address than the gateway takes from one.",
    "Raise [dicom] max_associations_per_address, or have the sender open fewer at once.",
)
NO_ASSOCIATION_REQUEST: Final = (
    "What it sent is no association request that can be read; the association was aborted.",
    "Check that it is a DICOM node, and that its AE titles and the UIDs it proposes are well-formed.",
)
NO_TLS: Final = (
    "The TLS handshake failed.",
    "Check that it speaks TLS and has a certificate of an authority in [dicom] tls_ca.",
)


NO_CERTIFICATE: Final = (
    "It shows no certificate, and its node is known by one.",
    "Have it call by TLS with it, and set [dicom] tls_certificate, tls_key and tls_ca; or take certificates out there.",
)


def other_certificate(shown: Certificate, node: DimseNode) -> Told:
    """It called as a node that nodes.yaml does not bind to what it showed."""
    why = "another one" if node.certificates else "none"
    return (
        f"It shows the certificate {shown.subject[:120]}, and nodes.yaml binds {node.name} to {why}.",
        f"If that is a certificate of {node.name}, add it there: certificates: [{shown.fingerprint}].",
    )


def no_tls(error: BaseException) -> Told:
    """Its TLS handshake failed."""
    trouble = tls_problems.told(error)
    return NO_TLS if trouble is None else (f"The TLS handshake failed: {trouble[0]}.", trouble[1])


@dataclass(frozen=True)
class RefusedCaller:
    """A caller that was turned away, or something of it was, for people to see; `node` is empty for a stranger."""

    calling_ae_title: str
    called_ae_title: str
    address: str
    why: str
    fix: str = ""
    node: str = ""
    times: int = 1


def refused_contexts(association: Association) -> Iterator[tuple[str, str]]:
    """Why each presentation context was refused, and what helps; those of one class and reason in one sentence."""
    request: Any = association.requestor.primitive
    proposed = {
        context.context_id: tuple(sorted({str(syntax) for syntax in context.transfer_syntax}))
        for context in request.presentation_context_definition_list
    }
    accepted = {str(context.abstract_syntax) for context in association.accepted_contexts}
    reasons = dict.fromkeys(
        (str(context.abstract_syntax), context.result, proposed.get(context.context_id, ()))
        for context in association.rejected_contexts
    )
    for number, (sop_class, result, syntaxes) in enumerate(reasons):
        if number == _MOST_CLASSES:
            yield f"It proposed {_MOST_CLASSES} classes that were refused, and more.", "See the other lines."
            return
        yield _told(sop_class, result, syntaxes, is_accepted=sop_class in accepted)


def _told(
    sop_class: str, result: int | None, syntaxes: Iterable[str], *, is_accepted: bool
) -> tuple[str, str]:
    name = named(sop_class)
    if result == _NO_ABSTRACT_SYNTAX:
        uid = UID(sop_class)
        if uid.name == uid or "Storage" in uid.name:
            return (
                f"It proposed {name}, a class that is not taken.",
                "If objects of it are wanted, add its UID to [dicom] more_sop_classes.",
            )
        return (
            f"It proposed {name}, a service that the gateway does not offer.",
            "Nothing is lost unless it stores nothing else; it can be taken out of the proposal there.",
        )
    if result == _NO_TRANSFER_SYNTAX:
        offered = ", ".join(named(syntax) for syntax in syntaxes)
        also = (
            "Another proposal for the class was accepted, so that it can be stored that way; otherwise offer"
            if is_accepted
            else "Offer"
        )
        return (
            f"It proposed {name} only in transfer syntaxes that are not taken: {offered}.",
            f"{also} Explicit VR Little Endian there, or add the UIDs to [dicom] more_transfer_syntaxes.",
        )
    return (
        f"It proposed {name} in a role that the gateway does not take.",
        "Correct the role selection there.",
    )


def named(uid: str) -> str:
    """A class or transfer syntax by name and UID; a private one nobody knows by its UID alone."""
    name = PRIVATE_STORAGE.get(uid) or UID(uid).name
    return uid if name == uid else f"{name} ({uid})"
