"""The header of the phantom scanner: UIDs, ages, places, and instances that do not share their values."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from gateway.demo.contrasts import Contrast
from gateway.demo.scanner import PROTOCOL, Examination, PhantomPatient, stable_uid

PIXELS = np.arange(64, dtype=np.uint16).reshape(8, 8)


def visit(**changes: Any) -> Examination:
    """An examination of 1 February 2026."""
    asked: dict[str, Any] = {"patient": PhantomPatient(), "when": date(2026, 2, 1), "seed": 3} | changes
    return Examination(**asked)


def image(number: int = 1, contrast: Contrast = Contrast.T2, z_mm: float = 12.0) -> Dataset:
    """One image of the second series."""
    header = visit().series_header(2, PROTOCOL[1], 8, 2.5)
    return visit().instance(header, number, contrast, z_mm, PIXELS)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.lists(st.text(max_size=8), min_size=1))
def test_a_uid_is_valid_and_follows_its_parts(parts: list[str], others: list[str]) -> None:
    """PS3.5 B.2: under 2.25, at most 64 characters; the same for the same parts only."""
    uid = stable_uid(*parts)
    assert uid.is_valid
    assert uid.startswith("2.25.")
    assert (uid == stable_uid(*others)) is ("\x1f".join(parts) == "\x1f".join(others))


def test_another_patient_date_or_seed_is_another_study() -> None:
    """The same arguments give the same study, so that a study can be made again."""
    visits = (
        visit(),
        visit(seed=4),
        visit(when=date(2026, 2, 2)),
        visit(patient=PhantomPatient(patient_id="DEMO-2")),
    )
    assert len({one.study_instance_uid for one in visits}) == 4
    assert visit().study_instance_uid == visits[0].study_instance_uid


@pytest.mark.parametrize(("when", "age"), [(date(2026, 5, 18), "042Y"), (date(2026, 5, 10), "041Y")])
def test_the_age_is_that_of_the_day_of_the_study(when: date, age: str) -> None:
    """PatientAge follows from birth and study date."""
    assert visit(when=when).series_header(1, PROTOCOL[0], 8, 2.5).PatientAge == age


def test_the_middle_of_the_picture_is_the_middle_of_the_head() -> None:
    """The position is the centre of the first voxel (PS3.3 C.7.6.2): the last lies opposite."""
    x, y, z = image().ImagePositionPatient
    assert x == y == pytest.approx(-(x + 7 * 2.5))
    assert z == 12


def test_what_is_changed_in_one_instance_stays_there() -> None:
    """The instances of a series do not share their nested values."""
    header = visit().series_header(2, PROTOCOL[1], 8, 2.5)
    first, second = (visit().instance(header, number, Contrast.T2, number, PIXELS) for number in (1, 2))
    first.RequestAttributesSequence[0].RequestedProcedureID = "X"
    assert second.RequestAttributesSequence[0].RequestedProcedureID == visit().accession_number
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.AcquisitionTime < second.AcquisitionTime


@pytest.mark.parametrize(
    ("contrast", "b_value", "name"),
    [(Contrast.B0, 0, "*ep_b0"), (Contrast.B1000, 1000, "*ep_b1000t"), (Contrast.ADC, None, "*tse2d1_18")],
)
def test_the_b_value_stands_in_all_three_places(contrast: Contrast, b_value: int | None, name: str) -> None:
    """Public, private and in SequenceName; an ADC map has none."""
    ds = image(contrast=contrast)
    assert ds.get("DiffusionBValue") == b_value
    private = ds.get((0x0019, 0x100C))
    assert (private.value if private is not None else None) == b_value
    assert ds.SequenceName == name


def test_the_pixels_are_little_endian_with_their_extremes() -> None:
    """Pixel data is what the array held, and the header says its range."""
    ds = image()
    assert np.array_equal(np.frombuffer(ds.PixelData, "<u2").reshape(8, 8), PIXELS)
    assert (ds.SmallestImagePixelValue, ds.LargestImagePixelValue) == (0, 63)


def test_contrast_is_injected_before_the_series_that_shows_it() -> None:
    """Only the series with an agent has a start time, and it is earlier than the series."""
    for number, series in enumerate(PROTOCOL, 1):
        header = visit().series_header(number, series, 8, 2.5)
        assert ("ContrastBolusStartTime" in header) is (Contrast.T1_CE in series.contrasts)
        if "ContrastBolusStartTime" in header:
            assert header.ContrastBolusStartTime < header.SeriesTime
