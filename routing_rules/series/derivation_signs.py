"""Signs of what was done to the pixels: still the acquisition, or computed from other images (`derivation`)."""

from __future__ import annotations

from routing_rules.series.derivation import Derivation, Derived
from routing_rules.series.signs import ImageGroup, Sign

# Value 3 of classic images as vendors write it, and the flavours of PS3.3 C.8.13.3.1.1.3.
_MAGNITUDE = frozenset(
    [
        "M",
        "M_SE",
        "M_FFE",
        "M_IR",
        "SE",
        "FFE",
        "IR",
        "SW_M_FFE",
        "MAGNITUDE",
        "SWI",
        "DIFFUSION",
        "OTHER",
        "NONE",
    ]
)
_IN_PLACE = frozenset(
    [
        "ND",
        "NORM",
        "DIS2D",
        "DIS3D",
        "FM",
        "FIL",
        "MOSAIC",
        "VFRAME",
        "DIXON",
        "WATER",
        "IN_PHASE",
        "COMBINED",
    ]
)
_FLAVOURS = frozenset(
    ["T1", "T2", "T2_STAR", "PROTON_DENSITY", "FLUID_ATTENUATED", "STIR", "MULTIECHO", "VOLUME"]
)
ACQUIRED = _MAGNITUDE | _IN_PLACE | _FLAVOURS
"""Values 3 of ImageType of what scanners acquire, with their coils combined, filtered or corrected."""
COMPUTED = frozenset(
    [
        "ADDITION",
        "DIVISION",
        "MASKED",
        "MAXIMUM",
        "MINIMUM",
        "MULTIPLICATION",
        "STD_DEVIATION",
        "SUBTRACTION",
        "QUANTITY",
    ]
)
"""Values 4 of ImageType of what is computed pixel by pixel (PS3.3 C.8.13.3.1.1.4)."""


def _computed(view: ImageGroup) -> str | None:
    """ImageType is DERIVED, and description, sources or values say that the pixels come from other images."""
    image = view.image
    if image.image_type[:1] != ("DERIVED",):
        return None
    derivation, third = image.derivation, (*image.image_type[2:3], "")[0]
    if derivation.how is Derivation.COMPUTED:
        return "ImageType DERIVED, and its derivation is a computation"
    if derivation.sources > 1:
        return f"ImageType DERIVED, of {derivation.sources} source images"
    fourth = (*image.image_type[3:4], "")[0]
    if fourth in COMPUTED:
        return f"ImageType DERIVED, {fourth}"
    if third and third not in ACQUIRED:
        return f"ImageType DERIVED\\{third}"
    # A view that is computed is compressed too: words that nobody understands may say so.
    in_place = _only_lossy(derivation) or derivation.how in (Derivation.COMPRESSED, Derivation.FILTERED)
    if in_place or (third and image.image_type[1:2] == ("PRIMARY",)):
        return None
    return "ImageType DERIVED"


def _only_lossy(derivation: Derived) -> bool:
    return derivation.lossy and not derivation.unclear


def _derived_unsaid(view: ImageGroup) -> str | None:
    """ImageType is DERIVED, and nothing says what was done to the pixels."""
    derivation = view.image.derivation
    said = _only_lossy(derivation) or derivation.how is not Derivation.NONE
    return "ImageType DERIVED" if view.image.image_type[:1] == ("DERIVED",) and not said else None


def _lossy(view: ImageGroup) -> str | None:
    """LossyImageCompression is 01, or the derivation is a lossy compression."""
    derivation = view.image.derivation
    return "LossyImageCompression 01" if derivation.lossy or derivation.how is Derivation.COMPRESSED else None


def _filtered(view: ImageGroup) -> str | None:
    """The derivation is a filter, a correction or a combination of coils."""
    return "filtered in place" if view.image.derivation.how is Derivation.FILTERED else None


computed: Sign = _computed
derived_unsaid: Sign = _derived_unsaid
lossy: Sign = _lossy
filtered: Sign = _filtered
