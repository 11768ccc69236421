"""The character set of an object that goes back: the sender's own when it can write every text, UTF-8 otherwise.

A PACS files the report under the original patient, so the identity should be spelled the way it knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pydicom.charset import convert_encodings
from pydicom.dataset import Dataset

from dicom_nodes.encoding.vrs import TEXT_VRS
from gateway.privacy.elements import listed

# With code extensions (ISO 2022) each part between delimiters may be in another character set (PS3.5 6.1.2.5.3).
_DELIMITERS: Final = re.compile(r"[\s=^\\]+")


def write_in(ds: Dataset, charset: Any) -> None:
    """Set SpecificCharacterSet of `ds` (PS3.3 C.12.1.1.2) in place: `charset`, or ISO_IR 192; items follow it."""
    encodings = convert_encodings(charset)
    if not all(_encodable(text, encodings) for text in _texts(ds)):
        charset = "ISO_IR 192"
    _drop(ds)
    if charset:
        ds.SpecificCharacterSet = charset


def _drop(ds: Dataset) -> None:
    if "SpecificCharacterSet" in ds:
        del ds.SpecificCharacterSet
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                _drop(item)


def _encodable(text: str, encodings: list[str]) -> bool:
    return all(
        any(_can_write(part, "ascii" if encoding == "iso8859" else encoding) for encoding in encodings)
        for part in _DELIMITERS.split(text)
    )


def _can_write(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _texts(ds: Dataset) -> Iterator[str]:
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR in TEXT_VRS:
            yield from (str(value) for value in listed(element.value))
