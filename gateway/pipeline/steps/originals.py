"""The received originals of a study, read back: headers for deciding, whole data sets for preparing.

An object that cannot be read is no reason to lose the others: it is missing among the headers, and `parsed` raises
Held for it, so that the preparation keeps it here and asks a person.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.errors import InvalidDicomError

from dicom_nodes.data_sets import data_set_of
from dicom_nodes.encoding.elements import NotTaken
from dicom_nodes.encoding.octets import LARGE
from gateway.errors import GatewayError
from gateway.identity.patient import KEYWORDS, StatedPatient
from gateway.privacy.fast.headers import Headers
from gateway.privacy.fast.preparer import held_if_it_cannot_be
from gateway.privacy.identifiers.values import UNREADABLE
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.tables.cases import Case
from gateway.records.tables.studies import Instance
from gateway.records.views import case_rows
from routing_rules.series.attributes import Header, tag_of, text

NOT_DICOM = (InvalidDicomError, zlib.error, *UNREADABLE)
"""What reading a file that is damaged can raise; that a disk cannot be read is another matter."""

_PATIENT_TAGS = tuple(map(tag_of, KEYWORDS))


def kept(database: Database, study_id: int) -> list[Instance]:
    """The rows of a study's instances."""
    with database.read() as session:
        return case_rows.instances(session, study_id)


def headers(blobs: BlobStore, instances: list[Instance]) -> list[Dataset]:
    """The data sets without pixels, file meta included, in order of arrival; what cannot be read is left out.

    Raises GatewayError when nothing can be read.
    """
    return [header for _, header in with_headers(blobs, instances)]


def with_headers(blobs: BlobStore, instances: list[Instance]) -> list[tuple[Instance, Dataset]]:
    """As `headers`, each with its instance."""
    readable: list[tuple[Instance, Dataset]] = []
    for instance in instances:
        with suppress(*NOT_DICOM):
            readable.append((instance, header(blobs, instance)))
    if instances and not readable:
        raise nothing_readable()
    return readable


def first_header(blobs: BlobStore, instances: list[Instance]) -> Dataset:
    """The first of `headers`, without reading the others; raises GatewayError when nothing can be read."""
    for instance in instances:
        with suppress(*NOT_DICOM):
            return header(blobs, instance)
    raise nothing_readable()


def nothing_readable() -> GatewayError:
    """The question to a person when not one object of a study can be read."""
    return GatewayError("No object of this study can be read.", "Ask the sender to send the study again.")


def header(blobs: BlobStore, instance: Instance) -> Dataset:
    """One data set without pixels, file meta included; raises one of NOT_DICOM when it is none."""
    return data_set_of(blobs.path(instance.blob), without_pixels=True)


class HeadersInTurn:
    """The headers of a study's instances, one after the other: what they repeat is read once."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._headers = Headers()

    def of(self, instance: Instance) -> Dataset:
        """As `header`, without the file meta."""
        if instance.size < LARGE:
            with suppress(NotTaken):
                return self._headers.read(self._blobs.get(instance.blob))
        return header(self._blobs, instance)


@dataclass(frozen=True)
class Prior:
    """A header of another study of a case's patient, and the schemes under which copies of that study left."""

    header: Dataset
    schemes: tuple[int, ...]


def priors(database: Database, blobs: BlobStore, case: Case) -> list[Prior]:
    """The headers of every other study of this case's patient that the gateway keeps."""
    with database.read() as session:
        studies = case_rows.other_studies(session, case)
    return [
        Prior(header, schemes)
        for study_id, schemes in studies.items()
        for header in headers(blobs, kept(database, study_id))
    ]


def parsed(data: bytes) -> Dataset:
    """A Part 10 file as a data set; raises Held when it cannot be read."""
    with held_if_it_cannot_be("read"):
        return data_set_of(data)


def patient(header: Header) -> StatedPatient:
    """The patient a header states: two different ones in a study mean that it was mixed up."""
    return StatedPatient(*(text(header, tag) for tag in _PATIENT_TAGS))
