"""What is read and drawn of a file that others made, asked of a process that may die: nothing of it is read here.

Every function raises CannotDecode, TooBusy among them, and nothing else, whatever the file holds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from gateway.decoding.children import SHARED, DecodingProcesses
from gateway.decoding.description import MOST_FRAMES
from gateway.decoding.errors import UNDECODABLE, CannotDecode, TooBusy
from gateway.imaging.frames import HEADERS, ObjectHeader
from gateway.imaging.spectrum import Spectrum, Voxel
from gateway.imaging.study_index import FrameIndex, ObjectIndex
from gateway.imaging.volume_plan import GREY

_PICTURE_BYTES: Final = 768 << 20
"""Address space for one picture, besides twice its file: of the largest MR image it takes a tenth."""
_MOST_TOLD: Final = 32 << 20
_AT_ONCE: Final = 100
"""Files whose headers are read by one order."""
_MOST_SAMPLED: Final = 8 << 20
_MOST_SPECTRUM: Final = 8 << 20
_MACHINE: Final = "It is tried again by itself; look whether the machine is short of memory."
_LOOK_ELSEWHERE: Final = "Look at it in the archive that sent it."


@dataclass(frozen=True)
class ShownSpectrum:
    """One signal of spectroscopy: its spectrum, how many the object has, TE in ms and the voxel, None if not known."""

    spectrum: Spectrum
    signals: int
    echo_time: float | None
    voxel: Voxel | None


def headers(paths: Sequence[Path], processes: DecodingProcesses = SHARED) -> list[ObjectHeader | None]:
    """What the index of a study takes from each object; None for what is unreadable.

    Many are asked for at once; where that fails, each by itself, so that a hostile one takes no other with it. Raises
    TooBusy where no file could be read now.
    """
    found: list[ObjectHeader | None] = []
    for at in range(0, len(paths), _AT_ONCE):
        found += _headers(paths[at : at + _AT_ONCE], processes)
    return found


def _headers(
    paths: Sequence[Path], processes: DecodingProcesses, *, is_again: bool = False
) -> list[ObjectHeader | None]:
    size = max((path.stat().st_size for path in paths if path.exists()), default=0)
    order = {"files": [str(path.absolute()) for path in paths]}
    try:
        told = processes.ask("headers", order, memory=_PICTURE_BYTES + 2 * size, most=_MOST_TOLD)[1]
        said = HEADERS.validate_json(told)
        if len(said) != len(paths) or any(len(each.frames) > MOST_FRAMES for each in said if each):
            raise ValueError
        return said
    except TooBusy:
        raise
    except (CannotDecode, *UNDECODABLE):
        if len(paths) > 1:
            return [each for path in paths for each in _headers([path], processes)]
        # What failed may have been the process, or the machine: an image must not be hidden by that.
        if not is_again:
            return _headers(paths, processes, is_again=True)
        if not _reads_others(processes):
            raise TooBusy("No header can be read at the moment.", _MACHINE) from None
        return [None]


def _reads_others(processes: DecodingProcesses) -> bool:
    """Whether a process answers where no file is to be read: then it was the file that ended it."""
    try:
        told = processes.ask("headers", {"files": []}, memory=_PICTURE_BYTES, most=_MOST_TOLD)[1]
        return HEADERS.validate_json(told) == []
    except (CannotDecode, *UNDECODABLE):
        return False


def header(file: Path | bytes, processes: DecodingProcesses = SHARED) -> Dataset:
    """The data set without its pixels."""
    told = _asked(processes, "header", file)
    try:
        return dcmread(BytesIO(told), force=True)
    except (InvalidDicomError, *UNDECODABLE):
        raise CannotDecode("Its header cannot be read.", _LOOK_ELSEWHERE) from None


def known_of(source: ObjectIndex, frame: FrameIndex) -> dict[str, Any] | None:
    """What need not be read of a file again to draw this frame; None where it does not lie there as it is."""
    if (
        frame.offset is None
        or source.photometric not in GREY
        or frame.slope is None
        or frame.intercept is None
    ):
        return None
    return {
        "offset": frame.offset,
        "length": frame.length,
        "rows": frame.rows,
        "columns": frame.columns,
        "bits": source.bits_stored,
        "signed": source.signed,
        "slope": frame.slope,
        "intercept": frame.intercept,
        "photometric": source.photometric,
        "spacing": frame.spacing,
    }


def sampled(
    file: Path | bytes,
    frame: int,
    known: dict[str, Any] | None = None,
    processes: DecodingProcesses = SHARED,
) -> NDArray[np.float32]:
    """Some values of a frame, rescaled."""
    told = _asked(processes, "sampled", file, {"frame": frame, "known": known}, most=_MOST_SAMPLED)
    if not told or len(told) % 4:
        raise CannotDecode("Its pixels are not of the size in its header.", _LOOK_ELSEWHERE)
    return np.frombuffer(told, "<f4")


def stored(path: Path, order: dict[str, Any], size: int, processes: DecodingProcesses = SHARED) -> bytes:
    """The values of some frames of a file, `size` bytes of them, as `stored.values_of` is asked by `order`."""
    told = _asked(processes, "stored", path, order, most=size)
    if len(told) != size:
        raise CannotDecode("Its pixels are not of the size in its header.", _LOOK_ELSEWHERE)
    return told


def drawn(
    file: Path | bytes,
    frame: int,
    low: float,
    high: float,
    width: int | None = None,
    known: dict[str, Any] | None = None,
    processes: DecodingProcesses = SHARED,
) -> bytes:
    """One frame as PNG; `known` as `known_of` says it."""
    order = {"frame": frame, "low": low, "high": high, "width": width, "known": known}
    return _asked(processes, "drawn", file, order)


def drawn_as_stored(
    file: Path | bytes, frame: int, black: float, white: float, processes: DecodingProcesses = SHARED
) -> bytes:
    """One frame as PNG, every value of it: `black` and `white` are percentiles."""
    order = {"frame": frame, "black": black, "white": white}
    return _asked(processes, "drawn as stored", file, order)


def spectrum_of(file: Path | bytes, number: int, processes: DecodingProcesses = SHARED) -> ShownSpectrum:
    """One signal of an object of MR Spectroscopy Storage, counted from 0."""
    told = _asked(processes, "spectrum", file, {"number": number}, most=_MOST_SPECTRUM)
    try:
        said = json.loads(told)
        shown = Spectrum(_numbers(said["ppm"]), _numbers(said["magnitude"]), _finite(said["water"]))
        echo_time = None if said["echo_time"] is None else _finite(said["echo_time"])
        if len(shown.ppm) != len(shown.magnitude):
            raise ValueError
        voxel = None
        if said["middle"] is not None:
            one, two, three = (_place(edge) for edge in said["edges"])
            voxel = Voxel(_place(said["middle"]), (one, two, three))
        return ShownSpectrum(shown, int(said["signals"]), echo_time, voxel)
    except UNDECODABLE:
        raise CannotDecode("Its signal cannot be read.", _LOOK_ELSEWHERE) from None


def _numbers(said: Any) -> tuple[float, ...]:
    return tuple(_finite(each) for each in said)


def _place(said: Any) -> tuple[float, float, float]:
    x, y, z = _numbers(said)
    return x, y, z


def _asked(
    processes: DecodingProcesses,
    task: str,
    file: Path | bytes,
    order: dict[str, Any] | None = None,
    most: int | None = None,
) -> bytes:
    if isinstance(file, bytes):
        path, data, size = "", file, len(file)
    else:
        try:
            path, data, size = str(file.absolute()), b"", file.stat().st_size
        except OSError as error:
            raise CannotDecode(
                f"Its file cannot be read ({type(error).__name__}).", _LOOK_ELSEWHERE
            ) from None
    asked = {**(order or {}), "file": path}
    return processes.ask(task, asked, [data], memory=_PICTURE_BYTES + 2 * size, most=most)[1]


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number
