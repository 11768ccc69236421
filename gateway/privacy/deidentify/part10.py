"""A dataset as the bytes of a Part 10 file with a new preamble and new file meta information (PS3.10 7.1)."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from gateway.privacy.errors import Held, HeldReason
from gateway.privacy.words.constants import IMPLEMENTATION_VERSION_NAME
from gateway.quiet_pydicom import silent_pydicom

# Our own root (2.25 + a UUID made once); never the sender's, which tells device and software.
IMPLEMENTATION_CLASS_UID: Final = "2.25.303411239706466404731402938475160582147"
# Deflated input is written undeflated, so that the search for leaks reads what is sent.
_WRITTEN_AS: Final[dict[str, str]] = {DeflatedExplicitVRLittleEndian: ExplicitVRLittleEndian}


def new_file_meta(ds: Dataset) -> FileMetaDataset:
    """File meta information that names only this gateway.

    Nothing of the original is copied but the transfer syntax: no AE titles, no private information.
    """
    original = getattr(ds, "file_meta", None)
    recorded = original.get("TransferSyntaxUID") if original is not None else None
    syntax = str(recorded or (ImplicitVRLittleEndian if ds.original_encoding[0] else ExplicitVRLittleEndian))
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = UID(_WRITTEN_AS.get(syntax, syntax))
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta


def refuse_unknown_syntax(ds: Dataset) -> None:
    """Raise Held for a transfer syntax PS3.5 does not define: nobody can say what its bytes mean."""
    recorded = str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID") or "")
    if recorded and (not UID(recorded).is_transfer_syntax or UID(recorded).is_private):
        raise Held(
            "The object has a transfer syntax that the Standard does not define (UID not shown).",
            "Ask the sender to send it in a transfer syntax of the Standard.",
            reason=HeldReason.UNREADABLE,
        )


def encode(dataset: Dataset) -> bytes:
    """`dataset` as a Part 10 file: zero preamble, the file meta information of `new_file_meta`, no trailing bytes.

    The same dataset always gives the same bytes.
    """
    dataset.file_meta = new_file_meta(dataset)
    dataset.preamble = b"\0" * 128
    out = BytesIO()
    with silent_pydicom():
        dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()
