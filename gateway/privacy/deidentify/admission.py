"""Which objects may leave at all; everything else is held, each with its reason.

A stop that the profile declares releasable is passed over for an object that a named person has released; every
other stop, and everything that happens to the attributes afterwards, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from dicom_nodes.encoding.uids import is_uid
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.profile.profile import Profile

_STANDARD_ROOT: Final = "1.2.840.10008."
_LOOK: Final = "Look at the image; a named person can release it when its pixels identify nobody."
_STAYS: Final = "Such objects stay here; no one can release them."
_NEEDED: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


def refuse_if_held(ds: Dataset, profile: Profile, *, released: bool = False) -> None:
    """Raise Held unless `ds` is a complete object of a SOP class the profile lets out, without text in its pixels.

    With several stops the one that cannot be released is told; `Held.releasable` is true only when all can be.
    """
    stops = list(_stops(ds, profile))
    final = next((stop for stop in stops if not stop.releasable), None)
    if final is not None:
        raise final
    if stops and not released:
        raise Held(
            " ".join(stop.problem for stop in stops), stops[0].fix, reason=stops[0].reason, releasable=True
        )


def _stops(ds: Dataset, profile: Profile) -> Iterator[Held]:
    for keyword in _NEEDED:
        uid = str(ds.get(keyword) or "").strip(" \0")
        if not is_uid(uid):
            yield Held(
                f"The {keyword} of the object is no UID." if uid else f"The object has no {keyword}.",
                "Ask the sender to send a complete object.",
                reason=HeldReason.INCOMPLETE,
            )
    yield from _sop_class(str(ds.get("SOPClassUID") or "").strip(" \0"), profile)
    if str(ds.get("BurnedInAnnotation") or "").strip().upper() not in ("", "NO"):
        yield _picture(
            "BurnedInAnnotation says that text is burned into the pixels.", "burned-in-annotation", profile
        )
    image_type = ds.get("ImageType") or ()
    values = {str(v).upper() for v in ([image_type] if isinstance(image_type, str) else image_type)}
    if values & profile.hold_image_types:
        yield _picture("ImageType says that this is a copy of a screen.", "screen-capture", profile)
    if _has_embedded_overlay(ds):
        yield _picture("An overlay is stored in unused bits of the pixel data.", "embedded-overlay", profile)


def _sop_class(sop_class: str, profile: Profile) -> Iterator[Held]:
    if not sop_class or sop_class in profile.sop_classes:
        return
    if not sop_class.startswith(_STANDARD_ROOT):
        yield Held(
            "The object is of a private SOP class (UID not shown).",
            _STAYS,
            reason=HeldReason.PRIVATE_SOP_CLASS,
        )
    elif sop_class in profile.releasable_sop_classes:
        name = profile.releasable_sop_classes[sop_class]
        yield Held(
            f"The object is not an MR image but {name}.", _LOOK, reason=HeldReason.SOP_CLASS, releasable=True
        )
    else:
        yield Held(f"The object is not an MR image ({sop_class}).", _STAYS, reason=HeldReason.SOP_CLASS)


def _picture(problem: str, reason: str, profile: Profile) -> Held:
    releasable = reason in profile.releasable_reasons
    return Held(problem, _LOOK if releasable else _STAYS, reason=reason, releasable=releasable)


def _has_embedded_overlay(ds: Dataset) -> bool:
    for group in range(0x6000, 0x6020, 2):
        position = ds.get(Tag(group, 0x0102))
        if position is not None and int(position.value or 0) and Tag(group, 0x3000) not in ds:
            return True
    return False
