"""A signal of spectroscopy is read in a process that may die, and shown as what it is or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from gateway.decoding.errors import CannotDecode, NoSuchFrame
from gateway.decoding.files import spectrum_of
from support.objects.dicom_files import encoded
from support.objects.spectroscopy import BRAIN, MIDDLE, SIZES, spectroscopy

SHARED = Path(__file__).parents[4] / "shared" / "mr-data"


def test_the_lines_of_a_signal_are_where_they_were_put() -> None:
    """With echo time and voxel; a second signal is another one."""
    shown = spectrum_of(encoded(spectroscopy(signals=2)), 0)
    ppm, height = np.asarray(shown.spectrum.ppm), np.asarray(shown.spectrum.magnitude)
    for shift in BRAIN:
        near = np.abs(ppm - shift) < 0.04
        assert height[near].max() > 3 * height[(ppm > 2.4) & (ppm < 2.7)].max()
    assert (shown.signals, shown.echo_time) == (2, 30.0)
    assert shown.voxel is not None
    assert shown.voxel.middle == pytest.approx(MIDDLE)
    assert shown.voxel.sizes == pytest.approx(SIZES)
    assert spectrum_of(encoded(spectroscopy(signals=2)), 1).spectrum.water > 10


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"DataRepresentation": "REAL"}, "DataRepresentation"),
        ({"SignalDomainColumns": "FREQUENCY"}, "SignalDomainColumns"),
        ({"ResonantNucleus": "31P"}, "ResonantNucleus"),
        ({"ResonantNucleus": None}, "not told"),
        ({"DataPointRows": 16}, "one dimension"),
        ({"DataPointColumns": 2**31 - 1}, "one dimension"),
        ({"DataPointColumns": 0}, "one dimension"),
        ({"SpectralWidth": 0.0}, "frequencies"),
        ({"SpectroscopyData": bytes(64)}, "as long as"),
        ({"SpectroscopyData": np.full(2048, np.nan, "<f4").tobytes()}, "signal"),
        ({"TransmitterFrequency": None}, "KeyError"),
    ],
)
def test_what_is_no_such_signal_is_said_to_be_none(changes: dict[str, object], why: str) -> None:
    """Nothing is drawn of what might mean something else, and a number in a header allocates nothing."""
    with pytest.raises(CannotDecode) as refused:
        spectrum_of(encoded(spectroscopy(**changes)), 0)
    assert why in refused.value.problem
    assert refused.value.fix


def test_a_voxel_that_is_not_told_is_not_known() -> None:
    """The spectrum is shown all the same."""
    for slabs in ([], [Dataset()] * 3):
        try:
            shown = spectrum_of(encoded(spectroscopy(VolumeLocalizationSequence=slabs)), 0)
        except CannotDecode:
            assert slabs
        else:
            assert shown.voxel is None


def test_a_signal_that_is_not_there_is_told() -> None:
    """They are counted from 0."""
    for number in (-1, 1):
        with pytest.raises(NoSuchFrame):
            spectrum_of(encoded(spectroscopy()), number)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        # Ethanol's triplet and a brain's NAA, both 0.1 ppm low because the water of a cool phantom is at 4.8 ppm.
        ("siemens_xa_enhanced/suspect__tests_test_data_siemens_SVS_XA60.dcm", 1.07),
        ("philips/suspect__tests_test_data_dicom_No_Name_Mrs_Dti_Qa_MRSshortTELN_401_IM-0001-0002.dcm", 1.87),
    ],
)
def test_files_of_two_vendors_have_their_lines_on_the_right_side_of_water(name: str, line: float) -> None:
    """The direction of the axis is that of the stored signal, in both."""
    if not (SHARED / name).exists():
        pytest.skip("the public files are not beside the checkout")
    shown = spectrum_of(SHARED / name, 0).spectrum
    assert shown.ppm[int(np.argmax(shown.magnitude))] == pytest.approx(line, abs=0.03)
