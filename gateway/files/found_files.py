"""The DICOM files among files and folders, and of every other file why it is not used: one bad file ends no command.

Each is walked to its end first, with the limits of the receiver (`dicom_nodes.encoding.walk`): what the gateway would
refuse is named here with the same reason, and pydicom, which reads a file cut short without complaint and follows
sequences as deep as they go, never sees it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import MediaStorageDirectoryStorage

from gateway.errors import GatewayError
from gateway.files import dicom_file
from gateway.files.dicom_file import NOT_DICOM

NO_DICOM = "Not a DICOM file."
NO_FILE = "Not a file: a link that leads nowhere, a pipe or a device."


@dataclass(frozen=True)
class UnusedFile:
    """A file that a command passes over, with the reason; `is_damaged`: it is DICOM, or claims to be."""

    path: Path
    reason: str
    is_damaged: bool


@dataclass
class FoundFiles:
    """What was found, in order of the names: headers without pixels, and every file that is not used."""

    headers: list[tuple[Path, Dataset]] = field(default_factory=list)
    unused: list[UnusedFile] = field(default_factory=list)

    @property
    def damaged(self) -> list[UnusedFile]:
        """Those that somebody meant to be used."""
        return [file for file in self.unused if file.is_damaged]


def find_files(paths: Sequence[Path]) -> FoundFiles:
    """Look at every file below `paths`; raises GatewayError for a path that is not there."""
    found = FoundFiles()
    for file in _files(paths):
        header = _looked_at(file)
        if isinstance(header, UnusedFile):
            found.unused.append(header)
        else:
            found.headers.append((file, header))
    return found


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise GatewayError(f"There is no {path}.", "Name files or folders that exist.")
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if not file.is_dir())
        else:
            yield path


def _looked_at(file: Path) -> Dataset | UnusedFile:
    if not file.is_file():  # opening a pipe would wait for its writer
        return UnusedFile(file, NO_FILE, is_damaged=False)
    try:
        if not dicom_file.is_dicom(file):
            return UnusedFile(file, NO_DICOM, is_damaged=False)
        dicom_file.check_whole(file)
        header = dicom_file.header(file)
    except (OSError, *NOT_DICOM) as error:
        return UnusedFile(file, dicom_file.why_unusable(file, error), is_damaged=True)
    meta = getattr(header, "file_meta", Dataset())
    if MediaStorageDirectoryStorage in (meta.get("MediaStorageSOPClassUID"), header.get("SOPClassUID")):
        return UnusedFile(file, "A DICOMDIR: the directory of a medium, no object.", is_damaged=False)
    return header
