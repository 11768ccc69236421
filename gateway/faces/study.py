"""The planes for a study, and which series they hold for.

In each frame of reference the first series in which a brain is plausible, and a head around it that lies as it says,
gives the planes. Every other series of it has to show the same head at the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from gateway import logs
from gateway.decoding.errors import CannotDecode
from gateway.decoding.pixels import decode
from gateway.faces.bearing import bearing_of, refuse_wrong_bearing
from gateway.faces.brain import Brain, NoBrain, brain_in
from gateway.faces.cut import Faces, HeadPlanes
from gateway.faces.head import Head
from gateway.faces.outline import elsewhere
from gateway.faces.slices import Slice, frame_of_reference, series_of, slices_of
from gateway.faces.stacks import Key, Volume, whole_heads
from gateway.privacy.errors import Held
from gateway.privacy.identifiers.values import UNREADABLE_VALUE
from gateway.quiet_pydicom import silent_pydicom

log = logs.get(__name__)
Look = Callable[[Volume], tuple[Brain, Head]]
Read = Callable[[Any], Dataset]
_MOST_TRIED: Final = 3
"""Series for each frame of reference; each takes a minute of a core."""


def faces_of(
    objects: Iterable[tuple[Key, Dataset]],
    kind_of: Callable[[Dataset], str | None],
    read: Callable[[Key], Dataset],
    look: Look = brain_in,
) -> Faces:
    """Look for the brain in the series that show a whole head, and for that head in the others.

    `objects` are headers with their keys, `read` gives an object with its pixels and may raise Held.
    """
    with silent_pydicom():
        return _faces_of(list(objects), kind_of, read, look)


def _faces_of(
    objects: Sequence[tuple[Any, Dataset]], kind_of: Callable[[Dataset], str | None], read: Read, look: Look
) -> Faces:
    heads: dict[str, tuple[HeadPlanes, Head]] = {}
    why_not: dict[str, str] = {}
    for where, stacks in whole_heads(objects, kind_of).items():
        for stack in islice(stacks, _MOST_TRIED):
            try:
                heads[where] = _head(stack.volume(_Pixels(read).of), look)
                why_not.pop(where, None)
                break
            except NoBrain as error:
                why_not.setdefault(where, str(error))
            except UNREADABLE_VALUE as error:
                why_not.setdefault(
                    where, f"the series that shows the head cannot be read ({type(error).__name__})"
                )
            except (CannotDecode, Held) as error:
                why_not.setdefault(
                    where, f"the series that shows the head cannot be read: {error.problem.rstrip('.')}"
                )
        log.info("looked for the brain", found=where in heads, series=len(stacks))
    planes = {where: planes for where, (planes, _) in heads.items()}
    return Faces(planes, why_not, _elsewhere(objects, read, heads))


def _head(volume: Volume, look: Look) -> tuple[HeadPlanes, Head]:
    """The planes of a volume's brain, and its head, which lies as it says; raises NoBrain."""
    brain, head = look(volume)
    planes = HeadPlanes.of(brain)
    refuse_wrong_bearing(bearing_of(brain, head, planes.shear))
    return planes, head


def _elsewhere(
    objects: Sequence[tuple[Any, Dataset]], read: Read, heads: dict[str, tuple[HeadPlanes, Head]]
) -> dict[str, str]:
    """The series that do not show the head of their frame of reference where it is, each with the reason."""
    series: dict[tuple[str, str], list[Any]] = {}
    for key, header in objects:
        try:
            where = frame_of_reference(header)
        except Held:  # with its reason, when its copy is made
            continue
        if where in heads:
            series.setdefault((where, series_of(header)), []).append(key)
    found = {}
    for (where, uid), keys in series.items():
        planes, head = heads[where]
        why = elsewhere(_frames(keys, read), planes.brain, head, planes.shear)
        if why is not None:
            found[uid] = why
    return found


def _frames(keys: Sequence[Any], read: Read) -> Iterator[tuple[Slice, NDArray[Any]]]:
    """The frames of a series, the largest value the brightest; objects that cannot be cut are held by themselves."""
    for key in keys:
        try:
            ds = read(key)
            slices = slices_of(ds)
            values = decode(ds).reshape(len(slices), slices[0].rows, slices[0].columns).astype(np.float32)
        except (CannotDecode, Held, *UNREADABLE_VALUE):
            continue
        yield from zip(
            slices, -values if ds.get("PhotometricInterpretation") == "MONOCHROME1" else values, strict=True
        )


class _Pixels:
    """Frames of objects; the object that was read last is kept, for those of many frames."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._last: tuple[Any, NDArray[np.generic]] | None = None

    def of(self, key: Any, frame: int) -> NDArray[np.generic]:
        """One frame: (rows, columns); raises CannotDecode, and what `read` raises."""
        if self._last is None or self._last[0] != key:
            ds = self._read(key)
            self._last = key, decode(ds).reshape(-1, int(ds.Rows), int(ds.Columns))
        return self._last[1][frame]
