"""The planes for a study: in each frame of reference the first series in which a brain is plausible."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from gateway import logs
from gateway.decoding.errors import CannotDecode
from gateway.decoding.pixels import decode
from gateway.faces.brain import Brain, NoBrain, brain_in
from gateway.faces.cut import Faces, HeadPlanes
from gateway.faces.stacks import Key, Volume, whole_heads
from gateway.privacy.errors import Held
from gateway.privacy.identifiers.values import UNREADABLE_VALUE
from gateway.quiet_pydicom import silent_pydicom

log = logs.get(__name__)
_MOST_TRIED: Final = 3
"""Series for each frame of reference; each takes a minute of a core."""


def faces_of(
    objects: Iterable[tuple[Key, Dataset]],
    kind_of: Callable[[Dataset], str | None],
    read: Callable[[Key], Dataset],
    look: Callable[[Volume], Brain] = brain_in,
) -> Faces:
    """Look for the brain in the series that show a whole head.

    `objects` are headers with their keys, `read` gives an object with its pixels and may raise Held.
    """
    with silent_pydicom():
        return _faces_of(objects, kind_of, read, look)


def _faces_of(
    objects: Iterable[tuple[Key, Dataset]],
    kind_of: Callable[[Dataset], str | None],
    read: Callable[[Key], Dataset],
    look: Callable[[Volume], Brain],
) -> Faces:
    planes: dict[str, HeadPlanes] = {}
    why_not: dict[str, str] = {}
    for where, stacks in whole_heads(objects, kind_of).items():
        for stack in islice(stacks, _MOST_TRIED):
            try:
                planes[where] = HeadPlanes.of(look(stack.volume(_Pixels(read).of)))
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
        log.info("looked for the brain", found=where in planes, series=len(stacks))
    return Faces(planes, why_not)


class _Pixels:
    """Frames of objects; the object that was read last is kept, for those of many frames."""

    def __init__(self, read: Callable[[Any], Dataset]) -> None:
        self._read = read
        self._last: tuple[Any, NDArray[np.generic]] | None = None

    def of(self, key: Any, frame: int) -> NDArray[np.generic]:
        """One frame: (rows, columns); raises CannotDecode, and what `read` raises."""
        if self._last is None or self._last[0] != key:
            ds = self._read(key)
            self._last = key, decode(ds).reshape(-1, int(ds.Rows), int(ds.Columns))
        return self._last[1][frame]
