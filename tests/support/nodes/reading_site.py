"""New objects as reading sites make them of the copies they were sent: report, presentation state, segmentation,
capture, derived image. The builders are highdicom's where it has one, so that references lie where real objects
have them."""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

TODAY = "20260110"
MAKER = {
    "manufacturer": "Reading",
    "manufacturer_model_name": "Station",
    "software_versions": "1",
    "device_serial_number": "R1",
}
FROM_THE_COPY = (
    "PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyDate StudyTime StudyID AccessionNumber "
    "PatientIdentityRemoved DeidentificationMethod DeidentificationMethodCodeSequence "
    "LongitudinalTemporalInformationModified"
).split()


def report(sent: Dataset, uid: str = "2.25.900") -> Dataset:
    """An SR with evidence, a request reference, observation context that repeats the patient, and a source image."""
    ds = _new(sent, uid, "1.2.840.10008.5.1.4.1.1.88.22", "SR")
    image = _reference(sent)
    study = Dataset()
    study.StudyInstanceUID, series = sent.StudyInstanceUID, Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = sent.SeriesInstanceUID, Sequence([image])
    series.RetrieveURL = f"https://reader.example/studies/{sent.StudyInstanceUID}"
    study.ReferencedSeriesSequence = Sequence([series])
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence([study])
    request = Dataset()
    request.StudyInstanceUID, request.AccessionNumber = sent.StudyInstanceUID, sent.AccessionNumber
    ds.ReferencedRequestSequence = Sequence([request])
    name, number, when = Dataset(), Dataset(), Dataset()
    name.ValueType, name.PersonName = "PNAME", sent.PatientID
    number.ValueType, number.TextValue = "TEXT", sent.PatientID
    when.ValueType, when.Date = "DATE", sent.StudyDate
    shown = Dataset()
    shown.ValueType, shown.ReferencedSOPSequence = "IMAGE", Sequence([deepcopy(image)])
    subject = Dataset()
    subject.PatientID, subject.PatientBirthDate, subject.ContentSequence = (
        sent.PatientID,
        "",
        Sequence([shown]),
    )
    ds.ContentSequence = Sequence([name, number, when, subject])
    return ds


def presentation_state(sent: Dataset, uid: str = "2.25.910") -> Dataset:
    """A grayscale presentation state on the image."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = hd.pr.GrayscaleSoftcopyPresentationState(
            referenced_images=[sent],
            series_instance_uid="2.25.911",
            series_number=91,
            sop_instance_uid=uid,
            instance_number=1,
            institution_name="Reading site",
            content_label="LESIONS",
            content_description="lesions marked",
            concept_name=codes.DCM.PresentationState,
            **MAKER,
        )
    return _dated(ds)


def segmentation(sent: Dataset, uid: str = "2.25.920") -> Dataset:
    """A segmentation of the image, with derivation references in every frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = hd.seg.Segmentation(
            source_images=[sent],
            pixel_array=np.ones((1, sent.Rows, sent.Columns), dtype=np.uint8),
            segmentation_type="BINARY",
            segment_descriptions=[
                hd.seg.SegmentDescription(
                    1, "lesion", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion, "MANUAL"
                )
            ],
            series_instance_uid="2.25.921",
            series_number=92,
            sop_instance_uid=uid,
            instance_number=1,
            **MAKER,
        )
    return _dated(ds)


def capture(sent: Dataset, uid: str = "2.25.930") -> Dataset:
    """A screen capture that names its source image."""
    ds = _new(sent, uid, SecondaryCaptureImageStorage, "OT")
    ds.ConversionType, ds.DateOfSecondaryCapture = "WSD", TODAY
    ds.SourceImageSequence = Sequence([_reference(sent)])
    return ds


def derived_image(sent: Dataset, uid: str = "2.25.940") -> Dataset:
    """An MR image computed from the copy: header, dates and markers copied, a new series."""
    ds = deepcopy(sent)
    ds.SOPInstanceUID, ds.SeriesInstanceUID = uid, "2.25.941"
    ds.file_meta.MediaStorageSOPInstanceUID = uid
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.InstanceCreationDate = ds.ContentDate = TODAY
    ds.SourceImageSequence = Sequence([_reference(sent)])
    return ds


MADE: dict[str, Callable[[Dataset], Dataset]] = {
    "report": report,
    "presentation state": presentation_state,
    "segmentation": segmentation,
    "capture": capture,
    "derived image": derived_image,
}


def _new(sent: Dataset, uid: str, sop_class: str, modality: str) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.SourceApplicationEntityTitle = "READING"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.Modality = sop_class, uid, f"{uid}1", modality
    for keyword in FROM_THE_COPY:
        if keyword in sent:
            ds[keyword] = deepcopy(sent[keyword])
    ds.SeriesDescription = "Second opinion"
    return _dated(ds)


def _dated(ds: Dataset) -> Dataset:
    ds.SeriesDate = ds.ContentDate = ds.InstanceCreationDate = TODAY
    ds.ContentTime = "120000"
    return ds


def _reference(sent: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sent.SOPClassUID, sent.SOPInstanceUID
    return item
