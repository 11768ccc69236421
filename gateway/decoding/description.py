"""What a header says of its pixels, read once, and the limits it is held to before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from gateway.decoding.errors import CannotDecode
from gateway.decoding.syntaxes import COMPRESSED, UNCOMPRESSED

MOST_FRAMES: Final = 16_384
"""Frames of one object that are listed or decoded; the largest series of brain MRI have some 5,000 images."""
MOST_FRAME_BYTES: Final = 1 << 28
"""One frame, decoded: a hundred times the largest MR image, and an 11,000 by 11,000 radiograph."""
MOST_BYTES: Final = 1 << 30
"""All frames that are asked for at once, decoded."""
_KEYWORDS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_MOST_SIDE: Final = 65_535  # Rows and Columns are of VR US
_MOST_SAMPLES: Final = 4
_LEAST_FRAME: Final = 2
"""Bytes of a frame: a pixel, padded; a deflated or compressed one takes as many in its headers alone."""
_SPECTROSCOPY: Final = "1.2.840.10008.5.1.4.1.1.4.2"
_LOOK_ELSEWHERE: Final = "Look at it in the archive that sent it."


@dataclass(frozen=True)
class PixelDescription:
    """The Image Pixel attributes (PS3.3 C.7.6.3) of an object and its transfer syntax; plain values only."""

    transfer_syntax_uid: str
    keyword: str
    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    bits_stored: int
    pixel_representation: int
    planar_configuration: int
    photometric_interpretation: str
    number_of_frames: int

    @property
    def values_of_a_frame(self) -> int:
        """Rows times columns times samples."""
        return self.rows * self.columns * self.samples_per_pixel

    @property
    def bytes_of_a_frame(self) -> int:
        """What a frame takes when it is decoded."""
        return self.values_of_a_frame * -(-self.bits_allocated // 8)

    @property
    def is_compressed(self) -> bool:
        """Whether the pixels have to be expanded."""
        return self.transfer_syntax_uid in COMPRESSED


def described(ds: Dataset) -> PixelDescription:
    """What the header of `ds`, with its file meta information, says; raises CannotDecode when it cannot be so."""
    syntax = str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID") or "")
    if syntax not in COMPRESSED | UNCOMPRESSED:
        raise CannotDecode(
            f"Nothing here decodes the transfer syntax {syntax[:64] or '(none)'}.", _LOOK_ELSEWHERE
        )
    keyword = next((keyword for keyword in _KEYWORDS if keyword in ds), "")
    if not keyword:
        raise CannotDecode("The object has no pixels.", "Nothing has to be done.")
    try:
        allocated = _number(ds, "BitsAllocated")
        description = PixelDescription(
            transfer_syntax_uid=syntax,
            keyword=keyword,
            rows=_number(ds, "Rows"),
            columns=_number(ds, "Columns"),
            samples_per_pixel=_number(ds, "SamplesPerPixel", 1),
            bits_allocated=allocated,
            bits_stored=_number(ds, "BitsStored", allocated),
            pixel_representation=_number(ds, "PixelRepresentation", 0),
            planar_configuration=_number(ds, "PlanarConfiguration", 0),
            photometric_interpretation=str(ds.get("PhotometricInterpretation") or "")[:16],
            number_of_frames=_number(ds, "NumberOfFrames", 1) or 1,
        )
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise CannotDecode("The header does not say what its pixels are.", _LOOK_ELSEWHERE) from None
    _check(description)
    return description


def check_frames(description: PixelDescription, frames: int) -> None:
    """Raise CannotDecode when so many frames at once would be too much."""
    size = description.bytes_of_a_frame
    if size > MOST_FRAME_BYTES or size * frames > MOST_BYTES:
        raise CannotDecode(
            f"The pixels would take {size * frames} bytes; {MOST_FRAME_BYTES} of a frame "
            f"and {MOST_BYTES} in all are decoded.",
            _LOOK_ELSEWHERE,
        )


def listed_frames(header: Dataset | None, size: int | None = None) -> int:
    """How many pictures of an object, of so many bytes, are offered: 0 without rows of pixels.

    A header may promise any number; where it promises more than is decoded, more than the bytes can hold, or none that
    can be read, the one picture that is offered says so.
    """
    try:
        if header is None or not int(header.get("Rows") or 0):
            return 0
        if header.get("SOPClassUID") == _SPECTROSCOPY and "BitsAllocated" not in header:
            return 0  # its rows are of signals
        frames = int(header.get("NumberOfFrames") or 1)
    except (TypeError, ValueError):
        return 1
    most = MOST_FRAMES if size is None else min(MOST_FRAMES, max(1, size // _LEAST_FRAME))
    return frames if 0 < frames <= most else 1


def _check(description: PixelDescription) -> None:
    """Raise CannotDecode for numbers that no image has."""
    limits = {
        "Rows": (description.rows, 1, _MOST_SIDE),
        "Columns": (description.columns, 1, _MOST_SIDE),
        "SamplesPerPixel": (description.samples_per_pixel, 1, _MOST_SAMPLES),
        "BitsAllocated": (description.bits_allocated, 1, 64),
        "BitsStored": (description.bits_stored, 1, description.bits_allocated),
        "NumberOfFrames": (description.number_of_frames, 1, MOST_FRAMES),
    }
    for keyword, (value, least, most) in limits.items():
        if not least <= value <= most:
            raise CannotDecode(
                f"The header says {keyword} = {value}; {least} to {most} are decoded.", _LOOK_ELSEWHERE
            )


def _number(ds: Dataset, keyword: str, default: int | None = None) -> int:
    value = ds.get(keyword)
    if value is None and default is not None:
        return default
    return int(value)
