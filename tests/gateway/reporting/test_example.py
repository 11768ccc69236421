"""The report that the demo signs says what its phantom shows: measured on the phantom."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.demo.anatomy import Grid, Tissue, head
from gateway.demo.contrasts import Contrast, signals
from gateway.demo.phantom import phantom_study
from gateway.demo.scanner import MODEL_SLICE_MM, PROTOCOL
from gateway.reporting.example import phantom_form, phantom_report

SEED = inspect.signature(phantom_study).parameters["seed"].default
GRID = Grid.axial(144, 226.0, np.arange(12.0, 54.0, 3.0))
SEQUENCES = {
    "flair": Contrast.FLAIR,
    "t2": Contrast.T2,
    "dwi": Contrast.B1000,
    "t1": Contrast.T1,
    "t1_contrast": Contrast.T1_CE,
    "swi": Contrast.SWI,
}


@dataclass(frozen=True)
class Phantom:
    """Noiseless signals with the lesion and without, the lesion as FLAIR shows it, and the layers it lies in."""

    ill: dict[Contrast, NDArray[np.floating]]
    healthy: dict[Contrast, NDArray[np.floating]]
    lesion: NDArray[np.bool_]
    layers: dict[Tissue, NDArray[np.floating]]

    def mean(self, contrast: Contrast, where: NDArray[np.bool_]) -> float:
        return float(self.ill[contrast][where].mean())


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    """The head of the demo around its lesion."""
    layers = list(head(GRID, SEED, lesion=True))
    ill, healthy = signals(GRID, layers), signals(GRID, head(GRID, SEED, lesion=False))
    rise = ill[Contrast.FLAIR] - healthy[Contrast.FLAIR]
    # The first layer of a tissue: cortex and white matter are painted again, as unevenness and in the depth.
    first = {layer.tissue: np.broadcast_to(layer.opacity, rise.shape) for layer in reversed(layers)}
    return Phantom(ill, healthy, rise > rise.max() / 2, first)


def test_the_longest_axis_is_that_of_the_lesion(phantom: Phantom) -> None:
    """In the plane of the slices, at half of the rise on FLAIR, within 2 mm."""
    longest = 0.0
    for plane in phantom.lesion:
        rows, columns = np.nonzero(plane)
        points = np.stack([GRID.x.ravel()[columns], GRID.y.ravel()[rows]], axis=1)
        if len(points):
            longest = max(longest, float(np.linalg.norm(points[:, None] - points[None], axis=2).max()))
    assert float(phantom_form()["lesions.0.long_axis_mm"]) == pytest.approx(longest, abs=2)


def test_the_lesion_lies_on_the_side_and_in_front_as_reported(phantom: Phantom) -> None:
    """Right is negative x, frontal is negative y, in the patient's system of DICOM."""
    _, rows, columns = np.nonzero(phantom.lesion)
    assert GRID.x.ravel()[columns].max() < 0
    assert GRID.y.ravel()[rows].mean() < -20


def test_the_slices_are_as_thick_as_those_of_the_scanner() -> None:
    """Each sequence of the report has the thickness of the phantom's series."""
    form = phantom_form()
    for name, contrast in SEQUENCES.items():
        (series,) = (each for each in PROTOCOL if contrast in each.contrasts)
        told = float(form[f"protocol.sequences.{name}.thickness_mm"])
        assert told == series.slices_each * MODEL_SLICE_MM, name


def test_the_signals_are_those_that_are_reported(phantom: Phantom) -> None:
    """T1 dark, T2 uneven and without cysts, a ring on b1000, punctate enhancement, iron in the U-fibres."""
    inner = phantom.lesion & (phantom.layers[Tissue.PML_RIM] < 0.1)
    ring = phantom.lesion & (phantom.layers[Tissue.PML_RIM] > 0.5)
    white = (phantom.layers[Tissue.WHITE] > 0.95) & (phantom.ill[Contrast.FLAIR] < 380) & ~phantom.lesion
    b1000 = phantom.ill[Contrast.B0] * np.exp(-phantom.ill[Contrast.ADC] / 1000)
    assert phantom.mean(Contrast.T1, inner) < 0.85 * phantom.mean(Contrast.T1, white)
    t2 = phantom.ill[Contrast.T2][phantom.lesion]
    assert t2.std() > 0.05 * t2.mean()
    csf = phantom.ill[Contrast.T2].max()
    assert t2.max() < 0.92 * csf, "fluid in the lesion would be cysts"
    assert b1000[ring].mean() > 1.2 * b1000[inner].mean()
    rise = phantom.ill[Contrast.T1_CE] - phantom.ill[Contrast.T1]
    foci = phantom.lesion & (rise > 150)
    assert 0.005 < foci.sum() / phantom.lesion.sum() < 0.2
    iron = phantom.layers[Tissue.PML_IRON] > 0.4
    assert phantom.mean(Contrast.SWI, iron) < 0.8 * phantom.mean(Contrast.SWI, white)


def test_the_cortex_is_spared_and_nothing_is_displaced(phantom: Phantom) -> None:
    """No cortical involvement, no mass effect: beside the lesion the head is as it was."""
    cortex = (phantom.layers[Tissue.CORTEX] > 0) & (phantom.layers[Tissue.WHITE] < 0.02)
    rise = np.abs(phantom.ill[Contrast.FLAIR] - phantom.healthy[Contrast.FLAIR])
    assert rise[cortex].max() < 0.1 * rise.max()
    lesion = phantom_report().lesions[0]
    assert lesion.cortical_involvement.value == "absent"
    assert lesion.mass_effect.value == "none"
    touched = sum(phantom.layers[each] for each in Tissue if each.name.startswith("PML_")) > 0
    assert not rise[~touched].any()


def test_what_is_new_needs_a_prior() -> None:
    """Without one the words do not call the lesion new."""
    assert "New" in phantom_report().narrative
    assert "new" not in phantom_report(prior_study_date=None).narrative.lower()
