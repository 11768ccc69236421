"""Pictures of the de-identified copies: which slices a case has, and one slice as PNG.

Only prepared copies are read, never the originals. The pictures are previews for the report form; what a reading is
based on are the images at the reading site's workstation.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.pixels.processing import apply_color_lut

from gateway.decoding.description import listed_frames
from gateway.decoding.errors import UNDECODABLE, CannotDecode
from gateway.decoding.pixels import decode
from gateway.errors import GatewayError, NotThere
from gateway.records.blobs import BlobStore
from gateway.records.tables.cases import PreparedInstance
from gateway.web.foundation.frames import GROUPS, FrameAttributes, attributes_of

Pixels = NDArray[np.float32]

INDEX_KEYS = [
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesDescription",
    "SeriesNumber",
    "InstanceNumber",
    "NumberOfFrames",
    "Modality",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "DiffusionBValue",
    "Rows",
    "Columns",
    "SliceThickness",
    "ImageType",
    *GROUPS,
]
WINDOWS: dict[str, tuple[str, float, float]] = {
    "auto": ("Standard", 1.0, 99.5),
    "soft": ("Tissue", 20.0, 99.0),
    "bright": ("Bright lesion", 40.0, 99.9),
    "dark": ("Dark detail", 0.5, 85.0),
    "full": ("Everything", 0.0, 100.0),
}
"""Presets: label, and the percentiles of the series' signal shown as black and white. MR signal has no unit."""
SAMPLED_SLICES = 7
MOST_STRETCHED = 10.0
"""A side of a pixel to the other; a header may say anything, and the picture would be as large as it says."""
REMEMBERED_STUDIES = 16
REMEMBERED_WINDOWS = 512


@dataclass(frozen=True)
class Slice:
    """One picture: a file, the frame in it (from 0) and the de-identified UID a key image is named by."""

    blob: str
    frame: int
    sop_instance_uid: str
    b_value: float | None


@dataclass(frozen=True)
class SeriesOfImages:
    """The slices of one series in the order they are scrolled."""

    number: int
    series_number: int
    description: str
    modality: str
    slices: tuple[Slice, ...]

    @property
    def begins(self) -> int:
        """The slice shown first, from 0: the middle one of the highest b-value, of all where there is only one."""
        b_values = [one.b_value or 0.0 for one in self.slices]
        stack = [number for number, b_value in enumerate(b_values) if b_value == max(b_values)]
        return stack[len(stack) // 2] if stack else 0


@dataclass(frozen=True)
class StudyOfImages:
    """Every series of a case; `version` changes with the copies, so that pictures may be cached by address."""

    version: str
    series: tuple[SeriesOfImages, ...]


class PictureFailed(GatewayError):
    """A slice cannot be shown."""


class Pictures:
    """Reads copies of cases, and remembers the order of slices and the windows of the last studies."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs
        self._lock = threading.Lock()
        self._studies: OrderedDict[str, StudyOfImages] = OrderedDict()
        self._windows: OrderedDict[tuple[str, int, str], tuple[float, float]] = OrderedDict()

    def study(self, prepared: Sequence[PreparedInstance]) -> StudyOfImages:
        """The series of a case from the headers of its copies."""
        digest = hashlib.sha256(
            "\n".join(f"{copy.blob} {copy.sop_instance_uid}" for copy in prepared).encode()
        )
        version = digest.hexdigest()[:16]
        with self._lock:
            if version in self._studies:
                self._studies.move_to_end(version)
                return self._studies[version]
        made = StudyOfImages(version, _series([(copy.blob, self._header(copy.blob)) for copy in prepared]))
        with self._lock:
            self._studies[version] = made
            while len(self._studies) > REMEMBERED_STUDIES:
                self._studies.popitem(last=False)
        return made

    def png(
        self, study: StudyOfImages, series: int, number: int, window: str, width: int | None = None
    ) -> bytes:
        """One slice; `number` counts from 0, `width` in pixels for thumbnails. Raises NotThere or PictureFailed."""
        if not 0 <= series < len(study.series) or not 0 <= number < len(study.series[series].slices):
            raise NotThere("There is no such slice.", "Load the case again: its images may have changed.")
        if window not in WINDOWS:
            raise NotThere(f"There is no window {window!r}.", f"Use one of: {', '.join(WINDOWS)}.")
        pixels, header = self._pixels(study.series[series].slices[number])
        low, high = self._window(study, series, window, pixels)
        return as_png(pixels, header, low, high, width)

    def _header(self, blob: str) -> Dataset:
        with self.blobs.path(blob).open("rb") as stream:
            return dcmread(stream, stop_before_pixels=True, specific_tags=list(INDEX_KEYS))

    def _pixels(self, chosen: Slice) -> tuple[Pixels, Dataset]:
        try:
            dataset = dcmread(BytesIO(self.blobs.get(chosen.blob)))
            frame = attributes_of(dataset, chosen.frame)
            values = decode(dataset, chosen.frame)
            if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
                return _coloured(values, dataset), _shown(dataset, frame)
            slope, intercept = np.float32(float(frame.slope or 1)), np.float32(float(frame.intercept or 0))
            return values.astype(np.float32) * slope + intercept, _shown(dataset, frame)
        except CannotDecode as error:
            raise PictureFailed(
                f"This image cannot be shown here. {error.problem}", "Look at it at the workstation."
            ) from error
        except (InvalidDicomError, *UNDECODABLE) as error:
            raise PictureFailed(
                f"This image cannot be shown here ({type(error).__name__}).", "Look at it at the workstation."
            ) from error

    def _window(self, study: StudyOfImages, series: int, window: str, pixels: Pixels) -> tuple[float, float]:
        """Signal shown as black and as white: one answer for a whole series, or scrolling would flicker.

        A slice of it that cannot be shown has no part in it, so that the others are; `pixels` are of one that can.
        """
        key = (study.version, series, window)
        with self._lock:
            if key in self._windows:
                return self._windows[key]
        slices = study.series[series].slices
        places = np.unique(
            np.linspace(0.2 * (len(slices) - 1), 0.8 * (len(slices) - 1), SAMPLED_SLICES).round().astype(int)
        )
        samples = []
        for place in places:
            with suppress(PictureFailed):
                samples.append(self._pixels(slices[place])[0].ravel()[::3])
        sample = np.concatenate(samples or [pixels.ravel()[::3]])
        _, black, white = WINDOWS[window]
        signal = (
            sample[sample > sample.min()] if window != "full" and np.any(sample > sample.min()) else sample
        )
        low, high = (float(value) for value in np.percentile(signal, (black, white)))
        with self._lock:
            self._windows[key] = (low, high)
            while len(self._windows) > REMEMBERED_WINDOWS:
                self._windows.popitem(last=False)
        return low, high


def _series(files: list[tuple[str, Dataset]]) -> tuple[SeriesOfImages, ...]:
    groups: dict[str, list[tuple[str, Dataset]]] = {}
    for blob, header in files:
        groups.setdefault(str(header.get("SeriesInstanceUID", "")), []).append((blob, header))
    ordered = sorted(
        groups.values(),
        key=lambda group: (
            _number(group[0][1], "SeriesNumber"),
            str(group[0][1].get("SeriesInstanceUID", "")),
        ),
    )
    all_series = []
    for number, group in enumerate(ordered):
        first = group[0][1]
        # By b-value, then along the normal of the slices, then by number, whatever the order they are stored in.
        placed = sorted(
            (
                (
                    (of.b_value or 0.0, of.along, _number(header, "InstanceNumber"), frame),
                    blob,
                    header,
                    of.b_value,
                )
                for blob, header in group
                for frame in range(listed_frames(header))
                for of in [attributes_of(header, frame)]
            ),
            key=itemgetter(0),
        )
        slices = tuple(
            Slice(blob, order[-1], str(header.get("SOPInstanceUID", "")), b_value)
            for order, blob, header, b_value in placed
        )
        description = str(first.get("SeriesDescription", "") or "").strip()
        series_number = int(_number(first, "SeriesNumber"))
        all_series.append(
            SeriesOfImages(number, series_number, description, str(first.get("Modality", "")), slices)
        )
    return tuple(all_series)


def _number(header: Dataset, key: str) -> float:
    value = header.get(key)
    return float(value) if value is not None and str(value) != "" else 0.0


def _shown(dataset: Dataset, frame: FrameAttributes) -> Dataset:
    """What `as_png` has to know of one frame."""
    shown = Dataset()
    shown.PhotometricInterpretation = dataset.get("PhotometricInterpretation")
    if frame.spacing is not None:
        shown.PixelSpacing = list(frame.spacing)
    return shown


def _coloured(values: NDArray[Any], dataset: Dataset) -> Pixels:
    """Palette entries (PS3.3 C.7.9) as colours of 8 bits."""
    colours = apply_color_lut(values, dataset)
    return (colours >> 8 * (colours.dtype.itemsize - 1)).astype(np.float32)


def as_png(pixels: Pixels, header: Dataset, low: float, high: float, width: int | None) -> bytes:
    if pixels.ndim == 3:  # colour is shown as it is
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    else:
        grey = ((pixels - low) / max(high - low, 1e-6)).clip(0.0, 1.0)
        if header.get("PhotometricInterpretation") == "MONOCHROME1":
            grey = 1.0 - grey
        image = Image.fromarray((grey * 255.0 + 0.5).astype(np.uint8))
    image = _square_pixels(image, header.get("PixelSpacing"))
    if width is not None and width < image.width:
        image = image.resize(
            (width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS
        )
    stream = BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _square_pixels(image: Image.Image, spacing: Any) -> Image.Image:
    """Stretch an image whose pixels are not square (PixelSpacing: row spacing, then column spacing, mm)."""
    if spacing is None or len(spacing) != 2 or not float(spacing[0]) or not float(spacing[1]):
        return image
    ratio = float(spacing[0]) / float(spacing[1])
    if abs(ratio - 1) < 0.01 or not 1 / MOST_STRETCHED <= ratio <= MOST_STRETCHED:
        return image
    return image.resize((image.width, max(1, round(image.height * ratio))), Image.Resampling.BICUBIC)
