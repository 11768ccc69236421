"""A phantom brain MRI study: FLAIR 3D, T2, DWI b0/b1000, ADC, T1, SWI and T1 with contrast of one invented patient.

    for dataset in phantom_study(date(2026, 11, 20), patient=PhantomPatient(), lesion=True):
        dataset.save_as(folder / f"{dataset.SOPInstanceUID}.dcm", enforce_file_format=True)

With `lesion=True` there is a flame-shaped lesion in the right frontal white matter under the cortex, as PML would
make it: bright on FLAIR and T2, dark on T1, with a bright rim on DWI and faint dots of enhancement. Both kinds of
study show the same few old MS lesions, so that two dates of one patient can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
from pydicom import Dataset

from gateway.demo.anatomy import Grid, head
from gateway.demo.contrasts import images, signals
from gateway.demo.scanner import MODEL_SLICE_MM, PROTOCOL, Examination, PhantomPatient

__all__ = ["Examination", "PhantomPatient", "phantom_study"]

INSTANCES = 345
_FIELD_OF_VIEW_MM = 201.0
_MATRIX, _SMALL_MATRIX = 192, 96
# The slices lie around the lesion, and end at the vertex: the usual number reaches down to the base of the skull.
# Below the basal ganglia the model goes on as hemispheres: it has no cerebellum and no brainstem.
_LESION_Z_MM, _VERTEX_Z_MM = 29.5, 76.0
_SMALL_SLICES = 3
# Instances over the whole protocol for each slice of the model, and the step at which every series has whole slices.
_INSTANCES_PER_MODEL_SLICE = sum(len(series.contrasts) / series.slices_each for series in PROTOCOL)
_STEP = 6


def phantom_study(
    when: date,
    *,
    patient: PhantomPatient | None = None,
    seed: int = 4,
    instances: int = INSTANCES,
    lesion: bool = True,
    small: bool = False,
) -> Iterator[Dataset]:
    """Make one study, series by series: MR Images, Explicit VR Little Endian, 16 bit, file meta set.

    The same arguments give the same bytes and UIDs; another date or patient gives other UIDs, and `seed` is the
    head. `instances` is the approximate number over all series (it sets how much of the head is covered).
    `small` makes three coarse slices a series, all through the lesion, in a fraction of a second, for tests.
    """
    examination = Examination(patient or PhantomPatient(), when, seed)
    matrix = _SMALL_MATRIX if small else _MATRIX
    count = 9 if small else max(_STEP, round(instances / _INSTANCES_PER_MODEL_SLICE / _STEP) * _STEP)
    middle = min(_LESION_Z_MM, _VERTEX_Z_MM - count * MODEL_SLICE_MM / 2)
    z = middle + (np.arange(count) - (count - 1) / 2) * MODEL_SLICE_MM
    grid = Grid.axial(matrix, _FIELD_OF_VIEW_MM, z)
    volumes = signals(grid, head(grid, seed, lesion=lesion))
    # Noise is new at every visit, the head is not.
    random = np.random.default_rng([seed, when.toordinal()])
    # Series 1 was the localizer, which nobody archives here.
    for number, series in enumerate(PROTOCOL, start=2):
        position = 0
        header: Dataset | None = None
        for contrast in series.contrasts:
            pixels = images(volumes, contrast, series.slices_each, random)
            if header is None:
                size = pixels.shape[-1]
                header = examination.series_header(number, series, size, _FIELD_OF_VIEW_MM / size)
            middles = z[: len(pixels) * series.slices_each].reshape(len(pixels), -1).mean(axis=1)
            first = max(0, (len(pixels) - _SMALL_SLICES) // 2) if small else 0
            last = first + _SMALL_SLICES if small else len(pixels)
            for slice_z, image in zip(middles[first:last], pixels[first:last], strict=True):
                position += 1
                yield examination.instance(header, position, contrast, float(slice_z), image)
