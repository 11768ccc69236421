"""The VR of an element whose encoding does not tell it: what the Standard's data dictionary says (PS3.6)."""

from __future__ import annotations

from functools import cache

from pydicom.datadict import dictionary_VR

from dicom_nodes.encoding.elements import VrOf


@cache
def dictionary_vr(tag: int) -> str:
    """The Standard's VR of `tag` ("US or SS" where it leaves a choice), "UN" where it knows none."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def vr_of(implicit: bool) -> VrOf | None:
    """How the elements of an encoding get their VR: from the dictionary, or None where they tell it themselves."""
    return dictionary_vr if implicit else None
