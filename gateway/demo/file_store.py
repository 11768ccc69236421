"""DICOM files in a folder with an index in memory: what a demo node keeps, thread-safe, found again after a restart."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.dataset import FileDataset
from pydicom.errors import InvalidDicomError

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData", "SpectroscopyData", "EncapsulatedDocument")


@dataclass(frozen=True)
class StoredFile:
    """One instance on disk; `header` is its data set without pixels."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    transfer_syntax_uid: str
    header: Dataset

    def read(self) -> FileDataset:
        """The whole instance from disk, as it was received."""
        return dcmread(self.path)


class FileStore:
    """`folder/<study>/<instance>.dcm`; the first bytes of an instance win, as in most archives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changed = threading.Condition(threading.RLock())
        self._files: dict[str, StoredFile] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*/*.dcm")):
            try:
                stored = _index(path, path.read_bytes())
            except (InvalidDicomError, AttributeError, OSError):
                continue  # not ours, or cut off by a crash: the sender was never told Success for it
            self._files[stored.sop_instance_uid] = stored

    def keep(self, part10: bytes) -> StoredFile:
        """Write one DICOM file (preamble, meta, data set) and index it; the same instance twice is kept once.

        Raises InvalidDicomError or AttributeError when it is not an instance, OSError when the disk refuses.
        """
        stored = _index(self.folder, part10)
        path = self.folder / _safe(stored.study_instance_uid) / f"{_safe(stored.sop_instance_uid)}.dcm"
        with self._changed:
            known = self._files.get(stored.sop_instance_uid)
            if known is not None:
                return known
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_bytes(part10)
            os.replace(partial, path)
            stored = StoredFile(path, *_names(stored), stored.header)
            self._files[stored.sop_instance_uid] = stored
            self._changed.notify_all()
            return stored

    def keep_dataset(self, dataset: Dataset) -> StoredFile:
        """Keep a data set made in this process; it must carry its file meta information."""
        buffer = BytesIO()
        dataset.save_as(buffer, enforce_file_format=True)
        return self.keep(buffer.getvalue())

    def get(self, sop_instance_uid: str) -> StoredFile | None:
        with self._changed:
            return self._files.get(sop_instance_uid)

    def files(self, **attributes: str) -> tuple[StoredFile, ...]:
        """Files whose header has these values, e.g. `files(Modality="SR", PatientID="DEMO-1")`; in order of arrival."""
        with self._changed:
            files = tuple(self._files.values())
        return tuple(
            file
            for file in files
            if all(str(file.header.get(keyword, "")) == value for keyword, value in attributes.items())
        )

    def wait_for(
        self, enough: Callable[[tuple[StoredFile, ...]], bool], seconds: float, **attributes: str
    ) -> tuple[StoredFile, ...]:
        """Wait until `enough(files)` is true; returns the files then. Raises TimeoutError naming the count reached."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                files = self.files(**attributes)
                if enough(files):
                    return files
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{len(files)} matching files in {self.folder} after {seconds:g} s.")
                self._changed.wait(min(left, 0.5))

    def secure(self, sop_instance_uid: str) -> StoredFile | None:
        """The file if it is really there and readable, flushed to the disk: what storage commitment promises."""
        stored = self.get(sop_instance_uid)
        if stored is None:
            return None
        try:
            descriptor = os.open(stored.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return stored

    def forget(self, sop_instance_uid: str) -> None:
        """Lose an instance, file and index: what an archive does on its worst day."""
        with self._changed:
            stored = self._files.pop(sop_instance_uid, None)
            if stored is not None:
                stored.path.unlink(missing_ok=True)

    def __len__(self) -> int:
        with self._changed:
            return len(self._files)

    def __iter__(self) -> Iterator[StoredFile]:
        return iter(self.files())


def _safe(uid: str) -> str:
    # A peer chooses this text: it must not choose the folder.
    return "".join(character if character.isalnum() or character == "." else "_" for character in uid).strip(
        "."
    )


def _names(stored: StoredFile) -> tuple[str, str, str, str, str]:
    return (
        stored.sop_class_uid,
        stored.sop_instance_uid,
        stored.series_instance_uid,
        stored.study_instance_uid,
        stored.transfer_syntax_uid,
    )


def _index(path: Path, part10: bytes) -> StoredFile:
    header = dcmread(BytesIO(part10), stop_before_pixels=True)
    for keyword in _PIXELS:
        if keyword in header:
            delattr(header, keyword)
    return StoredFile(
        path=path,
        sop_class_uid=str(header.SOPClassUID),
        sop_instance_uid=str(header.SOPInstanceUID),
        series_instance_uid=str(header.SeriesInstanceUID),
        study_instance_uid=str(header.StudyInstanceUID),
        transfer_syntax_uid=str(header.file_meta.TransferSyntaxUID),
        header=header,
    )
