"""Presentation contexts: what we accept from anybody, and the little we propose for given files.

Standard: PS3.8 9.3.2 (a proposer has at most 128 contexts; an acceptor may support any number of classes),
PS3.5 Annex A and PS3.6 Annex A (transfer syntaxes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydicom import uid
from pynetdicom.presentation import AllStoragePresentationContexts, PresentationContext, build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

UNCOMPRESSED: tuple[str, ...] = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
)
# In the order in which an acceptor prefers them when a sender offers several in one context: lossless and
# compressed costs the sender nothing (it has it that way), lossy comes last so that nobody is invited to it.
TRANSFER_SYNTAXES: tuple[str, ...] = (
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.HTJ2KLossless,
    uid.HTJ2KLosslessRPCL,
    uid.RLELossless,
    uid.JPEGLSNearLossless,
    uid.JPEG2000,
    uid.HTJ2K,
    uid.JPEGExtended12Bit,
    uid.JPEGBaseline8Bit,
)
MAX_PROPOSED = 128


def storage_sop_classes() -> tuple[str, ...]:
    """Every storage SOP class there is (more than 128: no proposer could offer them all at once)."""
    return tuple(str(context.abstract_syntax) for context in AllStoragePresentationContexts)


def accepted_contexts(*, commitment: bool) -> list[PresentationContext]:
    """What the receiver supports: verification, all storage, and storage commitment in either role.

    Both roles are offered for commitment because a peer that reports a result on a new association opens
    it as SCP and says so by role selection (PS3.4 J.3.3), while some peers say nothing at all.
    """
    contexts = [build_context(Verification, list(UNCOMPRESSED))]
    contexts.extend(build_context(sop_class, list(TRANSFER_SYNTAXES)) for sop_class in storage_sop_classes())
    if commitment:
        both = build_context(StorageCommitmentPushModel, list(UNCOMPRESSED))
        both.scu_role = True
        both.scp_role = True
        contexts.append(both)
    return contexts


def proposals(files: Iterable[tuple[str, str]]) -> Iterator[list[PresentationContext]]:
    """Contexts for (SOP class, transfer syntax) pairs, only what these need, in groups of at most 128.

    Each stored syntax gets its own context, so that the peer answers for it alone; next to it one context
    with the uncompressed syntaxes, for the peer that cannot take it as it is.
    """
    syntaxes: dict[str, list[str]] = {}
    for sop_class, syntax in files:
        known = syntaxes.setdefault(sop_class, [])
        if syntax not in known:
            known.append(syntax)
    group: list[PresentationContext] = []
    for sop_class, stored in syntaxes.items():
        wanted = [build_context(sop_class, [syntax]) for syntax in stored]
        fallback = [syntax for syntax in UNCOMPRESSED if syntax not in stored]
        if fallback:
            wanted.append(build_context(sop_class, fallback))
        if len(group) + len(wanted) > MAX_PROPOSED:
            yield group
            group = []
        group.extend(wanted)
    if group:
        yield group
