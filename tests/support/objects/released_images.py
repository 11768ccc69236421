"""Images a named person may release: the hostile patient's secondary capture, in one frame or several."""

from __future__ import annotations

from pydicom.dataset import Dataset

from support.objects.hostile_mr import Person, hostile_mr

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def capture(sop_class: str = SECONDARY_CAPTURE, person: Person | None = None) -> Dataset:
    """A screen capture that says so in every way, with identity wherever the hostile MR object has it."""
    ds = hostile_mr(person, depth=1)
    ds.SOPClassUID = sop_class
    ds.ConversionType, ds.BurnedInAnnotation = "WSD", "YES"
    ds.ImageType = ["DERIVED", "SECONDARY", "SCREEN SAVE"]
    ds.SecondaryCaptureDeviceID = (person or Person()).serial
    ds.DateOfSecondaryCapture = (person or Person()).study_date
    if sop_class != SECONDARY_CAPTURE:
        ds.NumberOfFrames, ds.FrameTime = 1, "100"
    return ds
