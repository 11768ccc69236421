"""The headers of many objects as data sets, without reading again what they repeat (`repeated_elements`).

What pydicom would have read, element for element and as undecoded as it leaves them, at a tenth of the price: it looks
at every element of every object, here those that stand as in the object before are recognised by one comparison.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from io import BytesIO
from typing import Final, cast

from pydicom.dataelem import DataElement, RawDataElement, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from dicom_nodes.encoding.octets import Octets
from gateway.privacy.fast.identifying_values import divided
from gateway.privacy.fast.memo import MOST_STRETCHES
from gateway.privacy.fast.repeated_elements import Repeats, Stretch
from gateway.quiet_pydicom import silent_pydicom

_PIXELS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # where pydicom stops, too

_Raws = dict[BaseTag, DataElement | RawDataElement]


class Headers:
    """Reads headers; remembers the elements of each stretch that repeats. Not for several threads at once."""

    def __init__(self) -> None:
        self._repeats = Repeats()
        self._known: dict[Stretch, _Raws] = {}
        self._encodings: dict[bytes, str | MutableSequence[str]] = {}

    def read(self, data: Octets) -> Dataset:
        """The data set of a whole Part 10 file up to its pixels, without file meta; raises NotTaken."""
        parts = divided(data, self._repeats)
        raws: _Raws = {}
        for stretch in parts.stretches:
            raws.update(self._raws(stretch, parts.implicit))
            if stretch.found[-1].tag >= min(_PIXELS) and any(e.tag in _PIXELS for e in stretch.found):
                break
        header = Dataset(raws)
        encodings = self._encodings.get(parts.charset)
        if encodings is None:
            with silent_pydicom():
                alone = read_dataset(BytesIO(parts.charset), parts.implicit, True)
            encodings = self._encodings[parts.charset] = alone.original_character_set
        header.set_original_encoding(parts.implicit, True, encodings)
        return header

    def _raws(self, stretch: Stretch, implicit: bool) -> _Raws:
        if not stretch.repeats:
            return _read(stretch, implicit)
        known = self._known.get(stretch)
        if known is None:
            if len(self._known) > MOST_STRETCHES:
                self._known.clear()
            known = self._known[stretch] = _read(stretch, implicit)
        return known


def _read(stretch: Stretch, implicit: bool) -> _Raws:
    """The elements of one stretch as pydicom leaves them: not decoded, without a VR where the encoding has none."""
    data = stretch.data
    raws: _Raws = {}
    for tag, vr, _, value, stop, end in stretch.found:
        if tag in _PIXELS:
            break
        # Only a sequence has no length.
        key, told = BaseTag(tag), vr if not implicit or stop != end else None
        raw = data[value:stop] or cast("bytes | None", empty_value_for_VR(told, raw=True))
        raws[key] = RawDataElement(key, told, stop - value, raw, value, implicit, True)
    return raws
