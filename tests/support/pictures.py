"""Copies of a case as they are looked at: put beside a web gateway, with what the worker makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom import Sequence as Items
from pydicom.uid import EnhancedMRImageStorage, MRImageStorage

from gateway.pipeline.context import StepContext
from gateway.pipeline.jobs import pictures
from gateway.records import ledger
from gateway.records.tables.cases import Case, PreparedInstance
from support.objects.dicom_files import encoded, mr_dataset
from support.web_gateway import WebGateway, instance_of

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def slices(values: NDArray[Any], **attributes: Any) -> list[Dataset]:
    """A classic series of (slices, rows, columns) values, 2.5 mm apart; attributes may be functions of the place."""
    made = []
    signed = values.dtype.kind == "i"
    for place, plane in enumerate(values):
        ds = mr_dataset(
            place + 1, sop_class=MRImageStorage, uid=f"2.25.5{attributes.get('SeriesNumber', 1)}{place:03}"
        )
        ds.SeriesInstanceUID = f"2.25.70{attributes.get('SeriesNumber', 1)}"
        ds.FrameOfReferenceUID = "2.25.99"
        ds.Rows, ds.Columns = plane.shape
        ds.BitsAllocated = ds.BitsStored = 8 * values.dtype.itemsize
        ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(signed)
        ds.PixelSpacing, ds.SliceThickness = [0.9, 0.8], 2.0
        ds.ImageOrientationPatient = list(AXIAL)
        ds.ImagePositionPatient = [-20.0, -30.0, 5.0 + 2.5 * place]
        for name, value in attributes.items():
            setattr(ds, name, value(place) if callable(value) else value)
        data = plane.tobytes()
        ds.PixelData = data + b"\0" * (len(data) % 2)
        made.append(ds)
    return made


def enhanced(values: NDArray[Any], scales: Sequence[tuple[float, float]], **attributes: Any) -> Dataset:
    """The same as one Enhanced MR object, each frame with its own scale; stored from the top down."""
    ds = slices(values[:1], **attributes)[0]
    del ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.PixelSpacing, ds.SliceThickness
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    ds.NumberOfFrames = len(values)
    ds.PixelData = values[::-1].tobytes()
    measures = _item(PixelSpacing=[0.9, 0.8], SliceThickness=2.0)
    orientation = _item(ImageOrientationPatient=list(AXIAL))
    ds.SharedFunctionalGroupsSequence = Items(
        [_item(PixelMeasuresSequence=Items([measures]), PlaneOrientationSequence=Items([orientation]))]
    )
    ds.PerFrameFunctionalGroupsSequence = Items(
        _item(
            PlanePositionSequence=Items([_item(ImagePositionPatient=[-20.0, -30.0, 5.0 + 2.5 * place])]),
            PixelValueTransformationSequence=Items(
                [_item(RescaleSlope=scales[place][0], RescaleIntercept=scales[place][1], RescaleType="US")]
            ),
        )
        for place in reversed(range(len(values)))
    )
    return ds


def _item(**values: Any) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def put(web: WebGateway, case_id: int, datasets: Sequence[Dataset]) -> list[str]:
    """These are the copies of a case; where they lie."""
    keys = []
    with web.database.write("test_images") as session:
        study_id = session.get_one(Case, case_id).study_id
        for number, ds in enumerate(datasets):
            key = f"prepared/{case_id}/{number:04}.dcm"
            web.context.blobs.put(key, encoded(ds))
            instance = instance_of(study_id, number)
            session.add(instance)
            session.flush()
            session.add(
                PreparedInstance(
                    case_id=case_id,
                    instance_id=instance.saved_id,
                    sop_class_uid=str(ds.SOPClassUID),
                    sop_instance_uid=str(ds.SOPInstanceUID),
                    transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
                    blob=key,
                )
            )
            keys.append(key)
    return keys


def worker(web: WebGateway) -> StepContext:
    """What a job of the worker uses of its context."""
    context = web.context
    return cast(
        StepContext,
        SimpleNamespace(settings=context.settings, database=context.database, blobs=context.blobs),
    )


def make(web: WebGateway, case_id: int, most: int = 1000) -> int:
    """Have the worker make the pictures of a case; how many pieces it made."""
    ledger.want_pictures(web.database, case_id, again=True)
    pieces = 0
    while pieces < most and pictures.make_one(worker(web)):
        pieces += 1
    return pieces


def ramp(shape: tuple[int, int, int], dtype: str, seed: int = 1) -> NDArray[Any]:
    """Values over the whole range of a type, with both ends in them."""
    limits = np.iinfo(dtype)
    values = np.random.default_rng(seed).integers(limits.min, limits.max, shape, dtype, endpoint=True)
    values[0, 0, 0], values[-1, -1, -1] = limits.min, limits.max
    return values


def copied(ds: Dataset) -> Dataset:
    """Another object with its own attributes."""
    return deepcopy(ds)


def as_file(ds: Dataset) -> BytesIO:
    """As a library reads it."""
    return BytesIO(encoded(ds))
