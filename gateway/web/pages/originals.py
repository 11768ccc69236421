"""The picture of a held original, for the person who has to vouch for its pixels. Every look is an audit event.

This is the only place where pages show an original; who may is decided by `gateway.web.pages.held_objects`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gateway.decoding import files
from gateway.decoding.errors import NoSuchFrame
from gateway.errors import NotThere
from gateway.web.foundation.images import WINDOWS, pictured

LEAVE_IT_OUT: Final = "What cannot be looked at cannot be released: leave it out."


def picture(file: Path | bytes, frame: int, window: str) -> bytes:
    """One frame (from 0) as PNG in its full size; raises NotThere, PictureFailed or TooManyRequests.

    The window "full" maps every value that occurs to a grey of its own place: text cannot hide beyond its ends.
    """
    if window not in WINDOWS:
        raise NotThere(f"There is no window {window!r}.", f"Use one of: {', '.join(WINDOWS)}.")
    _, black, white = WINDOWS[window]
    with pictured(LEAVE_IT_OUT):
        try:
            return files.drawn_as_stored(file, frame, black, white)
        except NoSuchFrame as error:
            raise NotThere(error.problem, error.fix) from error
