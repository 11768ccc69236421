"""The received originals of a study, read back: headers for deciding, whole data sets for preparing."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from pydicom import Dataset, dcmread

from gateway.records import queries
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.tables import Instance

PATIENT_KEYS = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")


def kept(database: Database, study_id: int) -> list[Instance]:
    """The rows of a study's instances."""
    with database.read() as session:
        return queries.instances(session, study_id)


def headers(blobs: BlobStore, instances: list[Instance]) -> list[Dataset]:
    """Every instance's data set without pixels, file meta included, in order of arrival."""
    return [dcmread(blobs.path(instance.blob), stop_before_pixels=True) for instance in instances]


def whole(blobs: BlobStore, instances: list[Instance]) -> Iterator[tuple[Instance, Dataset]]:
    """Every instance with its whole data set, one in memory at a time."""
    for instance in instances:
        yield instance, dcmread(BytesIO(blobs.get(instance.blob)))


def patients(found: list[Dataset]) -> set[tuple[str, ...]]:
    """The different patients these headers name: more than one means a study was mixed up."""
    return {tuple(str(header.get(key, "") or "").strip() for key in PATIENT_KEYS) for header in found}
