"""What a reading site makes of the copies it was sent, with its own software: SR, GSPS, SEG, KOS, derived MR."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import ParamSpec

import highdicom as hd
import numpy as np
from highdicom.sr import value_types
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

BY = {
    "manufacturer": "Reading site",
    "manufacturer_model_name": "Workstation",
    "software_versions": "1",
    "device_serial_number": "7",
}
P = ParamSpec("P")
TISSUE = codes.SCT.Tissue
LESION = codes.SCT.MorphologicallyAbnormalStructure


def _quietly(make: Callable[P, Dataset]) -> Callable[P, Dataset]:
    """highdicom warns of names with one component, which a pseudonym is."""

    @wraps(make)
    def made(*arguments: P.args, **named: P.kwargs) -> Dataset:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make(*arguments, **named)

    return made


@_quietly
def sr(images: Sequence[Dataset], text: str = "Two new lesions.", complete: bool = True) -> Dataset:
    """A Comprehensive SR that names every image it is about."""
    container = value_types.ContainerContentItem(
        codes.DCM.ImagingMeasurementReport,
        template_id="2000",
    )
    finding = value_types.TextContentItem(
        codes.DCM.Finding,
        text,
        value_types.RelationshipTypeValues.CONTAINS,
    )
    shown = value_types.ImageContentItem(
        codes.DCM.SourceImage,
        images[0].SOPClassUID,
        images[0].SOPInstanceUID,
        relationship_type=value_types.RelationshipTypeValues.CONTAINS,
    )
    container.ContentSequence = value_types.ContentSequence([finding, shown], is_root=False)
    return hd.sr.ComprehensiveSR(
        list(images),
        container,
        series_instance_uid=hd.UID(),
        series_number=91,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        institution_name="Reading site",
        is_complete=complete,
        is_final=complete,
        record_evidence=True,
        manufacturer=BY["manufacturer"],
    )


@_quietly
def gsps(images: Sequence[Dataset]) -> Dataset:
    """A presentation state with a window over one series."""
    series = [image for image in images if image.SeriesInstanceUID == images[0].SeriesInstanceUID]
    return hd.pr.GrayscaleSoftcopyPresentationState(
        series,
        series_instance_uid=hd.UID(),
        series_number=92,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        content_label="WINDOW",
        content_description="As read",
        concept_name=codes.DCM.PresentationState,
        content_creator_name=None,
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=400, window_width=800)],
        **BY,
    )


@_quietly
def seg(images: Sequence[Dataset]) -> Dataset:
    """A binary segmentation of one lesion in one series."""
    series = [image for image in images if image.SeriesInstanceUID == images[0].SeriesInstanceUID]
    mask = np.zeros((len(series), series[0].Rows, series[0].Columns), dtype=np.uint8)
    mask[:, 2:5, 2:5] = 1
    described = hd.seg.SegmentDescription(
        1,
        "Lesion",
        LESION,
        TISSUE,
        hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )
    return hd.seg.Segmentation(
        series,
        mask,
        hd.seg.SegmentationTypeValues.BINARY,
        [described],
        series_instance_uid=hd.UID(),
        series_number=93,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        content_label="LESION",
        **BY,
    )


@_quietly
def kos(images: Sequence[Dataset]) -> Dataset:
    """A key object selection of the first image."""
    document = hd.ko.KeyObjectSelection(codes.DCM.OfInterest, images[:1])
    return hd.ko.KeyObjectSelectionDocument(
        list(images[:1]),
        document,
        series_instance_uid=hd.UID(),
        series_number=94,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer=BY["manufacturer"],
    )


def derived(image: Dataset) -> Dataset:
    """A derived MR image: the first copy under new UIDs, keeping the dates of its source."""
    made = deepcopy(image)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = hd.UID()
    made.SeriesInstanceUID = hd.UID()
    made.ImageType = ["DERIVED", "SECONDARY", *list(image.ImageType)[2:]]
    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    made.SourceImageSequence = [source]
    return made


def file_of(dataset: Dataset) -> bytes:
    """The object as a file."""
    if not hasattr(dataset, "file_meta") or "TransferSyntaxUID" not in dataset.file_meta:
        dataset.ensure_file_meta()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def files(folder: Path, *datasets: Dataset) -> list[Path]:
    """The objects as files in a new folder, in this order."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:03}.dcm" for number in range(len(datasets))]
    for path, dataset in zip(paths, datasets, strict=True):
        path.write_bytes(file_of(dataset))
    return paths
