"""The phantom study: what it contains, how it looks in numbers, and whether it is valid DICOM."""

from __future__ import annotations

import shutil
import subprocess
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from gateway.demo.phantom import PhantomPatient, phantom_study
from routing_rules.protocol.assessment import assess
from routing_rules.protocol.verdict import Readability
from routing_rules.series.recognition import classify_study
from support.nodes.demo_nodes import STUDY_DATE, small_study


@pytest.fixture(scope="module")
def full() -> list[Dataset]:
    return list(phantom_study(STUDY_DATE, lesion=True))


@pytest.fixture(scope="module")
def previous() -> list[Dataset]:
    return list(phantom_study(date(2026, 8, 20), lesion=False))


def images(study: list[Dataset], words: str, b_value: float | None = None) -> list[Dataset]:
    chosen = [ds for ds in study if words in ds.SeriesDescription]
    return chosen if b_value is None else [ds for ds in chosen if ds.DiffusionBValue == b_value]


def mean_at(
    study: list[Dataset], words: str, place: tuple[float, float, float], b_value: float | None = None
) -> float:
    """Mean of a 5 mm cube around a place in mm, patient system."""
    values: list[NDArray[np.uint16]] = []
    for ds in images(study, words, b_value):
        left, top, z = (float(v) for v in ds.ImagePositionPatient)
        if abs(z - place[2]) > 2.6:
            continue
        spacing = float(ds.PixelSpacing[0])
        column, row = round((place[0] - left) / spacing), round((place[1] - top) / spacing)
        values.append(ds.pixel_array[row - 2 : row + 3, column - 2 : column + 3])
    return float(np.mean(np.stack(values)))


# Inside the lesion, and the same place in the other hemisphere.
LESION, HEALTHY = (-34.0, -36.0, 31.0), (28.0, 22.0, 40.0)


def test_a_study_has_the_seven_series_of_a_surveillance_protocol(full: list[Dataset]) -> None:
    """FLAIR 3D, T2, DWI with b0 and b1000, ADC, T1, SWI and T1 with contrast, about 350 instances together."""
    descriptions = list(dict.fromkeys(ds.SeriesDescription for ds in full))
    assert len(descriptions) == 7
    assert 330 <= len(full) <= 360
    assert {ds.DiffusionBValue for ds in images(full, "TRACEW")} == {0, 1000}
    assert {ds.MRAcquisitionType for ds in images(full, "FLAIR")} == {"3D"}
    assert all(ds.ContrastBolusAgent == "Gadobutrol" for ds in images(full, "KM"))
    assert [ds for ds in full if "ContrastBolusAgent" in ds] == images(full, "KM")


def test_the_protocol_of_the_phantom_is_readable(full: list[Dataset]) -> None:
    """Its slices can hold a whole brain, without gaps, and b = 1000 is there: the demo shows no verdict by chance."""
    verdict = assess(classify_study(full), suspected=True)
    assert (verdict.readability, verdict.limits) == (Readability.READABLE, ())


def test_thickness_is_what_the_protocol_asks_for(full: list[Dataset]) -> None:
    """The 3D FLAIR is at most 1.5 mm, T2 at most 3 mm, DWI at most 5 mm, and no slice leaves a gap."""
    for words, limit in (("FLAIR", 1.5), ("t2_tse", 3.0), ("TRACEW", 5.0)):
        series = images(full, words, 0 if words == "TRACEW" else None)
        assert series[0].SliceThickness <= limit
        steps = np.diff([float(ds.ImagePositionPatient[2]) for ds in series])
        assert np.allclose(steps, series[0].SliceThickness)


def test_the_instances_of_a_study_share_patient_study_and_frame_of_reference(full: list[Dataset]) -> None:
    """One study has one patient, one study UID and one frame of reference; no instance UID occurs twice."""
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID", "AccessionNumber", "PatientName"):
        assert len({str(ds[keyword].value) for ds in full}) == 1
    assert len({ds.SOPInstanceUID for ds in full}) == len(full)
    assert all(
        ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian and ds.BitsAllocated == 16 for ds in full
    )


def test_two_dates_are_two_studies_of_one_patient(full: list[Dataset], previous: list[Dataset]) -> None:
    """The previous study has the same patient and no UID in common with the new one."""
    assert full[0].PatientID == previous[0].PatientID
    uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
    assert not {ds[k].value for ds in full for k in uids} & {ds[k].value for ds in previous for k in uids}


def test_the_same_arguments_give_the_same_instances() -> None:
    """A phantom can be made again, byte for byte; another patient gets other UIDs."""
    again = list(phantom_study(STUDY_DATE, small=True))
    assert [ds.to_json() for ds in again] == [ds.to_json() for ds in small_study()]
    other = next(phantom_study(STUDY_DATE, patient=PhantomPatient(patient_id="DEMO-2"), small=True))
    assert other.StudyInstanceUID != again[0].StudyInstanceUID


@pytest.mark.parametrize(
    ("words", "brighter"),
    [
        ("FLAIR", True),
        ("t2_tse", True),
        ("_ADC", True),
        ("t1_se_tra", False),
    ],
)
def test_the_lesion_has_the_signal_of_pml(full: list[Dataset], words: str, brighter: bool) -> None:
    """Brighter than white matter on FLAIR, T2 and the ADC map, darker on T1."""
    ratio = mean_at(full, words, LESION) / mean_at(full, words, HEALTHY)
    assert ratio > 1.2 if brighter else ratio < 0.85, ratio


def test_the_previous_study_has_no_such_lesion(full: list[Dataset], previous: list[Dataset]) -> None:
    """Where the lesion is now there was white matter three months earlier; the rest of the head is the same."""
    assert mean_at(full, "FLAIR", LESION) > 1.5 * mean_at(previous, "FLAIR", LESION)
    assert mean_at(full, "FLAIR", HEALTHY) == pytest.approx(mean_at(previous, "FLAIR", HEALTHY), rel=0.06)


def test_the_rim_of_the_lesion_is_the_brightest_part_on_dwi(full: list[Dataset]) -> None:
    """The brightest pixels on b1000 lie in the right frontal lobe and restrict diffusion there."""
    b1000 = np.stack([ds.pixel_array for ds in images(full, "TRACEW", 1000)])
    adc = np.stack([ds.pixel_array for ds in images(full, "_ADC")])
    slices, rows, columns = np.nonzero(b1000 >= np.quantile(b1000, 0.9993))
    middle = b1000.shape[-1] / 2
    assert (columns < middle).mean() > 0.95
    assert (rows < middle).mean() > 0.95
    assert adc[slices, rows, columns].mean() < 900


def test_a_head_looks_like_a_head(full: list[Dataset]) -> None:
    """Air around it, black skull between scalp and brain, ventricles bright on T2 and black on FLAIR."""
    ds = images(full, "t2_tse")[7]
    row = ds.pixel_array[ds.Rows // 2 + 10].astype(int)
    assert row[:8].max() < 60
    inside = np.flatnonzero(row > 200)
    assert 120 < (inside[-1] - inside[0]) * float(ds.PixelSpacing[0]) < 180
    ventricle = (11.0, 5.0, 21.0)
    assert mean_at(full, "t2_tse", ventricle) > 700
    assert mean_at(full, "FLAIR", ventricle) < 200


def test_a_whole_study_is_made_within_fifteen_seconds() -> None:
    """Generation must not be what people wait for in the demonstration."""
    begin = time.process_time()
    assert sum(1 for _ in phantom_study(STUDY_DATE)) > 100
    assert time.process_time() - begin < 15  # six on a machine with nothing else to do


@pytest.mark.dicom3tools
def test_dciodvfy_finds_no_error(full: list[Dataset], tmp_path: Path) -> None:
    """One instance of every series and b-value is a valid MR Image."""
    program = shutil.which("dciodvfy")
    assert program is not None, "dciodvfy is missing: install the Debian package dicom3tools."
    kinds = {(ds.SeriesDescription, ds.get("DiffusionBValue")): ds for ds in full}
    assert len(kinds) == 8
    for number, ds in enumerate(kinds.values()):
        path = tmp_path / f"{number}.dcm"
        ds.save_as(path, enforce_file_format=True)
        assert dcmread(path).pixel_array.shape == (ds.Rows, ds.Columns)
        verdict = subprocess.run(
            [program, str(path)], capture_output=True, text=True, timeout=20, check=False
        )
        assert "Error" not in verdict.stderr + verdict.stdout, verdict.stderr
