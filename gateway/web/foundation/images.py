"""Pictures of the de-identified copies: which slices a case has, and one slice as PNG.

Only prepared copies are shown, never the originals, and nothing of a copy is read in this process
(`gateway.decoding.files`). The pictures are previews for the report form; what a reading is based on are the images at
the reading site's workstation.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np

from gateway.decoding import files
from gateway.decoding.errors import CannotDecode, TooBusy
from gateway.decoding.files import ListedFile
from gateway.errors import GatewayError, NotThere
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
REMEMBERED_STUDIES = 16
REMEMBERED_FRAMES = 20_000
"""Of indexes in memory, besides that of the last case: ten large studies."""
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
        self._indexes: OrderedDict[str, StudyIndex] = OrderedDict()
        self._windows: OrderedDict[tuple[str, int, str], tuple[float, float]] = OrderedDict()

    def of_case(self, case: CopiesOf) -> StudyOfImages:
        """The series of a case: from the stored index of its copies, else from their headers."""
        index = self.index(case)
        return self.study(case.copies, case.version) if index is None else _of_index(index)

    def index(self, case: CopiesOf) -> StudyIndex | None:
        """The stored index of a case's copies; None while there is none."""
        if not case.index_blob:
            return None
        with self._lock:
            if case.version in self._indexes:
                self._indexes.move_to_end(case.version)
                return self._indexes[case.version]
        try:
            found = StudyIndex.from_json(json.loads(self.blobs.get(case.index_blob)))
        except FileNotFoundError:
            return None
        with self._lock:
            self._indexes[case.version] = found
            while len(self._indexes) > 1 and sum(map(_frames, self._indexes.values())) > REMEMBERED_FRAMES:
                self._indexes.popitem(last=False)
        return found

    def study(self, prepared: Sequence[PreparedInstance], version: str = "") -> StudyOfImages:
        """The series of a case from the headers of its copies."""
        version = version or version_of("", prepared)
        with self._lock:
            if version in self._studies:
                self._studies.move_to_end(version)
                return self._studies[version]
        made = StudyOfImages(version, _series(self._listed(prepared)))
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
        chosen = study.series[series].slices[number]
        low, high = self._window(study, series, window, chosen)
        with pictured():
            return files.drawn(self._path(chosen), chosen.frame, low, high, width)

    def _path(self, chosen: Slice) -> Path:
        return self.blobs.path(chosen.blob)

    def _listed(self, prepared: Sequence[PreparedInstance]) -> list[tuple[str, ListedFile]]:
        """What the list says of each copy; where nothing can be read, its one picture will say so."""
        try:
            listing = files.listed([self.blobs.path(copy.blob) for copy in prepared])
        except TooBusy as error:
            raise come_again(error) from error
        return [
            (
                copy.blob,
                listed or ListedFile("", 0.0, "", "", copy.sop_instance_uid, 0.0, frames=((None, 0.0),)),
            )
            for copy, listed in zip(prepared, listing, strict=True)
        ]

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
                samples.append(files.sampled(self._path(slices[place]), slices[place].frame))
        if not samples:
            with pictured():
                samples.append(files.sampled(self._path(chosen), chosen.frame))
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


def _frames(index: StudyIndex) -> int:
    return len(index.frames)


def _of_index(index: StudyIndex) -> StudyOfImages:
    """The same series, stack after stack."""
    places = shown_places(index)
    return StudyOfImages(
        index.version,
        tuple(
            SeriesOfImages(
                number,
                series.series_number,
                series.description,
                series.modality,
                tuple(_slice(index, place) for place in places[number]),
            )
            for number, series in enumerate(index.series)
        ),
    )


def shown_places(index: StudyIndex) -> list[list[int]]:
    """For each series which of the index's frames is its first picture, its second and so on."""
    places: list[list[int]] = [[] for _ in index.series]
    for stack in index.stacks:
        places[stack.series].extend(stack.frames)
    return places


def _slice(index: StudyIndex, place: int) -> Slice:
    frame = index.frames[place]
    source = index.objects[frame.object]
    return Slice(source.blob, frame.frame, source.sop_instance_uid, frame.b_value)


def _series(found: Sequence[tuple[str, ListedFile]]) -> tuple[SeriesOfImages, ...]:
    groups: dict[str, list[tuple[str, ListedFile]]] = {}
    for blob, listed in found:
        groups.setdefault(listed.series, []).append((blob, listed))
    ordered = sorted(groups.values(), key=lambda group: (group[0][1].series_number, group[0][1].series))
    all_series = []
    for number, group in enumerate(ordered):
        first = group[0][1]
        # By b-value, then along the normal of the slices, then by number, whatever the order they are stored in.
        placed = sorted(
            (
                ((b_value or 0.0, along, listed.instance_number, frame), blob, listed.instance, b_value)
                for blob, listed in group
                for frame, (b_value, along) in enumerate(listed.frames)
            ),
            key=itemgetter(0),
        )
        slices = tuple(Slice(blob, order[-1], instance, b_value) for order, blob, instance, b_value in placed)
        all_series.append(
            SeriesOfImages(number, int(first.series_number), first.description, first.modality, slices)
        )
    return tuple(all_series)
