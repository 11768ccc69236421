"""A file in another transfer syntax, for the peer that cannot take it as it is stored.

Only the encoding changes: same SOP Instance UID, same pixel values (PS3.5 Annex A).
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dsutils import encode

from dicom_nodes.data_sets import data_set_of

# The VRs whose values are words, with the bytes of a word and array's name for such a one (PS3.5 6.2). pydicom keeps
# them as the bytes that were read, and writes these whatever the byte order is.
_WORDS: Final = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_TYPE_OF_SIZE: Final = {2: "H", 4: "I", 8: "Q"}
_PIXEL_DATA: Final = 0x7FE00010


class CannotTranscode(Exception):
    """The stored encoding cannot be decoded here, or the data set cannot be written in the other syntax."""


def reencoded(path: Path, transfer_syntax_uid: str) -> bytes:
    """The data set of the file in an uncompressed little endian syntax; raises CannotTranscode or OSError."""
    target = UID(transfer_syntax_uid)
    try:
        ds = data_set_of(path)
        stored = UID(ds.file_meta.TransferSyntaxUID)
        if stored.is_compressed and not stored.is_deflated:
            # A new SOP Instance UID is pydicom's default here: it would make this another object.
            ds.decompress(generate_instance_uid=False)
        if not stored.is_little_endian:
            _swap_words(ds)
        encoded = encode(ds, target.is_implicit_VR, target.is_little_endian)
    except OSError:
        raise
    except Exception as error:
        raise CannotTranscode(_problem(target)) from error
    if encoded is None:
        raise CannotTranscode(_problem(target))
    return encoded


def _swap_words(ds: Dataset) -> None:
    """Turn the bytes of every word, in items too; a pixel larger than a word is turned as a whole."""
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                _swap_words(item)
        elif (size := _WORDS.get(element.VR, 0)) and element.value:
            if element.tag == _PIXEL_DATA and ds.get("BitsAllocated", 16) > 16:
                size = ds.BitsAllocated // 8
            words = array(_TYPE_OF_SIZE[size], element.value)
            words.byteswap()
            element.value = words.tobytes()


def _problem(target: UID) -> str:
    return f"the peer does not take this file as stored, and it cannot be converted to {target.name} here"
