"""Where elements lie in files that are laid out as earlier ones were: told by the bytes between the values alone.

A walk (`spans.spans`) reads the headers of elements and items and the transfer syntax, and no other value. Where all
those bytes are the same ones at the same places of a file of the same length, it finds the same places again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dicom_nodes.encoding.octets import Octets
from gateway.privacy.leak_search.spans import Span, spans

_MOST_LENGTHS: Final = 64
_MOST_ALIKE: Final = 4
"""Layouts of one length that are compared: that costs about a twentieth of a walk each."""
_LONGEST: Final = 1 << 14  # bytes between values; a file with more of them is walked every time
_READ: Final = "file meta/TransferSyntaxUID"


@dataclass(frozen=True, eq=False)
class _Known:
    places: NDArray[np.intp]
    read: bytes
    """What the walk read there."""
    spans: list[Span]


class KnownLayouts:
    """Remembers the layouts of some files, by their lengths. Nothing of a value but transfer syntaxes is kept."""

    def __init__(self) -> None:
        self._known: dict[int, list[_Known]] = {}

    def spans(self, encoded: Octets) -> list[Span]:
        """As `spans.spans`; the list is shared, so it is not to be changed."""
        known = self._known.get(len(encoded), [])
        data: NDArray[np.uint8] = np.frombuffer(encoded, np.uint8)
        for layout in known:
            if data.take(layout.places).tobytes() == layout.read:
                return layout.spans
        walked = spans(encoded)
        values = [span for span in walked if span.path != _READ]
        between = len(encoded) - sum(span.end - span.start for span in values)
        if between <= _LONGEST and walked[-1:] and walked[-1].path != "(unreadable)":
            if len(self._known) >= _MOST_LENGTHS:
                self._known.clear()
            ends = [0, *(span.end for span in values)]
            starts = [*(span.start for span in values), len(encoded)]
            places = np.concatenate([np.arange(*layout) for layout in zip(ends, starts, strict=True)])
            layout = _Known(places, data.take(places).tobytes(), walked)
            self._known[len(encoded)] = [layout, *known[: _MOST_ALIKE - 1]]
        return walked
