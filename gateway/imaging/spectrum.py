"""A spectrum of 1H spectroscopy from the signal that a scanner stores, and where its voxel lies (PS3.3 C.8.14).

What is shown is the magnitude of the Fourier transform: nothing is phased, fitted or shifted, so that no line is there
that the signal has not. Positions of the named lines are those of Govindaraju 2000 (NMR Biomed 13:129).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateway.imaging.study_index import Vector

LINES: Final = (("Lip", 0.9), ("Lip", 1.3), ("NAA", 2.01), ("Cr", 3.03), ("Cho", 3.19))
"""Name of a metabolite and its chemical shift in ppm; lipids have two bands."""
LOWEST_PPM, HIGHEST_PPM = 0.4, 4.2
"""What is shown: water, at about 4.7 ppm, is outside."""
BROADENING_HZ: Final = 2.0
"""Lorentzian line broadening against noise."""
MOST_POINTS: Final = 65_536
"""Of one signal; scanners store 512 to 4,096."""
_FILLED: Final = 2
_RIGHT_ANGLE: Final = 1e-3


@dataclass(frozen=True)
class Spectrum:
    """The magnitude from the highest to the lowest chemical shift; 1 is the largest that is shown."""

    ppm: tuple[float, ...]
    magnitude: tuple[float, ...]
    water: float
    """The largest magnitude of the whole signal, in the same unit: above 10 where water was not suppressed."""


@dataclass(frozen=True)
class Voxel:
    """A box in the patient, in mm; `edges` are its three half edges, at right angles."""

    middle: Vector
    edges: tuple[Vector, Vector, Vector]

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The lengths of its edges in mm, the longest first."""
        one, two, three = sorted((2 * float(np.linalg.norm(edge)) for edge in self.edges), reverse=True)
        return one, two, three

    @property
    def corners(self) -> tuple[Vector, ...]:
        """Its eight corners."""
        edges = np.asarray(self.edges)
        at = (np.asarray(self.middle) + np.asarray(signs) @ edges for signs in product((-1, 1), repeat=3))
        return tuple(_vector(corner) for corner in at)


def spectrum(
    signal: NDArray[Any], spectral_width_hz: float, transmitter_mhz: float, reference_ppm: float
) -> Spectrum:
    """The spectrum of a complex signal in time; `reference_ppm` is the chemical shift of the transmitter frequency.

    The chemical shift rises with the frequency of the stored signal: so the spectra of the known solutions in public
    files of two vendors have it. Raises ValueError for what no scanner stores.
    """
    numbers = (spectral_width_hz, transmitter_mhz, reference_ppm)
    if not all(np.isfinite(numbers)) or spectral_width_hz <= 0 or transmitter_mhz <= 0:
        raise ValueError("Its frequencies are not what they can be.")
    if not 8 <= signal.size <= MOST_POINTS or not np.isfinite(signal).all():
        raise ValueError("Its signal is not what it can be.")
    seconds = np.arange(signal.size) / spectral_width_hz
    broadened = signal * np.exp(-np.pi * BROADENING_HZ * seconds)
    points = _FILLED * signal.size
    transformed = np.abs(np.fft.fftshift(np.fft.fft(broadened, points)))
    ppm = reference_ppm + np.fft.fftshift(np.fft.fftfreq(points, 1 / spectral_width_hz)) / transmitter_mhz
    shown = (ppm >= LOWEST_PPM) & (ppm <= HIGHEST_PPM)
    if not shown.any() or not (largest := float(transformed[shown].max())) > 0:
        raise ValueError("Its signal shows nothing between 0.4 and 4.2 ppm.")
    return Spectrum(
        tuple(float(each) for each in ppm[shown][::-1]),
        tuple(float(each) for each in transformed[shown][::-1] / largest),
        float(transformed.max()) / largest,
    )


def voxel(slabs: Sequence[tuple[float, Sequence[float], Sequence[float]]]) -> Voxel | None:
    """The box that three slabs cut out: of each the thickness in mm, the normal, the middle (PS3.3 C.8.14.3.1).

    None where there are not three, or where their normals are no unit vectors at right angles.
    """
    if len(slabs) != 3:
        return None
    sizes = np.asarray([slab[0] for slab in slabs], np.float64)
    try:
        normals = np.asarray([tuple(slab[1]) for slab in slabs], np.float64)
        middles = np.asarray([tuple(slab[2]) for slab in slabs], np.float64)
    except ValueError:
        return None
    if (
        normals.shape != (3, 3)
        or middles.shape != (3, 3)
        or not np.isfinite([*sizes, *middles.ravel()]).all()
    ):
        return None
    if not np.allclose(normals @ normals.T, np.eye(3), atol=_RIGHT_ANGLE) or not (sizes > 0).all():
        return None
    middle = np.linalg.solve(normals, np.einsum("ij,ij->i", normals, middles))
    one, two, three = (_vector(normal * size / 2) for normal, size in zip(normals, sizes, strict=True))
    return Voxel(_vector(middle), (one, two, three))


def _vector(values: NDArray[Any]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
