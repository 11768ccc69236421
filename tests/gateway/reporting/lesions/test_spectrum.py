"""A voxel of spectroscopy checks itself."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from gateway.reporting.lesions.spectrum import Ratios, Spectrum

SPECTRUM = {"site": "frontal_lobe", "laterality": "right", "reference": "none"}


def test_a_spectrum_has_a_ratio_and_a_reference_region_for_reference_values() -> None:
    """Zero is a measured ratio; reference values without their region are refused."""
    spectrum = Spectrum.model_validate(SPECTRUM | {"values": {"lip_cr": "0"}})
    assert spectrum.values.known == {"lip_cr": Decimal(0)}
    assert Ratios().known == {}
    with pytest.raises(ValidationError, match="without any ratio"):
        Spectrum.model_validate(SPECTRUM)
    with pytest.raises(ValidationError, match="reference region"):
        Spectrum.model_validate(SPECTRUM | {"values": {"naa_cr": "1"}, "reference_values": {"naa_cr": "2"}})


def test_a_voxel_names_its_lesion_its_echo_time_and_how_much_of_it_is_lesion() -> None:
    """What makes two spectra comparable stands beside the ratios; an echo time of zero is none."""
    known = {"lesion": "2", "overlap": "partial", "echo_time_ms": "135", "values": {"cho_cr": "1.4"}}
    spectrum = Spectrum.model_validate(SPECTRUM | known)
    assert (spectrum.lesion, spectrum.echo_time_ms) == (2, Decimal(135))
    with pytest.raises(ValidationError):
        Spectrum.model_validate(SPECTRUM | known | {"echo_time_ms": "0"})
