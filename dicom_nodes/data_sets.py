"""Stored objects as pydicom's data sets: the one place where pydicom is given a file that others made.

What the receiver takes and pydicom would misread is made plain before (`encoding.mending`). Nothing else is changed:
an encoding that is not understood goes to pydicom as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom import Dataset, dcmread

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.mending import Edit, edited, edits
from dicom_nodes.encoding.octets import Octets, octets_at
from dicom_nodes.encoding.part10 import TRANSFER_SYNTAX, bare_syntax, beginning, has_preamble
from dicom_nodes.encoding.uids import encoding_of

_HEADER: Final = 64 * 1024
"""Bytes in which nearly every header ends before the pixels."""


def data_set_of(
    source: Path | bytes,
    *,
    without_pixels: bool = False,
    only: Sequence[str] = (),
    bare: bool = False,
) -> Dataset:
    """The data set of a Part 10 file, file meta information included.

    `only` these attributes, by keyword; `bare`: also of a file without preamble. Raises what pydicom raises, and
    OSError.
    """
    data: Octets
    if isinstance(source, bytes):
        data, changes = source, _edits(source, without_pixels)
    elif without_pixels:
        data, changes = _header(source)
    else:
        data = octets_at(source)
        changes = _edits(data, False)
    where: Path | BytesIO
    if not changes and isinstance(source, Path) and not isinstance(data, bytes):
        where = source  # a large file is not held in memory twice
    else:
        where = BytesIO(edited(data, changes) if changes else data[:])
    return dcmread(
        where, force=bare, stop_before_pixels=without_pixels, specific_tags=list(only) if only else None
    )


def _edits(data: Octets, without_pixels: bool) -> Sequence[Edit]:
    try:
        return _understood(data, without_pixels)
    except NotDicom:
        return ()


def _header(path: Path) -> tuple[bytes, Sequence[Edit]]:
    """The beginning of a file up to its pixels, or all of it."""
    data, size = b"", _HEADER
    with path.open("rb") as file:
        while True:
            more = file.read(size)
            data += more
            is_whole = len(more) < size
            try:
                return data, _understood(data, without_pixels=True)
            except NotDicom:
                if is_whole:
                    return data, ()
            size *= 4


def _understood(data: Octets, without_pixels: bool) -> Sequence[Edit]:
    """What to change; raises NotDicom."""
    meta = beginning(data)
    syntax = meta.uid(TRANSFER_SYNTAX)
    if not syntax and not meta.elements and not has_preamble(data[:132]):
        syntax = bare_syntax(data)
    if not syntax:
        raise NotDicom("Nothing says how the data set is encoded.")
    return edits(data, meta.end, encoding_of(syntax), without_pixels=without_pixels)
