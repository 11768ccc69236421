"""Pictures of the de-identified copies: which slices a case has, and one slice as PNG.

Only prepared copies are shown, never the originals, and nothing of a copy is read in this process
(`gateway.decoding.files`). The pictures are previews for the report form; what a reading is based on are the images at
the reading site's workstation.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gateway.decoding import files
from gateway.decoding.errors import CannotDecode, TooBusy
from gateway.errors import GatewayError, NotThere
from gateway.imaging.stacks import study_index
from gateway.imaging.study_index import StudyIndex
from gateway.records.blobs import BlobStore
from gateway.records.tables.cases import PreparedInstance
from gateway.records.views.picture_rows import CopiesOf, version_of
from gateway.web.foundation.problems import TooManyRequests

WINDOWS: dict[str, tuple[str, float, float]] = {
    "auto": ("Standard", 1.0, 99.5),
    "soft": ("Tissue", 20.0, 99.0),
    "bright": ("Bright lesion", 40.0, 99.9),
    "dark": ("Dark detail", 0.5, 85.0),
    "full": ("Everything", 0.0, 100.0),
}
"""Presets: label, and the percentiles of the series' signal shown as black and white. MR signal has no unit."""
SAMPLED_SLICES = 7
REMEMBERED_PICTURES = 20_000
"""Of studies in memory, besides those of the last one: ten large studies."""
REMEMBERED_WINDOWS = 512


@dataclass(frozen=True)
class Slice:
    """One picture: a file, the frame in it (from 0) and the de-identified UID a key image is named by."""

    blob: str
    frame: int
    sop_instance_uid: str
    b_value: float | None
    known: dict[str, Any] | None = None
    """What `decoding.files.known_of` says of it."""


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
        self._indexes: OrderedDict[str, StudyIndex] = OrderedDict()
        self._windows: OrderedDict[tuple[str, int, str], tuple[float, float]] = OrderedDict()

    def of_case(self, case: CopiesOf) -> StudyOfImages:
        """The series of a case, from the index of its copies."""
        with self._lock:
            if case.version in self._studies:
                self._studies.move_to_end(case.version)
                return self._studies[case.version]
        made = StudyOfImages(case.version, series_of(self.index(case)))
        with self._lock:
            self._studies[case.version] = made
            while len(self._studies) > 1 and _many(map(_pictured, self._studies.values())):
                self._studies.popitem(last=False)
        return made

    def index(self, case: CopiesOf) -> StudyIndex:
        """The index of a case's copies: as the worker stored it, from their headers while it has not."""
        with self._lock:
            if case.version in self._indexes:
                self._indexes.move_to_end(case.version)
                return self._indexes[case.version]
        known = (
            StudyIndex.from_json(self.blobs.get(case.index_blob))
            if case.index_blob
            else self._read_index(case.version, case.copies)
        )
        with self._lock:
            self._indexes[case.version] = known
            while len(self._indexes) > 1 and _many(len(each.frames) for each in self._indexes.values()):
                self._indexes.popitem(last=False)
        return known

    def study(self, prepared: Sequence[PreparedInstance]) -> StudyOfImages:
        """The series of these copies, of which nothing is stored."""
        return self.of_case(CopiesOf(0, tuple(prepared), version_of("", prepared), None))

    def png(
        self, study: StudyOfImages, series: int, number: int, window: str, width: int | None = None
    ) -> bytes:
        """One slice; `number` counts from 0, `width` in pixels for thumbnails. Raises NotThere or PictureFailed."""
        if not 0 <= series < len(study.series) or not 0 <= number < len(study.series[series].slices):
            raise NotThere("There is no such slice.", "Load the case again: its images may have changed.")
        if window not in WINDOWS:
            raise NotThere(f"There is no window {window!r}.", f"Use one of: {', '.join(WINDOWS)}.")
        chosen = study.series[series].slices[number]
        low, high = self._window(study, series, window, chosen)
        with pictured():
            return files.drawn(self._path(chosen), chosen.frame, low, high, width, chosen.known)

    def _path(self, chosen: Slice) -> Path:
        return self.blobs.path(chosen.blob)

    def _read_index(self, version: str, prepared: Sequence[PreparedInstance]) -> StudyIndex:
        """The index from the headers of the copies; where nothing can be read, its one picture will say so."""
        try:
            headers = files.headers([self.blobs.path(copy.blob) for copy in prepared])
        except TooBusy as error:
            raise come_again(error) from error
        return study_index(version, zip((copy.blob for copy in prepared), headers, strict=True))

    def _window(self, study: StudyOfImages, series: int, window: str, chosen: Slice) -> tuple[float, float]:
        """Signal shown as black and as white: one answer for a whole series, or scrolling would flicker.

        A slice of it that cannot be shown has no part in it, so that the others are.
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
            with suppress(PictureFailed), pictured():
                samples.append(
                    files.sampled(self._path(slices[place]), slices[place].frame, slices[place].known)
                )
        if not samples:
            with pictured():
                samples.append(files.sampled(self._path(chosen), chosen.frame, chosen.known))
        sample = np.concatenate(samples)
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


@contextmanager
def pictured(fix: str = "Look at it at the workstation.") -> Iterator[None]:
    """Around what is asked of a picture: PictureFailed with this `fix`, or TooManyRequests."""
    try:
        yield
    except TooBusy as error:
        raise come_again(error) from error
    except CannotDecode as error:
        raise PictureFailed(f"This image cannot be shown here. {error.problem}", fix) from error


def come_again(error: TooBusy) -> TooManyRequests:
    """The answer where others come first."""
    return TooManyRequests(error.problem, error.fix, retry_after_s=5)


def _many(pictures: Iterable[int]) -> bool:
    return sum(pictures) > REMEMBERED_PICTURES


def _pictured(study: StudyOfImages) -> int:
    return sum(len(series.slices) for series in study.series)


def shown_places(index: StudyIndex) -> list[list[int]]:
    """For each series which of the index's frames is its first picture, its second and so on: stack after stack."""
    places: list[list[int]] = [[] for _ in index.series]
    for stack in index.stacks:
        places[stack.series] += stack.frames
    return places


def series_of(index: StudyIndex) -> tuple[SeriesOfImages, ...]:
    """The series of an index, each with its stacks one after the other."""
    places = shown_places(index)
    return tuple(
        SeriesOfImages(
            number,
            series.series_number,
            series.description,
            series.modality,
            tuple(_slice(index, place) for place in places[number]),
        )
        for number, series in enumerate(index.series)
    )


def _slice(index: StudyIndex, number: int) -> Slice:
    frame = index.frames[number]
    of = index.objects[frame.object]
    known = files.known_of(of, frame)
    return Slice(of.blob, frame.frame, of.sop_instance_uid, frame.b_value, known)
