"""The one door for C-STORE, STOW-RS and upload: durable, then acknowledged.

What is promised: when `keep` answers Success, the file was fsynced under a name that is itself on disk
(records.blobs) and the row that finds it is committed with synchronous=FULL (records.ledger). A crash
before that point makes the sender send again; the same bytes again are Success and change nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from pydicom import Dataset, dcmread
from sqlalchemy.exc import SQLAlchemyError

from dicom_nodes.instance import ReceivedInstance, dataset_uids
from gateway import logs
from gateway.records import ledger
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.settings import Settings

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700  # PS3.4 Table B.2-1; the sender keeps the object and tries again
DATA_SET_MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000

KEYS_NEEDED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
IMPLEMENTATION_VERSION_NAME = "PML_GATEWAY"

log = logs.get(__name__)


@dataclass(frozen=True)
class KeepResult:
    """What became of one object; `status` is the DIMSE status to answer with."""

    status: int
    problem: str = ""
    fix: str = ""
    study_id: int | None = None


class Intake:
    """Keeps received objects."""

    def __init__(self, settings: Settings, database: Database, blobs: BlobStore) -> None:
        self.settings = settings
        self.database = database
        self.blobs = blobs

    def keep(
        self, received: ReceivedInstance, uploaded_by: int | None = None, site: str = "default"
    ) -> KeepResult:
        """Keep one object; the answer is Success only when a crash a microsecond later loses nothing."""
        file = received.part10()
        try:
            header = dcmread(BytesIO(file), stop_before_pixels=True, specific_tags=list(KEYS_NEEDED))
            missing = [key for key in KEYS_NEEDED if not header.get(key)]
            dataset_uids(
                received.dataset, received.transfer_syntax_uid
            )  # walks to the end: a truncated object is found here
        except Exception as error:  # noqa: BLE001 whatever a parser can raise on bytes from outside means the same here
            return self._refused(
                received,
                CANNOT_UNDERSTAND,
                f"The data set cannot be read ({type(error).__name__}).",
                "Send it again; if that fails too, repair or re-export the object at its source.",
            )
        if missing:
            return self._refused(
                received,
                CANNOT_UNDERSTAND,
                f"The data set lacks {', '.join(missing)}.",
                "Repair the object at its source.",
            )
        if header.SOPInstanceUID != received.sop_instance_uid or header.SOPClassUID != received.sop_class_uid:
            return self._refused(
                received,
                DATA_SET_MISMATCH,
                "The SOP Class or Instance UID of the request is not the data set's.",
                "Repair the sender: PS3.7 wants them equal.",
            )
        if self.blobs.free_mb() < self.settings.storage.min_free_mb:
            return self._refused(
                received,
                OUT_OF_RESOURCES,
                "The disk is nearly full.",
                "Free space under [storage] objects; senders try again by themselves.",
            )
        return self._keep(received, file, header, uploaded_by, site)

    def _keep(
        self, received: ReceivedInstance, file: bytes, header: Dataset, uploaded_by: int | None, site: str
    ) -> KeepResult:
        # Of the object, not of the file: the file also names the AE titles it came by.
        encoded = received.transfer_syntax_uid.encode() + b"\0" + received.dataset
        digest = hashlib.sha256(encoded).hexdigest()
        blob = f"received/{digest[:2]}/{digest[2:4]}/{digest}.dcm"
        fact = ledger.InstanceFact(
            site=site,
            sender=received.node,
            calling_ae_title=received.calling_ae_title,
            called_ae_title=received.called_ae_title,
            address=received.peer_address,
            received_by=received.received_by,
            uploaded_by=uploaded_by,
            study_instance_uid=str(header.StudyInstanceUID),
            series_instance_uid=str(header.SeriesInstanceUID),
            sop_class_uid=received.sop_class_uid,
            sop_instance_uid=received.sop_instance_uid,
            transfer_syntax_uid=received.transfer_syntax_uid,
            digest=digest,
            blob=blob,
            size=len(file),
        )
        try:
            self.blobs.put(blob, file)
            study_id = ledger.keep_instance(
                self.database, fact, timedelta(seconds=self.settings.study.quiet_period)
            )
            if not self.blobs.path(blob).exists():  # the same bytes were just forgotten with another study
                self.blobs.put(blob, file)
        except (OSError, SQLAlchemyError) as error:
            log.error("cannot keep an object", error=type(error).__name__)
            return self._refused(
                received,
                OUT_OF_RESOURCES,
                f"The object could not be kept ({type(error).__name__}).",
                "Look at the disk and the database; senders try again by themselves.",
            )
        return KeepResult(SUCCESS, study_id=study_id)

    def _refused(self, received: ReceivedInstance, status: int, problem: str, fix: str) -> KeepResult:
        """Show the refusal on a screen; a database that is down must not hide the answer to the sender."""
        log.warning(
            "object refused",
            status=f"{status:04X}",
            problem=problem,
            calling_ae_title=received.calling_ae_title,
        )
        try:
            ledger.refuse(self.database, received.calling_ae_title, received.peer_address, problem, fix)
        except (OSError, SQLAlchemyError) as error:
            log.error("cannot record a refusal", error=type(error).__name__)
        return KeepResult(status, problem, fix)
