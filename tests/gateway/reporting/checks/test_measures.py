"""Measures that cannot be are refused, at their field, with their bounds; large ones of large organs are not."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.reporting.example import phantom_form
from gateway.reporting.report import form_problems

SPECTRUM = {
    "protocol.sequences.mrs.acquired": "present",
    "protocol.sequences.mrs.quality": "diagnostic",
    "spectra.0.site": "frontal_lobe",
    "spectra.0.laterality": "right",
    "spectra.0.reference": "nawm",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lesions.0.long_axis_mm": "900"}, ["lesions.0.long_axis_mm"]),
        ({"lesions.0.long_axis_mm": "0"}, ["lesions.0.long_axis_mm"]),
        ({"lesions.0.long_axis_mm": "180"}, []),
        ({"lesions.0.volume_cm3": "15600"}, ["lesions.0.volume_cm3", "lesions"]),
        ({"lesions.0.volume_cm3": "156", "lesions.0.long_axis_mm": "31"}, ["lesions"]),
        ({"lesions.0.volume_cm3": "15.6", "lesions.0.long_axis_mm": "31"}, []),
        (
            {
                "lesions.0.volume_cm3": "156",
                "lesions.0.long_axis_mm": "31",
                "lesions.0.multiplicity": "multifocal",
            },
            [],
        ),
        ({"protocol.sequences.flair.thickness_mm": "50"}, ["protocol.sequences.flair.thickness_mm"]),
        ({**SPECTRUM, "spectra.0.values.lip_cr": "99999"}, ["spectra.0.values.lip_cr"]),
        ({**SPECTRUM, "spectra.0.values.lip_cr": "12.5"}, []),
        (
            {
                **SPECTRUM,
                "spectra.0.values.lip_cr": "2",
                "spectra.0.reference_values.lip_cr": "51",
            },
            ["spectra.0.reference_values.lip_cr"],
        ),
    ],
)
def test_a_measure(changes: dict[str, Any], expected: list[str]) -> None:
    """A slip of the pen is told with what would be possible."""
    assert [problem.field for problem in form_problems(phantom_form() | changes)] == expected
