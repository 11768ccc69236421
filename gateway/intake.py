"""The one intake for C-STORE, STOW-RS and upload: durable, then acknowledged.

An object comes in pieces (`begin`, then `write` and `finish` of the Arrival) or as a whole (`keep`); both go the same
way. Its bytes go to a file whose name is already on disk (records.arrival.open_folders); on the way their digest is
taken, and the walk that finds the UIDs and sees whether anything is missing. What is promised, at which line of
`Arrival._finish`:

    make_durable  the file says that it is whole, and its digest (who sent it stands in its header since `begin`); then
                  the sync: from here on neither kill -9 nor power loss takes the object away, name, bytes and mark
                  are on disk, and the recovery at the next start finds it (records.arrival.recovery)
    rows.add      its row follows within milliseconds, in one commit with others (records.arrival.row_writer)
    pending.wait  durability "row", STOW-RS and upload: the row is committed with synchronous=FULL
    SUCCESS       is answered only here

A crash before the answer makes the sender send again; the same bytes again are Success and change nothing.

There are two folders: one of studies to be read, one of what reading sites made of them (replies). An object in a study
under its pseudonymous UID is a reply whoever sends it, and one from a node that only reads is a reply whatever it
names: what was de-identified here never becomes a study that is forwarded again. A reply is never marked, so that no
recovery can take it for an object of a study; its bytes go to records.blobs and its row is committed before Success.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO

from sqlalchemy.exc import SQLAlchemyError

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import octets_at
from dicom_nodes.encoding.walk import Walk
from dicom_nodes.instance import ReceivedInstance
from dicom_nodes.node import Role
from gateway import logs
from gateway.records import ledger
from gateway.records.arrival import arrival_mark
from gateway.records.arrival.arriving_file import ArrivingFile
from gateway.records.arrival.open_folders import OpenFolders
from gateway.records.arrival.recovery import Recovered, recover
from gateway.records.arrival.row_writer import RowWriter
from gateway.records.blobs import BlobStore
from gateway.records.database import Database
from gateway.records.views import reply_rows
from gateway.settings import Settings

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700  # PS3.4 Table B.2-1; the sender keeps the object and tries again
DATA_SET_MISMATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000

KEYS_NEEDED = {
    arrival_mark.SOP_CLASS: "SOPClassUID",
    arrival_mark.SOP_INSTANCE: "SOPInstanceUID",
    arrival_mark.STUDY: "StudyInstanceUID",
    arrival_mark.SERIES: "SeriesInstanceUID",
}
SENDER = frozenset({Role.SENDER})
PSEUDONYMOUS = "2.25."
"""How every pseudonymous UID begins (gateway.privacy.pseudonyms)."""
# One look for the objects of a study that come together. A UID becomes pseudonymous when its case is prepared, which is
# more than this before the reading site can use it.
_LOOK_AGAIN_S = 1.0
_STUDIES_AT_ONCE = 256
_PIECE = 1 << 20
_LOOK_EVERY = 64 << 20
"""Bytes of an object between two looks at the disk, and at how large it has become."""
_NEARLY_FULL = (
    "The disk is nearly full.",
    "Free space under [storage] objects; senders try again by themselves.",
)

log = logs.get(__name__)


FIRST_LOOK_S = 15.0
"""Silence after which the engine looks at a study: rules may have shorter quiet times than the settings."""


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
        self.quiet = timedelta(seconds=min(settings.study.quiet_period, FIRST_LOOK_S))
        self.open_folders = OpenFolders(blobs.path("received"))
        self.rows = RowWriter(database, self.quiet)
        self._no_reply: dict[str, float] = {}

    def begin(
        self,
        announced: ReceivedInstance,
        uploaded_by: int | None = None,
        site: str = "default",
        roles: frozenset[Role] = SENDER,
    ) -> Arrival:
        """Open an object whose data set will come in pieces. Never raises: a refusal is the answer of `finish`.

        `roles` are those of the node it comes from: they decide which folder it goes to.
        """
        origin = ledger.Origin(
            site=site,
            sender=announced.node,
            calling_ae_title=announced.calling_ae_title,
            called_ae_title=announced.called_ae_title,
            address=announced.peer_address,
            received_by=announced.received_by,
            uploaded_by=uploaded_by,
        )
        return Arrival(self, announced, origin, roles)

    def keep(
        self,
        received: ReceivedInstance,
        uploaded_by: int | None = None,
        site: str = "default",
        roles: frozenset[Role] = SENDER,
    ) -> KeepResult:
        """Keep a whole object, row and all; Success only when a crash a microsecond later loses nothing."""
        arrival = self.begin(replace(received, dataset=b""), uploaded_by, site, roles)
        arrival.write(memoryview(received.dataset))
        return arrival.result(needs_row=True)

    def keep_stream(
        self,
        announced: ReceivedInstance,
        dataset: IO[bytes],
        uploaded_by: int | None = None,
        site: str = "default",
        roles: frozenset[Role] = SENDER,
    ) -> KeepResult:
        """The same of an object whose data set is the rest of a stream; a piece of it in memory. Raises its OSError."""
        arrival = self.begin(announced, uploaded_by, site, roles)
        try:
            while piece := dataset.read(_PIECE):
                arrival.write(memoryview(piece))
        except BaseException:
            arrival.abandon()
            raise
        return arrival.result(needs_row=True)

    def recover(self) -> Recovered:
        """At start: give rows to what a process that died had acknowledged. Raises OSError or SQLAlchemyError."""
        return recover(self.database, self.blobs.path("received"), self.quiet)

    def flush(self) -> bool:
        """Wait for the rows of all that was acknowledged; False when the database does not take them."""
        return self.rows.flush()

    def close(self) -> None:
        """At the end: rows for everything, and no empty places left."""
        self.flush()
        self.open_folders.close()

    def is_reply(self, study_instance_uid: str, roles: frozenset[Role]) -> bool:
        """Whether an object goes to the folder of what reading sites made. Raises SQLAlchemyError."""
        if Role.SENDER not in roles:
            return True
        if not study_instance_uid.startswith(PSEUDONYMOUS):
            return False  # no look at the records for what every scanner sends
        if time.monotonic() < self._no_reply.get(study_instance_uid, 0.0):
            return False
        with self.database.read() as session:
            found = reply_rows.is_pseudonymous(session, study_instance_uid)
        if not found:
            if len(self._no_reply) > _STUDIES_AT_ONCE:
                self._no_reply.clear()
            self._no_reply[study_instance_uid] = time.monotonic() + _LOOK_AGAIN_S
        return found

    def keep_reply(self, reply: ledger.NewReply, file: Sequence[bytes | memoryview]) -> KeepResult:
        """Keep what a reading site made, file and row. Raises OSError or SQLAlchemyError."""
        if ledger.note_echo(self.database, reply.sop_instance_uid):
            log.info("one of our own images came back and was dropped", node=reply.node)
            return KeepResult(SUCCESS)
        with self.blobs.batch() as batch:
            batch.put(reply.blob, batch.written(reply.blob.rpartition("/")[0], file))
        ledger.keep_reply(self.database, reply)
        return KeepResult(SUCCESS)

    def refused(self, announced: ReceivedInstance, status: int, problem: str, fix: str) -> KeepResult:
        """Show the refusal on a screen; a database that is down must not hide the answer to the sender."""
        log.warning(
            "object refused",
            status=f"{status:04X}",
            problem=problem,
            calling_ae_title=announced.calling_ae_title,
        )
        try:
            sender = announced.node or announced.calling_ae_title or announced.received_by
            refused = ledger.NewRefusal(
                announced.calling_ae_title, announced.peer_address, problem, fix, node=sender
            )
            ledger.refuse(self.database, refused)
        except (OSError, SQLAlchemyError) as error:
            log.error("cannot record a refusal", error=type(error).__name__)
        return KeepResult(status, problem, fix)


class Arrival:
    """One object on its way in (dicom_nodes.scp.incoming.Incoming); used by one thread."""

    def __init__(
        self, intake: Intake, announced: ReceivedInstance, origin: ledger.Origin, roles: frozenset[Role]
    ) -> None:
        self._intake = intake
        self._announced = announced
        self._origin = origin
        self._roles = roles
        self._refusal: tuple[int, str, str] | None = None
        self._walk = Walk(announced.transfer_syntax_uid, arrival_mark.WANTED)
        self._digest = arrival_mark.new_digest(announced.transfer_syntax_uid)
        self._file: ArrivingFile | None = None
        self._size, self._look_at = 0, _LOOK_EVERY
        try:
            self._open()
        except OSError as error:
            self._cannot_keep(error)

    def write(self, piece: memoryview) -> None:
        """The next bytes of the data set; after a refusal they are only counted as read."""
        if self._refusal is not None:
            return
        self._size += len(piece)
        if self._size >= self._look_at:
            self._look_at += _LOOK_EVERY
            self._look()
            if self._refusal is not None:
                return
        try:
            self._walk.feed(piece)
            assert self._file is not None
            self._file.write(piece)
            self._digest.update(piece)
        except NotDicom as error:
            self._cannot_read(error)
        except OSError as error:
            self._cannot_keep(error)

    def finish(self) -> int:
        """All bytes have come: the DIMSE status to answer."""
        return self.result(needs_row=self._intake.settings.dicom.durability == "row").status

    def abandon(self) -> None:
        """The rest will never come."""
        file, self._file = self._file, None
        if file is not None:
            file.discard()

    def result(self, *, needs_row: bool) -> KeepResult:
        """All bytes have come: what became of the object."""
        try:
            if self._refusal is None:
                self._judge(self._walk.finish())
            if self._refusal is None:
                # The one place that chooses the folder; before the mark, which says that this is of a study.
                if self._intake.is_reply(self._found[arrival_mark.STUDY], self._roles):
                    return self._reply()
                return self._finish(needs_row=needs_row)
        except NotDicom as error:
            self._cannot_read(error)
        except (OSError, SQLAlchemyError) as error:
            self._cannot_keep(error)
        assert self._refusal is not None
        return self._intake.refused(self._announced, *self._refusal)

    def _open(self) -> None:
        intake = self._intake
        if intake.blobs.free_mb() < intake.settings.storage.min_free_mb:
            self._refuse(OUT_OF_RESOURCES, *_NEARLY_FULL)
        elif intake.rows.is_failing:
            self._refuse(
                OUT_OF_RESOURCES,
                "The database takes no rows.",
                "Look at the disk and the database; senders try again by themselves.",
            )
        else:
            head = arrival_mark.head(self._announced, self._origin)
            self._file = ArrivingFile(intake.open_folders.take(), head)

    def _look(self) -> None:
        """On the way: an object without an end must not take what others need."""
        settings = self._intake.settings
        if self._size > settings.dicom.max_object_mb * 1_000_000:
            self._refuse(
                CANNOT_UNDERSTAND,
                f"The object is larger than {settings.dicom.max_object_mb} MB.",
                "Have the sender looked at; or raise [dicom] max_object_mb, if such objects are wanted.",
            )
        elif self._intake.blobs.free_mb() < settings.storage.min_free_mb:
            self._refuse(OUT_OF_RESOURCES, *_NEARLY_FULL)

    def _judge(self, values: dict[int, str]) -> None:
        missing = [name for tag, name in KEYS_NEEDED.items() if not values.get(tag, "").isprintable()]
        missing += [name for tag, name in KEYS_NEEDED.items() if not values.get(tag)]
        named = (self._announced.sop_class_uid, self._announced.sop_instance_uid)
        if missing:
            self._refuse(
                CANNOT_UNDERSTAND,
                f"The data set lacks {', '.join(missing)}.",
                "Repair the object at its source.",
            )
        elif (values[arrival_mark.SOP_CLASS], values[arrival_mark.SOP_INSTANCE]) != named:
            self._refuse(
                DATA_SET_MISMATCH,
                "The SOP Class or Instance UID of the request is not the data set's.",
                "Repair the sender: PS3.7 wants them equal.",
            )
        self._found = values

    def _finish(self, *, needs_row: bool) -> KeepResult:
        file = self._file
        assert file is not None
        place = file.make_durable(self._digest.digest())
        self._file = None  # from here on it stays: a commit that seems to fail may have happened
        blobs, syntax = self._intake.blobs, self._announced.transfer_syntax_uid
        fact = arrival_mark.instance_of(
            self._origin, self._found, syntax, self._digest.hexdigest(), place.key, file.size
        )
        pending = self._intake.rows.add(
            fact, lambda kept: place.settle(kept.blob, blobs.path), needed=needs_row
        )
        if not needs_row:
            return KeepResult(SUCCESS)
        kept = pending.wait()
        return KeepResult(SUCCESS, study_id=kept.study_id)

    def _reply(self) -> KeepResult:
        """A few objects a case, so copied: their file is not one of the open folders'."""
        arrived, announced = self._file, self._announced
        assert arrived is not None
        head = len(arrival_mark.head(announced, self._origin))
        came = octets_at(arrived.path)  # left on the disk where it is large
        file = replace(announced, dataset=b"").part10(), memoryview(came)[head:]
        digest = self._digest.hexdigest()
        fact = ledger.NewReply(
            node=announced.node,
            calling_ae_title=announced.calling_ae_title,
            address=announced.peer_address,
            received_by=announced.received_by,
            uploaded_by=self._origin.uploaded_by,
            study_instance_uid=self._found[arrival_mark.STUDY],
            sop_class_uid=announced.sop_class_uid,
            sop_instance_uid=announced.sop_instance_uid,
            transfer_syntax_uid=announced.transfer_syntax_uid,
            digest=digest,
            blob=f"replies/{digest[:2]}/{digest[2:4]}/{digest}.dcm",
            size=sum(map(len, file)),
        )
        try:
            return self._intake.keep_reply(fact, file)
        finally:
            self.abandon()

    def _cannot_read(self, error: NotDicom) -> None:
        self._refuse(
            CANNOT_UNDERSTAND,
            f"The data set cannot be read: {error.problem}",
            "Send it again; if that fails too, repair or re-export the object at its source.",
        )

    def _cannot_keep(self, error: Exception) -> None:
        log.error("cannot keep an object", error=type(error).__name__)
        self._refuse(
            OUT_OF_RESOURCES,
            f"The object could not be kept ({type(error).__name__}).",
            "Look at the disk and the database; senders try again by themselves.",
        )

    def _refuse(self, status: int, problem: str, fix: str) -> None:
        self._refusal = (status, problem, fix)
        self.abandon()
