"""Which objects may leave at all; everything else is held, each with its reason."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from gateway.privacy.errors import Held
from gateway.privacy.profile import Profile


def refuse_if_held(ds: Dataset, profile: Profile) -> None:
    """Raise Held unless `ds` is a complete object of a SOP class the profile lets out, without text in its pixels."""
    sop_class = str(ds.get("SOPClassUID") or "")
    if sop_class not in profile.sop_classes:
        kind = "of a private SOP class" if not sop_class.startswith("1.2.840.10008.") else "not an MR image"
        raise Held(
            f"The object is {kind} ({sop_class if kind == 'not an MR image' else 'UID not shown'}).",
            "Such objects stay here; a named person can release one after looking at it.",
        )
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not ds.get(keyword):
            raise Held(f"The object has no {keyword}.", "Ask the sender to send a complete object.")
    if str(ds.get("BurnedInAnnotation") or "").strip().upper() not in ("", "NO"):
        raise Held(
            "BurnedInAnnotation says that text is burned into the pixels.",
            "Look at the image; release it only if the text identifies nobody.",
        )
    image_type = ds.get("ImageType") or ()
    values = {str(v).upper() for v in ([image_type] if isinstance(image_type, str) else image_type)}
    if values & profile.hold_image_types:
        raise Held(
            "ImageType says that this is a copy of a screen.", "Look at the image before releasing it."
        )
    for group in range(0x6000, 0x6020, 2):
        position = ds.get(Tag(group, 0x0102))
        if position is not None and int(position.value or 0) and Tag(group, 0x3000) not in ds:
            raise Held(
                "An overlay is stored in unused bits of the pixel data.",
                "Ask the sender for the image without embedded overlay.",
            )
