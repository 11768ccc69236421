"""A file in another transfer syntax, for the peer that cannot take it as it is stored.

Only the encoding changes: same SOP Instance UID, same pixel values (PS3.5 Annex A).
"""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom.dsutils import encode


class CannotTranscode(Exception):
    """The stored encoding cannot be decoded here, or the data set cannot be written in the other syntax."""


def reencoded(path: Path, transfer_syntax_uid: str) -> bytes:
    """The data set of the file in an uncompressed little endian syntax; raises CannotTranscode or OSError."""
    target = UID(transfer_syntax_uid)
    try:
        ds = dcmread(path)
        stored = UID(ds.file_meta.TransferSyntaxUID)
        if stored.is_compressed and not stored.is_deflated:
            # A new SOP Instance UID is pydicom's default here: it would make this another object.
            ds.decompress(generate_instance_uid=False)
        encoded = encode(ds, target.is_implicit_VR, target.is_little_endian)
    except OSError:
        raise
    except Exception as error:
        raise CannotTranscode(_problem(target)) from error
    if encoded is None:
        raise CannotTranscode(_problem(target))
    return encoded


def _problem(target: UID) -> str:
    return f"the peer does not take this file as stored, and it cannot be converted to {target.name} here"
