"""The DICOM services the demo nodes offer, as UIDs (PS3.6 A) and as presentation contexts."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import AllStoragePresentationContexts, build_context
from pynetdicom.presentation import PresentationContext

VERIFICATION = UID("1.2.840.10008.1.1")
STORAGE_COMMITMENT = UID("1.2.840.10008.1.20.1")
STORAGE_COMMITMENT_INSTANCE = UID("1.2.840.10008.1.20.1.1")
QUERY_RETRIEVE = (
    UID("1.2.840.10008.5.1.4.1.2.1.1"),  # Patient Root FIND
    UID("1.2.840.10008.5.1.4.1.2.1.2"),  # Patient Root MOVE
    UID("1.2.840.10008.5.1.4.1.2.2.1"),  # Study Root FIND
    UID("1.2.840.10008.5.1.4.1.2.2.2"),  # Study Root MOVE
)
UNCOMPRESSED: list[str | UID] = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
# Everything pydicom knows, stored as it comes; explicit VR first, so that it wins where a peer offers both.
_STORED: list[str | UID] = [*UNCOMPRESSED, DeflatedExplicitVRLittleEndian]
_STORED += [syntax for syntax in AllTransferSyntaxes if syntax not in _STORED]


def storage_classes() -> frozenset[str]:
    """Every storage SOP class known to pynetdicom: what a demo node takes when nothing else is said."""
    return frozenset(str(context.abstract_syntax) for context in AllStoragePresentationContexts)


def storage_contexts(sop_classes: Iterable[str]) -> list[PresentationContext]:
    """Contexts to accept these classes in every transfer syntax; an acceptor may have more than 128."""
    return [build_context(sop_class, _STORED) for sop_class in sorted(sop_classes)]


def service_contexts(services: Iterable[UID]) -> list[PresentationContext]:
    """Contexts for services without pixels: little endian, explicit or implicit."""
    return [build_context(service, UNCOMPRESSED) for service in services]
