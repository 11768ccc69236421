"""A file to send: enough about it to negotiate before it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dicom_nodes.encoding import file_meta
from dicom_nodes.errors import NotDicom


@dataclass(frozen=True)
class OutgoingFile:
    """A DICOM Part 10 file on disk, and the three UIDs of its file meta information."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str

    @classmethod
    def of(cls, path: Path) -> OutgoingFile:
        """Read the UIDs from the file meta information; raises NotDicom or OSError."""
        with path.open("rb") as file:
            meta, _ = file_meta(file.read(4096))
        uids = [meta.get(tag, b"").decode("ascii", "replace").strip("\0 ") for tag in _META]
        if not all(uids):
            raise NotDicom(
                f"{path.name} has incomplete file meta information.", "Export it again from its source."
            )
        return cls(path, *uids)


_META = (0x00020002, 0x00020003, 0x00020010)
