"""Text that hides beside the pixels: whatever in their bytes is no part of the picture.

Compressed pixels are walked by their codec (`dicom_nodes.encoding.codestreams`); native ones end where the header says.
What belongs to nothing is overwritten in place where that can be, and the pixels decode to the same values. Pixel data
without it are returned as they are, byte for byte.
"""

from __future__ import annotations

import struct
from typing import Final

from pydicom.dataset import Dataset
from pydicom.pixels.utils import get_expected_length
from pydicom.tag import Tag

from dicom_nodes.encoding.codestreams.edits import UnaccountedBytes, applied
from dicom_nodes.encoding.codestreams.pixel_data import Account, FrameShape, account
from dicom_nodes.encoding.octets import Octets
from gateway.decoding.walks import WALK
from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.identifiers.values import UNREADABLE

_BLOCK: Final = 1 << 16  # bytes looked at together
_LENGTHS: Final = "ExtendedOffsetTableLengths"
BLANKED: Final = "PixelData: text beside the pixels blanked"


def account_of(ds: Dataset, pixels: Octets, syntax: str) -> Account:
    """Every byte of the encapsulated PixelData of `ds`; raises Held for what belongs to no frame."""
    try:
        return account(pixels, 0, len(pixels), syntax, frame_shape(ds), WALK)
    except UnaccountedBytes as error:
        raise Held(error.problem, error.fix, reason=HeldReason.UNREADABLE) from None


def frame_shape(ds: Dataset) -> FrameShape:
    """What the header says of the pixels; an image of one frame does not say so (PS3.3 C.7.6.6)."""
    return FrameShape(
        frames=int(ds.get("NumberOfFrames") or 1),
        rows=int(ds.get("Rows") or 0),
        columns=int(ds.get("Columns") or 0),
        samples=int(ds.get("SamplesPerPixel") or 1),
        sample_bytes=(int(ds.get("BitsAllocated") or 0) + 7) // 8,
    )


def has_true_offsets(ds: Dataset) -> bool:
    """Whether ExtendedOffsetTable and its lengths are those of the frames (PS3.3 C.7.6.3.1.8).

    A length may leave out the padding of its fragment.
    """
    pixels = ds.get(Tag("PixelData"))
    if pixels is None or not pixels.is_undefined_length:
        return False
    frames = account_of(ds, pixels.value, syntax_of(ds))
    offsets, lengths = (_numbers(ds.get(keyword)) for keyword in ("ExtendedOffsetTable", _LENGTHS))
    return (
        offsets == frames.offsets
        and len(lengths) == len(frames.lengths)
        and all(length - said in (0, 1) for said, length in zip(lengths, frames.lengths, strict=True))
    )


def _numbers(value: bytes | None) -> tuple[int, ...]:
    """A value of VR OV; nothing if it is none."""
    return struct.unpack(f"<{len(value) // 8}Q", value) if value and len(value) % 8 == 0 else ()


def without_hidden_text(ds: Dataset, pixels: bytes, *, encapsulated: bool) -> bytes:
    """The value of PixelData (7FE0,0010) of `ds` without text beside the pixels; the same object when there is none.

    Raises Held for native pixels that are fewer than the header describes: what stands at their end may be anything.
    """
    if encapsulated:
        edits = account_of(ds, pixels, syntax_of(ds)).edits
        return b"".join(applied(pixels, 0, len(pixels), edits)) if edits else pixels
    try:
        expected = get_expected_length(ds, unit="bytes")
    except UNREADABLE:  # no pixel description to judge by; the leak search reads every byte all the same
        return pixels
    if len(pixels) < expected:
        raise Held(
            f"PixelData has {len(pixels)} bytes, and its header describes {expected}: which of them are pixels cannot "
            "be told.",
            "Ask the sender to send the image again, with all of its pixels.",
            reason=HeldReason.UNREADABLE,
        )
    expected += expected % 2
    behind = pixels[expected:]
    return pixels[:expected] + bytes(len(behind)) if behind.strip(b"\0") else pixels


def syntax_of(ds: Dataset) -> str:
    """The Transfer Syntax UID of the file `ds` was read from."""
    return str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID") or "")


def is_zero(data: Octets, start: int, stop: int) -> bool:
    """Whether nothing but zero bytes is at `start`..`stop`."""
    return not any(data[at : min(at + _BLOCK, stop)].strip(b"\0") for at in range(start, stop, _BLOCK))
