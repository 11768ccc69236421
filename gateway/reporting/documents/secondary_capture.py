"""The printed pages as Secondary Capture images (PS3.3 A.8.1), one object each: the form that every archive takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from highdicom.base import SOPClass
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage
from pydicom.valuerep import DA, TM

from gateway.reporting.documents.common_modules import first_attributes, source_item
from gateway.reporting.outline import notice_of
from gateway.reporting.page_images import DOTS_PER_INCH, draw
from gateway.reporting.printable import header_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from PIL.Image import Image

    from gateway.reporting.layout.entries import Heading
    from gateway.reporting.marked_pictures import MarkedPicture
    from gateway.reporting.signer import Signature, Unsigned

_MM_PER_INCH = 25.4


class _Page(SOPClass):
    """highdicom's common modules; its own class for captures takes no header to copy a patient from."""


def build_page_images(
    sections: Sequence[Heading],
    header: Dataset,
    instances: Sequence[Dataset],
    signature: Signature | Unsigned,
    pictures: Sequence[MarkedPicture] = (),
) -> list[Dataset]:
    """The pages in their order; series, equipment and SOP Instance UIDs are set by the caller."""
    pages = draw(sections, header_of(header, signature), notice_of(signature), pictures)
    return [_page(page, number, header, instances, signature.at) for number, page in enumerate(pages, 1)]


def _page(page: Image, number: int, header: Dataset, instances: Sequence[Dataset], at: datetime) -> Dataset:
    time = at.time().replace(microsecond=0, tzinfo=None)
    image = _Page(
        sop_class_uid=SecondaryCaptureImageStorage,
        instance_number=number,
        modality="OT",
        **first_attributes(header, at),
    )
    image.copy_patient_and_study_information(header)
    image.ConversionType = "WSD"
    image.DateOfSecondaryCapture, image.TimeOfSecondaryCapture = DA(at.date()), TM(time)
    image.ImageType = ["DERIVED", "SECONDARY"]
    image.PatientOrientation = image.Laterality = ""
    image.BurnedInAnnotation = "YES"  # the page names the patient
    image.SourceImageSequence = [source_item(ds) for ds in instances]
    image.Rows, image.Columns = page.height, page.width
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation = 7, 0
    image.WindowCenter, image.WindowWidth = "128", "256"
    image.NominalScannedPixelSpacing = [round(_MM_PER_INCH / DOTS_PER_INCH, 6)] * 2
    image.PixelData = page.tobytes()  # an even number of bytes, whatever the page: both sides are even
    image["PixelData"].VR = "OB"
    return image
