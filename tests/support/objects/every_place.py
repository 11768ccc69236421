"""A word nobody declared, in every attribute of an object that can hold it, at every depth that its IOD defines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gateway.privacy.profile.iod import AttributeDefinition

_SPECTRA = 0x56000020  # the measured samples themselves, as PixelData
_LONGEST = {"AE": 16, "AS": 4, "CS": 16, "SH": 16, "LO": 64}
_TEXTS = frozenset("AE CS LO LT SH ST UC UR UT".split())  # noqa: SIM905 reads better as text
_BULK = frozenset({"OB", "OW", "OB or OW", "OF", "OD", "OL", "OV", "UN"})


def filled(
    ds: Dataset,
    places: Mapping[int, AttributeDefinition],
    word: str,
    left_out: Collection[int] = (),
    depth: int = 4,
) -> Iterator[str]:
    """Put `word` into every attribute of `ds` (changed in place); the path of each, as it is put.

    Values that the object needs to be admitted at all (`left_out`) stay.
    """
    for tag, place in sorted(places.items()):
        vr = dictionary_VR(tag)
        if tag in left_out or tag >> 16 == 0x7FE0 or tag == _SPECTRA:
            continue
        if vr == "SQ":
            item = Dataset()
            paths = list(filled(item, place.children, word, (), depth - 1)) if depth else []
            if paths:
                ds.add(DataElement(tag, "SQ", Sequence([item])))
                yield from (f"{keyword_for_tag(tag)}/{path}" for path in paths)
        elif vr in _TEXTS or vr in _BULK:
            ds.add(DataElement(tag, vr[:2], _value(vr, word), validation_mode=config.IGNORE))
            yield keyword_for_tag(tag)


def _value(vr: str, word: str) -> Any:
    if vr in _BULK:
        return word.encode().ljust(16)
    text = word.upper() if vr == "CS" else word
    return text[: _LONGEST.get(vr, len(text))]
