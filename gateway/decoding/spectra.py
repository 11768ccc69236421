"""Signals of 1H spectroscopy (MR Spectroscopy Storage) as spectra: run only in a process that may die (`child`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_nodes.data_sets import data_set_of
from gateway.decoding.errors import UNDECODABLE, CannotDecode, NoSuchFrame
from gateway.decoding.rendering import Source
from gateway.imaging import spectrum

_LOOK_ELSEWHERE: Final = "Look at it at the workstation."
_BYTES: Final = 8
"""Of a data point: real and imaginary part, 32 bits each (PS3.3 C.8.14.4)."""
_MOST_SIGNALS: Final = 16_384


def shown_spectrum(source: Source, *, number: int) -> bytes:
    """One signal of an object, counted from 0 through frames, rows and columns, as JSON (`files.ShownSpectrum`)."""
    try:
        told = _told(_read(source), number)
    except (CannotDecode, MemoryError):
        raise
    except UNDECODABLE as error:
        raise CannotDecode(
            f"Its signal is not what its header says ({type(error).__name__}).", _LOOK_ELSEWHERE
        ) from None
    return json.dumps(told).encode()


def _read(source: Source) -> Dataset:
    return data_set_of(source if isinstance(source, Path) else source.getvalue())


def _told(ds: Dataset, number: int) -> dict[str, Any]:
    stored = {"DataRepresentation": "COMPLEX", "SignalDomainColumns": "TIME", "ResonantNucleus": "1H"}
    for keyword, wanted in stored.items():
        said = str(ds.get(keyword) or "")
        if said != wanted:
            raise CannotDecode(
                f"Its {keyword} is {said[:16] or 'not told'}; {wanted} is shown here.", _LOOK_ELSEWHERE
            )
    points, rows = int(ds.DataPointColumns), int(ds.get("DataPointRows") or 1)
    if rows != 1 or not 1 <= points <= spectrum.MOST_POINTS:
        raise CannotDecode("It is no spectrum of one dimension.", _LOOK_ELSEWHERE)
    data = bytes(ds.SpectroscopyData)
    signals = len(data) // (points * _BYTES)
    if not 1 <= signals <= _MOST_SIGNALS:
        raise CannotDecode("Its data are not as long as its header says.", _LOOK_ELSEWHERE)
    if not 0 <= number < signals:
        raise NoSuchFrame(f"There is no signal {number}.", f"The object has {signals}, counted from 0.")
    pairs = np.frombuffer(data, "<f4", 2 * points, number * points * _BYTES).astype(np.float64)
    signal: NDArray[Any] = pairs[0::2] + 1j * pairs[1::2]
    try:
        shown = spectrum.spectrum(
            signal,
            _first(ds, "SpectralWidth"),
            _first(ds, "TransmitterFrequency"),
            _first(ds, "ChemicalShiftReference"),
        )
    except ValueError as error:
        raise CannotDecode(str(error), _LOOK_ELSEWHERE) from None
    box = spectrum.voxel(
        [
            (float(slab.SlabThickness), slab.SlabOrientation, slab.MidSlabPosition)
            for slab in ds.get("VolumeLocalizationSequence") or ()
        ]
    )
    return {
        "ppm": shown.ppm,
        "magnitude": shown.magnitude,
        "water": shown.water,
        "signals": signals,
        "echo_time": _echo_time(ds, number * max(1, int(ds.get("NumberOfFrames") or 1)) // signals),
        "middle": box.middle if box else None,
        "edges": box.edges if box else None,
    }


def _first(ds: Dataset, keyword: str) -> float:
    """Attributes of two-dimensional spectra have two values."""
    value = ds[keyword].value
    return float(value[0] if isinstance(value, Sequence) else value)


def _echo_time(ds: Dataset, frame: int) -> float | None:
    """EffectiveEchoTime of a frame in ms (PS3.3 C.8.13.5.4); None where nobody says."""
    per_frame, shared = (
        ds.get("PerFrameFunctionalGroupsSequence") or (),
        ds.get("SharedFunctionalGroupsSequence") or (),
    )
    for group in (*per_frame[frame : frame + 1], *shared[:1]):
        for item in group.get("MREchoSequence") or ():
            if item.get("EffectiveEchoTime") is not None:
                return float(item.EffectiveEchoTime)
    return None
