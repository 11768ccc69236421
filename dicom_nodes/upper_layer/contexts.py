"""Presentation contexts: what we accept from anybody, and the little we propose for given files.

Standard: PS3.8 9.3.2 (a proposer has at most 128 contexts; an acceptor may support any number of classes),
PS3.5 Annex A and PS3.6 Annex A (transfer syntaxes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from pydicom import uid
from pydicom._uid_dict import UID_dictionary
from pynetdicom.presentation import AllStoragePresentationContexts, PresentationContext, build_context
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification  # type: ignore[attr-defined]

from dicom_nodes.encoding.uids import is_uid
from dicom_nodes.upper_layer.private_classes import PRIVATE_STORAGE

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
    # What few send, and nearly nobody in more than one form; most of it is kept here and never leaves.
    uid.JPEGLossless,
    uid.UID(
        "1.2.840.10008.1.2.4.110"
    ),  # JPEG XL Lossless; pydicom 3.0 knows neither this nor those without a name
    uid.JPEG2000MCLossless,
    uid.UID("1.2.840.10008.1.2.8.1"),  # Deflated Image Frame Compression
    uid.UID("1.2.840.10008.1.2.1.98"),  # Encapsulated Uncompressed Explicit VR Little Endian
    uid.JPEGLSNearLossless,
    uid.JPEG2000,
    uid.HTJ2K,
    uid.JPEGExtended12Bit,
    uid.JPEGBaseline8Bit,
    uid.UID("1.2.840.10008.1.2.4.111"),  # JPEG XL JPEG Recompression
    uid.UID("1.2.840.10008.1.2.4.112"),  # JPEG XL
    uid.JPEG2000MC,
    uid.MPEG2MPML,
    uid.MPEG2MPMLF,
    uid.MPEG2MPHL,
    uid.MPEG2MPHLF,
    uid.MPEG4HP41,
    uid.MPEG4HP41F,
    uid.MPEG4HP41BD,
    uid.MPEG4HP41BDF,
    uid.MPEG4HP422D,
    uid.MPEG4HP422DF,
    uid.MPEG4HP423D,
    uid.MPEG4HP423DF,
    uid.MPEG4HP42STEREO,
    uid.MPEG4HP42STEREOF,
    uid.HEVCMP51,
    uid.HEVCM10P51,
)
MAX_PROPOSED = 128


def storage_sop_classes(more: Iterable[str] = ()) -> tuple[str, ...]:
    """Every storage SOP class there is (more than 128: no proposer could offer them all at once), and `more`."""
    standard = (str(context.abstract_syntax) for context in AllStoragePresentationContexts)
    return tuple(dict.fromkeys((*standard, *PRIVATE_STORAGE, *more)))


def accepted_contexts(
    *, commitment: bool, more_sop_classes: Iterable[str] = (), more_transfer_syntaxes: Iterable[str] = ()
) -> list[PresentationContext]:
    """What the receiver supports: verification, all storage, and storage commitment in either role.

    Both roles are offered for commitment because a peer that reports a result on a new association opens
    it as SCP and says so by role selection (PS3.4 J.3.3), while some peers say nothing at all.
    """
    syntaxes = list(dict.fromkeys((*TRANSFER_SYNTAXES, *more_transfer_syntaxes)))
    contexts = [build_context(Verification, list(UNCOMPRESSED))]
    contexts.extend(
        build_context(sop_class, list(syntaxes)) for sop_class in storage_sop_classes(more_sop_classes)
    )
    if commitment:
        both = build_context(StorageCommitmentPushModel, list(UNCOMPRESSED))
        both.scu_role = True
        both.scp_role = True
        contexts.append(both)
    return contexts


def uids_of(text: str) -> tuple[str, ...]:
    """UIDs and keywords of the Standard, separated by commas, as UIDs; raises ValueError for what is neither.

    >>> uids_of("JPEGLossless, 1.2.3")
    ('1.2.840.10008.1.2.4.57', '1.2.3')
    """
    found = []
    for word in (word.strip() for word in text.split(",") if word.strip()):
        known = word if is_uid(word) else _by_keyword().get(word)
        if known is None:
            raise ValueError(f"{word!r} is neither a UID nor a keyword of one (PS3.6 Annex A)")
        found.append(known)
    return tuple(found)


@cache
def _by_keyword() -> dict[str, str]:
    return {keyword: known for known, (_, _, _, _, keyword) in UID_dictionary.items() if keyword}


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
