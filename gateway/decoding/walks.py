"""The codestreams of a frame walked byte for byte (`dicom_nodes.encoding.codestreams`) in a process that may die."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from dicom_nodes.encoding.codestreams.edits import Edit, UnaccountedBytes
from dicom_nodes.encoding.codestreams.pixel_data import FrameShape, Pieces, Walk, Walked
from gateway.decoding.children import SHARED, DecodingProcesses
from gateway.decoding.description import MOST_FRAME_BYTES
from gateway.decoding.errors import CannotDecode
from gateway.decoding.messages import EDIT

_WAIT_S: Final = 300.0
"""Nobody looks on while a study is prepared; others are at work for `children.Limits.seconds` each at most."""
_SPARE_BYTES: Final = 512 << 20
"""Address space for whatever is neither sample nor code."""
_COPIES: Final = 64
"""How often a codestream may be in memory while its bits are counted."""
_MOST_WRITTEN: Final = 8 << 20
_MOST_EDITS: Final = 1 << 16
"""Of one frame; whatever hides more beside its samples is held."""
_UNKNOWN: Final = "The pixel data cannot be accounted for."
_PROBLEM: Final = re.compile(r"[A-Z][A-Za-z0-9 ,()-]{1,150}\.")


def walk_by(processes: DecodingProcesses) -> Walk:
    """`walk_codestream`, with the ends of all samples told, by these processes; it raises UnaccountedBytes."""

    def walk(code: Pieces, transfer_syntax_uid: str, shape: FrameShape) -> Walked:
        order = {"syntax": transfer_syntax_uid, "shape": shape}
        samples = shape.rows * shape.columns * shape.samples * shape.sample_bytes
        length = sum(map(len, code))
        memory = _SPARE_BYTES + min(samples * 2, MOST_FRAME_BYTES) + length * _COPIES
        most = min(length, _MOST_WRITTEN) + min(length, _MOST_EDITS) * EDIT.size
        try:
            head, values = processes.ask("walk", order, code, memory=memory, most=most, wait_s=_WAIT_S)
        except CannotDecode as error:
            raise UnaccountedBytes(f"The pixel data cannot be accounted for. {error.problem}") from None
        return _walked(head, values, length)

    return walk


def _walked(head: dict[str, Any], values: bytes, length: int) -> Walked:
    """The answer of a process that may say anything."""
    if "unaccounted" in head:
        said = str(head["unaccounted"])
        raise UnaccountedBytes(said if _PROBLEM.fullmatch(said) else _UNKNOWN)
    end = head.get("end")
    edits = [*_edits(values)]
    places = [0, *(place for edit in edits for place in (edit.start, edit.end)), length]
    if (
        places != sorted(places)
        or any(len(edit.content) != edit.end - edit.start for edit in edits)
        or not (end is None or (isinstance(end, int) and 0 <= end <= length))
    ):
        raise UnaccountedBytes(_UNKNOWN)
    return Walked(edits, end)


def _edits(values: bytes) -> Iterator[Edit]:
    at = 0
    while at < len(values):
        if at + EDIT.size > len(values):
            raise UnaccountedBytes(_UNKNOWN)
        start, end, length = EDIT.unpack_from(values, at)
        first, at = at + EDIT.size, at + EDIT.size + length
        yield Edit(start, end, values[first:at])


WALK: Final = walk_by(SHARED)
"""By the processes that decode for all of this one."""
