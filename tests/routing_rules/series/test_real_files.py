"""Real files of real scanners are recognised as a person labelled them; skipped where the files are not at hand."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from routing_rules.series.recognition import PROVEN, classify_series, classify_study
from support.objects.labelled_series import PYDICOM_MR, pydicom_series

DATA = Path(__file__).resolve().parents[4] / "shared" / "mr-data"

# Start of the file name -> kind, and the reason why the attributes prove it.
LABELS = {
    "ge/dcm_qa_deident__": ("t1", "GR 3D, TI 400, TE 2.8: inversion-prepared SPGR"),
    "ge/dcm_qa_ge__01_Ax_DWI_TENSOR": ("dwi", "EP\\SE, b 1000 on later images"),
    "ge/dcm_qa_ge__05_3D_Ax_T1_MP_RAGE": ("t1", "RM\\IR, TI 1000, TE 3.2"),
    "ge/dcm_qa_ge__SliceTiming_4_Ax_fMRI": ("other", "EP\\GR, epiRT"),
    "ge/dcm_qa_nih__": ("other", "EP\\GR, epiRT"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_anatomical_001": ("t1", "GR 3D, TI 900, TE 3.2"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_failing_slicecount": (
        "flair",
        "SE\\IR, TI 2200, TE 394, TR 6000",
    ),
    "mixed_dicom2nifti/dicom2nifti__tests_data_ge_anatomical": ("t1", "GR 3D, TI 900, TE 3.2"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_ge_dti": (
        "other",
        "EP, b-values were stripped: nothing proves it",
    ),
    "mixed_dicom2nifti/dicom2nifti__tests_data_ge_fmri": ("other", "EP\\GR"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_generic_anatomical_001": ("flair", "SE\\IR, TI 2200, TE 394"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_generic_anatomical_002": ("derived", "ImageType MPR"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_generic_compressed": ("flair", "SE\\IR, TI 2200, TE 394"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_hitachi": ("pd", "SE, TR 4000, TE 12"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_hyperfine": ("flair", "FLUID_ATTENUATED, TI 1400"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_anatomical": ("flair", "IR, M_IR, TI 1650, TE 387"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_dti_001": ("dwi", "b 1000 on some images"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_dti_002": (
        "other",
        "b 40 at most, TE 53: not provable",
    ),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_enhanced_anatomical": (
        "t1",
        "T1, GR\\MP 3D, TR 6.8, TE 3.1",
    ),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_enhanced_dti": ("dwi", "b 1300 frames"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_enhanced_fmri": ("other", "gradient EPI called T2"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_philips_fmri": ("other", "GR 2D, TR 2000, TE 27"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_siemens_anatomical": ("flair", "SE\\IR, TI 2200, TE 394"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_siemens_dti": ("dwi", "EP, ImageType DIFFUSION"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_siemens_fmri_001": ("other", "EP mosaic without diffusion"),
    "mixed_dicom2nifti/dicom2nifti__tests_data_siemens_fmri_class": (
        "dwi",
        "named fmri, but ImageType DIFFUSION",
    ),
    "mixed_dicom2nifti/dicom2nifti__tests_data_siemens_multiframe": ("other", "timing was stripped"),
    "philips/dcm_qa_enh__Philips_IM_0027_fMAP": (
        "derived",
        "FIELD_MAP frames, though AcquisitionContrast is T1",
    ),
    "philips/dcm_qa_philips_enh__cl_1301": ("t1", "GR\\MP 3D, TR 6.5, TE 2.9"),
    "philips/dcm_qa_philips_enh__cl_1901": ("other", "ImageType PERFUSION"),
    "philips/dcm_qa_philips_enh__cl_1903": ("other", "GraSE source of an ASL"),
    "philips/dcm_qa_philips_enh__cl_2001": ("other", "two gradient echoes: field mapping"),
    "philips/dcm_qa_philips_enh__cl_2201": ("dwi", "DwiSE, b 1000"),
    "philips/dcm_qa_philips_enh__enh_1301": ("other", "Raw Data Storage"),
    "philips/suspect__": ("mrs", "MR Spectroscopy Storage"),
    "siemens/ZIPREPORT": ("other", "Enhanced SR"),
    "siemens/dcm_qa__Orientation": ("other", "epfid: gradient EPI"),
    "siemens/dcm_qa_frag__5001_anat-T1w": ("t1", "tfl3d, TI 900"),
    "siemens/dcm_qa_nih__": ("other", "epfid: gradient EPI"),
    "siemens/dcm_qa_pdt2__": ("pd", "SE, TR 4320, TE 11 (only the first echo is in the set)"),
    "siemens/suspect__": ("mrs", "private class, CSA SPEC NUM 4"),
    "siemens_xa_enhanced/dcm_qa_enh__Siemens_XA10": ("other", "epfid: gradient EPI, contrast UNKNOWN"),
    "siemens_xa_enhanced/dcm_qa_xa30__10_DWI": ("dwi", "b 2500 frames"),
    "siemens_xa_enhanced/dcm_qa_xa30__11_DWI": ("adc", "FrameType ADC"),
    "siemens_xa_enhanced/dcm_qa_xa30__12_DWI": ("trace", "FrameType TRACEW"),
    "siemens_xa_enhanced/dcm_qa_xa30__14_DWI": ("derived", "FrameType FA, colour"),
    "siemens_xa_enhanced/dcm_qa_xa30__25_asl": ("other", "FrameType ASL"),
    "siemens_xa_enhanced/dcm_qa_xa30__5_anat-T1w": ("t1", "tfl3d, InversionRecovery YES, TI 900"),
    "siemens_xa_enhanced/dcm_qa_xa30__99": ("other", "Enhanced SR"),
    "siemens_xa_enhanced/suspect__": ("mrs", "MR Spectroscopy Storage"),
    "sr_and_misc/": ("other", "Comprehensive SR"),
}
UNPROVABLE = (
    "tests_data_ge_dti",
    "philips_dti_002",
    "siemens_multiframe",
    "philips_fmri",
    "cl_2001",
    "siemens_fmri_001",
    "cl_1903",
)


@pytest.fixture(scope="module")
def files() -> dict[str, pydicom.Dataset]:
    """Header of each real file by its path below the data folder."""
    if not DATA.is_dir():
        pytest.skip("the real vendor files are not beside this repository")
    found: dict[str, pydicom.Dataset] = {}
    for path in sorted(DATA.glob("*/*")):
        with path.open("rb") as stream:
            found[str(path.relative_to(DATA))] = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
    return found


def _label(name: str) -> str | None:
    best = max((start for start in LABELS if name.startswith(start)), key=len, default=None)
    return None if best is None else LABELS[best][0]


def test_every_real_series_is_recognised_as_labelled(files: dict[str, pydicom.Dataset]) -> None:
    """Every series whose attributes prove its kind gets that kind; all others are `other` with low confidence."""
    names = {header.get("SeriesInstanceUID"): name for name, header in reversed(files.items())}
    wrong = []
    for found in classify_study(list(files.values())):
        name = names[found.series_instance_uid]
        unprovable = any(part in name for part in UNPROVABLE)
        if found.kind != _label(name) or (found.confidence < PROVEN) is not unprovable:
            wrong.append(f"{name}: {found.kind} {found.confidence} {found.evidence}, labelled {_label(name)}")
    assert not wrong, "\n".join(wrong)


def test_every_series_of_pydicoms_files_is_recognised_as_labelled() -> None:
    """MR series get the kind labelled; CT, ultrasound, plans, reports and everything else is `other`."""
    headers = pydicom_series()
    for name, members in headers.items():
        got = classify_series(members)
        if name not in PYDICOM_MR:
            assert got.kind == "other", f"{name}: {got.kind}, {got.evidence}"
        else:
            kind, proven, why = PYDICOM_MR[name]
            assert (got.kind, got.confidence >= PROVEN) == (kind, proven), f"{name}: {got.evidence}, {why}"
    assert headers.keys() >= PYDICOM_MR.keys()
    assert len(headers) > 30


def test_every_real_file_has_a_label(files: dict[str, pydicom.Dataset]) -> None:
    """No file of the set is left out of the table of labels."""
    assert [name for name in files if _label(name) is None] == []
