"""What is to be written over bytes that belong to nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.octets import Octets

# What encoders write about themselves, word for word, with versions as each of them counts: none of them is long enough
# for a date or a number. Any other comment is somebody's text.
_ENCODERS: Final = re.compile(
    rb"(?:Kakadu-v?|Created by (?:GDCM/)?OpenJPEG version |LEAD Technologies Inc\. V)"
    rb"[1-9](?:\.[0-9]{1,2}(?:\.[0-9])?)?|"
    rb"Creator: JasPer Version [1-4]\.(?:[0-9]|70[01]|900)\.[0-9]{1,2}|"
    rb"OpenJPH Ver 0\.[0-9]{1,2}\.[0-9]{1,2}\.?|"
    rb"Lav[cf][56][0-9]\.[0-9]{1,3}\.1[0-9]{2}"
)


class Edit(NamedTuple):
    """Bytes `start`..`end` become `content`, which may be shorter."""

    start: int
    end: int
    content: bytes


class UnaccountedBytes(NotDicom):
    """Compressed pixel data with bytes that no part of the codec explains; none of them is in the text."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, "Ask the sender to send the image uncompressed, or compressed anew.")


def over(code: bytes, start: int, end: int, content: bytes) -> Iterator[Edit]:
    """The edit, unless the bytes are those already."""
    if code[start:end] != content:
        yield Edit(start, end, content)


def is_encoder(comment: bytes) -> bool:
    """Whether a comment names the program that encoded the picture, and nothing else."""
    return _ENCODERS.fullmatch(comment.rstrip(b" \0")) is not None


def applied(data: Octets, start: int, stop: int, edits: Sequence[Edit]) -> list[bytes | memoryview]:
    """The pieces of `data[start:stop]` after `edits` (in order, apart from each other); what stays is not copied."""
    pieces: list[bytes | memoryview] = []
    view, at = memoryview(data), start
    for edit in edits:
        pieces += [view[at : edit.start], edit.content]
        at = edit.end
    return [*pieces, view[at:stop]]
