"""What each MR sequence makes of the tissues: a table of signals, coil, resolution and noise.

Signals are in scanner units (0..4095 is the range of 12 bits) as seen at 3 T; ADC is in 10^-6 mm2/s. The figures
are chosen to look right beside each other in one study; they are not quantitative.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from gateway.demo.anatomy import Grid, Layer, Tissue, Volume


class Contrast(StrEnum):
    FLAIR = "FLAIR"
    T2 = "T2"
    B0 = "DWI b0"
    B1000 = "DWI b1000"
    ADC = "ADC"
    T1 = "T1"
    T1_CE = "T1 with contrast"
    SWI = "SWI"


_CHANNELS = (
    Contrast.FLAIR,
    Contrast.T2,
    Contrast.B0,
    Contrast.ADC,
    Contrast.T1,
    Contrast.T1_CE,
    Contrast.SWI,
)
# PML_IRON and PML_PUNCTUM change single contrasts only: None leaves what is underneath.
_SIGNAL: dict[Tissue, tuple[float | None, ...]] = {
    #                   FLAIR   T2   b0   ADC   T1  T1CE  SWI
    Tissue.SKIN: (330, 260, 60, 1000, 420, 520, 230),
    Tissue.FAT: (230, 560, 25, 300, 800, 810, 380),
    Tissue.MUSCLE: (190, 130, 60, 1000, 370, 400, 260),
    Tissue.BONE: (14, 14, 4, 300, 18, 22, 14),
    Tissue.MARROW: (110, 230, 15, 300, 520, 540, 90),
    Tissue.CSF: (45, 1000, 980, 3000, 105, 108, 430),
    Tissue.CORTEX: (470, 535, 450, 860, 305, 316, 490),
    Tissue.WHITE: (340, 345, 335, 730, 455, 462, 440),
    Tissue.CALLOSUM: (310, 300, 300, 720, 480, 486, 430),
    Tissue.STRIATUM: (420, 430, 390, 760, 362, 372, 390),
    Tissue.PALLIDUM: (335, 270, 250, 770, 405, 412, 265),
    Tissue.THALAMUS: (405, 415, 380, 760, 385, 395, 415),
    Tissue.PLEXUS: (330, 760, 640, 1700, 260, 760, 330),
    Tissue.SINUS: (120, 60, 40, 1500, 170, 880, 330),
    Tissue.VEIN: (None, None, None, None, None, 640, 150),
    Tissue.MS_LESION: (700, 760, 640, 1080, 350, 355, 470),
    Tissue.PML_CORE: (850, 880, 760, 1280, 255, 262, 480),
    Tissue.PML_RIM: (800, 760, 700, 610, 300, 330, 465),
    Tissue.PML_IRON: (None, None, None, None, None, None, 220),
    Tissue.PML_PUNCTUM: (None, None, None, None, None, 720, None),
}

# Matrix of the echo-planar images: coarser than the others, as on a scanner.
_EPI_SHARE = 2 / 3
_NOISE = {
    Contrast.FLAIR: 13,
    Contrast.T2: 11,
    Contrast.B0: 15,
    Contrast.B1000: 9,
    Contrast.T1: 11,
    Contrast.T1_CE: 11,
    Contrast.SWI: 14,
}


def signals(grid: Grid, layers: Iterable[Layer]) -> dict[Contrast, Volume]:
    """The noiseless volumes of one head: layers painted one over the other in every contrast."""
    shape = np.broadcast_shapes(grid.x.shape, grid.y.shape, grid.z.shape)
    volumes = {contrast: np.zeros(shape, np.float32) for contrast in _CHANNELS}
    for layer in layers:
        # Paint only the box that the layer touches: most are small.
        box = _box(layer.opacity)
        if box is None:
            continue
        opacity = layer.opacity[box]
        for contrast, signal in zip(_CHANNELS, _SIGNAL[layer.tissue], strict=True):
            if signal is not None:
                part = volumes[contrast][box]
                part += opacity * (np.float32(signal) - part)
    return volumes


def _box(opacity: Volume) -> tuple[slice, slice, slice] | None:
    touched = opacity > 0.004
    spans = []
    for axes in ((1, 2), (0, 2), (0, 1)):
        where = np.flatnonzero(touched.any(axis=axes))
        if not where.size:
            return None
        spans.append(slice(int(where[0]), int(where[-1]) + 1))
    return spans[0], spans[1], spans[2]


def images(
    volumes: dict[Contrast, Volume], contrast: Contrast, slices_each: int, random: np.random.Generator
) -> NDArray[np.uint16]:
    """The slices of one contrast, each the mean of `slices_each` slices of the model, with coil and noise."""
    if contrast is Contrast.ADC:
        apparent = _coarse(_thick(volumes[Contrast.ADC], slices_each))
        seen = _coarse(_thick(volumes[Contrast.B0], slices_each))
        apparent = apparent + random.normal(0, 35, apparent.shape).astype(np.float32)
        # The scanner leaves out what has no signal to fit.
        return _pixels(np.where(seen > 110, apparent, 0))
    if contrast is Contrast.B1000:
        volume = 1.9 * volumes[Contrast.B0] * np.exp(-volumes[Contrast.ADC] / 1000)
    else:
        volume = volumes[contrast]
    volume = _thick(volume, slices_each)
    if contrast in (Contrast.B0, Contrast.B1000):
        volume = _coarse(volume)
    volume = volume * _coil(volume.shape)
    sigma = _NOISE[contrast]
    noise = random.standard_normal((2, *volume.shape), dtype=np.float32) * np.float32(sigma)
    return _pixels(np.hypot(volume + noise[0], noise[1]))


def _thick(volume: Volume, slices_each: int) -> Volume:
    count = volume.shape[0] // slices_each
    mean: Volume = volume[: count * slices_each].reshape(count, slices_each, *volume.shape[1:]).mean(axis=1)
    return mean


def _coarse(volume: Volume) -> Volume:
    """Fewer k-space lines: coarser pixels with the ringing at sharp borders that comes with it."""
    full = volume.shape[-1]
    kept = round(full * _EPI_SHARE / 2) * 2
    low = (full - kept) // 2
    lines = np.fft.fftshift(np.fft.fft2(volume), axes=(-2, -1))[..., low : low + kept, low : low + kept]
    apodised = lines * np.outer(np.hamming(kept), np.hamming(kept)) ** 0.5
    small = np.fft.ifft2(np.fft.ifftshift(apodised, axes=(-2, -1))) * (kept / full) ** 2
    result: Volume = np.abs(small).astype(np.float32)
    return result


def _coil(shape: tuple[int, ...]) -> Volume:
    """A head coil is a little more sensitive near its elements."""
    axis = np.linspace(-1, 1, shape[-1], dtype=np.float32)
    radius = axis[None, :] ** 2 + axis[:, None] ** 2
    profile: Volume = (0.93 + 0.16 * radius + 0.03 * axis[:, None]).astype(np.float32)
    return profile[None]


def _pixels(volume: Volume) -> NDArray[np.uint16]:
    return np.clip(np.rint(volume), 0, 4095).astype(np.uint16)
