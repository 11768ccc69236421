"""DICOM files as people have them on disk: with or without preamble, whole or cut short."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_nodes.data_sets import data_set_of
from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import TRANSFER_SYNTAX, bare_syntax, beginning, file_meta, has_preamble
from dicom_nodes.encoding.walk import Walk, walk
from gateway.privacy.identifiers.values import UNREADABLE
from gateway.quiet_pydicom import silent_pydicom

NOT_DICOM = (InvalidDicomError, NotDicom, zlib.error, *UNREADABLE)
"""What reading a file that is damaged, or no DICOM at all, can raise."""
_MOST_META_BYTES = 1024 * 1024
_PIECE = 1024 * 1024
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""How a data set without preamble begins: group 0002 or 0008, little endian."""


def shown(file: Path) -> str:
    """The name of a file as text that can be printed and written: a name that is no UTF-8 is told with escapes."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def is_dicom(file: Path) -> bool:
    """Whether a file begins like one of PS3.10, with or without preamble; raises OSError."""
    with file.open("rb") as stream:
        start = stream.read(132)
    return has_preamble(start) or _is_bare(start)


def check_whole(file: Path) -> None:
    """Walk a file to its end, a piece of it in memory; raises NotDicom where the receiver would refuse it, OSError."""
    with file.open("rb") as stream:
        start = stream.read(_MOST_META_BYTES)
        meta = beginning(start)
        rest = memoryview(start)[meta.end :]
        whole = Walk(meta.uid(TRANSFER_SYNTAX) or bare_syntax(rest[:6].tobytes()))
        while rest:
            whole.feed(rest)
            rest = memoryview(stream.read(_PIECE))
        whole.finish()


def why_unusable(file: Path, error: BaseException) -> str:
    """What is wrong with a file whose reading ended in `error`, as the receiver would say it: a sentence."""
    try:
        check_whole(file)
    except NotDicom as found:
        return found.problem
    except OSError as found:
        return f"The file cannot be read ({found.strerror or found})."
    return f"The object cannot be read completely ({type(error).__name__})."


def header(file: Path, tags: Sequence[str] = ()) -> Dataset:
    """The data set of a file without pixels; with `tags` only these. Also of a file without preamble."""
    with file.open("rb") as stream:
        bare = _is_bare(stream.read(132))
    with silent_pydicom():
        found = data_set_of(file, without_pixels=True, only=tags, bare=bare)
    if bare and not found.get("SOPClassUID"):
        raise InvalidDicomError("neither preamble nor SOP class")
    return found


def whole(file: Path) -> Dataset:
    """The whole object; walked to its end first, because pydicom reads a file cut short without complaint."""
    return parsed(file.read_bytes())


def parsed(data: bytes) -> Dataset:
    """The same of a file's bytes."""
    bare = _is_bare(data[:132])
    with silent_pydicom():
        dataset = data_set_of(data, bare=bare)
    if bare:
        implicit, little = dataset.original_encoding
        syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        if little:  # without file meta information there is no other syntax (PS3.10 7.1)
            walk(data, syntax)
    else:
        walk(data[file_meta(data).end :], str(dataset.file_meta.TransferSyntaxUID))
    return dataset


def _is_bare(start: bytes) -> bool:
    return not has_preamble(start) and start[:2] in FIRST_GROUPS
