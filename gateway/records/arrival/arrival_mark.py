"""What a received file says about its own arrival, so that a start-up recovery can write the row it lacks.

Two places of a Part 10 file that are free for this (PS3.10 7.1):
- the preamble's 128 bytes hold the mark: all bytes have come, this many, with this digest. It is written last, just
  before the file is synced; a file without it, or with another size or digest, was never acknowledged;
- Private Information (0002,0102) holds who sent it, as JSON; it is written first, with the header.
Both stay in the file; nobody else reads them, and nothing of a file's meta group ever leaves the gateway.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from dicom_nodes.encoding.errors import NotDicom
from dicom_nodes.encoding.part10 import PRIVATE_INFORMATION, TRANSFER_SYNTAX, file_meta
from dicom_nodes.encoding.walk import Walk
from dicom_nodes.instance import ReceivedInstance
from gateway.records.ledger.arrivals import NewInstance, Origin

# Made from a random UUID once (PS3.5 B.2): says whose private information it is.
PRIVATE_CREATOR_UID = "2.25.133958389208910264460248319157247696769"
SOP_CLASS, SOP_INSTANCE, STUDY, SERIES = 0x00080016, 0x00080018, 0x0020000D, 0x0020000E
WANTED = (SOP_CLASS, SOP_INSTANCE, STUDY, SERIES)

_MARK = struct.Struct("<16sQ32s")
_MAGIC = b"PML gateway has "
_PIECE = 1 << 20
_MOST_META = 1 << 16


def head(received: ReceivedInstance, origin: Origin) -> bytes:
    """What stands before the data set, with an empty mark."""
    return received.part10(private=(PRIVATE_CREATOR_UID, _encoded(origin)))


@lru_cache(maxsize=256)  # the same for all objects of an association
def _encoded(origin: Origin) -> bytes:
    return json.dumps(asdict(origin)).encode("ascii")


def new_digest(transfer_syntax_uid: str) -> hashlib._Hash:
    """SHA-256 of transfer syntax and data set: of the object, not of the file, which also says who sent it."""
    return hashlib.sha256(transfer_syntax_uid.encode("ascii") + b"\0")


def set_mark(descriptor: int, size: int, digest: bytes) -> None:
    """Say in the file that all its bytes have come."""
    os.pwrite(descriptor, _MARK.pack(_MAGIC, size, digest), 0)


def read_back(path: Path, key: str) -> NewInstance | None:
    """The instance of a whole file; None when it is not whole, which means that nobody was told Success for it.

    Raises OSError. The file is read in pieces, whatever its size.
    """
    with path.open("rb") as stream:
        beginning = stream.read(_MOST_META)
        magic, size, digest = _MARK.unpack_from(beginning) if len(beginning) > _MARK.size else (b"", 0, b"")
        if magic != _MAGIC or size != os.fstat(stream.fileno()).st_size:
            return None
        try:
            meta = file_meta(beginning)
            origin = Origin(**json.loads(meta.value(PRIVATE_INFORMATION).rstrip(b"\0")))
            syntax = meta.uid(TRANSFER_SYNTAX)
            seen, walk = new_digest(syntax), Walk(syntax, WANTED)
            stream.seek(meta.end)
            while piece := stream.read(_PIECE):
                seen.update(piece)
                walk.feed(memoryview(piece))
            found = walk.finish()
        except (NotDicom, ValueError, TypeError):
            return None
    if seen.digest() != digest:
        return None
    return instance_of(origin, found, syntax, seen.hexdigest(), key, size)


def instance_of(
    origin: Origin, values: dict[int, str], transfer_syntax_uid: str, digest: str, key: str, size: int
) -> NewInstance:
    """The row's content; `found` are the values of WANTED."""
    return NewInstance(
        **vars(origin),
        study_instance_uid=values[STUDY],
        series_instance_uid=values[SERIES],
        sop_class_uid=values[SOP_CLASS],
        sop_instance_uid=values[SOP_INSTANCE],
        transfer_syntax_uid=transfer_syntax_uid,
        digest=digest,
        blob=key,
        size=size,
    )
