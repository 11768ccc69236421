"""Small questions about one element: its values, its VR against the Standard's, and how to make a new one."""

from __future__ import annotations

from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from dicom_nodes.encoding.vrs import BULK_VRS, NUMBER_VRS


def listed(value: Any) -> list[Any]:
    if value is None or value == "" or value == b"":
        return []
    return list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]


def one_or_many(values: list[Any]) -> Any:
    """The value of an element with `values`: one alone, several as a list, none as the empty string."""
    return values if len(values) > 1 else (values[0] if values else "")


def new_element(tag: BaseTag, vr: str, value: Any) -> DataElement:
    """A new element; an empty one the way its VR wants it."""
    if isinstance(value, (MultiValue, list, tuple)) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, (list, MultiValue)) and not value):
        value = Sequence() if vr == "SQ" else (b"" if vr in BULK_VRS or vr == "UN" else "")
        if vr in NUMBER_VRS or vr in ("DS", "IS"):
            value = None
    return DataElement(tag, vr, value)


def standard_vrs(tag: BaseTag) -> frozenset[str]:
    try:
        return frozenset(dictionary_VR(tag).split(" or "))
    except KeyError:
        return frozenset()


def vr_to_write(element: DataElement) -> str:
    """The VR to write a listed attribute with: the Standard's, unless the Standard leaves a choice."""
    standard = standard_vrs(element.tag)
    return element.VR if element.VR in standard or not standard else sorted(standard)[0]


def has_standard_vr(element: DataElement) -> bool:
    return element.VR in standard_vrs(element.tag) or {element.VR} | standard_vrs(element.tag) <= {
        "US or SS",
        "US",
        "SS",
    }


def is_ascii(element: DataElement) -> bool:
    return all(str(value).isascii() for value in listed(element.value))
