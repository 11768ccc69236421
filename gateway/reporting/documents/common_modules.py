"""What every form of a report shares (PS3.3 C.7, C.12.1): identity, equipment, times, file meta information."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import DA, TM

from gateway import __version__
from gateway.reporting.documents.evidence import DEIDENTIFICATION, TYPE_2

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.reporting.signer import DeviceIdentity

#: Identifies this software in file meta information (PS3.7 D.3.3.2); derived once, never changed.
IMPLEMENTATION_CLASS_UID = "2.25.302170927383012354837163811940823746291"
IMPLEMENTATION_VERSION_NAME = f"PML-GATEWAY {__version__}"[:16]
SERIES_DESCRIPTION = "Second opinion: MS versus PML"


def first_attributes(header: Dataset, at: datetime) -> dict[str, Any]:
    """Arguments of highdicom's base class; `complete` puts the UIDs in place."""
    return {
        "study_instance_uid": str(header.StudyInstanceUID),
        "series_instance_uid": "2.25.1",
        "series_number": 1,
        "sop_instance_uid": "2.25.1",
        "transfer_syntax_uid": ExplicitVRLittleEndian,
        "specific_character_set": "ISO_IR 192",
        "content_date": at.date(),
        "content_time": at.time().replace(microsecond=0, tzinfo=None),
    }


def source_item(ds: Dataset) -> Dataset:
    """An item that names an image the report is about (PS3.3 Table 10-11)."""
    item = Dataset()
    item.ReferencedSOPClassUID = ds.SOPClassUID
    item.ReferencedSOPInstanceUID = ds.SOPInstanceUID
    return item


def complete(
    document: Dataset,
    header: Dataset,
    at: datetime,
    device: DeviceIdentity,
    sop_instance_uid: str,
    series_instance_uid: str,
    series_number: int,
) -> None:
    """Put into `document` the gateway as equipment, the time `at`, the identity of `header` to the letter, file meta.

    Nothing in a report says that identity was removed: it has been restored.
    """
    for name in TYPE_2:
        document[name] = header[name]
    document.SOPInstanceUID = sop_instance_uid
    document.SeriesInstanceUID = series_instance_uid
    document.SeriesNumber = series_number
    document.SeriesDescription = SERIES_DESCRIPTION
    document.SeriesDate, document.SeriesTime = (
        DA(at.date()),
        TM(at.time().replace(microsecond=0, tzinfo=None)),
    )
    document.InstanceCreationDate, document.InstanceCreationTime = document.SeriesDate, document.SeriesTime
    document.Manufacturer = device.manufacturer
    document.ManufacturerModelName = device.model
    document.SoftwareVersions = device.software_version
    document.DeviceSerialNumber = device.serial_number
    if device.station_name:
        document.StationName = device.station_name
    document.DeviceUID = device.uid
    if "TimezoneOffsetFromUTC" in header:
        document.TimezoneOffsetFromUTC = header.TimezoneOffsetFromUTC
    for name in ("ContributingEquipmentSequence", *DEIDENTIFICATION):
        if name in document:
            delattr(document, name)
    meta = document.file_meta
    meta.MediaStorageSOPClassUID = document.SOPClassUID
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
