"""The one place where pixels are decoded, for pages and for comparisons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames, get_frame
from pydicom.pixels.utils import pixel_array

from gateway.decoding.children import SHARED
from gateway.decoding.description import PixelDescription, check_frames, described
from gateway.decoding.errors import UNDECODABLE, CannotDecode, NoSuchFrame
from gateway.quiet_pydicom import silent_pydicom

_NO_IMAGE = "Look at it in the archive that sent it."


class Decoder(Protocol):
    """What expands: `children.DecodingProcesses`, or within one of them the decoders themselves."""

    def decode(self, description: PixelDescription, data: bytes, *, stored: bool) -> NDArray[Any]:
        """The values of the frames in `data` (encapsulated, one fragment a frame)."""


def decode(
    ds: Dataset, frame: int | None = None, *, stored: bool = False, processes: Decoder = SHARED
) -> NDArray[Any]:
    """The pixels of an object with its file meta information: of one frame (from 0), or of all. Read only.

    The shape is ([frames,] rows, columns [, samples]), frames where all of several are asked for. Colours come as RGB
    where they can be converted; `stored` leaves values as they are stored, in their own colour space and with unused
    bits. Compressed pixels are decoded by `processes`. Raises CannotDecode.
    """
    description = described(ds)
    if frame is not None and not 0 <= frame < description.number_of_frames:
        raise NoSuchFrame(
            f"There is no frame {frame}.", f"The object has {description.number_of_frames}, counted from 0."
        )
    check_frames(description, 1 if frame is not None else description.number_of_frames)
    try:
        with silent_pydicom():
            if not description.is_compressed:
                return _uncompressed(ds, frame, stored)
            frames = _encoded_frames(ds, description, frame)
            data = encapsulate(frames, has_bot=False)
    except UNDECODABLE as error:
        raise CannotDecode(
            f"Its pixels are not what its header says ({type(error).__name__}).", _NO_IMAGE
        ) from None
    asked = replace(description, number_of_frames=len(frames))
    return processes.decode(asked, data, stored=stored)


def _uncompressed(ds: Dataset, frame: int | None, stored: bool) -> NDArray[Any]:
    return np.asarray(pixel_array(ds, index=frame, raw=stored, correct_unused_bits=not stored))


def _encoded_frames(ds: Dataset, description: PixelDescription, frame: int | None) -> list[bytes]:
    """The codestreams that are asked for; raises ValueError when there are not as many as the header says."""
    frames = description.number_of_frames
    offsets = None
    if "ExtendedOffsetTable" in ds and "ExtendedOffsetTableLengths" in ds:
        offsets = (ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths)
    if frame is not None:
        return [get_frame(ds.PixelData, frame, number_of_frames=frames, extended_offsets=offsets)]
    found = list(generate_frames(ds.PixelData, number_of_frames=frames, extended_offsets=offsets))
    if len(found) != frames:
        raise ValueError("Other frames than the header says.")
    return found
